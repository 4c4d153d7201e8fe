"""SQuAD's prediction files."""

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
        ids_sha256: the SHA-256 of the official ids, sorted, each with a newline after it; empty where only the data
            tells them.
    """

    file: str
    split: str = "test"
    probabilities: str = ""
    ids_sha256: str = ""
    kind: ClassVar[str] = "answers"
