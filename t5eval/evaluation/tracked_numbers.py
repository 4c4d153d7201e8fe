"""What trackers are told of an evaluation, under names of which none is the folder of another."""

import re
from collections.abc import Mapping
from typing import Any

from t5eval.evaluation.split_result import SplitResult

_STEP = re.compile(r"(?:^|[/\\])step-(\d+)[/\\]?$")


def step_of(model: str) -> int:
    """Returns how many steps a model was trained, if it is a checkpoint of a training run; else 0."""
    found = _STEP.search(model)
    return int(found[1]) if found else 0


def split_numbers(result: SplitResult) -> dict[str, float]:
    """Returns a split's numbers; those that are undefined or not known are left out.

    Returns:
        `SPLIT/TASK`, the leaderboard's score of the task, which training's validation has the same name for;
        `scores/SPLIT/TASK/NAME`, in percent; `examples/SPLIT/TASK`, how many they are of; and the shares in percent
        that a reader is warned of: `unreadable/SPLIT/TASK`, `missing/...`, `cut/...` and `at_limit/...`.
    """
    score = result.score
    place = f"{score.split}/{score.task}"
    counts = {
        "unreadable": score.unreadable,
        "missing": score.missing,
        "cut": result.truncated,
        "at_limit": result.hit_limit,
    }
    numbers: dict[str, float | None] = {
        place: score.task_score,
        **{f"scores/{place}/{name}": found.value for name, found in score.scores.items()},
        f"examples/{place}": score.n,
        **{f"{name}/{place}": count and 100 * count / score.n for name, count in counts.items()},
    }
    return {name: number for name, number in numbers.items() if number is not None}


def average_numbers(benchmarks: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """Returns the benchmarks' averages, `average/SPLIT/BENCHMARK`; those that lack a task are left out.

    Args:
        benchmarks: as results.json has them.
    """
    return {
        f"average/{split}/{name}": entry["average"]
        for name, splits in benchmarks.items()
        for split, entry in splits.items()
        if entry["average"] is not None
    }
