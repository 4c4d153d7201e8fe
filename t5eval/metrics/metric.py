"""What a metric is: statistics of each example, and an aggregate over their sums."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from task_specs import Answer, TaskSpec

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Scored:
    """One example with what was said of it.

    Attributes:
        id: the example's id.
        features: its features, as the source has them.
        targets: the text the model should have written.
        prediction: the text it wrote, empty where there is none.
        answer: what that text says.
        gold: what is true.
        missing: whether there was no prediction at all.
        written: the text before filters, which `prediction` is what they left of; None where there are none.
        confidence: how probable the model found its answer, from 0 to 1; None where that is not known.
        no_answer: how probable it found that there is no answer, from 0 to 1; None where that is not known.
    """

    id: str
    features: Mapping[str, Any]
    targets: str
    prediction: str
    answer: Answer
    gold: Answer
    missing: bool = False
    written: str | None = None
    confidence: float | None = None
    no_answer: float | None = None


@dataclass(frozen=True)
class Batch:
    """The examples of a split, as arrays that several metrics share.

    Attributes:
        examples: in file order.
        classes: the answer's class names, empty where answers are not classes.
    """

    examples: Sequence[Scored]
    classes: tuple[str, ...] = ()

    @cached_property
    def unreadable(self) -> NDArray[np.bool_]:
        """Whether each answer has no value, shape [examples]."""
        return np.array([not e.answer.readable for e in self.examples], dtype=bool)

    @cached_property
    def gold(self) -> NDArray[np.intp]:
        """True class indices, shape [examples]."""
        return np.array([e.gold.value for e in self.examples], dtype=np.intp)

    @cached_property
    def answers(self) -> NDArray[np.intp]:
        """Class indices, -1 where unreadable, shape [examples]."""
        return np.array([e.answer.value if e.answer.readable else -1 for e in self.examples], dtype=np.intp)

    @cached_property
    def confidence(self) -> Floats:
        """How probable the model found each answer, nan where that is not known, shape [examples]."""
        return np.array([math.nan if e.confidence is None else e.confidence for e in self.examples], dtype=float)

    @cached_property
    def opposed(self) -> NDArray[np.intp]:
        """Class indices of a two-class task, an unreadable answer counted as the class that is not gold."""
        return np.where(self.unreadable, 1 - self.gold, self.answers)

    def readable(self) -> Batch:
        """Returns the examples whose answers have a value."""
        return Batch([e for e in self.examples if e.answer.readable], self.classes)

    @cached_property
    def _made(self) -> dict[str, Any]:
        return {}

    def once(self, key: str, make: Callable[[Batch], Any]) -> Any:
        """Returns `make(self)`, worked out once for all metrics that ask for the same `key`."""
        if key not in self._made:
            self._made[key] = make(self)
        return self._made[key]


class Metric(ABC):
    """One score, in percent unless its name says otherwise.

    A metric turns each example into a row of numbers (`statistics`) and sums of rows into the score (`aggregate`).
    Intervals, paired tests and evaluation in parts all work on the rows, so they cost one pass over the texts.

    Attributes:
        name: the score's name in results.
        higher_is_better: the direction in which a model improves.
        answers: the kinds of answer (`answer.kind` of a row) that it judges, empty for any. Benchmarks call different
            scores by the same name: `f1` of two classes, and `f1` of the words of a text. The metric that names a
            row's kind is taken before the one for any.
        choices: what was decided where definitions differ; part of the signature.
        share: whether a row is (right, counted), each 0 or 1, and the score the share of right rows; two systems are
            then compared by McNemar's exact test.
        additive: whether sums of rows may be taken a few examples at a time, in any division of a split, and still give
            the score. Not so where examples of one group have to be seen together, or where ranks count.
        caution: what to know before setting the score beside published ones; shown with it.
        surface: whether case and spaces count, so that lower-cased or tokenised texts lose much of the score.
        as_written: whether the score of the texts as they were written stands beside it, where T5's way of writing
            was undone in some of them.
    """

    name: str
    higher_is_better: bool = True
    share: bool = False
    additive: bool = False
    answers: tuple[str, ...] = ()
    choices: Mapping[str, str] = {}
    caution: str = ""
    surface: bool = False
    as_written: bool = False

    @abstractmethod
    def statistics(self, batch: Batch) -> Floats:
        """Returns one row of numbers for each example, shape [examples, numbers].

        A metric that judges groups of examples together (all answers to a question) returns one row for each group:
        what is drawn again in a resample is a row.
        """

    @abstractmethod
    def aggregate(self, totals: Floats) -> Floats:
        """Returns the score from sums of rows, shape [..., numbers] to [...]; nan where it is undefined."""

    def of_row(self, spec: TaskSpec) -> Metric:
        """Returns the metric with what a row chooses for it, such as BLEU's tokenizer."""
        return self

    def cautions(self, batch: Batch) -> Iterable[str]:
        """Returns what to know before quoting the score of these examples, a line each."""
        return [self.caution] if self.caution else []

    def unsuited(self, classes: Sequence[str]) -> str:
        """Returns why a task with these answer classes (none: numbers or texts) cannot have this score, else ``""``."""
        return ""

    def examples(self, batch: Batch) -> int:
        """Returns how many of the batch's examples the score is of."""
        return len(batch.examples)

    def together(self, example_id: str) -> str:
        """Returns what the examples share that are judged together; a slice has all of them or none."""
        return example_id

    def details(self, batch: Batch) -> Mapping[str, str]:
        """Returns choices that lie with the examples, such as how many references they have; part of the signature."""
        return {}

    def defined(self, batch: Batch) -> bool:
        """Returns whether the score exists for these answers; if not, it stands beside its `_readable` twin."""
        return self.examples(batch) > 0

    def value(self, batch: Batch, statistics: Floats) -> float:
        """Returns the score of the whole batch.

        Metrics whose definition is a library function call it here; `aggregate` then agrees with it to rounding.
        """
        return float(self.aggregate(statistics.sum(axis=0)))

    def resample(self, statistics: Floats, counts: Floats) -> Floats:
        """Returns the score of each resample.

        Args:
            statistics: what `statistics` returned, shape [examples, numbers].
            counts: how often each resample drew each example, shape [resamples, examples].

        Returns:
            Scores, shape [resamples]; nan where undefined.
        """
        return self.aggregate(counts @ statistics)
