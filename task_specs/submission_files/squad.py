"""SQuAD's prediction files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class AnswersFile:
    """One JSON object, example id to answer text.

    Attributes:
        file: the file's name.
        split: the split whose answers it holds.
        probabilities: the name of a second file, example id to the probability that there is no answer; empty where
            every question has one.
    """

    file: str
    split: str = "test"
    probabilities: str = ""
    kind: ClassVar[str] = "answers"
