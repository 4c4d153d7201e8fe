"""Metrics over numbers: Pearson's and Spearman's correlation, computed by SciPy.

An unreadable answer is no number, so the official scores are undefined while there is one; T5's variants put -1.0 in
its place, and compare with the labels as T5 rounds them.
"""

import warnings
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from t5eval.metrics.metric import Batch, Floats, Metric


class Pearson(Metric):
    """Pearson's correlation, from -100 to 100; undefined where either side is constant."""

    name = "pearson"
    choices = {"unreadable": "undefined"}
    additive = True
    t5 = False

    def unsuited(self, classes: Sequence[str]) -> str:
        return "it compares numbers, and the answers are classes" if classes else ""

    def defined(self, batch: Batch) -> bool:
        return super().defined(batch) and (self.t5 or not batch.unreadable.any())

    def numbers(self, batch: Batch) -> tuple[Floats, Floats]:
        """Returns the true numbers and the answers, each of shape [examples]."""
        pick = (lambda a: a.t5) if self.t5 else (lambda a: a.value)
        gold = np.array([pick(e.gold) for e in batch.examples], dtype=float)
        said = np.array([pick(e.answer) for e in batch.examples], dtype=float)
        return gold, said

    def statistics(self, batch: Batch) -> Floats:
        return _moments(*self.numbers(batch))

    def aggregate(self, totals: Floats) -> Floats:
        n, x, y, xx, yy, xy = (totals[..., i] for i in range(6))
        return _correlation(n, x, y, xx, yy, xy)

    def value(self, batch: Batch, statistics: Floats) -> float:
        from scipy.stats import pearsonr

        gold, said = self.numbers(batch)
        if not (np.isfinite(gold).all() and np.isfinite(said).all()):
            return float("nan")
        return _undefined_as_nan(pearsonr, gold, said)

    def resample(self, statistics: Floats, counts: Floats) -> Floats:
        # The correlation ignores shift and scale, and sums of large or distant numbers would lose digits.
        gold, said = _centred(statistics[:, 1]), _centred(statistics[:, 2])
        return self.aggregate(counts @ _moments(gold, said))


def _moments(gold: Floats, said: Floats) -> Floats:
    """Returns [1, x, y, x^2, y^2, xy] of each example."""
    with np.errstate(over="ignore", invalid="ignore"):  # infinite answers have no correlation, which `value` says
        return np.stack([np.ones_like(gold), gold, said, gold * gold, said * said, gold * said], axis=1)


def _centred(values: Floats) -> Floats:
    largest = np.abs(values).max()
    values = values / largest if largest > 0 else values
    return values - values.mean()


def _correlation(n: Floats, x: Floats, y: Floats, xx: Floats, yy: Floats, xy: Floats) -> Floats:
    """Returns the correlation in percent from sums of moments, nan where either side is constant."""
    with np.errstate(over="ignore", invalid="ignore"):
        # What rounding leaves of a constant side counts as constant.
        varies = (n * xx - x * x > 1e-12 * (n * xx)) & (n * yy - y * y > 1e-12 * (n * yy))
        root = np.sqrt(np.where(varies, n * xx - x * x, 1.0)) * np.sqrt(np.where(varies, n * yy - y * y, 1.0))
        return 100 * np.where(varies, np.clip((n * xy - x * y) / root, -1, 1), np.nan)


def _undefined_as_nan(correlation: object, gold: Floats, said: Floats) -> float:
    if len(gold) < 2:
        return float("nan")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # SciPy warns of constant input and returns nan, which is the answer
        return 100 * float(correlation(gold, said).statistic)  # type: ignore[operator]


class PearsonT5(Pearson):
    """Pearson's correlation as T5 computes it: -1.0 for an unreadable answer, labels rounded to a multiple of 0.2."""

    name = "pearson_t5"
    choices = {"unreadable": "-1.0", "labels": "rounded to 0.2"}
    t5 = True


class _Ranks:
    """One side's ranks in every resample, without sorting each of them; ties get their average rank.

    Attributes:
        centred: rank minus the mean rank of each distinct value, shape [resamples, distinct].
        place: the distinct value that each example has, shape [examples].
        spread: sum of the squared centred ranks of all draws, shape [resamples].
    """

    def __init__(self, values: Floats, counts: Floats) -> None:
        """Ranks `values`, shape [examples], drawn `counts` times, shape [resamples, examples]."""
        _, place, sizes = np.unique(values, return_inverse=True, return_counts=True)
        self.place: NDArray[np.intp] = place
        starts = np.cumsum(sizes) - sizes
        # Draws of each distinct value, [resamples, distinct].
        drawn = np.add.reduceat(counts[:, np.argsort(place, kind="stable")], starts, axis=1)
        self.centred = np.cumsum(drawn, axis=1)
        # A value drawn d times up to place c has the ranks c - d + 1 to c, their mean c - (d - 1) / 2; the mean rank
        # of all n draws is (n + 1) / 2.
        self.centred -= (drawn + counts.sum(axis=1, keepdims=True)) / 2
        self.spread = np.einsum("rd,rd,rd->r", drawn, self.centred, self.centred)


class Spearman(Pearson):
    """Spearman's rank correlation, from -100 to 100, ties given their average rank."""

    name = "spearman"
    additive = False

    def statistics(self, batch: Batch) -> Floats:
        return np.stack(self.numbers(batch), axis=1)

    def aggregate(self, totals: Floats) -> Floats:
        raise NotImplementedError("ranks depend on the whole sample; see resample")

    def value(self, batch: Batch, statistics: Floats) -> float:
        from scipy.stats import spearmanr

        return _undefined_as_nan(spearmanr, *self.numbers(batch))

    def resample(self, statistics: Floats, counts: Floats) -> Floats:
        gold, said = _Ranks(statistics[:, 0], counts), _Ranks(statistics[:, 1], counts)
        together = np.einsum("re,re,re->r", counts, gold.centred[:, gold.place], said.centred[:, said.place])
        zero = np.zeros_like(together)  # the ranks are centred
        return _correlation(counts.sum(axis=1), zero, zero, gold.spread, said.spread, together)


class SpearmanT5(Spearman):
    """Spearman's correlation as T5 computes it; see `PearsonT5`."""

    name = "spearman_t5"
    choices = PearsonT5.choices
    t5 = True
