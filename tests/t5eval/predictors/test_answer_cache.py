"""The cache of answers: what is never asked twice, what is another question, damage, death and other processes."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Generator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import task_specs
from t5eval.evaluation.batches import generate_all
from t5eval.predictors import open_model
from t5eval.predictors.answer_cache import FILE, caching, open_cache
from t5eval.predictors.answering import draws_of
from t5eval.predictors.chat import Chat, Turn
from t5eval.predictors.predictor import Answering, Generation, Predictor, Prepared, Rank, Sample, Unanswered
from t5eval.runs.prediction import Prediction, Ranking, Usage
from task_specs import Decode, TextPair
from task_specs.support.errors import UserError

RTE = task_specs.get("glue/rte")
TEXTS = ("one", "two", "one", "three", "one")


class Counting(Predictor):
    """Notes what it is asked; what it draws follows from text, seed and number."""

    identity: Mapping[str, str] = {}

    def __init__(self, weights: str = "w") -> None:
        self.identity = {"weights": weights}
        self.asked: list[str] = []

    def prepare(self, texts: Sequence[str], max_tokens: int) -> list[Prepared]:
        return [Prepared(text[:max_tokens], len(text), len(text) > max_tokens) for text in texts]

    def prepare_chats(self, chats: Sequence[Chat], max_tokens: int) -> list[Prepared]:
        return [Prepared(chat.turns[-1].text, 1, False) for chat in chats]

    def decoding(self, answering: Answering) -> dict[str, Any]:
        return {"method": answering.method}  # says less than what it does

    def generate(self, batch: Sequence[Prepared], max_new_tokens: int, decode: Decode | Sample) -> list[Generation]:
        self.asked += [p.payload for p in batch]
        drawn = [f" {decode.seed} {p.number}" if isinstance(decode, Sample) else "" for p in batch]
        return [Generation(p.payload.upper() + d, p.payload == "two") for p, d in zip(batch, drawn, strict=True)]

    def rank(self, batch: Sequence[Prepared], answers: Sequence[str]) -> list[Ranking]:
        self.asked += [p.payload for p in batch]
        return [Ranking(tuple(np.float32([-len(p.payload), -3.3])), (np.int64(2), 5)) for p in batch]


def answered(
    model: Predictor, folder: Path | None, answering: Answering | None = None, **options: Any
) -> list[Prediction]:
    """Returns the predictions for `TEXTS`, asked through the cache in a folder."""
    pairs = [TextPair(str(number), text, "") for number, text in enumerate(options.pop("texts", TEXTS))]
    with caching(model, folder) as predictor:
        found = [p for batch in generate_all(predictor, RTE, pairs, answering, **options) for p in batch]
    return sorted(found, key=lambda p: int(p.id))


@pytest.mark.parametrize("batch_tokens", [5, 8192])
@pytest.mark.parametrize("answering", [Decode(), Decode("beam", 4, 0.6), Rank(RTE.answer.choices)])
def test_nothing_is_asked_twice(answering: Answering, batch_tokens: int, tmp_path: Path) -> None:
    model = Counting()
    first = answered(model, tmp_path, answering, batch_tokens=batch_tokens)
    assert sorted(model.asked) == ["one", "three", "two"]
    assert [p.cached for p in first] == [False, False, True, False, True]
    again = answered(model, tmp_path, answering, batch_tokens=batch_tokens)
    assert len(model.asked) == 3
    assert all(p.cached for p in again)
    plain = [replace(p, cached=False) for p in answered(Counting(), None, answering)]
    assert [replace(p, cached=False) for p in again] == [replace(p, cached=False) for p in first] == plain
    assert [Prediction.from_line(p.line()) for p in again] == again


def test_another_question_is_asked(tmp_path: Path) -> None:
    model = Counting()
    answered(model, tmp_path)
    for number, (other, options) in enumerate(
        (
            (model, {"answering": Decode("beam", 4, 0.6)}),
            (model, {"answering": Decode("beam", 4, 0.7)}),
            (model, {"max_new_tokens": 3}),
            (Counting("others"), {}),
        )
    ):
        other.asked.clear()
        answered(other, tmp_path, **options)
        assert len(other.asked) == 3, number
    with caching(model, tmp_path) as predictor:
        keys = {predictor.prepare(["one"], length)[0].key for length in (512, 2)}
        keys |= {predictor.prepare_chats([Chat((Turn(role, "one"),))], 512)[0].key for role in ("user", "system")}  # type: ignore[arg-type]
    assert len(keys) == 4


def test_each_draw_is_kept_by_itself(tmp_path: Path) -> None:
    model = Counting()
    two = answered(model, tmp_path, Sample(seed=1, samples=2))
    assert len(model.asked) == 2 * len(TEXTS)  # equal texts at other places draw otherwise
    assert two[2].samples == ("ONE 1 2", "ONE 2 2")
    three = answered(model, tmp_path, Sample(seed=1, samples=3))
    assert len(model.asked) == 3 * len(TEXTS)
    assert [p.samples[:2] for p in three] == [p.samples for p in two]
    assert not any(p.cached for p in three)  # in part
    assert answered(model, tmp_path, Sample(seed=2))[0].text == "ONE 2 0"
    assert len(model.asked) == 3 * len(TEXTS)


def test_the_checkpoint_that_answers_counts_not_the_run_that_it_is_of(tmp_path: Path) -> None:
    class Best(Counting):
        def cache_identity(self) -> dict[str, str]:
            return {"weights": "w"}

    answered(Counting(), tmp_path)
    best = Best("a whole run")
    assert all(p.cached for p in answered(best, tmp_path))
    assert not best.asked


def test_predictions_that_are_there_are_refused(tmp_path: Path) -> None:
    (tmp_path / "theirs.txt").write_text("entailment\n")
    predictor = open_model(f"predictions:{tmp_path / 'theirs.txt'}").predictor
    with pytest.raises(UserError, match="--cache does not apply to predictions"), caching(predictor, tmp_path):
        pass


@pytest.mark.parametrize("damage", [b"no database, " * 400, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_file_that_is_no_cache_is_one_line(damage: bytes, tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(damage)
    with pytest.raises(UserError, match=r"answers\.sqlite: a damaged cache \(.*\); remove it") as raised:
        answered(Counting(), tmp_path)
    assert "\n" not in str(raised.value)


def test_a_cache_with_a_damaged_page_or_answer_is_one_line(tmp_path: Path) -> None:
    texts = [f"text {number} {'x' * 300}" for number in range(200)]
    answered(Counting(), tmp_path, texts=texts)
    whole = (tmp_path / FILE).read_bytes()
    (tmp_path / FILE).write_bytes(whole[:8192] + b"\xff" * (len(whole) - 8192))
    with pytest.raises(UserError, match="a damaged cache"):
        answered(Counting(), tmp_path, texts=texts)
    (tmp_path / FILE).write_bytes(whole)
    with sqlite3.connect(tmp_path / FILE) as connection:
        connection.execute("UPDATE answers SET answer = '{}'")
    connection.close()
    with pytest.raises(UserError, match="a damaged cache"):
        answered(Counting(), tmp_path, texts=texts)


def test_a_folder_that_cannot_be_one_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"--cache .*file: cannot be used"), open_cache(tmp_path / "file"):
        pass


CHILD = """
import os, signal, sys
from pathlib import Path
from tests.t5eval.predictors.test_answer_cache import Counting, answered

