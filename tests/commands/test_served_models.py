"""evaluate with a model at a server, as a user would, and with a server that has every fault."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from t5eval.predictors.served import client
from tests.commands.conftest import Command
from tests.t5eval.predictors.faulty_server import Body, FaultyServer, completion, every

KEY = "sk-never-to-be-seen"
OFTEN = {"429": 17, "500": 13, "hang": 29, "cut": 19, "json": 31, "empty": 37}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time-outs and pauses a hundredth as long, and a key."""
    monkeypatch.setattr(client, "REPLY_SECONDS", 0.3)
    monkeypatch.setattr(client, "BACK_OFF_SECONDS", 0.005)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


def entailment(body: Body) -> Body:
    """An answer that depends on the text alone."""
    odd = hashlib.sha256(body["prompt"].encode()).digest()[0] % 2
    return completion("entailment" if odd else "not_entailment")


def poisoned(reply: tuple[int, Body]) -> Callable[[Body], Body | tuple[int, Body]]:
    """Answers one in ten texts with a refusal, always the same ones."""
    return lambda body: entailment(body) if hashlib.sha256(body["prompt"].encode()).digest()[1] % 10 else reply


@pytest.fixture
def arguments(suite: Path, tmp_path: Path) -> list[str]:
    common = ["--task", "glue/rte", "--split", "validation", "--data-dir", str(suite), "--out", str(tmp_path / "run")]
    return ["evaluate", *common]


def predictions(run: Path) -> dict[str, Any]:
    lines = (run / "predictions/glue/rte/validation.jsonl").read_text(encoding="utf-8").splitlines()
    found = [json.loads(line) for line in lines]
    assert len({line["id"] for line in found}) == len(found)
    return {line["id"]: line for line in found}


