"""Shards of an evaluation or a preparation, and `t5eval merge`: what one process would have made, to the byte."""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from t5eval.predictors.served import client
from tests.commands.conftest import Command
from tests.t5eval.predictors.faulty_server import Body, FaultyServer, completion

MODEL = f"py:{Path(__file__).with_name('batched_model.py')}:make"
TASKS = (
    "glue/rte",
    "glue/stsb",
    "super_glue/multirc",
    "super_glue/record",
    "super_glue/axg",
    "squad/v1.1",
    "wmt14/en-de",
)
FEW = ("glue/rte", "super_glue/multirc")
ELSEWHERE = ("command", "versions", "checkout", "machine")
"""What results.json may have otherwise where other commands, or other machines, made it."""


def made(folder: Path) -> dict[str, bytes]:
    """Returns a folder's files by name; of results.json what does not say which command ran where."""
    found = {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != ".lock"
    }
    if "results.json" in found:
        document = json.loads(found["results.json"])
        for settings in (document, *document["calls"]):
            for key in ELSEWHERE:
                settings.pop(key)
        found["results.json"] = json.dumps(document).encode()
    return found


@pytest.fixture
def evaluate(t5eval: Command, official: Path) -> Callable[..., Any]:
    def call(out: Path, *more: str, tasks: tuple[str, ...] = TASKS, model: str = MODEL) -> Any:
        asked = ["--model", model, "--task", *tasks, "--data-dir", official, "--batch-tokens", "60", "--out", out]
        return t5eval("evaluate", *asked, *more)

    return call


@pytest.fixture
def shards(evaluate: Callable[..., Any], tmp_path: Path) -> Callable[..., list[Path]]:
    def call(count: int, *more: str, **options: Any) -> list[Path]:
        folders = [tmp_path / f"shard-{number}" for number in range(1, count + 1)]
        for number, folder in reversed([*enumerate(folders, 1)]):
            done = evaluate(folder, "--shard", f"{number}/{count}", *more, **options)
            assert done.status == 0, done.err
            assert f"shard {number}/{count} is in" in done.out
            assert not (folder / "results.json").exists()
        return folders

    return call


@pytest.mark.parametrize(
    ("count", "more", "tasks"),
    [
        (3, [], TASKS),
        (7, ["--decode", "rank", "--limit", "9"], FEW),
        (2, ["--shots", "1", "--max-new-tokens", "5", "--samples", "3", "--prompt", "all"], FEW),
    ],
)
def test_shards_make_the_run_of_one_process(
    count: int, more: list[str], tasks: tuple[str, ...], evaluate: Any, shards: Any, t5eval: Command, tmp_path: Path
) -> None:
    """Every kind of score: shares, correlations, groups of answers and of questions, several answers to a question."""
    assert evaluate(tmp_path / "whole", *more, tasks=tasks).status == 0
    folders = shards(count, *more, tasks=tasks)
    done = t5eval("merge", *folders, "--out", tmp_path / "merged", "--json")
    assert done.status == 0, done.err
    assert made(tmp_path / "merged") == made(tmp_path / "whole")
    document = json.loads((tmp_path / "merged" / "results.json").read_text())
    assert done.json == document
    assert document["command"].split()[0] == "t5eval"  # what follows is this process' own
    assert document["results"]["super_glue/multirc"]["validation"]["scores"]["f1a"]["ci95"] is not None
    if tasks == TASKS:
        texts = document["results"]["wmt14/en-de"]["validation"]
        assert any("characters that the model's vocabulary cannot write" in cause for cause in texts["causes"])
    # Merged again, nothing changes.
    before = made(tmp_path / "merged")
    assert t5eval("merge", *reversed(folders), "--out", tmp_path / "merged").status == 0
    assert made(tmp_path / "merged") == before


def test_each_shard_has_its_share_and_no_more(shards: Any) -> None:
    found: dict[str, list[int]] = {}
    for folder in shards(3, tasks=FEW):
        for path in (folder / "predictions").rglob("*.jsonl"):
            split = str(path.relative_to(folder / "predictions"))
            found.setdefault(split, []).append(len(path.read_bytes().splitlines()))
    rte = found["glue/rte/validation.jsonl"]
    assert sum(rte) == 80
    assert max(rte) - min(rte) <= 12  # one batch more


