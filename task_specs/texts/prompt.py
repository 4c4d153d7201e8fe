"""Another way of asking a task: a template, what a model should write, and how its text is read."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from task_specs.answers.labels import Label
from task_specs.records import FrozenDict
from task_specs.support.errors import SpecError
from task_specs.support.wording import placed
from task_specs.texts.template import Template

if TYPE_CHECKING:
    from task_specs.spec import TaskSpec

OWN = "t5"
"""What the row's own form is called, which is T5's in every row of this package."""


@dataclass(frozen=True)
class Prompt:
    """A named way of asking; the task's data, metrics and limits stay as they are.

    Attributes:
        template: the text, see `task_specs.support.wording`.
        words: class to what a model should write for it; answers are then read as one of these.
        answer: settings of the row's answer that are others here.
        filters: what is done to a text before it is read, see `task_specs.answers.filters`.
    """

    template: str
    words: Mapping[str, str] = field(default_factory=FrozenDict)
    answer: Mapping[str, Any] = field(default_factory=FrozenDict)
    filters: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "words", FrozenDict(self.words))
        object.__setattr__(self, "answer", FrozenDict(self.answer))
        object.__setattr__(self, "filters", tuple(self.filters))
        Template(self.template)

    def asks(self, spec: TaskSpec, name: str) -> TaskSpec:
        """Returns the task as this prompt asks it.

        Raises:
            SpecError: the template names what the task does not have, or the answer has no such words or settings.
        """
        try:
            return asked_as(spec, name, self, Template(self.template), self._answer(spec))
        except SpecError as error:
            raise placed(f"{spec.name}: prompt {name!r}", error) from None

    def _answer(self, spec: TaskSpec) -> Any:
        classes = getattr(spec.answer, "classes", ())
        if self.words and not classes:
            raise SpecError(f"words are for classes, and its answers are of kind {spec.answer.kind!r}")
        answer: Any = Label(classes, self.words) if self.words else spec.answer
        known = [field.name for field in dataclasses.fields(answer)]
        for key in self.answer:
            if key not in known:
                raise SpecError(f"its answers, of kind {answer.kind!r}, have no {key!r}, but {', '.join(known)}")
        return dataclasses.replace(answer, **self.answer) if self.answer else answer


def asked_as(spec: TaskSpec, name: str, prompt: Any, text: Any, answer: Any) -> TaskSpec:
    """Returns a task as a prompt asks it, under the name `TASK@NAME`; the prompt is kept as its only one."""
    return dataclasses.replace(
        spec,
        name=f"{spec.row.name}@{name}",
        base=spec.row,
        prompts={name: prompt},
        text=text,
        answer=answer,
        filters=prompt.filters,
        aliases=(),
        published=(),
        training_pairs=None,
    )
