"""Results as pandas data frames; pandas is an extra, and imported when one is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from t5eval.errors import MissingPackage
from t5eval.scoring import SplitScore

SCORES = ("task", "split", "score", "value", "ci95_low", "ci95_high", "n", "unreadable", "missing", "signature")


def frame(rows: Iterable[Sequence[Any]], columns: Sequence[str]) -> Any:
    """Returns rows as a data frame.

    Raises:
        MissingPackage: pandas is not installed.
    """
    try:
        import pandas as pd
    except ModuleNotFoundError:
        raise MissingPackage("a data frame needs pandas: pip install 't5eval[pandas]'") from None
    return pd.DataFrame(list(rows), columns=list(columns))


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
