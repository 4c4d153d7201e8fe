"""The text format of tasks that have one text and an instruction: translation and summarisation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from task_specs.records import Example, TextPair
from task_specs.support.errors import SpecError

if TYPE_CHECKING:
    from task_specs.contracts import AnswerParser


@dataclass(frozen=True)
class Instructed:
    """`INSTRUCTION TEXT`, joined by one space, the text untouched.

    Attributes:
        instruction: what is to be done with the text.
        field: the feature that holds it.
    """

    instruction: str
    field: str
    kind: ClassVar[str] = "instructed"

    def __post_init__(self) -> None:
        if not self.instruction or not self.field:
            raise SpecError("text format 'instructed' needs an instruction and a field")

    @property
    def fields(self) -> tuple[str, ...]:
        return (self.field,)

    def pairs(self, example: Example, answer: AnswerParser, *, training: bool) -> Iterator[TextPair]:
        features = example.features
        yield TextPair(example.id, f"{self.instruction} {features[self.field]}", answer.target(features))
