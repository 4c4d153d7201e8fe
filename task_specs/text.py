"""Text formats: how an example's features become T5's input text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Protocol

from task_specs.answers import AnswerParser
from task_specs.errors import SpecError
from task_specs.instructed_text import Instructed
from task_specs.records import Example, TextPair
from task_specs.referents import DprReferent, WscReferent
from task_specs.squad_text import SquadQuestion
from task_specs.super_glue_text import MultiRc, Record, RenamedFields
from task_specs.wnli import mark_referent


class TextFormat(Protocol):
    """What a row's `text` must offer."""

    kind: ClassVar[str]

    @property
    def fields(self) -> tuple[str, ...]:
        """The features it needs."""

    def pairs(self, example: Example, answer: AnswerParser, *, training: bool) -> Iterator[TextPair]:
        """Yields the example's text pairs: one, or any number where training differs from evaluation."""


@dataclass(frozen=True)
class Fields:
    """`PREFIX key: text key: text`, the fields in the order given, joined by one space, their text untouched.

    Attributes:
        prefix: the first word of the input.
        fields: the keys, written and looked up under the same name.
    """

    prefix: str
    fields: tuple[str, ...]
    kind: ClassVar[str] = "fields"

    def __post_init__(self) -> None:
        object.__setattr__(self, "fields", tuple(self.fields))
        if not self.fields:
            raise SpecError("text format 'fields' needs at least one field")

    def pairs(self, example: Example, answer: AnswerParser, *, training: bool) -> Iterator[TextPair]:
        features = example.features
        parts = [self.prefix]
        for field in self.fields:
            parts.append(f"{field}:")
            parts.append(features[field])
        yield TextPair(example.id, " ".join(parts), answer.target(features))


@dataclass(frozen=True)
class WnliReferent:
    """T5's form of WNLI: the premise with its pronoun between asterisks, to be answered by what it refers to.

    A pair without a candidate is still one pair, as it is for T5: its targets are empty, and `problem` says why. The
    candidate of a hypothesis that is not entailed is not the referent, and nothing to learn.
    """

    prefix: str = "wsc:"
    kind: ClassVar[str] = "wnli_referent"
    fields: ClassVar[tuple[str, ...]] = ("sentence1", "sentence2")

    def pairs(self, example: Example, answer: AnswerParser, *, training: bool) -> Iterator[TextPair]:
        premise, hypothesis = example.features["sentence1"], example.features["sentence2"]
        marked, candidate, problem = mark_referent(premise, hypothesis)
        learn = not problem and example.features["label"] == 1
        yield TextPair(example.id, f"{self.prefix} {marked}", candidate, problem, learn)


TEXT_FORMATS: dict[str, type] = {
    cls.kind: cls
    for cls in (
        Fields,
        WnliReferent,
        RenamedFields,
        MultiRc,
        Record,
        WscReferent,
        DprReferent,
        SquadQuestion,
        Instructed,
    )
}
