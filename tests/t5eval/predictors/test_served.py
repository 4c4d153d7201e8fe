"""A served model by itself: what is sent, what is made of replies, how many requests are on their way."""

from __future__ import annotations

import asyncio
import math
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from email.utils import formatdate
from typing import Any

import pytest

from t5eval.predictors.chat import Chat, Turn
from t5eval.predictors.of_server import ServedModel
from t5eval.predictors.predictor import Generation, Prepared, Rank, Sample, Unanswered
from t5eval.predictors.served import client
from t5eval.predictors.served.client import _seconds
from t5eval.predictors.served.pace import Pace
from t5eval.predictors.served.streaming import as_they_come
from t5eval.runs.prediction import Prediction, Ranking, Usage
from task_specs import Decode
from task_specs.support.errors import UserError
from tests.t5eval.predictors.faulty_server import Body, FaultyServer, completion, every

CHAT = Chat((Turn("system", "Be brief."), Turn("user", "2 + 2?")))


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "REPLY_SECONDS", 0.3)
    monkeypatch.setattr(client, "BACK_OFF_SECONDS", 0.001)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


def texts(model: ServedModel, *inputs: str | Chat, decode: Any = None) -> list[Generation]:
    given = model.prepare([text for text in inputs if isinstance(text, str)], 512)
    given += model.prepare_chats([chat for chat in inputs if isinstance(chat, Chat)], 512)
    return model.generate(given, 7, decode or Decode())


def test_what_is_sent() -> None:
    drawn = Sample(temperature=0.7, top_k=5, top_p=0.9, seed=3)
    with FaultyServer(lambda body: completion("four")) as server:
        model = ServedModel(server.url, "tiny")
        assert texts(model, "two and two", CHAT) == [Generation("four", False, usage=Usage(10, 1))] * 2
        texts(model, "two and two", decode=drawn)
        given = [Prepared("two and two", 3, None, number=n) for n in (0, 1, 0)]
        model.generate(given, 7, drawn)
    plain = {"model": "tiny", "max_tokens": 7, "temperature": 0}
    sent = sorted(((path, body) for path, _, body in server.requests[:2]), key=lambda pair: pair[0])
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "2 + 2?"}]
    assert sent == [
        ("/chat/completions", {**plain, "messages": messages}),
        ("/completions", {**plain, "prompt": "two and two"}),
    ]
    assert "authorization" not in server.requests[0][1]
    body = server.requests[2][2]
    assert (body["temperature"], body["top_p"], body["top_k"]) == (0.7, 0.9, 5)
    seeds = [body["seed"] for _, _, body in server.requests[2:]]
    assert len(set(seeds)) == 2  # by the example's number, whatever else is asked for
    assert all(0 <= seed < 2**31 for seed in seeds)


@pytest.mark.parametrize(
    ("choice", "text", "hit_limit"),
    [
        ({"text": "a", "finish_reason": "length"}, "a", True),
        ({"text": " b\n"}, " b\n", None),
        ({"message": {"content": None}, "finish_reason": "length"}, "", True),
    ],
)
def test_what_is_read(choice: Body, text: str, hit_limit: bool | None) -> None:
    with FaultyServer(lambda body: {"choices": [choice]}) as server:
        assert texts(ServedModel(server.url, "tiny"), "x") == [Generation(text, hit_limit)]


@pytest.mark.parametrize(
    "reply",
    [
        {},
        [],
        {"choices": []},
        {"choices": ["x"]},
        {"choices": [{"finish_reason": "stop"}]},
        {"choices": [{"text": 3}]},
        {"choices": [{"text": "\ud800"}]},
        {"choices": [{"text": "x"}], "usage": 5},
    ],
)
def test_a_reply_that_is_none_is_tried_again(reply: Any) -> None:
    replies = [reply, reply, completion("four")]
    with FaultyServer(lambda body: replies.pop(0)) as server:
        assert texts(ServedModel(server.url, "tiny"), "x")[0].text == "four"
        replies += [reply] * client.TRIES
        with pytest.raises(Unanswered, match=r"^1 without an answer \(0\): openai:.* is not what /completions answers"):
            texts(ServedModel(server.url, "tiny"), "x")


