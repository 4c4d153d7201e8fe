"""A text format of one's own: a template with the features' names in braces."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from task_specs.records import Example, TextPair
from task_specs.wording import wording

if TYPE_CHECKING:
    from task_specs.contracts import AnswerParser


@dataclass(frozen=True)
class Template:
    """`template` with each `{feature}` replaced by its text; the targets are what the answer says.

    Training leaves out an example whose answer is empty.

    Attributes:
        template: see `task_specs.wording`.
    """

    template: str
    kind: ClassVar[str] = "template"

    def __post_init__(self) -> None:
        wording(self.template)  # what is wrong with it is said now

    @property
    def fields(self) -> tuple[str, ...]:
        return wording(self.template).names

    def pairs(self, example: Example, answer: AnswerParser, *, training: bool) -> Iterator[TextPair]:
        targets = answer.target(example.features)
        problem = "" if targets else f"no target: {getattr(answer, 'no_target', 'the answer is empty')}"
        if not (training and problem):
            yield TextPair(example.id, wording(self.template).render(example.features), targets, problem)