class Dying(Counting):
    def generate(self, batch, max_new_tokens, decode):
        if len(self.asked) >= int(sys.argv[2]):
            os.kill(os.getpid(), signal.SIGKILL)
        return super().generate(batch, max_new_tokens, decode)

model = Dying()
answered(model, Path(sys.argv[1]), texts=[f"text {n}" for n in range(60)], batch_tokens=20)
print(len(model.asked))
"""


def child(folder: Path, last: int) -> subprocess.Popen[str]:
    root = Path(__file__).parents[3]
    command = [sys.executable, "-c", CHILD, str(folder), str(last)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root)


def test_a_killed_process_leaves_what_it_was_told(tmp_path: Path) -> None:
    with child(tmp_path, 20) as killed:
        assert killed.wait(120) == -signal.SIGKILL
    model = Counting()
    texts = [f"text {number}" for number in range(60)]
    found = answered(model, tmp_path, texts=texts, batch_tokens=20)
    assert 0 < sum(p.cached for p in found) == 60 - len(model.asked) < 60
    assert [p.text for p in found] == [text.upper() for text in texts]


def test_processes_at_once(tmp_path: Path) -> None:
    children = [child(tmp_path / "new", 1000) for _ in range(3)]
    asked = [int(process.communicate(timeout=120)[0]) for process in children]
    assert [process.returncode for process in children] == [0, 0, 0]
    assert sum(asked) >= 60
    model = Counting()
    assert all(p.cached for p in answered(model, tmp_path / "new", texts=[f"text {n}" for n in range(60)]))
    assert not model.asked


class Streaming(Counting):
    """Answers one by one, the last first, and none to `three` while it is told so."""

    mute = True

    def answers(
        self, asked: Mapping[int, tuple[Prepared, Answering]], max_new_tokens: int
    ) -> Generator[Mapping[int, Generation]]:
        for key, (prepared, answering) in reversed(asked.items()):
            if not (self.mute and prepared.payload == "three"):
                assert not isinstance(answering, Rank)
                (output,) = self.generate([prepared], max_new_tokens, answering)
                yield {key: replace(output, usage=Usage(7, 2))}
        mute = [key for key, (prepared, _) in asked.items() if self.mute and prepared.payload == "three"]
        if mute:
            raise Unanswered(mute, "mute", stopped=False)


@pytest.mark.parametrize("answering", [Decode(), Sample(seed=4, samples=3)])
def test_answers_as_they_come(answering: Answering, tmp_path: Path) -> None:
    model = Streaming()
    with pytest.raises(UserError, match=r"1 without an answer \(3\): mute"):
        answered(model, tmp_path, answering)
    once = 2 if answering == Decode() else 12
    assert len(model.asked) == once
    model.mute = False
    found = answered(model, tmp_path, answering)
    assert model.asked[once:] == ["three"] * len(draws_of(answering))
    assert [p.cached for p in found] == [True, True, True, False, True]
    assert [p.usage for p in found][2:4] == [
        Usage(0, 0),
        Usage(7 * len(draws_of(answering)), 2 * len(draws_of(answering))),
    ]
    plain = answered(Counting(), None, answering)
    assert [replace(p, cached=False, usage=None) for p in found] == plain