def test_a_server_that_never_replies_in_time_costs_three_tries() -> None:
    server = FaultyServer(lambda body: completion("x"), {"hang": every(1)})
    with server, pytest.raises(Unanswered, match=r"no reply within 1.2 s"):  # 0.3, 0.6 and 1.2 seconds
        texts(ServedModel(server.url, "tiny"), "x")
    assert len(server.requests) == 3


def test_a_slow_server_gets_the_time_it_needs() -> None:
    """Four times the slowest reply so far is waited for; 0.3 seconds before there is one."""
    pauses = {"a": 0.25, "b": 0.5}

    def slow(body: Body) -> Body:
        time.sleep(pauses[body["prompt"]])
        return completion("x")

    with FaultyServer(slow) as server:
        texts(ServedModel(server.url, "tiny", places=1), "a", "b")
    assert len(server.requests) == 2


def test_a_reply_has_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "LARGEST", 100_000)
    server = FaultyServer(lambda body: completion("x" * 1_000_000))
    with server, pytest.raises(Unanswered, match="its reply has more than 100,000 bytes"):
        texts(ServedModel(server.url, "tiny"), "x")
    assert len(server.requests) == 1


def scored(words: list[str], written: int) -> Body:
    """A reply to `echo`, with a token at the beginning that is no text, and what the model wrote at the end."""
    tokens = ["<s>", *words, *["!"] * written]
    values = [None, *[-float(len(word)) for word in words], *[-100.0] * written]
    choice = {"text": "", "logprobs": {"tokens": tokens, "token_logprobs": values}}
    return {"choices": [choice], "usage": {"prompt_tokens": len(words) + 1, "completion_tokens": written}}


@pytest.mark.parametrize("written", [0, 1])
def test_ranking(written: int) -> None:
    with FaultyServer(lambda body: scored(body["prompt"].split(), written)) as server:
        model = ServedModel(server.url, "tiny")
        given = model.prepare(["is it so?"], 512)
        assert model.rank(given, ("yes", "not at all")) == [Ranking((-3.0, -8.0), (1, 3))]
        ((_, found),) = next(model.answers({5: (given[0], Rank(("yes", "no")))}, 7)).items()
    assert found.usage == Usage(4 + 5 + 5, 3 * written)
    prompts = [body["prompt"] for _, _, body in server.requests]
    assert prompts[:3] == ["is it so?", "is it so? yes", "is it so? not at all"]
    assert {key: server.requests[0][2][key] for key in ("echo", "logprobs", "max_tokens")} == {
        "echo": True, "logprobs": 1, "max_tokens": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (completion("no such thing"), "which this server does not give"),
        ((422, {"detail": "unsupported: echo"}), "which this server refuses: HTTP 422 .* 'unsupported: echo'"),
    ],
)
def test_a_server_without_log_probabilities_cannot_rank(reply: Any, said: str) -> None:
    with FaultyServer(lambda body: reply) as server:
        model = ServedModel(server.url, "tiny")
        with pytest.raises(UserError, match=f"--decode rank needs log-probabilities of texts, {said}; leave out"):
            model.rank(model.prepare(["x"], 512), ("yes", "no"))
        with pytest.raises(UserError, match="which no server has for conversations"):
            model.rank(model.prepare_chats([CHAT], 512), ("yes", "no"))


def test_identity_is_what_stays_the_same() -> None:
    models = [{"id": "tiny", "created": 1, "root": "/models/tiny", "permission": [{"id": "x"}], "meta": {"n": 3}}]
    with FaultyServer(completion, models=models) as server:
        one, another = (ServedModel(server.url.replace("//", "//me:secret@")), ServedModel(f"{server.url}/", "else"))
        assert one.identity == {
            "model": "tiny", "server": server.url, "reported": '{"meta": {"n": 3}, "root": "/models/tiny"}',
        }  # fmt: skip
        assert another.identity == {"model": "else", "server": server.url, "reported": "{}"}
    assert server.requests[0][1]["authorization"] == "Basic bWU6c2VjcmV0"


def test_a_request_that_holds_the_key_of_a_proxy_goes_to_the_server_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with FaultyServer(lambda body: completion("x")) as server:
        assert texts(ServedModel(server.url, "tiny"), "x")[0].text == "x"


