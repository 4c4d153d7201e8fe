"""What the parts of a row must offer: a source, a text format, an answer parser."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Protocol

from task_specs.records import Answer, Example, TextPair


class Source(Protocol):
    """What a row's `source` must offer: its reader's name and the files of each split."""

    kind: ClassVar[str]

    @property
    def folder(self) -> str:
        """The folder below the data directory."""

    def paths(self, split: str) -> dict[str, str]:
        """Returns the split's files below `folder` by part; a split of one file has the single part ``""``."""

    @property
    def fields(self) -> Mapping[str, str]:
        """The text features it reads, and where from."""

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits that have files, in the order in which they are declared."""


class AnswerParser(Protocol):
    """What a row's `answer` must offer."""

    kind: ClassVar[str]

    @property
    def choices(self) -> tuple[str, ...]:
        """The fixed set of answer texts, empty where answers are free."""

    def target(self, features: Mapping[str, Any]) -> str:
        """Returns the text that a model should write for these features."""

    def gold(self, features: Mapping[str, Any], targets: str) -> Answer | None:
        """Returns the true value, None where the example is unlabelled."""

    def parse(self, text: str, features: Mapping[str, Any], targets: str) -> Answer:
        """Returns what `text` says; never raises."""


class TextFormat(Protocol):
    """What a row's `text` must offer."""

    kind: ClassVar[str]

    @property
    def fields(self) -> tuple[str, ...]:
        """The features it needs."""

    def pairs(self, example: Example, answer: AnswerParser, *, training: bool) -> Iterator[TextPair]:
        """Yields the example's text pairs: one, or any number where training differs from evaluation."""
