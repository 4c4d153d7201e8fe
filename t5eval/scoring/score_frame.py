"""Scores of splits as the rows of a table, and so as a pandas data frame."""

from abc import abstractmethod
from collections.abc import Iterable, Iterator
from typing import Any

from t5eval.scoring.score import SplitScore
from t5eval.support.data_frames import Table


class ScoreTable(Table):
    """A result with a row for each score of each split; an unlabelled split has none."""

    COLUMNS = ("task", "split", "score", "value", "ci95_low", "ci95_high", "n", "unreadable", "missing", "signature")

    @abstractmethod
    def split_scores(self) -> Iterable[SplitScore]:
        """Returns the splits' scores."""

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """Yields a row for each score of each split."""
        for result in self.split_scores():
            for name, score in result.scores.items():
                low, high = score.ci95 or (None, None)
                counts = (result.n, result.unreadable, result.missing)
                yield result.task, result.split, name, score.value, low, high, *counts, score.signature
