"""Results as pandas data frames; pandas is an extra, and imported when one is asked for."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from t5eval.support.errors import MissingPackage


class Table(ABC):
    """A result that is a table, too."""

    COLUMNS: ClassVar[Sequence[str]]

    @abstractmethod
    def rows(self) -> Iterable[Sequence[Any]]:
        """Returns the rows, with the columns `COLUMNS`."""

    def to_pandas(self) -> Any:
        """Returns the rows as a data frame with the columns `COLUMNS`.

        Raises:
            MissingPackage: pandas is not installed.
        """
        try:
            import pandas as pd
        except ModuleNotFoundError:
            raise MissingPackage("a data frame needs pandas: pip install 't5eval[pandas]'") from None
        return pd.DataFrame(list(self.rows()), columns=list(self.COLUMNS))
