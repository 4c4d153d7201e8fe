"""SQuAD's text format, as T5 has it: padded punctuation."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from task_specs.answers.punctuation import pad_passage, pad_punctuation
from task_specs.contracts import AnswerParser
from task_specs.records import Example, TextPair


@dataclass(frozen=True)
class SquadQuestion:
    """`question: QUESTION context: PASSAGE`, or the question alone, punctuation padded.

    A question that T5 has no target for is still one pair in evaluation: its targets are empty, and `problem` says
    why. Training leaves it out.

    Attributes:
        prefix: what stands before the question.
        passage: whether the passage follows.
    """

    prefix: str
    passage: bool = True
    kind: ClassVar[str] = "squad_question"

    @property
    def fields(self) -> tuple[str, ...]:
        return ("question", "context", "answers") if self.passage else ("question", "answers")

    def pairs(self, example: Example, answer: AnswerParser, *, training: bool) -> Iterator[TextPair]:
        features = example.features
        targets = answer.target(features)
        if training and not targets:
            return
        # Padded texts have single spaces, so that double ones can only arise where the parts meet.
        inputs = f"{self.prefix} {pad_punctuation(features['question']).lstrip(' ')}"
        if self.passage:
            joint = "context: " if inputs.endswith(" ") else " context: "
            inputs = f"{inputs}{joint}{pad_passage(features['context']).lstrip(' ')}"
        problem = "" if targets else f"no target: {getattr(answer, 'no_target', 'the answer is empty')}"
        yield TextPair(example.id, inputs, targets, problem)
