"""95 % intervals of scores, from per-example statistics: Wilson's for shares, the bootstrap's for all others."""

import math
from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np

from t5eval.metrics.metric import Floats, Metric

RESAMPLES = 1000
SEED = 12345
# Bounds the memory of one block of draws (its counts are 8 bytes a number); the draws do not depend on it.
BLOCK_NUMBERS = 1_000_000


class Resampled(Protocol):
    """What an interval is made of: a metric, or a function of several metrics' rows."""

    def resample(self, statistics: Floats, counts: Floats) -> Floats:
        """See `Metric.resample`."""


def draw_counts(examples: int, resamples: int = RESAMPLES) -> Iterator[Floats]:
    """Yields blocks of resamples as counts: how often each example was drawn, shape [block, examples]."""
    random = np.random.default_rng(SEED)
    block = max(1, BLOCK_NUMBERS // max(examples, 1))
    for start in range(0, resamples, block):
        size = min(block, resamples - start)
        # Sampling with replacement, for all resamples of the block in one histogram.
        draws = random.integers(examples, size=(size, examples)) + examples * np.arange(size)[:, None]
        counts = np.bincount(draws.ravel(), minlength=size * examples)
        yield counts.reshape(size, examples).astype(np.float64)


def interval95(metric: Metric, statistics: Floats) -> tuple[float, float] | None:
    """Returns the 95 % percentile bootstrap interval of a score.

    Args:
        statistics: its per-example statistics, shape [examples, numbers].

    Returns:
        The 2.5th and 97.5th percentile over the resamples in which the score is defined; None if there is none, or
        fewer than two examples.
    """
    return intervals95([(metric, statistics)])[0]


def intervals95(scored: Sequence[tuple[Resampled, Floats]]) -> list[tuple[float, float] | None]:
    """Returns the interval of each of several scores, as `interval95` does; those of as many rows share their draws."""
    drawn: list[list[Floats]] = [[] for _ in scored]
    for rows in {len(statistics) for _, statistics in scored}:
        if rows < 2:
            continue
        together = [place for place, (_, statistics) in enumerate(scored) if len(statistics) == rows]
        for counts in draw_counts(rows):
            for place in together:
                metric, statistics = scored[place]
                drawn[place].append(metric.resample(statistics, counts))
    return [_percentiles(np.concatenate(scores)) if scores else None for scores in drawn]


def wilson95(right: float, counted: float) -> tuple[float, float] | None:
    """Returns the 95 % interval of a share, in percent: also of none and of all it is no point.

    Args:
        right: how many are right.
        counted: of how many; None is returned for 0.

    Source: Wilson 1927; Brown, Cai and DasGupta 2001. As `scipy.stats.binomtest(...).proportion_ci(method="wilson")`,
    whose package takes a second to import.
    """
    from scipy.special import ndtri

    if not counted:
        return None
    n, z = round(counted), float(ndtri(0.975))
    share = round(right) / n
    scale = 2 * (n + z**2)
    center, reach = (2 * n * share + z**2) / scale, z / scale * math.sqrt(4 * n * share * (1 - share) + z**2)
    return 100 * (center - reach if share else 0.0), 100 * (center + reach if share < 1 else 1.0)


def score_intervals95(scored: Sequence[tuple[Metric, Floats]]) -> list[tuple[float, float] | None]:
    """Returns the interval of each score: Wilson's where the metric is a share, else the bootstrap's."""
    others = iter(intervals95([(metric, statistics) for metric, statistics in scored if not metric.share]))
    return [
        wilson95(*statistics.sum(axis=0).tolist()) if metric.share else next(others) for metric, statistics in scored
    ]


def interval_name(metric: Metric) -> str:
    """Returns how a score's interval is made, as its signature says it."""
    return "wilson" if metric.share else f"bootstrap percentile {RESAMPLES} seed {SEED}"


def _percentiles(scores: Floats) -> tuple[float, float] | None:
    scores = scores[np.isfinite(scores)]
    if not scores.size:
        return None
    low, high = np.percentile(scores, [2.5, 97.5])
    return float(low), float(high)
