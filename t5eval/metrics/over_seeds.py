"""The difference of two groups of runs on the same examples: by chance of the examples, and by chance of the seeds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from t5eval.metrics.bootstrap import RESAMPLES, SEED, draw_counts
from t5eval.metrics.metric import Floats, Metric

METHOD = f"two-level bootstrap over seeds and examples, percentile, {RESAMPLES} resamples, seed {SEED}"


def seeds_difference95(
    metric: Metric, a: Sequence[Floats], b: Sequence[Floats]
) -> tuple[tuple[float, float] | None, float | None]:
    """Returns the 95 % interval of the difference of two mean scores, b - a, and its two-sided p-value.

    A resample draws examples, the same for every run, and of each group seeds, each side by itself: of n runs n - 1,
    since the variance of means of n would be too small by (n - 1) / n, which for three seeds is a third. A run alone is
    always drawn: the chance of its seed cannot be known. The p-value is twice the smaller share of resamples on either
    side of 0, the observed difference counted as one of them.

    Args:
        metric: the score.
        a: of each run of one group the statistics of the same examples, shape [rows, numbers].
        b: the other group's.

    Returns:
        Percents, and a number in (0, 1]; None and None where no resample has a difference.

    Source: Sellam et al. 2022, The MultiBERTs, section 4 (Multi-Bootstrap; examples paired, seeds not); n - 1 draws of
    n: Rao and Wu 1988.
    """
    rows = {len(statistics) for statistics in (*a, *b)}
    if len(rows) != 1:
        raise ValueError(f"runs on the same examples have as many rows each, got {sorted(rows)}")
    blocks: list[list[Floats]] = [[] for _ in (*a, *b)]
    for counts in draw_counts(rows.pop()):
        for place, statistics in enumerate((*a, *b)):
            blocks[place].append(metric.resample(statistics, counts))
    scores = np.array([np.concatenate(found) for found in blocks])  # [runs, resamples]
    random = np.random.default_rng(SEED)
    means = [_means(group, random) for group in (scores[: len(a)], scores[len(a) :])]
    differences = means[1] - means[0]
    differences = differences[np.isfinite(differences)]
    if not differences.size:
        return None, None
    low, high = np.percentile(differences, [2.5, 97.5])
    less = min(float((differences <= 0).sum()), float((differences >= 0).sum()))
    return (float(low), float(high)), min(1.0, 2 * (less + 1) / (differences.size + 1))


def _means(scores: Floats, random: np.random.Generator) -> Floats:
    """Returns the mean score of drawn runs in each resample: [runs, resamples] to [resamples]."""
    runs, resamples = scores.shape
    drawn = random.integers(runs, size=(max(1, runs - 1), resamples))
    means: Floats = np.take_along_axis(scores, drawn, axis=0).mean(axis=0)
    return means
