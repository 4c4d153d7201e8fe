"""Files of JSON lines in a submission, as SuperGLUE's leaderboard takes them."""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class JsonClassFile:
    """`{"idx": 0, "label": LABEL}` for each example.

    Attributes:
        file: the file's name.
        labels: what is written for each class, in the order of the answer's classes; type and case count.
        split: the split whose answers it holds.
    """

    file: str
    labels: tuple[str | int, ...]
    split: str = "test"
    kind: ClassVar[str] = "json_class"

    def __post_init__(self) -> None:
        object.__setattr__(self, "labels", tuple(self.labels))


@dataclass(frozen=True)
class JsonTextFile:
    """`{"idx": QUERY, "label": "text"}` for each example, whose id is `PASSAGE/QUERY`.

    The queries of the official split are numbered from 0.

    Attributes:
        file: the file's name.
        split: the split whose answers it holds.
    """

    file: str
    split: str = "test"
    kind: ClassVar[str] = "json_text"


@dataclass(frozen=True)
class MultiRcFile:
    """MultiRC's nested objects, one for each paragraph: paragraph, questions, answers, each with its id.

    Attributes:
        file: the file's name.
        paragraphs: how many paragraphs the official split has.
        questions: how many questions it has. Paragraphs, questions and answers are numbered from 0, each through the
            whole split.
        labels: what is written for each class; type counts.
        split: the split whose answers it holds.
    """

    file: str
    paragraphs: int
    questions: int
    labels: tuple[str | int, ...] = (0, 1)
    split: str = "test"
    kind: ClassVar[str] = "multirc"

    def __post_init__(self) -> None:
        object.__setattr__(self, "labels", tuple(self.labels))
