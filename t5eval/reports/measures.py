"""How well a single example was answered, by the task's own metrics."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from t5eval.metrics import Batch, Metric, Scored, metric_of
from task_specs import TaskSpec

PREFERRED = ("chrf", "rougeLsum", "f1")
"""Scores that tell one text from another better than the others that a task may have; sentence BLEU is mostly zero."""

RIGHT, SCORE, ERROR = "right", "score", "error"


@dataclass(frozen=True)
class Measure:
    """What each example of a split comes to.

    Attributes:
        kind: `right` (0 or 100), `score` (0 to 100) or `error` (0 is best).
        name: what is measured, as a reader should call it.
        values: one for each example, None where there is no value: an unreadable answer's error.
    """

    kind: str
    name: str
    values: Sequence[float | None]

    def badness(self, place: int) -> float:
        """Returns how bad an answer is; the worst is infinite."""
        value = self.values[place]
        if value is None:
            return float("inf")
        return value if self.kind == ERROR else -value


def measure(spec: TaskSpec, judged: Sequence[Scored]) -> Measure | None:
    """Returns what each labelled example comes to; None if the task has no score of single examples.

    Args:
        judged: examples with labels.
    """
    batch = Batch(judged, tuple(getattr(spec.answer, "classes", ())))
    accuracy = metric_of(spec, "accuracy")
    if not accuracy.unsuited(batch.classes):
        values = _values(accuracy, batch)
        return Measure(RIGHT, "accuracy", values) if values is not None else None
    if all(isinstance(example.gold.value, int | float) for example in judged):
        return Measure(ERROR, "absolute error", [_error(example) for example in judged])
    for name in sorted(spec.metrics, key=lambda name: name not in PREFERRED):
        values = _values(metric_of(spec, name), batch)
        if values is not None:
            return Measure(SCORE, name, values)
    return None


def _error(example: Scored) -> float | None:
    return abs(float(example.answer.value) - float(example.gold.value)) if example.answer.readable else None


def _values(metric: Metric, batch: Batch) -> list[float] | None:
    """Returns a metric's score of each example alone, None if it judges them in groups or only together."""
    statistics = metric.statistics(batch)
    if len(statistics) != len(batch.examples):
        return None
    try:
        values = metric.aggregate(statistics)
    except NotImplementedError:
        return None
    return [float(value) for value in values] if np.isfinite(values).all() else None
