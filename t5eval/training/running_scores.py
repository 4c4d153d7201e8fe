"""A task's scores over examples that come a few at a time."""

import math
from collections.abc import Sequence
from dataclasses import replace

from t5eval.metrics import Batch, Metric, Scored, metric_of
from t5eval.metrics.metric import Floats
from t5eval.scoring.score import READABLE, UNLABELLED, require_metrics, score_split
from t5eval.scoring.score import task_score as mean_of_scores
from t5eval.support.errors import PredictionError
from task_specs import TaskSpec


class RunningSum:
    """The sum of one metric's rows, and so its score, in float64.

    Attributes:
        value: the score of all examples that were added, None where it is undefined.
    """

    def __init__(self, metric: Metric) -> None:
        self._metric = metric
        self._totals: Floats | None = None
        self._defined = True

    def add(self, batch: Batch) -> None:
        """Adds examples; those that the score is not of are passed over."""
        if not self._metric.examples(batch):
            return
        self._defined = self._defined and self._metric.defined(batch)
        if self._defined:
            rows = self._metric.statistics(batch).sum(axis=0)
            self._totals = rows if self._totals is None else self._totals + rows

    @property
    def value(self) -> float | None:
        if self._totals is None or not self._defined:
            return None
        value = float(self._metric.aggregate(self._totals))
        return value if math.isfinite(value) else None


class RunningScores:
    """All scores of a task: those of `score` over the same examples, to the rounding of sums in float64.

    Of a metric that is additive only a sum is kept. If the task has one that is not, its judged examples are kept for
    it, and it is worked out over all of them.

    Raises:
        UserError: one of its metrics is unknown or does not suit its answers.
    """

    def __init__(self, spec: TaskSpec) -> None:
        require_metrics(spec)
        self.spec = spec
        self._classes = tuple(getattr(spec.answer, "classes", ()))
        metrics = {name: metric_of(spec, name) for name in spec.metrics}
        self._kept_for = tuple(name for name, metric in metrics.items() if not metric.additive)
        self._kept: list[Scored] = []
        # Each with its twin over the readable answers, which is wanted where the score itself is undefined.
        self._sums = {
            name: (RunningSum(metric), RunningSum(metric)) for name, metric in metrics.items() if metric.additive
        }

    def add(self, judged: Sequence[Scored]) -> None:
        """Adds judged examples, each of them once.

        Raises:
            PredictionError: one has no label.
        """
        for example in judged:
            if example.gold is UNLABELLED:
                raise PredictionError(f"{self.spec.name}: example {example.id} has no label, so it cannot be scored")
        batch = Batch(judged, self._classes)
        readable = batch.readable() if batch.unreadable.any() else batch
        for whole, twin in self._sums.values():
            whole.add(batch)
            twin.add(readable)
        if self._kept_for:
            self._kept += judged

    def values(self) -> dict[str, float | None]:
        """Returns the scores by name, under the names of `t5eval score`; None where one is undefined."""
        kept: dict[str, float | None] = {}
        if self._kept:
            part = replace(self.spec, metrics=self._kept_for, task_score=())
            found = score_split(part, "", self._kept, intervals=False)
            kept = {name: score.value for name, score in found.scores.items()}
        values: dict[str, float | None] = {}
        for name in self.spec.metrics:
            whole, twin = self._sums.get(name, (None, None))
            values[name] = whole.value if whole else kept.get(name)
            readable = twin.value if twin else kept.get(name + READABLE)
            if values[name] is None and readable is not None:
                values[name + READABLE] = readable
        return values

    def task_score(self) -> float | None:
        """Returns the leaderboard's score of the task, None where a part of it is undefined."""
        return mean_of_scores(self.spec, self.values())
