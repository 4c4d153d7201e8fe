"""Writes and restores the checkpoints of a run in progress: the model, and beside it what resuming needs.

A checkpoint is written under another name and renamed, so one that has its name is complete.
"""

import contextlib
import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from keras_model.checkpoints import save_model
from keras_model.checkpoints.adapters import WEIGHTS_FILE as ADAPTERS_FILE
from keras_model.checkpoints.adapters import assign_adapters, save_adapters
from keras_model.checkpoints.containers.safetensors_file import SafetensorsFile
from keras_model.checkpoints.weights import assign
from keras_model.files.atomic import flush, sweep, temporary_path
from keras_model.files.model_folder import WEIGHTS_FILE
from keras_model.t5 import T5
from keras_model.tokenizers.tokenizer import Tokenizer
from keras_model.training_run.run_checkpoints import (
    STATE_FILE,
    Progress,
    best_steps,
    checkpoint_name,
    checkpoints_in,
    newest_checkpoint,
    open_state,
)


class TrainingError(RuntimeError):
    """Training cannot go on, or cannot be resumed as asked; the message says from where it can."""


def save_checkpoint(
    folder: Path, model: T5, progress: Progress, *, keep: int, tokenizer: Tokenizer | None = None
) -> Path:
    """Writes a checkpoint and removes all but the newest `keep`, this one included, and the best of each score.

    Raises:
        TrainingError: a weight is not finite; nothing is written.
        OSError: the disk is full, or the like; what was there before stays.
    """
    _check_finite(model, progress.step, folder)
    path = folder / checkpoint_name(progress.step)
    with writing_folder(path) as unfinished:
        save_trained(model, unfinished, tokenizer)
        _save_state(unfinished / STATE_FILE, model, progress)
    remove_old(folder, progress, keep)
    return path


def save_trained(model: T5, folder: Path, tokenizer: Tokenizer | None) -> None:
    """Writes what a run trained: a model folder, or what stands beside its base."""
    (save_model if model.adaptation is None else save_adapters)(model, folder, tokenizer)


def restore(checkpoint: Path, model: T5) -> None:
    """Puts a checkpoint's weights, optimizer variables and random states into a compiled model with a built optimizer.

    Raises:
        CheckpointError: a file cannot be read, or holds another model.
        TrainingError: the optimizer's variables are others than this model's and optimizer's.
    """
    if model.adaptation is None:
        assign(model, SafetensorsFile(checkpoint / WEIGHTS_FILE))
    else:
        assign_adapters(model, SafetensorsFile(checkpoint / ADAPTERS_FILE))
    file, variables = open_state(checkpoint), _state_variables(model)
    found, expected = _shapes(checkpoint), {name: tuple(variable.shape) for name, variable in variables.items()}
    if found != expected:
        name = next(name for name in sorted({*found, *expected}) if found.get(name) != expected.get(name))
        raise TrainingError(
            f"{checkpoint / STATE_FILE}: {name} has shape {found.get(name)}, but this optimizer and model have "
            f"{expected.get(name)} there. The run was made with another optimizer; train into another folder."
        )
    for name, variable in variables.items():
        variable.assign(file.get_tensor(name))


def has_state_of(checkpoint: Path, model: T5) -> bool:
    """Whether a checkpoint was written with as many optimizer variables as a compiled model has."""
    return _shapes(checkpoint).keys() == _state_variables(model).keys()


def _shapes(checkpoint: Path) -> dict[str, tuple[int, ...]]:
    file = open_state(checkpoint)
    return {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118 (not a mapping)


def seed_dropout(model: T5, seed: int) -> None:
    """Gives every random generator of the model its own seed and sets its count to zero."""
    generators = _random_states(model)
    seeds = np.random.SeedSequence([seed, len(generators)]).generate_state(len(generators))
    for generator, own_seed in zip(generators, seeds, strict=True):
        generator.assign([int(own_seed) >> 1, 0])  # 31 bits: the state's type may be signed


@contextlib.contextmanager
def writing_folder(path: Path) -> Iterator[Path]:
    """A folder to write into; it gets its name, and replaces a folder of that name, only if the block ends well."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with temporary_path(path.parent) as unfinished, temporary_path(path.parent) as bin:
        unfinished.mkdir()
        yield unfinished
        for file in unfinished.iterdir():
            flush(file)
        if path.exists():
            path.rename(bin)
        unfinished.rename(path)


def remove_old(folder: Path, progress: Progress, keep: int) -> None:
    """Removes the checkpoints of a run but the newest `keep` and the best of each score, and what a kill left there.

    Args:
        progress: the newest one's.
        keep: at least 1.
    """
    sweep(folder)
    best = {checkpoint_name(step) for step in best_steps(progress.scores).values()}
    for old in checkpoints_in(folder)[:-keep]:
        if old.name not in best:
            # Its name goes first, so that a kill half-way leaves nothing that looks complete.
            with temporary_path(folder) as bin:
                old.rename(bin)


def _check_finite(model: T5, step: int, folder: Path) -> None:
    for variable in model.trainable_variables:
        if not np.isfinite(np.asarray(variable)).all():
            raise TrainingError(
                f"After step {step} the weight {variable.path} is no longer finite. {last_good(folder)} "
                "A smaller learning rate or another seed may avoid it."
            )


def last_good(folder: Path) -> str:
    """A sentence for an error message."""
    newest = newest_checkpoint(folder)
    return f"The last good checkpoint is {newest}." if newest else "No checkpoint was written before."


def _save_state(path: Path, model: T5, progress: Progress) -> None:
    from safetensors.numpy import save_file

    tensors = {name: np.asarray(variable, order="C") for name, variable in _state_variables(model).items()}
    save_file(tensors, path, metadata={"progress": json.dumps(dataclasses.asdict(progress), sort_keys=True)})


def _state_variables(model: T5) -> dict[str, Any]:
    """All state but the weights, by name. Numbered, because Keras' own names depend on what was built before."""
    optimizer = {f"optimizer.{i:05d}": variable for i, variable in enumerate(model.optimizer.variables)}
    return optimizer | {f"random.{i:05d}": variable for i, variable in enumerate(_random_states(model))}


def _random_states(model: T5) -> list[Any]:
    """The states of the random generators: the variables that are no weights, frozen ones included."""
    of_weights = {id(weight) for weight in model.weights}
    return [variable for variable in model.non_trainable_variables if id(variable) not in of_weights]
