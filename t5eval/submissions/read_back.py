"""Answers read back from a submission, and the example ids that one has to hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import leaderboards
from t5eval.data import DataSource, open_split
from t5eval.support.errors import MissingFile
from t5eval.support.stages import each
from task_specs import TaskSpec
from task_specs.errors import UserError


def read_back(path: Path, spec: TaskSpec, split: str, source: DataSource) -> dict[str, Any]:
    """Returns a task's answers from a submission that was made for a split: example id to value.

    Raises:
        UserError: the task has no file in a submission, this one lacks it, or a file has a fault.
    """
    leaderboard = leaderboards.of_task(spec)
    if leaderboard is None or spec.submission is None:
        raise UserError(f"{spec.name} has no file in any leaderboard's submission; score its --predictions")
    ids: dict[str, list[str]] = {}
    for other in leaderboard.tasks:
        # The other files of the archive were made from the same split, so that is what they must hold.
        if other == spec or not (leaderboard.one_task or leaderboard.independent):
            try:
                ids[other.name] = [example.id for example in open_split(other, split, source)]
            except UserError:
                continue
    values = leaderboard.read(path, ids)
    if spec.name not in values:
        held = f"; it answers {' and '.join(values)}" if values else ""
        raise UserError(f"{path}: has no {spec.submission.file} with answers to {spec.name} to score{held}")
    return values[spec.name]


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
