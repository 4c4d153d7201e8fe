"""What a worker of a Beam pipeline does: it opens the model once, and answers shares of splits."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from t5eval.data import data_source, open_split
from t5eval.evaluation.settings import RunSettings
from t5eval.evaluation.splits import SomeUnanswered, evaluate_splits
from t5eval.plugins.loader import load
from t5eval.predictors.model_name import ModelOptions
from t5eval.predictors.open_predictor import open_predictor
from t5eval.runs.folder import locked
from t5eval.support.shard import Shard
from task_specs import TaskSpec
from task_specs.support.errors import UserError

FOLDER = "shards"
"""Where a run keeps what workers have answered, until it is merged."""


@dataclass(frozen=True)
class Work:
    """What workers need to know to answer any share; it is sent to them.

    Attributes:
        model: the model's name.
        options: what else was said of it.
        identity: what tells the model from any other.
        plugins: the files that this process runs with.
        splits: task, split and where it is read from, of each split.
        settings: how splits are predicted.
        run: the run's folder, as an absolute path.
    """

    model: str
    options: ModelOptions
    identity: Mapping[str, str]
    plugins: tuple[str, ...]
    splits: tuple[tuple[TaskSpec, str, str], ...]
    settings: RunSettings
    run: Path

    def folder(self, number: int, shard: Shard) -> Path:
        """Returns where the share of a split lies, which has a number among those that are answered."""
        spec, split, _ = self.splits[number]
        return self.run / FOLDER / spec.name / split / f"{shard.number}-of-{shard.of}"

    def opened(self) -> Opened:
        """Returns the model in this process, where it is opened once for all pipelines that ask for the same one."""
        with _opening:
            key = (self.model, self.options, tuple(self.identity.items()))
            if key not in _models:
                _models.clear()
                for plugin in self.plugins:
                    load(plugin)
                _models[key] = Opened(self)
            return _models[key]


class Opened:
    """A model in a worker's process, which answers one share at a time.

    Args:
        work: what is to be done.

    Raises:
        UserError: it cannot be opened here, or is another one than where the pipeline was started.
    """

    def __init__(self, work: Work) -> None:
        self._predictor = open_predictor(work.model, work.options).predictor
        other = [key for key, value in work.identity.items() if self._predictor.identity.get(key) != value]
        if other:
            raise UserError(f"{work.model}: is another model on a worker than where the pipeline started: {other[0]}")
        # A worker answers many shares of a split; which inputs there are does not change in between.
        setattr(self._predictor, "prepare", _remembering(self._predictor.prepare))  # noqa: B010
        self._lock = threading.Lock()

    def answer(self, work: Work, number: int, shard: Shard) -> str:
        """Answers a share of a split, and stores it; returns its name.

        Raises:
            UserError: the model, the data or the folder does not fit what was asked.
        """
        spec, name, option = work.splits[number]
        split = open_split(spec, name, data_source(option), with_labels=True)
        run = work.folder(number, shard)
        # Of a share with unanswered examples the record says why; other shares may fare better.
        with self._lock, locked(run), suppress(SomeUnanswered):
            evaluate_splits(self._predictor, [split], run, replace(work.settings, shard=shard))
        return f"{spec.name} {name} {shard}"


_opening = threading.Lock()
_models: dict[Any, Opened] = {}


def _remembering(prepare: Callable[..., Any]) -> Callable[..., Any]:
    """Returns a function that gives the latest result again for the same arguments."""
    latest: list[tuple[Any, Any]] = []

    def again(*asked: Any) -> Any:
        if not latest or latest[0][0] != asked:
            latest[:] = [(asked, prepare(*asked))]
        return latest[0][1]

    return again
