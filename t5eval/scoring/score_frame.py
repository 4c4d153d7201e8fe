"""Scores of splits as a pandas data frame."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from t5eval.scoring.score import SplitScore
from t5eval.support.data_frames import frame

SCORES = ("task", "split", "score", "value", "ci95_low", "ci95_high", "n", "unreadable", "missing", "signature")


def score_frame(results: Iterable[SplitScore]) -> Any:
    """Returns a row for each score of each split, with the columns `SCORES`; an unlabelled split has none.

    Raises:
        MissingPackage: pandas is not installed.
    """
    rows = []
    for result in results:
        for name, score in result.scores.items():
            low, high = score.ci95 or (None, None)
            counts = (result.n, result.unreadable, result.missing)
            rows.append((result.task, result.split, name, score.value, low, high, *counts, score.signature))
    return frame(rows, SCORES)
