"""A text format: what the model reads of an example, and what it should write."""

from dataclasses import dataclass

from t5eval import register
from task_specs import TextPair


@register
@dataclass(frozen=True)
class Question:
    question: str
    kind = "mine_question"
    fields = ("sentence",)

    def pairs(self, example, answer, *, training):
        inputs = f"{self.question} {example.features['sentence']}"
        yield TextPair(example.id, inputs, answer.target(example.features))
