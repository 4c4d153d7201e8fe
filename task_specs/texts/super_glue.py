"""Text formats of SuperGLUE that are more than its fields in a row."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from task_specs.contracts import AnswerParser
from task_specs.records import Example, TextPair
from task_specs.support.errors import SpecError
from task_specs.support.wording import joined_highlights, without_markup


@dataclass(frozen=True)
class RenamedFields:
    """`PREFIX key: text key: text`, where keys are not the features' names.

    Attributes:
        prefix: the first word of the input.
        fields: the features, in the order of the text.
        keys: what each of them is called in the text.
    """

    prefix: str
    fields: tuple[str, ...]
    keys: tuple[str, ...]
    kind: ClassVar[str] = "renamed_fields"

    def __post_init__(self) -> None:
        object.__setattr__(self, "fields", tuple(self.fields))
        object.__setattr__(self, "keys", tuple(self.keys))
        if not self.fields or len(self.fields) != len(self.keys):
            raise SpecError(
                f"text format 'renamed_fields' needs fields and a key for each, got {list(self.fields)} and "
                f"{list(self.keys)}"
            )

    def pairs(self, example: Example, answer: AnswerParser, *, training: bool) -> Iterator[TextPair]:
        features = example.features
        text = " ".join(f"{key}: {features[field]}" for field, key in zip(self.fields, self.keys, strict=True))
        yield TextPair(example.id, f"{self.prefix} {text}", answer.target(features))


@dataclass(frozen=True)
class MultiRc:
    """`multirc question: ... answer: ... paragraph: ...`, without the paragraph's markup.

    Attributes:
        prefix: the first word of the input.
    """

    prefix: str = "multirc"
    kind: ClassVar[str] = "multirc"
    fields: ClassVar[tuple[str, ...]] = ("question", "answer", "paragraph")

    def pairs(self, example: Example, answer: AnswerParser, *, training: bool) -> Iterator[TextPair]:
        # T5 cleans the whole input. No tag has a space in it, so that none reaches from one field into the next.
        question, said, paragraph = (without_markup(example.features[name]) for name in self.fields)
        yield TextPair(
            example.id,
            f"{self.prefix} question: {question} answer: {said} paragraph: {paragraph}",
            answer.target(example.features),
        )


@dataclass(frozen=True)
class Record:
    """`record query: ... entities: E1, E2 passage: ...`: a pair for each answer in training, one in evaluation.

    T5 repeats a query for each answer in evaluation too, and lets its metric take the first; here it is asked once.

    Attributes:
        prefix: the first word of the input.
    """

    prefix: str = "record"
    kind: ClassVar[str] = "record"
    fields: ClassVar[tuple[str, ...]] = ("passage", "query", "entities", "answers")

    def pairs(self, example: Example, answer: AnswerParser, *, training: bool) -> Iterator[TextPair]:
        features = example.features
        passage, entities = joined_highlights(features["passage"]), ", ".join(features["entities"])
        inputs = f"{self.prefix} query: {features['query']} entities: {entities} passage: {passage}"
        if not training:
            yield TextPair(example.id, inputs, answer.target(features))
            return
        for k, text in enumerate(features["answers"]):
            yield TextPair(f"{example.id}#{k}", inputs, text)
