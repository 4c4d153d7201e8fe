"""Two systems' predictions for one split: each score of both, whether they differ, and which examples changed."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from t5eval.comparison.mistakes import Mistakes, count_mistakes
from t5eval.comparison.settings import Differing
from t5eval.data import Summary
from t5eval.metrics import Batch, Metric, Scored, metric_of
from t5eval.metrics.bootstrap import RESAMPLES, SEED
from t5eval.metrics.calibration import right_metric
from t5eval.metrics.metric import Floats
from t5eval.metrics.paired import TRIALS, Pair, difference_intervals95, holm, mcnemar_p, randomisation_p
from t5eval.scoring.score import (
    AS_WRITTEN,
    FEW,
    READABLE,
    as_written,
    evaluation_pair,
    metrics_of,
    require_metrics,
    signature,
)
from task_specs import Example, TaskSpec
from task_specs.records import FrozenDict

T5 = "_t5"  # suffix of T5's own variant of a score
MCNEMAR = "McNemar, exact"
RANDOMISATION = f"approximate randomisation, {TRIALS} trials, seed {SEED}"
INTERVAL = f"paired bootstrap, percentile, {RESAMPLES} resamples, seed {SEED}"


@dataclass(frozen=True)
class Contrast:
    """One score of both systems.

    Attributes:
        a: A's value in percent, None where it is undefined.
        b: B's.
        difference: b - a.
        ci95: the difference's 95 % interval.
        p: the two-sided p-value of no difference.
        p_holm: the same, corrected for the number of headline scores compared; None for other scores.
        test: what the p-value is of.
        rows: how many examples, or groups of them, were drawn and exchanged.
        signature: every choice behind the values.
    """

    a: float | None
    b: float | None
    difference: float | None
    ci95: tuple[float, float] | None
    p: float | None
    p_holm: float | None
    test: str | None
    rows: int
    signature: str

    def to_json(self) -> dict[str, Any]:
        """Returns the contrast as JSON data."""
        return {**vars(self), "ci95": list(self.ci95) if self.ci95 else None}


@dataclass(frozen=True)
class Changes:
    """Which examples have another prediction in B.

    Attributes:
        by: the score by which an example is better or worse, alone; empty where there is none of single examples.
        right_or_wrong: whether that score is either right or wrong.
        texts: how many predictions differ.
        better: how many of them are better in B: wrong in A and right in B, if they are either.
        worse: how many are worse in B: right in A and wrong in B, if they are either.
    """

    by: str
    right_or_wrong: bool
    texts: int
    better: int
    worse: int

    def to_json(self) -> dict[str, Any]:
        """Returns the counts as JSON data."""
        gained, lost = (self.better, self.worse) if self.right_or_wrong else (None, None)
        return {**vars(self), "wrong_to_right": gained, "right_to_wrong": lost}


@dataclass(frozen=True)
class SplitComparison:
    """Two systems on one split, and what makes the comparison sound or not.

    Attributes:
        task: the task's name.
        split: the split.
        n: the examples compared.
        scores: score name to contrast, in the row's order.
        changes: how many predictions changed.
        missing: side (`A`, `B`) to examples without a prediction, counted as wrong.
        unreadable: side to predictions that say nothing that counts, those missing left out.
        mistakes: who has which examples right; None where examples are neither right nor wrong.
        faults: why the comparison is not sound, none if it is.
        settings: the settings that differ.
        data: what was read.
        changed: a record for each example whose predictions differ, in file order: `task`, `split`, `id`, `inputs`,
            `targets`; `a` and `b`, the predictions, None where there is none; `by`, the score of single examples, with
            `score_a` and `score_b`; `change`: `better`, `worse` or `same`, None where there is no such score.
        slices: what the examples are divided by, to its values, to the comparison of the examples under each.
        unsliced: names that they were to be divided by and have nothing under, each to a line that says so.
    """

    task: str
    split: str
    n: int
    scores: Mapping[str, Contrast]
    changes: Changes
    missing: Mapping[str, int]
    unreadable: Mapping[str, int]
    mistakes: Mistakes | None = None
    faults: Sequence[str] = ()
    settings: Sequence[Differing] = ()
    data: Summary = field(default_factory=Summary)
    changed: Sequence[dict[str, Any]] = ()
    slices: Mapping[str, Mapping[str, "SplitComparison"]] = FrozenDict()
    unsliced: Mapping[str, str] = FrozenDict()

    @property
    def few(self) -> bool:
        """Whether there are too few examples to say much."""
        return self.n < FEW

    def to_json(self) -> dict[str, Any]:
        """Returns the comparison as JSON data, without the changed examples."""
        slices = {name: {v: one._slice_json() for v, one in values.items()} for name, values in self.slices.items()}
        return {
            "task": self.task,
            "split": self.split,
            "n": self.n,
            "scores": {name: contrast.to_json() for name, contrast in self.scores.items()},
            "changes": self.changes.to_json(),
            "mistakes": self.mistakes.to_json() if self.mistakes else None,
            "missing": dict(self.missing),
            "unreadable": dict(self.unreadable),
            "sound": not self.faults,
            "faults": list(self.faults),
            "settings": [vars(setting) for setting in self.settings],
            "data": self.data.to_json(),
            **({"slices": slices} if slices else {}),
        }

    def _slice_json(self) -> dict[str, Any]:
        """Returns a slice's comparison as JSON data; one of few examples says so."""
        return {
            "n": self.n,
            "scores": {name: contrast.to_json() for name, contrast in self.scores.items()},
            "mistakes": self.mistakes.to_json() if self.mistakes else None,
            **({"few": True} if self.few else {}),
        }


