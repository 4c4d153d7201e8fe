"""Answers read back from a submission, and the example ids that one has to hold."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import leaderboards
from t5eval.data import DataSource, open_split
from t5eval.scoring.score import judge_values, oddities
from t5eval.support.errors import MissingFile
from t5eval.support.stages import each
from task_specs import TaskSpec
from task_specs.answers.squad import ContextSpan
from task_specs.sources.parallel import ParallelText
from task_specs.support.errors import UserError


def read_back(path: Path, spec: TaskSpec, ids: Sequence[str]) -> dict[str, Any]:
    """Returns a task's answers from a submission that was made for a split: example id to value.

    Only the task's own file has to be sound.

    Raises:
        UserError: the task has no file in a submission, this one lacks it, or a file has a fault.
    """
    leaderboard = leaderboards.of_task(spec)
    if leaderboard is None or spec.submission is None:
        raise UserError(f"{spec.name} has no file in any leaderboard's submission; score its --predictions")
    return leaderboard.read_task(path, spec, ids)


def oddities_in(path: Path, name: str, ids: Mapping[str, Sequence[str]], source: DataSource) -> list[str]:
    """Returns a line for each thing that is odd about the texts of a sound submission; see `scoring.score.oddities`."""
    board = leaderboards.get(name)
    tasks = {spec.name: spec for spec in board.tasks}
    if not any(isinstance(spec.answer, ContextSpan) or isinstance(spec.source, ParallelText) for spec in board.tasks):
        return []
    found: list[str] = []
    for task, values in board.read(path, ids).items():
        spec = tasks[task]
        if spec.submission is not None and task in ids:
            examples = open_split(spec, spec.submission.split, source)
            found += oddities(spec, judge_values(spec, examples, values))
    return found


def data_ids(name: str, source: DataSource) -> dict[str, list[str]]:
    """Returns the example ids of a leaderboard's tasks whose test data is at hand, by task name."""
    ids: dict[str, list[str]] = {}
    for spec in each(leaderboards.get(name).tasks, "reading the data's ids", "tasks"):
        assert spec.submission is not None
        try:
            ids[spec.name] = [example.id for example in open_split(spec, spec.submission.split, source)]
        except MissingFile:
            continue
    return ids
