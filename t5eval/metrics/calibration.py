"""Calibration: whether answers that a model finds probable are right as often as it finds them probable."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from t5eval.metrics.bootstrap import wilson95
from t5eval.metrics.classification import ratio
from t5eval.metrics.metric import Batch, Floats, Metric
from t5eval.metrics.registry import metric_of
from task_specs import TaskSpec

ECE = "ece"
BINS = 10
KEPT = 10  # parts of the examples, the most confident first, of which each is added to those before
MISTAKES = 10
CONFIDENCE = "share among the ranked, else the text's probability"


def right_metric(spec: TaskSpec, batch: Batch) -> Metric | None:
    """Returns the score that says of each example whether it is right, None where none does.

    It is accuracy where answers are classes, else the row's first score that is a share of right examples.
    """
    names = (*(("accuracy",) if batch.classes else ()), *spec.metrics)
    for metric in (metric_of(spec, name) for name in names):
        if metric.share and len(metric.statistics(batch)) == len(batch.examples):
            return metric
    return None


class CalibrationError(Metric):
    """Expected calibration error: how far confidence and the share of right answers lie apart, on average.

    The examples whose confidence is known are put into ten bins of equal width, (0, 0.1], ... (0.9, 1]. Of each bin
    counts the distance between the mean confidence and the share of right answers, weighted by how many are in it.

    Args:
        right: the score that says which examples are right.

    Source: Naeini et al. 2015; Guo et al. 2017, section 2.
    """

    name = ECE
    higher_is_better = False
    additive = True

    def __init__(self, right: Metric) -> None:
        self.right = right
        self.choices = {"right": right.name, "bins": f"{BINS} of equal width", "confidence": CONFIDENCE}

    def examples(self, batch: Batch) -> int:
        return int((~np.isnan(batch.confidence)).sum())

    def statistics(self, batch: Batch) -> Floats:
        """Returns right (1 or 0) minus confidence in the column of the example's bin, and whether it is known."""
        known = ~np.isnan(batch.confidence)
        right, confidence = self.is_right(batch)[known], batch.confidence[known]
        rows = np.zeros((len(known), BINS + 1))
        rows[np.flatnonzero(known), _bin_of(confidence)] = right - confidence
        rows[:, BINS] = known
        return rows

    def aggregate(self, totals: Floats) -> Floats:
        return ratio(np.abs(totals[..., :BINS]).sum(axis=-1), totals[..., BINS], empty=np.nan)

    def is_right(self, batch: Batch) -> Floats:
        """Returns 1 for each example that is right, 0 for the others, shape [examples]."""
        return self.right.statistics(batch)[:, 0]


def _bin_of(confidence: Floats) -> NDArray[np.intp]:
    """Returns the bin of each confidence, which is above its low end and at most its high one; 0 is in the first."""
    ends = np.linspace(0, 1, BINS + 1)
    found: NDArray[np.intp] = np.searchsorted(ends[1:-1], confidence, side="left")
    return found


def calibration_error(spec: TaskSpec, *batches: Batch) -> CalibrationError | None:
    """Returns the calibration error of answers, None where no confidence is known or no answer is right or wrong.

    Args:
        batches: one system's answers, or several systems' to the same examples.
    """
    if ECE in spec.metrics or not all(len(b.examples) and not np.isnan(b.confidence).all() for b in batches):
        return None
    right = right_metric(spec, batches[0])
    return None if right is None else CalibrationError(right)


@dataclass(frozen=True)
class Part:
    """Some of the examples whose confidence is known.

    Attributes:
        low: the least confidence that they may have, in percent; of a bin they are above it.
        high: the most.
        n: how many they are.
        confidence: their mean confidence, in percent; None where there is none.
        right: the share of right answers, in percent; None where there is none.
        ci95: its 95 % interval (Wilson).
    """

    low: float
    high: float
    n: int
    confidence: float | None
    right: float | None
    ci95: tuple[float, float] | None

    def to_json(self) -> dict[str, Any]:
        """Returns the part as JSON data."""
        return {**vars(self), "ci95": list(self.ci95) if self.ci95 else None}


@dataclass(frozen=True)
class Calibration:
    """How confidence goes with right answers.

    Attributes:
        by: the score that says which answers are right.
        whole: all examples whose confidence is known.
        unknown: how many others there are.
        by_chance: the calibration error to be expected, were each answer right with just the probability that the
            model gave it; of few examples it is well above 0.
        bins: the examples by confidence, in ten bins of equal width.
        kept: the tenth of the most confident examples, the two tenths, and so on: what is right if the model may
            leave the others unanswered.
        mistakes: the most confident wrong answers: example id and confidence in percent.
    """

    by: str
    whole: Part
    unknown: int
    by_chance: float
    bins: Sequence[Part]
    kept: Sequence[Part]
    mistakes: Sequence[tuple[str, float]]

    def to_json(self) -> dict[str, Any]:
        """Returns the calibration as JSON data."""
        return {
            **vars(self),
            "whole": self.whole.to_json(),
            "bins": [part.to_json() for part in self.bins],
            "kept": [part.to_json() for part in self.kept],
            "mistakes": [{"id": name, "confidence": sure} for name, sure in self.mistakes],
        }


def calibration_of(metric: CalibrationError, batch: Batch) -> Calibration:
    """Returns how confidence goes with right answers; at least one confidence is known."""
    known = np.flatnonzero(~np.isnan(batch.confidence))
    right, confidence = metric.is_right(batch)[known], batch.confidence[known]
    bins = _bin_of(confidence)
    ends = np.linspace(0, 100, BINS + 1)
    order = np.argsort(-confidence, kind="stable")
    wrong = [place for place in order if not right[place]][:MISTAKES]
    return Calibration(
        by=metric.right.name,
        whole=_part(right, confidence, 0.0, 100.0),
        unknown=len(batch.examples) - len(known),
        by_chance=_by_chance(bins, confidence),
        bins=[_part(right[bins == i], confidence[bins == i], float(ends[i]), float(ends[i + 1])) for i in range(BINS)],
        kept=[*_kept(right, confidence, order)],
        mistakes=[(batch.examples[known[place]].id, 100 * float(confidence[place])) for place in wrong],
    )


def _kept(right: Floats, confidence: Floats, order: NDArray[np.intp]) -> Iterator[Part]:
    """Yields the most confident examples, ever more of them; those of the same confidence are kept together."""
    before = 0
    for tenths in range(1, KEPT + 1):
        least = confidence[order[-(-len(order) * tenths // KEPT) - 1]]
        inside = confidence >= least
        if inside.sum() > before:
            before = int(inside.sum())
            yield _part(right[inside], confidence[inside], 100 * float(least), 100.0)


def _part(right: Floats, confidence: Floats, low: float, high: float) -> Part:
    n = len(right)
    if not n:
        return Part(low, high, 0, None, None, None)
    ci95 = wilson95(float(right.sum()), n)
    return Part(low, high, n, 100 * float(confidence.mean()), 100 * float(right.mean()), ci95)


def _by_chance(bins: NDArray[np.intp], confidence: Floats) -> float:
    """Returns the calibration error to be expected of perfectly calibrated confidences.

    A bin's sum of right minus confidence is then about normal, with mean 0 and the variance of its coin tosses; the
    mean size of such a number is sqrt(2 / pi) times its deviation.
    """
    variances = np.bincount(bins, weights=confidence * (1 - confidence), minlength=BINS)
    return 100 * float(np.sqrt(2 / np.pi * np.maximum(variances, 0)).sum()) / len(confidence)
