"""Runs of a report that differ by their seeds alone, as rows: each headline score and average over a group's seeds."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from t5eval.reports.escaping import markdown
from t5eval.reports.overview import average_rows, score_rows
from t5eval.reports.reported_run import Run
from t5eval.runs.seed_groups import Spread, seed_groups


@dataclass(frozen=True)
class SpreadRow:
    """One number of a group of runs.

    Attributes:
        runs: the names of the group's runs.
        name: task, split and score; or benchmark, split and `average`.
        spread: over the runs that have a value.
    """

    runs: Sequence[str]
    name: Sequence[str]
    spread: Spread


def spread_rows(runs: Sequence[Run]) -> Iterator[SpreadRow]:
    """Yields the rows of each group of two runs or more.

    Raises:
        RunError: a run's config.toml cannot be read.
    """
    by_path = {run.path: run for run in runs}
    for group in seed_groups(list(by_path)):
        members = [by_path[path] for path in group.runs]
        if len(members) < 2:
            continue
        rows: list[tuple[tuple[str, str, str], list[float | None]]] = [
            ((row.task, row.split, row.name), [None if score is None else score.value for score in row.scores])
            for row in score_rows(members)
            if row.headline
        ]
        rows += [((row.benchmark, row.split, "average"), list(row.values)) for row in average_rows(members)]
        for name, values in rows:
            if spread := Spread.of([value for value in values if value is not None]):
                yield SpreadRow([run.name for run in members], name, spread)


def spread_cells(rows: Sequence[SpreadRow]) -> tuple[list[str], list[list[str]]]:
    """Returns the head and the rows of a table in Markdown, the first four columns of which are texts."""
    cells = []
    for row in rows:
        spread = row.spread
        deviation = "" if spread.deviation is None else f"{spread.deviation:.2f}"
        numbers = [f"{spread.mean:.2f}", deviation, str(spread.n), f"{spread.minimum:.2f}", f"{spread.maximum:.2f}"]
        cells.append([*map(markdown, [", ".join(row.runs), *row.name]), *numbers])
    return ["runs", "task", "split", "score", "mean", "sd", "n", "least", "most"], cells
