"""Bootstrap intervals from per-example statistics."""

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


def _percentiles(scores: Floats) -> tuple[float, float] | None:
    scores = scores[np.isfinite(scores)]
    if not scores.size:
        return None
    low, high = np.percentile(scores, [2.5, 97.5])
    return float(low), float(high)