def test_a_shard_that_failed_is_run_again(
    evaluate: Any, shards: Any, t5eval: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert evaluate(tmp_path / "whole", tasks=FEW).status == 0
    with monkeypatch.context() as patch:
        patch.setenv("BATCHED_FAILS_AFTER", "9")
        done = evaluate(tmp_path / "shard-2", "--shard", "2/3", tasks=FEW)
    assert done.status == 2
    assert "the power went" in done.err
    before = sum(1 for p in (tmp_path / "shard-2/predictions").rglob("*.jsonl") for _ in p.read_bytes().splitlines())
    assert before > 0
    folders = shards(3, tasks=FEW)
    shutil.rmtree(folders[0])  # another one is lost with its disk
    folders = shards(3, tasks=FEW)
    assert t5eval("merge", *folders, "--out", tmp_path / "merged").status == 0
    assert made(tmp_path / "merged") == made(tmp_path / "whole")


def test_a_finished_shard_asks_the_model_nothing(shards: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    before = [made(folder) for folder in shards(2, tasks=FEW)]
    monkeypatch.setenv("BATCHED_FAILS_AFTER", "0")
    assert [made(folder) for folder in shards(2, tasks=FEW)] == before


def test_what_does_not_fit_is_one_line(
    shards: Any, evaluate: Any, t5eval: Command, tmp_path: Path, official: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks = ("glue/rte", "glue/cola")
    one, two, three = shards(3, tasks=tasks)
    out = tmp_path / "merged"

    def refused(*given: Path | str) -> str:
        done = t5eval("merge", *given, "--out", out)
        assert (done.status, done.out) == (2, "")
        assert not out.exists()
        (line,) = done.err.strip().split("\nt5eval: ")
        return line

    assert "1 of 3 shards missing: 2/3" in refused(one, three)
    assert f"{two} and {two} are both shard 2/3" in refused(one, two, two, three)
    assert "holds no shard" in refused(one, two, tmp_path)
    assert "name another --out" in t5eval("merge", one, two, three, "--out", one).err

    def other(*more: str, **options: Any) -> Path:
        folder = tmp_path / "other"
        shutil.rmtree(folder, ignore_errors=True)
        assert evaluate(folder, *more, **{"tasks": tasks, **options}).status == 0
        return folder

    assert "shard 1/3 and" in refused(one, two, other("--shard", "3/4"))
    line = refused(one, two, other("--shard", "3/3", "--decode", "beam"))
    assert line.endswith(f"its glue/rte validation was made with another decode than that of {one}"), line
    assert "another limit than" in refused(one, two, other("--shard", "3/3", "--limit", "50"))
    assert f"{tmp_path / 'other'}: shard 3/3 has not finished glue/cola validation; run its command again" in refused(
        one, two, other("--shard", "3/3", tasks=("glue/rte",))
    )
    with monkeypatch.context() as patch:
        patch.setenv("BATCHED_NAME", "another")
        assert "another model than" in refused(one, two, other("--shard", "3/3"))

    changed = shutil.copytree(official, tmp_path / "changed")
    path = changed / "glue/RTE/dev.tsv"
    path.write_bytes(path.read_bytes().replace(b" ", b" the ", 1))
    assert "these predictions are of other data" in refused(one, two, three, "--data-dir", str(changed))

    path = two / "predictions/glue/rte/validation.jsonl"
    whole = path.read_bytes()
    path.write_bytes(b"".join(whole.splitlines(keepends=True)[1:]))
    assert "no shard has an answer to 1 examples of glue/rte validation" in refused(one, two, three)
    path.write_bytes(whole + (three / "predictions/glue/rte/validation.jsonl").read_bytes())
    assert f"{two} and {three}: both have an answer to" in refused(one, two, three)
    path.write_bytes(whole + b"what")
    assert "damaged" in refused(one, two, three)


def test_a_merged_run_is_not_overwritten(shards: Any, evaluate: Any, t5eval: Command, tmp_path: Path) -> None:
    folders = shards(2, tasks=("glue/rte",))
    assert evaluate(tmp_path / "run", "--decode", "beam", tasks=("glue/rte",)).status == 0
    before = made(tmp_path / "run")
    done = t5eval("merge", *folders, "--out", tmp_path / "run")
    assert done.status == 2
    assert "these predictions were made with another decode" in done.err
    assert made(tmp_path / "run") == before


@pytest.mark.parametrize("shard", ["0/3", "4/3", "1", "a/b", "1/0", "-1/2", "1/3/5", ""])
def test_a_shard_that_is_none(shard: str, evaluate: Any, t5eval: Command, official: Path, tmp_path: Path) -> None:
    prepare = ["prepare", "--task", "glue/rte", "--data-dir", official, "--vocab", "bytes", "--out", tmp_path / "run"]
    for done in (evaluate(tmp_path / "run", f"--shard={shard}"), t5eval(*prepare, f"--shard={shard}")):
        assert done.status == 2
        assert f"--shard {shard}: it is I/N, with I from 1 to N" in done.err
    assert not (tmp_path / "run").exists()


def test_what_a_runner_does_not_take(evaluate: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apache_beam", None)
    for more, message in (
        (["--cache", str(tmp_path)], "--cache does not go with --runner"),
        (["--shard", "1/2"], "--shard does not go with --runner"),
        (["--strategy", "mirrored"], "--strategy does not go with --runner"),
        ([], "--runner needs apache_beam: pip install 't5eval[beam]'"),
    ):
        done = evaluate(tmp_path / "run", "--runner", "dask", *more)
        assert (done.status, done.out) == (2, "")
        assert message in done.err
    assert "--runner-option needs --runner" in evaluate(tmp_path / "run", "--runner-option", "a=b").err
    assert "--cache does not go with" in evaluate(tmp_path, "--strategy", "multiworker", "--cache", str(tmp_path)).err
    assert not (tmp_path / "run").exists()


def test_a_shard_is_told_from_a_run(
    shards: Any, evaluate: Any, t5eval: Command, official: Path, tmp_path: Path
) -> None:
    """Neither goes on where the other stopped, and scores of a share say that they are."""
    one, _ = shards(2, tasks=("glue/rte",))
    done = evaluate(one, tasks=("glue/rte",))
    assert done.status == 2
    assert "made with another shard; give another --out" in done.err
    predictions = one / "predictions/glue/rte/validation.jsonl"
    done = t5eval("score", "glue/rte", "--split", "validation", "--data-dir", official, "--predictions", predictions)
    assert "these are the predictions of shard 1/2 alone" in done.err


@pytest.fixture
def prepare(t5eval: Command, official: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    from t5eval.preparation import blocks

    monkeypatch.setattr(blocks, "BLOCK_EXAMPLES", 50)
    monkeypatch.setattr(blocks, "SHARD_BYTES", 300_000)

    def call(out: Path, *more: str, data: Path = official) -> Any:
        tasks = ("glue/rte", "glue/wnli", "glue/sst2")
        return t5eval("prepare", "--task", *tasks, "--data-dir", data, "--vocab", "bytes", "--out", out, *more)

    return call


def test_prepared_shards_make_the_folder_of_one_process(prepare: Any, t5eval: Command, tmp_path: Path) -> None:
    assert prepare(tmp_path / "whole").status == 0
    whole = made(tmp_path / "whole")
    assert len(whole) > 12
    folders = [tmp_path / f"shard-{number}" for number in (1, 2, 3)]
    for number, folder in enumerate(folders, 1):
        assert prepare(folder, "--shard", f"{number}/3").status == 0
        assert 1 < len(made(folder)) < len(whole) / 2
    done = t5eval("merge", *folders, "--out", tmp_path / "merged")
    assert done.status == 0, done.err
    assert made(tmp_path / "merged") == whole
    assert done.out.splitlines()[0] == prepare(tmp_path / "whole").out.splitlines()[1]
    # A share that is there is kept; one that is not is made again, and the same.
    before = made(folders[1])
    assert "holds these records already" in prepare(folders[1], "--shard", "2/3").out
    shutil.rmtree(folders[1])
    assert prepare(folders[1], "--shard", "2/3").status == 0
    assert made(folders[1]) == before


@pytest.fixture
def refused(t5eval: Command, tmp_path: Path) -> Callable[..., str]:
    """What `merge` says of folders that it does not join."""

    def call(*given: Path) -> str:
        done = t5eval("merge", *given, "--out", tmp_path / "merged")
        assert (done.status, done.out) == (2, "")
        assert not (tmp_path / "merged").exists()
        return done.err

    return call


def test_prepared_shards_that_do_not_fit(
    prepare: Any, refused: Any, t5eval: Command, official: Path, tmp_path: Path
) -> None:
    folders = [tmp_path / f"shard-{number}" for number in (1, 2)]
    for number, folder in enumerate(folders, 1):
        assert prepare(folder, "--shard", f"{number}/2").status == 0

    assert "1 of 2 shards missing: 2/2" in refused(folders[0])
    assert "are both shard 1/2" in refused(folders[0], folders[0], folders[1])
    assert "there is no shard-manifest.json" in refused(folders[0], tmp_path / "nothing")
    assert "is of shard 1/2, not 2/2" in prepare(folders[0], "--shard", "2/2").err
    data = shutil.copytree(official, tmp_path / "data")
    path = data / "glue/RTE/train.tsv"
    path.write_bytes(path.read_bytes().replace(b" ", b" the ", 1))
    assert prepare(tmp_path / "other", "--shard", "2/2", data=data).status == 0
    assert "its glue/rte/train was made with another data than that of" in refused(folders[0], tmp_path / "other")
    path = next(path for path in (folders[1] / "records").rglob("*.safetensors"))
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    assert str(path) in refused(*folders)
    done = t5eval("train", "--model", tmp_path, "--task", "glue/rte", "--prepared", folders[0], "--out", tmp_path / "r")
    assert done.status == 2


@pytest.fixture
def prepare_text(t5eval: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    from keras_model.data import text_files

    monkeypatch.setattr(text_files, "BLOCK_BYTES", 2000)
    lines = [f"line {n} of a text {n % 11 * 'that goes on '}and ends\n" for n in range(300)]
    (tmp_path / "a.txt").write_text("".join(lines[:200]))
    with gzip.open(tmp_path / "b.txt.gz", "wt") as file:
        file.writelines(lines[200:])

    def call(out: Path, *more: str) -> Any:
        files = (tmp_path / "a.txt", tmp_path / "b.txt.gz")
        asked = ["--text", *files, "--vocab", "bytes", "--inputs", "32", "--seed", "5", "--out", out]
        return t5eval("prepare", *asked, *more)

    return call


@pytest.mark.parametrize(
    ("count", "more"),
    [
        (1, ("--objective", "spans")),
        (3, ("--objective", "spans", "--held-out", "0.3")),
        (2, ("--objective", "ul2")),
        (40, ("--objective", "deshuffle", "--held-out", "0.1")),  # some have nothing to do
    ],
)
def test_prepared_shards_of_text(
    count: int, more: tuple[str, ...], prepare_text: Any, t5eval: Command, tmp_path: Path
) -> None:
    assert prepare_text(tmp_path / "whole", *more).status == 0
    whole = made(tmp_path / "whole")
    assert len(whole) > 10
    folders = [tmp_path / f"shard-{number}" for number in range(1, count + 1)]
    for number, folder in reversed([*enumerate(folders, 1)]):
        done = prepare_text(folder, *more, "--shard", f"{number}/{count}")
        assert done.status == 0, done.err
        assert count == 1 or len(made(folder)) < 2 / 3 * len(whole)
    done = t5eval("merge", *folders, "--out", tmp_path / "merged")
    assert done.status == 0, done.err
    assert made(tmp_path / "merged") == whole
    assert done.out.splitlines()[0] == prepare_text(tmp_path / "whole", *more).out.splitlines()[1]
    before = made(folders[0])
    assert "holds these records already" in prepare_text(folders[0], *more, "--shard", f"1/{count}").out
    shutil.rmtree(folders[0])
    assert prepare_text(folders[0], *more, "--shard", f"1/{count}").status == 0
    assert made(folders[0]) == before


def test_prepared_shards_of_text_that_do_not_fit(
    prepare_text: Any, refused: Any, t5eval: Command, tmp_path: Path
) -> None:
    folders = [tmp_path / f"shard-{number}" for number in (1, 2)]
    for number, folder in enumerate(folders, 1):
        assert prepare_text(folder, "--shard", f"{number}/2").status == 0

    assert "1 of 2 shards missing: 2/2" in refused(folders[0])
    assert "are both shard 1/2" in refused(folders[0], folders[0], folders[1])
    assert "text/train is of shard 1/2, not 2/2" in prepare_text(folders[0], "--shard", "2/2").err
    assert prepare_text(tmp_path / "other", "--shard", "2/2", "--held-out", "0.2").status == 0
    assert "only one of them has records of text/validation" in refused(folders[0], tmp_path / "other")
    assert prepare_text(tmp_path / "another", "--shard", "2/2", "--mean-span", "4").status == 0
    assert "its text/train was made with another mean_span than" in refused(folders[0], tmp_path / "another")
    with (tmp_path / "a.txt").open("a") as file:
        file.write("One more line.\n")
    assert prepare_text(tmp_path / "more", "--shard", "2/2").status == 0
    assert "its text/train was made with another files than" in refused(folders[0], tmp_path / "more")


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (("--shard", "3/2"), "--shard 3/2: it is I/N, with I from 1 to N"),
        (("--shard", "1/2", "--limit-tokens", "100"), "--shard does not go with --limit-tokens"),
        (("--shard", "1/2", "--runner", "direct"), "a runner shares the work out itself"),
        (("--shard", "1/2", "--held-out", "1e-9"), "held_out = 1e-09 leaves no document to validate on"),
    ],
)
def test_shards_of_text_that_are_none(more: tuple[str, ...], message: str, prepare_text: Any, tmp_path: Path) -> None:
    done = prepare_text(tmp_path / "out", *more)
    assert (done.status, done.out) == (2, "")
    assert message in done.err.splitlines()[-1]
    assert not [*tmp_path.rglob("*.safetensors")]


def refusing(body: Body) -> Body | tuple[int, Body]:
    """Answers most texts, each always alike, and never some."""
    digest = hashlib.sha256(body["prompt"].encode()).digest()
    return answering(body) if digest[1] % 10 else (500, {"detail": "it broke"})


def answering(body: Body) -> Body:
    """Answers each text, always alike."""
    return completion("entailment" if hashlib.sha256(body["prompt"].encode()).digest()[0] % 2 else "not_entailment")


def test_shards_of_a_server_that_refuses_some(
    evaluate: Any, t5eval: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "BACK_OFF_SECONDS", 0.005)
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    folders = [tmp_path / "1", tmp_path / "2"]
    with FaultyServer(refusing) as server:

        def ask(out: Path, *more: str, task: str = "glue/rte") -> Any:
            return evaluate(out, "--decode", "greedy", *more, tasks=(task,), model=f"openai:{server.url}")

        for folder in folders:
            done = ask(folder, "--shard", f"{folder.name}/2")
            assert done.status == 2
            assert "all other answers are stored" in done.err
        done = t5eval("merge", *folders, "--out", tmp_path / "merged")
        assert done.status == 2
        assert "shard 1/2 has not finished glue/rte validation (" in done.err
        assert "without an answer" in done.err
        server.answer = answering
        assert "glue/rte validation: " in ask(folders[0], "--shard", "1/2", task="glue/wnli").out
        assert "without an answer" in ask(folders[0], "--shard", "1/2", task="glue/wnli").out
        shutil.rmtree(folders[0] / "predictions/glue/wnli")
        (folders[0] / "shard.json").unlink()
        for folder in folders:
            assert ask(folder, "--shard", f"{folder.name}/2").status == 0
        assert t5eval("merge", *folders, "--out", tmp_path / "merged").status == 0
        assert ask(tmp_path / "whole").status == 0
    assert made(tmp_path / "merged") == made(tmp_path / "whole")


SPLITS = '{"format": "t5eval shard", "shard": "1/1", "splits": {"glue/rte": {"validation": %s}}}'
HURT = {
    "shard.json": ["{}", "[]", "what", SPLITS % "{}", SPLITS % '{"examples": 1, "call": {}, "price": null}'],
    "predictions/glue/rte/validation.meta.json": ["{}", "[]", "", '{"limit": null, "shard": "1/1"}'],
}


def test_damaged_records_of_a_shard_are_one_line(shards: Any, t5eval: Command, tmp_path: Path) -> None:
    (one,) = shards(1, tasks=("glue/rte",))
    for name, contents in HURT.items():
        whole = (one / name).read_bytes()
        for content in contents:
            (one / name).write_text(content)
            done = t5eval("merge", one, "--out", tmp_path / "merged")
            assert (done.status, done.out) == (2, ""), content
            assert str(one / name) in done.err
        (one / name).write_bytes(whole)
    assert t5eval("merge", one, "--out", tmp_path / "merged").status == 0
