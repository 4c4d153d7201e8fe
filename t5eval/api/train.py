"""`t5eval.train`: fine-tune a Keras T5, from where an earlier process stopped."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import task_specs
from t5eval.api.arguments import PathName, Silent
from t5eval.data import data_source
from t5eval.predictors.checkpoint_name import find_checkpoint
from t5eval.runs.folder import locked, recorded
from t5eval.runs.seed_groups import Spread
from t5eval.runs.tracking.trackers import Trackers
from t5eval.support.data_frames import Table
from t5eval.support.stages import saved
from t5eval.support.strategy import is_chief, open_strategy
from t5eval.support.tensorflow_import import begin_another_model
from t5eval.training.config import TrainConfig, read_config, resolve
from t5eval.training.fine_tuning import train as train_in_run
from task_specs.support.errors import UserError

if TYPE_CHECKING:
    from keras_model.training_run.fit import TrainResult


class Display(Protocol):
    """Is called after each step with its numbers, and told between steps what happens, a line at a time."""

    def __call__(self, numbers: Mapping[str, Any], /) -> None: ...

    def say(self, line: str, /) -> None: ...


@dataclasses.dataclass(frozen=True)
class Training(Table):
    """What a call of `train` did.

    Attributes:
        result: the model's folder, the steps, the loss, the scores of each validation, the best checkpoints.
    """

    COLUMNS = ("step", "task", "score")

    result: TrainResult

    @property
    def model(self) -> Path:
        """The folder of the trained model, which `evaluate` takes."""
        return self.result.model

    @property
    def tokens_per_second(self) -> float:
        """Tokens that were trained on in a second; 0 where no step was left to take."""
        return self.result.filling.tokens / self.result.seconds if self.result.seconds else 0.0

    def to_json(self) -> dict[str, Any]:
        """Returns what `t5eval train --json` prints."""
        found = self.result
        return {
            "model": str(found.model),
            "steps": found.steps,
            "first_step": found.first_step,
            "loss": found.loss,
            "seconds": found.seconds,
            "tokens_per_second": self.tokens_per_second,
            "filling": dataclasses.asdict(found.filling),
            "tokens": found.tokens,
            "scores": {str(step): scores for step, scores in found.scores.items()},
            "best": {name: str(checkpoint) for name, checkpoint in found.best.items()},
        }

    def rows(self) -> list[tuple[int, str, float]]:
        """Returns a row for each score of each validation: step, task and score."""
        scores = self.result.scores.items()
        return [(step, name, score) for step, found in scores for name, score in found.items()]


def train(
    file: PathName | None = None,
    /,
    *,
    display: Callable[[int], contextlib.AbstractContextManager[Display]] = Silent,
    **settings: Any,
) -> Training:
    """Fine-tunes a Keras T5 into a run's folder; a run that was stopped goes on.

    Args:
        file: a TOML file with a `[train]` table.
        display: opens the display of a run, given its number of steps.
        settings: keys of that table, which overrule the file's: `task`, `data_dir`, `out`, `model`, `steps` and so on.

    Raises:
        UserError: a key is unknown or a value not possible, the data or the model cannot be read, or the loss is no
            longer finite.
    """
    return Training(_train(_config(file, settings), display))


@dataclasses.dataclass(frozen=True)
class SeededTraining(Table):
    """What a call of `train_seeds` did.

    Attributes:
        runs: seed to what its training did.
    """

    COLUMNS = ("task", "mean", "deviation", "n", "minimum", "maximum")

    runs: Mapping[int, Training]

    @property
    def spreads(self) -> dict[str, Spread]:
        """Task to how its score at the end spreads over the seeds."""
        last = [run.result.scores[max(run.result.scores)] for run in self.runs.values() if run.result.scores]
        found = {
            name: Spread.of([scores[name] for scores in last if name in scores]) for scores in last for name in scores
        }
        return {name: spread for name, spread in found.items() if spread is not None}

    def to_json(self) -> dict[str, Any]:
        """Returns what `t5eval train --seeds --json` prints."""
        return {
            "seeds": {str(seed): run.to_json() for seed, run in self.runs.items()},
            "scores": {name: spread.to_json() for name, spread in self.spreads.items()},
        }

    def rows(self) -> list[tuple[Any, ...]]:
        """Returns a row for each task."""
        return [(name, *vars(spread).values()) for name, spread in self.spreads.items()]


def train_seeds(
    file: PathName | None = None,
    /,
    *,
    seeds: Sequence[int],
    display: Callable[[int], contextlib.AbstractContextManager[Display]] = Silent,
    **settings: Any,
) -> SeededTraining:
    """Trains the same run once for each seed, into `seed-N` in the folder `out`; what was stopped goes on.

    The first run prepares the tasks' examples, and the others read them there.

    Args:
        file: a TOML file with a `[train]` table.
        seeds: different ones, from 0 on.
        display: opens the display of a run, given its number of steps.
        settings: as for `train`; no `seed`.

    Raises:
        UserError: as for `train`; or a seed is named twice, or beside them.
    """
    if not seeds or len(set(seeds)) < len(seeds):
        raise UserError(f"seeds are different whole numbers, got {', '.join(map(str, seeds)) or 'none'}")
    if "seed" in settings:
        raise UserError("there are both a seed and seeds; leave one of them out")
    out = Path(_config(file, settings).out)
    every = {seed: _config(file, {**settings, "seed": seed, "out": out / f"seed-{seed}"}) for seed in seeds}
    for seed in seeds[1:]:  # records of tasks, unlike those of text, do not depend on the seed
        every[seed] = dataclasses.replace(every[seed], prepared=str(every[seeds[0]].records))
    runs: dict[int, Training] = {}
    for seed, config in every.items():
        begin_another_model()
        runs[seed] = Training(_train(config, display))
    return SeededTraining(runs)


def _config(file: PathName | None, settings: Mapping[str, Any]) -> TrainConfig:
    given = {key: os.fspath(value) if isinstance(value, os.PathLike) else value for key, value in settings.items()}
    if isinstance(given.get("task"), str):
        given["task"] = [given["task"]]
    table = read_config(Path(file), given) if file else given
    if "data_dir" not in table:
        table["data_dir"] = data_source(None).option
    config = resolve(table, os.fspath(file) if file else "t5eval train")
    if config.model:
        config = dataclasses.replace(config, model=find_checkpoint(config.model).name)
    data_source(config.data_dir)
    return config


def _train(config: TrainConfig, display: Callable[[int], contextlib.AbstractContextManager[Display]]) -> TrainResult:
    """Trains in the run's folder, holding its lock and keeping its configuration; of several workers the chief does."""
    specs = task_specs.tasks_of(config.mixture)
    strategy = open_strategy(config.strategy)
    run, writes = Path(config.out), is_chief(strategy)
    with contextlib.ExitStack() as stack:
        log = None
        if writes:
            stack.enter_context(locked(run))
            stack.enter_context(recorded(run, "train", config.to_table()))
            trackers = Trackers(wandb=config.wandb, mlflow=config.mlflow)  # TensorBoard's files `fit` writes
            log = stack.enter_context(trackers.open(run, config.to_table()))
        shown = stack.enter_context((display if writes else Silent)(config.settings.steps))
        stack.enter_context(
            saved(f"the last checkpoint is in {run / 'checkpoints'}, and the same command goes on from there")
        )
        return train_in_run(config, specs, strategy, display=shown, say=shown.say, log=log)
