"""Metrics over classes: accuracy, which is a mean, and F1 and Matthews' correlation by scikit-learn.

An unreadable answer is never a class of its own choosing: it is wrong for accuracy, and the class that is not gold
for two-class F1 and Matthews' correlation.
"""

import warnings
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from t5eval.metrics.metric import Batch, Floats, Metric


def ratio(part: Floats, whole: Floats, empty: float = 0.0) -> Floats:
    """Returns part / whole in percent, and `empty` where the whole is 0: 0 by default, as scikit-learn has it."""
    return 100 * np.divide(part, whole, out=np.full_like(part, empty, dtype=float), where=whole != 0)


class ClassMetric(Metric):
    """A score of answers that are one of a fixed set of classes."""

    def unsuited(self, classes: Sequence[str]) -> str:
        return "" if classes else "it compares classes, and the answers are free"


class Accuracy(ClassMetric):
    """Share of examples whose answer is the true class."""

    name = "accuracy"
    choices = {"unreadable": "wrong"}
    share = True
    additive = True

    def statistics(self, batch: Batch) -> Floats:
        correct = (batch.answers == batch.gold).astype(float)
        return np.stack([correct, np.ones_like(correct)], axis=1)

    def aggregate(self, totals: Floats) -> Floats:
        # Sums of zero examples have no accuracy: a part that a resample never drew.
        return ratio(totals[..., 0], totals[..., 1], empty=np.nan)


class PartAccuracy(Accuracy):
    """Accuracy over the examples of one part of a split, whose ids start with the part's name."""

    def __init__(self, part: str) -> None:
        self.part = part
        self.name = f"accuracy_{part}"
        self.choices = {"part": part, **Accuracy.choices}

    def _inside(self, batch: Batch) -> NDArray[np.bool_]:
        return np.array([e.id.startswith(f"{self.part}/") for e in batch.examples], dtype=bool)

    def examples(self, batch: Batch) -> int:
        return int(self._inside(batch).sum())

    def statistics(self, batch: Batch) -> Floats:
        return super().statistics(batch) * self._inside(batch)[:, None]


class BinaryF1(ClassMetric):
    """F1 of the second class, 0 where nothing is or should be in it."""

    name = "f1"
    choices = {"positive": "1", "unreadable": "opposite"}
    additive = True

    def unsuited(self, classes: Sequence[str]) -> str:
        return "" if len(classes) == 2 else "it is defined for two classes"

    def statistics(self, batch: Batch) -> Floats:
        gold, said = batch.gold == 1, batch.opposed == 1
        return np.stack([gold & said, said & ~gold, gold & ~said], axis=1).astype(float)

    def aggregate(self, totals: Floats) -> Floats:
        hits, false_alarms, misses = totals[..., 0], totals[..., 1], totals[..., 2]
        return ratio(2 * hits, 2 * hits + false_alarms + misses)

    def value(self, batch: Batch, statistics: Floats) -> float:
        from sklearn.metrics import f1_score

        return 100 * float(f1_score(batch.gold, batch.opposed, zero_division=0))


def _confusion(gold: NDArray[np.intp], said: NDArray[np.intp], classes: int) -> Floats:
    """Returns each example's cell of the confusion matrix, one-hot, shape [examples, classes * classes]."""
    cells = np.zeros((len(gold), classes * classes))
    cells[np.arange(len(gold)), gold * classes + said] = 1
    return cells


def _matthews(totals: Floats) -> Floats:
    """Returns the correlation of a confusion matrix, in percent, 0 where one side is constant.

    Args:
        totals: a square matrix of counts, true class by answer, shape [..., classes * classes].

    Source: Gorodkin 2004, as scikit-learn computes it.
    """
    classes = round(totals.shape[-1] ** 0.5)
    matrix = totals.reshape(*totals.shape[:-1], classes, classes)
    examples = matrix.sum(axis=(-2, -1))
    correct = np.trace(matrix, axis1=-2, axis2=-1)
    gold, said = matrix.sum(axis=-1), matrix.sum(axis=-2)
    covariance = correct * examples - (gold * said).sum(axis=-1)
    spread = (examples**2 - (said**2).sum(axis=-1)) * (examples**2 - (gold**2).sum(axis=-1))
    return ratio(covariance, np.sqrt(spread))


class Matthews(ClassMetric):
    """Matthews' correlation coefficient, from -100 to 100.

    With two classes an unreadable answer is the one that is not gold. With more there is no such class, and the score
    is undefined while any answer is unreadable.
    """

    name = "matthews"
    choices = {"unreadable": "opposite of two classes, else undefined"}
    additive = True

    def defined(self, batch: Batch) -> bool:
        return super().defined(batch) and (len(batch.classes) == 2 or not batch.unreadable.any())

    def _said(self, batch: Batch) -> NDArray[np.intp]:
        return batch.opposed if len(batch.classes) == 2 else batch.answers

    def statistics(self, batch: Batch) -> Floats:
        return _confusion(batch.gold, self._said(batch), len(batch.classes))

    def aggregate(self, totals: Floats) -> Floats:
        return _matthews(totals)

    def value(self, batch: Batch, statistics: Floats) -> float:
        from sklearn.metrics import matthews_corrcoef

        with warnings.catch_warnings():
            # It warns where there is one class alone, and returns 0, which is the convention.
            warnings.filterwarnings("ignore", "A single label was found", UserWarning)
            return 100 * float(matthews_corrcoef(batch.gold, self._said(batch)))


class MatthewsT5(Matthews):
    """Matthews' correlation as T5 computes it: unreadable answers are one more class."""

    name = "matthews_t5"
    choices = {"unreadable": "a class"}

    def defined(self, batch: Batch) -> bool:
        return Metric.defined(self, batch)

    def _said(self, batch: Batch) -> NDArray[np.intp]:
        return np.where(batch.unreadable, len(batch.classes), batch.answers)

    def statistics(self, batch: Batch) -> Floats:
        return _confusion(batch.gold, self._said(batch), len(batch.classes) + 1)
