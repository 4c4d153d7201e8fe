"""Counts behind a task's charts: who was taken for whom, how scores are spread, how they depend on length."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from t5eval.metrics import Scored
from t5eval.metrics.bootstrap import draw_counts, wilson95

UNREADABLE, MISSING, UNLABELLED = "unreadable", "missing", "no label"


@dataclass(frozen=True)
class Confusion:
    """True classes against answers.

    Attributes:
        columns: the classes, then `unreadable` and `missing` if there is any.
        rows: the true class, and how many of its examples got each answer.
        hits: for each row the column that is right, None where the split has no labels.
    """

    columns: Sequence[str]
    rows: Sequence[tuple[str, Sequence[int]]]
    hits: Sequence[int | None]


def confusion(judged: Sequence[Scored], classes: Sequence[str], labelled: bool) -> Confusion:
    """Returns the confusion matrix; without labels it has one row, how often each answer was given."""
    columns = [*classes, UNREADABLE, MISSING]
    counts = np.zeros((len(classes) if labelled else 1, len(columns)), dtype=int)
    for example in judged:
        if example.missing:
            column = len(classes) + 1
        elif not example.answer.readable:
            column = len(classes)
        else:
            column = example.answer.value
        counts[example.gold.value if labelled else 0, column] += 1
    kept = [i for i in range(len(columns)) if i < len(classes) or counts[:, i].any()]
    names = list(classes) if labelled else [UNLABELLED]
    return Confusion(
        [columns[i] for i in kept],
        [(name, [int(row[i]) for i in kept]) for name, row in zip(names, counts, strict=True)],
        list(range(len(classes))) if labelled else [None],
    )


@dataclass(frozen=True)
class Bar:
    """How many values lie from `low` to `high`."""

    low: float
    high: float
    count: int


def histogram(values: Sequence[float], high: float, bins: int = 20) -> list[Bar]:
    """Returns how many values lie in each of `bins` equal parts from 0 to `high`, the last one closed."""
    counts, edges = np.histogram(values, bins=bins, range=(0.0, high or 1.0))
    pairs = zip(edges[:-1], edges[1:], counts, strict=True)
    return [Bar(float(low), float(above), int(count)) for low, above, count in pairs]


@dataclass(frozen=True)
class LengthPart:
    """The examples whose inputs have from `low` to `high` words."""

    low: int
    high: int


def length_parts(lengths: Sequence[int], parts: int = 8) -> list[LengthPart]:
    """Returns at most `parts` ranges of lengths with about equally many examples each, from short to long.

    Examples of the same length are in the same part.
    """
    words = np.array(lengths)
    highs = np.unique(np.quantile(words, np.linspace(0, 1, parts + 1)[1:], method="lower"))
    lows = [words.min(), *(words[words > high].min() for high in highs[:-1])]
    return [LengthPart(int(low), int(high)) for low, high in zip(lows, highs, strict=True)]


@dataclass(frozen=True)
class Mean:
    """The mean of some examples' values.

    Attributes:
        count: how many have a value.
        mean: their mean, None where there is none.
        ci95: its 95 % interval: Wilson's where every value is right or wrong, else the percentile bootstrap's; None for
            fewer than two.
    """

    count: int
    mean: float | None
    ci95: tuple[float, float] | None


def means_by_length(
    parts: Sequence[LengthPart], lengths: Sequence[int], values: Sequence[float | None], shares: bool
) -> list[Mean]:
    """Returns of each part how its examples did.

    Args:
        parts: see `length_parts`.
        lengths: words of each input.
        values: what each example comes to, None where that is no number.
        shares: whether a value is right (100) or wrong (0).
    """
    held: list[list[float]] = [[] for _ in parts]
    number = np.searchsorted([part.high for part in parts], lengths, side="left")
    for place, value in zip(number, values, strict=True):
        if value is not None:
            held[place].append(value)
    return [_mean(np.array(part), shares) for part in held]


def _mean(values: np.ndarray, shares: bool) -> Mean:
    if not len(values):
        return Mean(0, None, None)
    mean = float(values.mean())
    if shares:
        return Mean(len(values), mean, wilson95(float((values > 0).sum()), len(values)))
    if len(values) < 2:
        return Mean(len(values), mean, None)
    drawn = np.concatenate([counts @ values for counts in draw_counts(len(values))]) / len(values)
    low, high = np.percentile(drawn, [2.5, 97.5])
    return Mean(len(values), mean, (float(low), float(high)))
