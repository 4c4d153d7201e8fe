"""Groups of runs that differ by their seeds alone, on every split that all runs have: spreads, and differences."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from t5eval.comparison.compare import asked_of, judged_of, labelled_splits
from t5eval.comparison.settings import covered, side_faults
from t5eval.comparison.sides import Side
from t5eval.data import DataSource
from t5eval.metrics import Batch, metric_of
from t5eval.metrics.metric import Floats, Metric
from t5eval.metrics.over_seeds import seeds_difference95
from t5eval.metrics.paired import holm
from t5eval.runs.seed_groups import Spread, within_two_deviations
from t5eval.scoring.score import require_metrics
from task_specs import TaskSpec


@dataclass(frozen=True)
class GroupDifference:
    """One score of a group beside the first group's.

    Attributes:
        group: the group's place among the groups.
        difference: its mean minus the first group's.
        ci95: the difference's 95 % interval.
        p: the two-sided p-value of no difference.
        p_holm: the same, corrected for the number of headline scores and groups compared; None for other scores.
    """

    group: int
    difference: float
    ci95: tuple[float, float] | None
    p: float | None
    p_holm: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Returns the difference as JSON data."""
        return {**vars(self), "ci95": list(self.ci95) if self.ci95 else None}


@dataclass(frozen=True)
class GroupScore:
    """One score of every group.

    Attributes:
        values: of each group, each run's value in percent; None where it is undefined.
        spreads: of each group; None where no run has a value.
        best: which groups are within two standard deviations, the first group's, of the best.
        differences: of the groups after the first, where every run of both has a value.
    """

    values: Sequence[Sequence[float | None]]
    spreads: Sequence[Spread | None]
    best: Sequence[bool]
    differences: Sequence[GroupDifference]

    def to_json(self) -> dict[str, Any]:
        """Returns the score as JSON data."""
        groups = [
            {"values": list(values), "spread": spread and spread.to_json(), "best": best}
            for values, spread, best in zip(self.values, self.spreads, self.best, strict=True)
        ]
        return {"groups": groups, "differences": [one.to_json() for one in self.differences]}


@dataclass(frozen=True)
class GroupedSplit:
    """Groups on one split.

    Attributes:
        task: the task's name.
        split: the split.
        n: the examples compared.
        scores: score name to what the groups have, in the row's order.
        faults: why the comparison is not sound, none if it is.
    """

    task: str
    split: str
    n: int
    scores: Mapping[str, GroupScore]
    faults: Sequence[str]

    def to_json(self) -> dict[str, Any]:
        """Returns the split as JSON data."""
        scores = {name: score.to_json() for name, score in self.scores.items()}
        return {"n": self.n, "scores": scores, "sound": not self.faults, "faults": list(self.faults)}


def compare_groups(
    groups: Sequence[Sequence[Side]],
    splits: Sequence[tuple[TaskSpec, str]],
    data: DataSource,
    unlabelled: list[str],
) -> Iterator[GroupedSplit]:
    """Yields the groups on one split after another, without correction for their number.

    Args:
        groups: the runs of each.
        unlabelled: is given the names of splits that have no labels, which nothing is yielded for.

    Raises:
        PredictionError: a run's predictions cannot be read, or are not of these examples.
        UserError: a metric does not suit the task's answers.
    """
    sides = [side for group in groups for side in group]
    for spec, split, examples, blank, summary in labelled_splits(splits, data, "comparing", unlabelled):
        require_metrics(spec)
        made_by = [side.made_by(spec.name, split) for side in sides]
        counts = [covered(made.get("limit"), len(examples)) for made in made_by]
        asked = {side.name: asked_of(side, spec, spec.name, split) for side in sides}
        found = []
        for side, made in zip(sides, made_by, strict=True):
            found += side_faults(side.name, asked[side.name], summary, made)
        if len(set(counts)) > 1:
            found.append(f"the runs answered {min(counts):,} to {max(counts):,} examples: compared on the first ones")
        classes = tuple(getattr(spec.answer, "classes", ()))
        batches = [
            [
                Batch(judged_of(side, asked[side.name], spec, split, examples, blank, min(counts)), classes)
                for side in group
            ]
            for group in groups
        ]
        for side, batch in zip(sides, itertools.chain(*batches), strict=True):
            if missing := sum(example.missing for example in batch.examples):
                found.append(f"{side.name} has no prediction for {missing:,} examples, which count as wrong")
        scores = {name: _score(metric_of(spec, name), batches) for name in spec.metrics}
        yield GroupedSplit(spec.name, split, min(counts), scores, found)


def _score(metric: Metric, groups: Sequence[Sequence[Batch]]) -> GroupScore:
    values: list[list[float | None]] = []
    rows: list[list[Floats]] = []
    for group in groups:
        values.append([])
        rows.append([])
        for batch in group:
            defined = metric.defined(batch)
            statistics = metric.statistics(batch) if defined else np.zeros((0, 0))
            value = metric.value(batch, statistics) if defined else math.nan
            values[-1].append(value if math.isfinite(value) else None)
            rows[-1].append(statistics)
    spreads = [Spread.of([value for value in found if value is not None]) for found in values]
    differences = []
    for place, (found, spread) in enumerate(zip(values[1:], spreads[1:], strict=True), 1):
        first = spreads[0]
        if first is None or spread is None or None in found or None in values[0]:
            continue
        ci95, p = seeds_difference95(metric, rows[0], rows[place])
        differences.append(GroupDifference(place, spread.mean - first.mean, ci95, p))
    best = within_two_deviations(spreads, spreads[0], metric.higher_is_better)
    return GroupScore(values, spreads, best, differences)


def corrected_groups(splits: Sequence[GroupedSplit], headline: Mapping[str, Sequence[str]]) -> list[GroupedSplit]:
    """Returns the splits with Holm's correction over all groups' headline scores of all of them.

    Args:
        headline: task name to the scores that make up the leaderboard's score of the task.
    """
    places = {
        (i, name, one.group): one.p
        for i, split in enumerate(splits)
        for name, score in split.scores.items()
        for one in score.differences
        if one.p is not None and name in headline[split.task]
    }
    p_holm = dict(zip(places, holm([*places.values()]), strict=True))
    return [
        replace(
            split,
            scores={
                name: replace(
                    score,
                    differences=[replace(one, p_holm=p_holm.get((i, name, one.group))) for one in score.differences],
                )
                for name, score in split.scores.items()
            },
        )
        for i, split in enumerate(splits)
    ]