def compare_split(
    spec: TaskSpec, split: str, a: Sequence[Scored], b: Sequence[Scored], *, headline: bool = False
) -> SplitComparison:
    """Compares two systems' judged answers to the same examples.

    Args:
        a: one system's, labelled.
        b: the other's, in the same order.
        headline: whether only the scores are compared that make up the leaderboard's.

    Raises:
        ValueError: the examples are not the same.
        UserError: a metric does not suit the task's answers.
    """
    if [example.id for example in a] != [example.id for example in b]:
        raise ValueError(f"{spec.name} {split}: paired examples have the same ids in the same order")
    require_metrics(spec)
    classes = tuple(getattr(spec.answer, "classes", ()))
    batches = Batch(a, classes), Batch(b, classes)
    metric, *scores = _example_scores(spec, *batches)
    by = metric.name if metric else ""
    changed = [
        {"task": spec.name, "split": split, **_change(spec, first, second, by, *values)}
        for first, second, *values in zip(a, b, *scores, strict=True)
        if (first.prediction, first.missing) != (second.prediction, second.missing)  # none is not the empty one
    ]
    found = [record["change"] for record in changed]
    share = metric is not None and metric.share
    sides = {"A": a, "B": b}
    return SplitComparison(
        task=spec.name,
        split=split,
        n=len(a),
        scores=_contrasts(
            [(name, metric_of(spec, name)) for name in spec.task_score] if headline else metrics_of(spec, *batches),
            *batches,
        ),
        changes=Changes(by, share, len(found), found.count("better"), found.count("worse")),
        mistakes=count_mistakes(*batches, *scores) if share else None,
        missing={name: sum(e.missing for e in side) for name, side in sides.items()},
        unreadable={name: sum(not e.answer.readable and not e.missing for e in side) for name, side in sides.items()},
        changed=changed,
    )


def _example_scores(spec: TaskSpec, a: Batch, b: Batch) -> tuple[Metric | None, Floats, Floats]:
    """Returns the score by which single examples are better or worse, and its values; None and nan if there is none.

    It is the one that says whether an example is right, else the row's first of which each example alone has a value.
    """
    right = right_metric(spec, a)
    for metric in [right] if right else [metric_of(spec, name) for name in spec.metrics]:
        if metric.higher_is_better and type(metric).resample is Metric.resample:
            rows = metric.statistics(a), metric.statistics(b)
            if all(len(found) == len(a.examples) for found in rows):
                return metric, metric.aggregate(rows[0]), metric.aggregate(rows[1])
    unknown = np.full(len(a.examples), math.nan)
    return None, unknown, unknown


