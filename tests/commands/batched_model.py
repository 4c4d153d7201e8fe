"""A model for `--model py:FILE:make`: what it answers depends on the batch, as rounding does in a real one.

Imported by path, in whatever process answers. Variables of the environment make it fail or write down its process.
"""

from __future__ import annotations

import hashlib
import os
import signal
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from t5eval import Generation, Predictor, Prepared, Ranking

CHOICES = ("entailment", "not_entailment", "True", "False", "0", "1", "2.4", "Denver", "wort é")


class Batched(Predictor):
    """Chooses among texts by a hash of the whole batch; a token is a word."""

    def __init__(self) -> None:
        self.batches = 0
        if folder := os.environ.get("BATCHED_MODELS"):
            Path(folder, f"{os.getpid()}-{id(self)}").touch()

    @property
    def identity(self) -> Mapping[str, str]:
        return {"model": os.environ.get("BATCHED_NAME", "batched"), "dtype": "float32"}

    def device(self) -> str | None:
        return "paper" if self.batches else None

    def prepare(self, texts: Sequence[str], max_tokens: int) -> list[Prepared]:
        return [Prepared(text, min(len(text.split()), max_tokens), len(text.split()) > max_tokens) for text in texts]

    def count_unwritable(self, texts: Sequence[str]) -> int:
        return sum(not text.isascii() for text in texts)

    def _number(self, batch: Sequence[Prepared], place: int) -> int:
        whole = "\n".join([*(prepared.payload for prepared in batch), str(place)])
        return int.from_bytes(hashlib.sha256(whole.encode()).digest()[:4], "big")

    def _begin(self) -> None:
        self.batches += 1
        if (most := os.environ.get("BATCHED_FAILS_AFTER")) and self.batches > int(most):
            raise RuntimeError("the power went")
        if folder := os.environ.get("BATCHED_DIES_IN"):
            die_once(Path(folder), after=int(os.environ["BATCHED_DIES_AFTER"]))

    def generate(self, batch: Sequence[Prepared], max_new_tokens: int, decode: Any) -> list[Generation]:
        self._begin()
        numbers = [self._number(batch, place) for place in range(len(batch))]
        return [Generation(CHOICES[number % len(CHOICES)], number % 7 == 0) for number in numbers]

    def rank(self, batch: Sequence[Prepared], answers: Sequence[str]) -> list[Ranking]:
        self._begin()
        numbers = [self._number(batch, place) for place in range(len(batch))]
        sums = [[-1 - number % (17 + i) / 16 for i in range(len(answers))] for number in numbers]
        return [Ranking(tuple(row), (2,) * len(answers)) for row in sums]


def die_once(folder: Path, after: int) -> None:
    """Kills this process as soon as it and others have called this so many times; one of them, once.

    Args:
        folder: where they count.
    """
    (folder / f"{os.getpid()}-{time.monotonic_ns()}").touch()
    if len(list(folder.iterdir())) > after:
        try:
            (folder / "killed").touch(exist_ok=False)
        except FileExistsError:
            return
        os.kill(os.getpid(), signal.SIGKILL)


def make() -> Batched:
    """Returns a model."""
    return Batched()