def nowhere(text: str, folder: Path) -> bool:
    return not any(text.encode() in path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_every_fault_and_every_answer(t5eval: Command, arguments: list[str], tmp_path: Path) -> None:
    with FaultyServer(entailment, key=KEY) as sound:
        done = t5eval(*arguments, "--model", f"openai:{sound.url}", "--json")
        assert done.status == 0, done.err
        assert "not recorded: whether inputs were cut\n" in done.err  # lengths of outputs are
    expected, run = predictions(tmp_path / "run"), tmp_path / "faulty"
    assert len(expected) == 80
    assert {path for path, *_ in sound.requests} == {"/models", "/completions"}
    assert sound.requests[-1][2].keys() == {"model", "prompt", "max_tokens", "temperature"}
    assert (sound.requests[-1][2]["temperature"], sound.requests[-1][2]["max_tokens"]) == (0, 84)
    with FaultyServer(entailment, {name: every(n) for name, n in OFTEN.items()}, key=KEY) as server:
        given = [*arguments[:-1], str(run), "--concurrency", "8", "--price", "1,2", "--verbose"]
        done = t5eval("--verbose", *given[:-1], "--model", f"openai:http://me:secret@{server.url[7:]}#tiny", "--json")
        assert done.status == 0, done.err
    assert predictions(run) == expected
    assert server.answered.total() == 80  # nothing that was answered is asked again
    assert server.most_at_once <= 8
    result = done.json["results"]["glue/rte"]["validation"]
    assert result["usage"] == {"prompt_tokens": 800, "completion_tokens": 80, "price": [1.0, 2.0], "cost": 960 / 1e6}
    assert done.json["model"] == {"model": "tiny", "server": server.url, "reported": '{"owned_by": "me"}'}
    for secret in (KEY, "secret"):
        assert nowhere(secret, run)
        assert secret not in done.out + done.err


def test_a_name_that_the_server_does_not_list(t5eval: Command, arguments: list[str]) -> None:
    with FaultyServer(entailment) as server:
        done = t5eval(*arguments, "--limit", "1", "--model", f"openai:{server.url}#tinny")
    assert done.status == 0
    assert f"warning: openai:{server.url}#tinny: the server lists tiny and no such model; " in done.err


def test_a_server_that_dies_costs_what_it_did_not_answer(t5eval: Command, arguments: list[str], tmp_path: Path) -> None:
    with FaultyServer(entailment, dies_after=30) as server:
        done = t5eval(*arguments, "--model", f"openai:{server.url}#tiny", "--task", "glue/mrpc")
    stored = predictions(tmp_path / "run")
    assert len(stored) == server.answered.total() == 30
    assert done.status == 2
    first = next(str(number) for number in range(80) if str(number) not in stored)
    assert f"t5eval: glue/rte validation: 50 without an answer ({first}, " in done.err
    assert done.err.endswith("; all other answers are stored, and the same command asks for the rest\n")
    note, _ = done.err.splitlines()
    assert note.startswith("answering 160 examples of 2 splits: ")
    assert not (tmp_path / "run" / "results.json").exists()


def test_the_same_command_finishes(t5eval: Command, arguments: list[str], tmp_path: Path) -> None:
    with FaultyServer(poisoned((500, {"detail": "it broke"}))) as server:
        done = t5eval(*arguments, "--model", f"openai:{server.url}", "--task", "glue/rte", "glue/cola")
        assert done.status == 2
        assert "glue/rte validation: " in done.err
        assert "; glue/cola validation: " in done.err  # one split that is not whole does not stop the next
        assert "HTTP 500 from /completions: 'it broke'" in done.err
        missing = 80 - len(predictions(tmp_path / "run"))
        assert 0 < missing < 20
        server.answer, before = entailment, len(server.requests)
        done = t5eval(*arguments, "--model", f"openai:{server.url}")
        assert done.status == 0, done.err
        assert len(server.requests) - before == missing + 1  # and one for /models
    assert list(predictions(tmp_path / "run")) == [str(number) for number in range(80)]


def test_an_input_that_is_refused_costs_one_request(t5eval: Command, arguments: list[str], tmp_path: Path) -> None:
    with FaultyServer(poisoned((400, {"error": {"message": "maximum context length"}}))) as server:
        done = t5eval(*arguments, "--model", f"openai:{server.url}", "--concurrency", "1")
    assert done.status == 2
    assert "HTTP 400 from /completions: 'maximum context length'" in done.err
    assert len(server.requests) == 81


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"key": "another"}, "HTTP 401 from /models: 'wrong key: Bearer ***'; the key is taken from OPENAI_API_KEY"),
        ({"models": [{"id": "a"}, {"id": "b"}]}, "it serves a, b; name one as openai:"),
        ({"answer": (404, {"detail": "no such model"})}, "HTTP 404 from /completions: 'no such model'; BASE_URL"),
        ({"answer": (429, {"error": {"code": "insufficient_quota"}})}, "insufficient_quota"),
        ({"answer": (307, {})}, "HTTP 307 from /completions: '{}'; redirects are not followed"),
        ({"answer": (422, {"detail": "unknown field"})}, "80 without an answer (0, 1, 2, 3, 4, ...): openai:"),
    ],
)
def test_what_holds_for_all_is_said_at_once(
    t5eval: Command, arguments: list[str], options: dict[str, Any], said: str
) -> None:
    answer = options.pop("answer", None)
    with FaultyServer(lambda body: answer, **options) as server:
        done = t5eval(*arguments, "--model", f"openai:{server.url}", "--concurrency", "2")
    assert done.status == 2
    assert said in done.err
    *notes, _ = done.err.splitlines()
    assert all(line.startswith("answering 80 examples: ") for line in notes)
    assert KEY not in done.err
    assert len(server.requests) < 12


def test_addresses(t5eval: Command, arguments: list[str], tmp_path: Path) -> None:
    for model, said in {
        "openai:http://127.0.0.1:9/v1#m": "it cannot be reached: ",
        "openai:127.0.0.1/v1": "write openai:BASE_URL[#MODEL]",
        "openai:ftp://me:secret@host/v1": "--model openai:ftp://host/v1: write openai:BASE_URL[#MODEL]",
        "openai:http://host:port/v1#m": "write openai:BASE_URL[#MODEL]",
        "openai:http://127.0.0.1:99999/v1#m": "openai:http://127.0.0.1:99999/v1: ",
        "openai:http://[::1]:9/v1#m": "it cannot be reached: ",
        "openai:https://127.0.0.1:9/v1?key=1": "write openai:BASE_URL[#MODEL]",
    }.items():
        done = t5eval(*arguments, "--model", model)
        assert (done.status, said in done.err, "secret" in done.err) == (2, True, False), done.err
        assert not (tmp_path / "run").exists()
    done = t5eval(*arguments, "--model", "predictions:.", "--concurrency", "3")
    assert "--concurrency is for a served model" in done.err
    done = t5eval(*arguments, "--model", "openai:http://127.0.0.1:9/v1", "--price", "1")
    assert "write two numbers" in done.err


def test_beam_search_is_refused(t5eval: Command, arguments: list[str]) -> None:
    with FaultyServer(entailment) as server:
        done = t5eval(*arguments, "--model", f"openai:{server.url}", "--decode", "beam")
    way_out = "write --decode greedy, without --beam-size and --alpha"
    assert done.err == f"t5eval: openai:{server.url}: a server's models have no beam search; {way_out}\n"
