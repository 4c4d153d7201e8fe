"""Metrics over numbers: Pearson's and Spearman's correlation, computed by SciPy.

An unreadable answer is no number, so the official scores are undefined while there is one; T5's variants put -1.0 in
its place, and compare with the labels as T5 rounds them.
"""

from __future__ import annotations

import warnings

import numpy as np

from t5eval.metrics.base import Batch, Floats, Metric


class Pearson(Metric):
    """Pearson's correlation, from -100 to 100; undefined where either side is constant."""

    name = "pearson"
    choices = {"unreadable": "undefined"}
    t5 = False

    def defined(self, batch: Batch) -> bool:
        return super().defined(batch) and (self.t5 or not batch.unreadable.any())

    def numbers(self, batch: Batch) -> tuple[Floats, Floats]:
        """Returns the true numbers and the answers, each of shape [examples]."""
        pick = (lambda a: a.t5) if self.t5 else (lambda a: a.value)
        gold = np.array([pick(e.gold) for e in batch.examples], dtype=float)
        said = np.array([pick(e.answer) for e in batch.examples], dtype=float)
        return gold, said

    def statistics(self, batch: Batch) -> Floats:
        gold, said = self.numbers(batch)
        # Centred first: sums of squares of large numbers would lose digits.
        gold, said = gold - gold.mean(), said - said.mean()
        return np.stack([np.ones_like(gold), gold, said, gold * gold, said * said, gold * said], axis=1)

    def aggregate(self, totals: Floats) -> Floats:
        n, x, y, xx, yy, xy = (totals[..., i] for i in range(6))
        spread = (n * xx - x * x) * (n * yy - y * y)
        # What rounding leaves of a constant side counts as constant.
        varies = spread > 1e-12 * (n * xx + x * x) * (n * yy + y * y)
        root = np.sqrt(np.where(varies, spread, 1.0))
        return 100 * np.where(varies, np.clip((n * xy - x * y) / root, -1, 1), np.nan)

    def value(self, batch: Batch, statistics: Floats) -> float:
        from scipy.stats import pearsonr

        return _undefined_as_nan(pearsonr, *self.numbers(batch))


def _undefined_as_nan(correlation: object, gold: Floats, said: Floats) -> float:
    if len(gold) < 2 or not (np.isfinite(gold).all() and np.isfinite(said).all()):
        return float("nan")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # SciPy warns of constant input and returns nan, which is the answer
        return 100 * float(correlation(gold, said).statistic)  # type: ignore[operator]


class PearsonT5(Pearson):
    """Pearson's correlation as T5 computes it: -1.0 for an unreadable answer, labels rounded to a multiple of 0.2."""

    name = "pearson_t5"
    choices = {"unreadable": "-1.0", "labels": "rounded to 0.2"}
    t5 = True


def _weighted_ranks(values: Floats, counts: Floats) -> Floats:
    """Returns average ranks within each resample, without sorting each of them.

    Args:
        values: shape [examples].
        counts: how often each resample drew each example, shape [resamples, examples].

    Returns:
        The rank that each example's value has in each resample, shape [resamples, examples].
    """
    distinct, place = np.unique(values, return_inverse=True)
    # Draws of each distinct value, [resamples, distinct].
    order = np.argsort(place, kind="stable")
    starts = np.searchsorted(place[order], np.arange(len(distinct)))
    drawn = np.add.reduceat(counts[:, order], starts, axis=1)
    return (np.cumsum(drawn, axis=1) - (drawn - 1) / 2)[:, place]


class Spearman(Pearson):
    """Spearman's rank correlation, from -100 to 100, ties given their average rank."""

    name = "spearman"

    def statistics(self, batch: Batch) -> Floats:
        return np.stack(self.numbers(batch), axis=1)

    def aggregate(self, totals: Floats) -> Floats:
        raise NotImplementedError("ranks depend on the whole sample; see resample")

    def value(self, batch: Batch, statistics: Floats) -> float:
        from scipy.stats import spearmanr

        return _undefined_as_nan(spearmanr, *self.numbers(batch))

    def resample(self, statistics: Floats, counts: Floats) -> Floats:
        middle = (counts.sum(axis=1, keepdims=True) + 1) / 2
        gold = _weighted_ranks(statistics[:, 0], counts) - middle
        said = _weighted_ranks(statistics[:, 1], counts) - middle
        weighted = counts * gold
        totals = np.stack(
            [
                counts.sum(axis=1),
                weighted.sum(axis=1),
                (counts * said).sum(axis=1),
                (weighted * gold).sum(axis=1),
                (counts * said * said).sum(axis=1),
                (weighted * said).sum(axis=1),
            ],
            axis=1,
        )
        return Pearson.aggregate(self, totals)


class SpearmanT5(Spearman):
    """Spearman's correlation as T5 computes it; see `PearsonT5`."""

    name = "spearman_t5"
    choices = PearsonT5.choices
    t5 = True
