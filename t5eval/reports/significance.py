"""Which differences between runs are more than chance, out of the comparison that the explorer shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from t5eval.metrics import metric_of
from t5eval.reports.explorer.comparison_documents import LEVEL
from t5eval.reports.explorer.run_documents import known_task
from t5eval.reports.reported_run import Key

Row = tuple[str, str, str]
"""A task's name, a split and a score's name."""


@dataclass(frozen=True)
class Significance:
    """The paired tests between runs, which `t5eval compare` makes: the same p-values, corrected by Holm's method.

    A run is named by its place among the runs. What is not sound is not more than chance either.

    Attributes:
        best: score to the run that is better than the next best one.
        differs: score to the runs that differ from the first.
        unsound: task and split to the runs that cannot be compared with the first there, each with the reasons.
        faults: why runs were not compared at all.
    """

    best: Mapping[Row, int] = field(default_factory=dict)
    differs: Mapping[Row, frozenset[int]] = field(default_factory=dict)
    unsound: Mapping[Key, Mapping[int, Sequence[str]]] = field(default_factory=dict)
    faults: Sequence[str] = ()


UNTESTED = Significance()


def significance(document: Mapping[str, Any]) -> Significance:
    """Returns what a tested comparison of two or more runs found.

    Args:
        document: what `comparison_document` returns.
    """
    places = {name: place for place, name in enumerate(document["runs"])}
    compared: dict[Key, dict[int, Sequence[str]]] = {}
    for pair in document["pairs"]:
        for split in pair["splits"]:
            compared.setdefault((split["task"], split["split"]), {})[places[pair["b"]]] = split["faults"]

    def sound(key: Key, run: int) -> bool:
        return run == 0 or compared.get(key, {}).get(run) == []

    best: dict[Row, int] = {}
    differs: dict[Row, frozenset[int]] = {}
    for row in document["rows"]:
        key = row["task"], row["split"]
        found = row["best"]
        # Two runs that each answered what the first did answered the same.
        of_two = found and sound(key, found["run"]) and sound(key, found["next"])
        if of_two and found["more_than_chance"] and _more_is_better(row["task"], row["score"]):
            best[*key, row["score"]] = found["run"]
        against = row["against_first"]
        differs[*key, row["score"]] = frozenset(
            run
            for run, contrast in against.items()
            if contrast["p_holm"] is not None and contrast["p_holm"] < LEVEL and sound(key, run)
        )
    unsound = {key: {run: faults for run, faults in of.items() if faults} for key, of in compared.items()}
    return Significance(best, differs, {key: of for key, of in unsound.items() if of}, document["faults"])


def _more_is_better(task: str, score: str) -> bool:
    """Returns whether the highest score is the best one, which the comparison takes for granted."""
    spec = known_task(task)
    return spec is None or metric_of(spec, score).higher_is_better