def _change(spec: TaskSpec, a: Scored, b: Scored, by: str, before: float, after: float) -> dict[str, Any]:
    known = math.isfinite(before) and math.isfinite(after)
    return {
        "id": a.id,
        "inputs": evaluation_pair(spec, Example(a.id, a.features)).inputs,
        "targets": a.targets,
        "a": None if a.missing else a.prediction,
        "b": None if b.missing else b.prediction,
        "by": by or None,
        "score_a": float(before) if math.isfinite(before) else None,
        "score_b": float(after) if math.isfinite(after) else None,
        "change": None if not known else "same" if before == after else "better" if after > before else "worse",
    }


def _contrasts(metrics: Sequence[tuple[str, Metric]], a: Batch, b: Batch) -> dict[str, Contrast]:
    found: dict[str, Contrast] = {}
    pairs: dict[str, Pair] = {}

    def add(name: str, metric: Metric, a: Batch, b: Batch, **choices: str) -> None:
        values: list[float | None] = []
        rows: list[Floats] = []
        for batch in (a, b):
            defined = metric.defined(batch)
            statistics = metric.statistics(batch) if defined else np.zeros((0, 0))
            value = metric.value(batch, statistics) if defined else math.nan
            values.append(value if math.isfinite(value) else None)
            rows.append(statistics)
        first, second = values
        difference = None if first is None or second is None else second - first
        signed = signature(metric, metric.examples(a), metric.details(a), **choices)
        found[name] = Contrast(first, second, difference, None, None, None, None, max(map(len, rows)), signed)
        if difference is not None:
            pairs[name] = Pair(metric, *rows)

    written = as_written(a), as_written(b)
    for name, metric in metrics:
        add(name, metric, a, b)
        if metric.as_written and any(written):
            add(name + AS_WRITTEN, metric, written[0] or a, written[1] or b, text="as written")
        if not (metric.defined(a) and metric.defined(b)):
            # As in scoring, the score of readable answers stands beside it: here of those that both sides have.
            both = [i for i in range(len(a.examples)) if not (a.unreadable[i] or b.unreadable[i])]
            readable = [Batch([batch.examples[i] for i in both], batch.classes) for batch in (a, b)]
            if both and all(map(metric.defined, readable)):
                add(name + READABLE, metric, *readable)
    for name, ci95 in zip(pairs, difference_intervals95([*pairs.values()]), strict=True):
        found[name] = replace(found[name], ci95=ci95)
    for name, (p, test) in _p_values(pairs).items():
        found[name] = replace(found[name], p=p, test=test)
    return found


def _p_values(pairs: Mapping[str, Pair]) -> dict[str, tuple[float, str]]:
    found = {name: (mcnemar_p(pair), MCNEMAR) for name, pair in pairs.items() if pair.metric.share}
    others = {name: pair for name, pair in pairs.items() if not pair.metric.share}
    for rows in {len(pair.a) for pair in others.values()}:
        together = {name: pair for name, pair in others.items() if len(pair.a) == rows}
        p_values = randomisation_p(list(together.values()))
        found.update((name, (p, RANDOMISATION)) for name, p in zip(together, p_values, strict=True))
    return found


def count_corrected(comparisons: Sequence[SplitComparison]) -> int:
    """Returns how many p-values Holm's correction was over."""
    return sum(score.p_holm is not None for one in comparisons for score in one.scores.values())


def corrected(comparisons: Sequence[SplitComparison], headline: Mapping[str, Sequence[str]]) -> list[SplitComparison]:
    """Returns the comparisons with Holm's correction over all headline scores of all tasks and splits.

    Args:
        headline: task name to the scores that make up the leaderboard's score of the task.
    """
    places = {
        (i, name): contrast.p
        for i, comparison in enumerate(comparisons)
        for name, contrast in comparison.scores.items()
        if contrast.p is not None and name.removesuffix(READABLE) in headline[comparison.task]
    }
    p_holm = dict(zip(places, holm([*places.values()]), strict=True))
    return [
        replace(c, scores={name: replace(s, p_holm=p_holm.get((i, name))) for name, s in c.scores.items()})
        for i, c in enumerate(comparisons)
    ]
