"""A text format of one's own: a template with the features' names in braces."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from task_specs.records import Example, TextPair
from task_specs.support.errors import SpecError
from task_specs.support.wording import Wording, placed, wording

if TYPE_CHECKING:
    from task_specs.contracts import AnswerParser


@dataclass(frozen=True)
class Template:
    """`template` with each `{feature}` replaced by its text; the targets are what the answer says.

    Training leaves out an example whose answer is empty.

    Attributes:
        template: see `task_specs.support.wording`.
    """

    template: str
    kind: ClassVar[str] = "template"

    def __post_init__(self) -> None:
        self._wording  # noqa: B018  (what is wrong with it is said now)

    @cached_property
    def _wording(self) -> Wording:
        return wording(self.template)

    @property
    def fields(self) -> tuple[str, ...]:
        return self._wording.names

    def pairs(self, example: Example, answer: AnswerParser, *, training: bool) -> Iterator[TextPair]:
        features = example.features
        targets = answer.target(features)
        try:
            inputs = self._wording.render(features)
        except SpecError as error:
            raise placed(f"example {example.id}", error) from None
        if targets:
            yield TextPair(example.id, inputs, targets)
        elif not training:
            problem = f"no target: {getattr(answer, 'no_target', 'the answer is empty')}"
            yield TextPair(example.id, inputs, targets, problem)
