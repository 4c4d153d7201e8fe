"""Text formats: how an example's features become T5's input text."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from task_specs.contracts import AnswerParser
from task_specs.records import Example, TextPair
from task_specs.support.errors import SpecError


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
