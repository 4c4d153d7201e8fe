"""Rows as pandas data frames; pandas is an extra, and imported when one is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from t5eval.support.errors import MissingPackage


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