def test_places_are_halved_once_for_what_was_refused_together() -> None:
    async def drive() -> list[float]:
        pace, seen = Pace(8), []
        async with pace as first, pace as second:
            pace.too_busy(first)
            pace.too_busy(second)
            seen.append(pace.places)
        async with pace as third:
            pace.too_busy(third)
            seen.append(pace.places)
        for _ in range(5):
            pace.answered()
        seen.append(pace.places)
        for _ in range(100):
            pace.answered()
        return [*seen, pace.places]

    halved, again, grown, full = asyncio.run(drive())
    assert (halved, again, full) == (4, 2, 8)
    assert 3 < grown < 4


def test_no_more_are_on_their_way_than_there_are_places() -> None:
    async def drive() -> tuple[int, int]:
        pace, now, most = Pace(3), 0, 0

        async def one() -> None:
            nonlocal now, most
            async with pace:
                now += 1
                most = max(most, now)
                await asyncio.sleep(0)
                now -= 1

        await asyncio.gather(*[one() for _ in range(20)])
        return most, now

    assert asyncio.run(drive()) == (3, 0)


def test_a_busy_server_is_asked_less_at_once() -> None:
    """A server that bears four at once refuses few of a client's that tries sixteen, and all have their answers."""
    with FaultyServer(lambda body: completion("x")) as server:
        server.faults = {"429": lambda number: server._now > 4}
        assert len(texts(ServedModel(server.url, "tiny", places=16), *map(str, range(200)))) == 200
    assert len(server.requests) < 320


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("2", 2), ("0.5", 0.5), (None, 0), ("soon", 0), ("-1", 0)],
)
def test_retry_after(header: str | None, seconds: float) -> None:
    assert _seconds(header) == seconds


def test_retry_after_a_date() -> None:
    assert math.isclose(_seconds(formatdate(time.time() + 9000)), 9000, abs_tol=900)


def test_an_answer_is_there_before_the_last_one() -> None:
    later = threading.Event()

    def slow(body: Body) -> Body:
        assert body["prompt"] == "first" or later.wait(10)
        return completion(body["prompt"])

    with FaultyServer(slow) as server:
        model = ServedModel(server.url, "tiny", places=1)
        asked = {n: (given, Decode()) for n, given in enumerate(model.prepare(["first", "second"], 512))}
        coming = model.answers(asked, 7)
        assert [answer.text for answer in next(coming).values()] == ["first"]
        later.set()
        assert [answer.text for some in coming for answer in some.values()] == ["second"]


def test_who_has_enough_ends_the_asking() -> None:
    threads = threading.active_count()
    with FaultyServer(lambda body: completion("x")) as server:
        model = ServedModel(server.url, "tiny", places=1)
        asked = {n: (given, Decode()) for n, given in enumerate(model.prepare(["x"] * 1000, 512))}
        with closing(model.answers(asked, 7)) as coming:
            next(coming)
        assert threading.active_count() == threads + 1  # the server's
    assert len(server.requests) < 1000


def test_what_the_work_raises_comes_behind_what_it_gave() -> None:
    async def work(put: Callable[[int], None]) -> None:
        for number in range(3):
            put(number)
        raise UserError("enough")

    found: list[int] = []
    with pytest.raises(UserError, match="enough"):
        found.extend(number for some in as_they_come(work) for number in some)
    assert found == [0, 1, 2]


def test_usage_is_kept_with_the_answer() -> None:
    line = Prediction("7", "x", None, False, usage=Usage(12, 3)).line()
    assert line == b'{"id": "7", "prediction": "x", "truncated": null, "usage": [12, 3]}\n'
    assert Prediction.from_line(line).usage == Usage(12, 3)
    assert Usage.sum([Usage(1, 2), Usage(3, 4)]) == Usage(4, 6)
    assert Usage.sum([Usage(1, 2), None]) is None


def test_without_aiohttp_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    with pytest.raises(UserError, match=r"^openai: needs aiohttp: pip install 't5eval\[serve\]'$"):
        _ = ServedModel("http://127.0.0.1:9/v1").identity
