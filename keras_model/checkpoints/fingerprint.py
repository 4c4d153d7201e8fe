"""The hash of what a checkpoint computes, told without TensorFlow."""

import json
import os
from pathlib import Path

from keras_model.checkpoints.adapters import Base
from keras_model.checkpoints.hub_names import PREFIX
from keras_model.checkpoints.opening import ADAPTERS, format_of
from keras_model.config import T5Config
from keras_model.files.digest import digest_of
from keras_model.files.model_folder import CheckpointError, read_config


def model_fingerprint(path: str | os.PathLike[str]) -> str:
    """SHA-256, hexadecimal, of what a checkpoint computes: its configuration as understood, if it has a file of it, and
    its weight files in the order of `Format.files`.

    Raises:
        CheckpointError: there is no checkpoint, a file of it is missing, or its configuration is no T5's.
    """
    config = stated_config(path)
    stated = b"" if config is None else json.dumps(config.to_dict(), sort_keys=True).encode()
    try:
        return digest_of(_files(Path(path))[1], stated)
    except OSError as error:  # a shard that the index names
        raise CheckpointError(f"{error.filename}: {error.strerror or error}.") from error


def base_at(path: str | os.PathLike[str], name: str) -> Base:
    """A checkpoint as the base of what is trained beside it.

    Args:
        path: where it lies.
        name: what finds it again: a path, or `hf://OWNER/NAME@COMMIT`.

    Raises:
        CheckpointError: there is no checkpoint, or it is such weights itself.
    """
    found = format_of(Path(path))
    if found is ADAPTERS:
        raise CheckpointError(
            f"{path}: LoRA or adapters, beside which nothing is trained; `t5eval convert {path} NEW` makes a model of "
            "LoRA."
        )
    return Base(name if name.startswith(PREFIX) else str(Path(name).absolute()), digest_of(found.files(Path(path))))


def stated_config(path: str | os.PathLike[str]) -> T5Config | None:
    """The configuration in a checkpoint's file; None if it has no such file, so that it follows from the tensors.

    Raises:
        CheckpointError: there is no checkpoint, or its configuration is no T5's.
    """
    file = _files(Path(path))[0]
    return None if file is None else read_config(file)


def files_of_model(path: str | os.PathLike[str]) -> list[Path]:
    """The files that `model_fingerprint` reads.

    Raises:
        CheckpointError: there is no checkpoint.
    """
    config, weights = _files(Path(path))
    return [*weights, *([config] if config is not None else [])]


def _files(path: Path) -> tuple[Path | None, list[Path]]:
    """A checkpoint's file of configuration, if it has one, and its weight files."""
    checkpoint_format = format_of(path)
    return checkpoint_format.config_file(path), checkpoint_format.files(path)
