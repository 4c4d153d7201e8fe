"""The hash of what a checkpoint computes, told without TensorFlow."""

import hashlib
import json
import os
from pathlib import Path

from keras_model.checkpoints.opening import format_of
from keras_model.config import T5Config
from keras_model.files.model_folder import CheckpointError, read_config


def model_fingerprint(path: str | os.PathLike[str]) -> str:
    """SHA-256, hexadecimal, of what a checkpoint computes: its configuration as understood, if it has a file of it, and
    its weight files in the order of their names.

    Raises:
        CheckpointError: there is no checkpoint, a file of it is missing, or its configuration is no T5's.
    """
    config = stated_config(path)
    digest = hashlib.sha256()
    if config is not None:
        digest.update(json.dumps(config.to_dict(), sort_keys=True).encode())
    for file in _files(Path(path))[1]:
        try:
            with open(file, "rb") as opened:
                digest.update(hashlib.file_digest(opened, "sha256").digest())
        except OSError as error:  # a shard that the index names
            raise CheckpointError(f"{file}: {error.strerror or error}.") from error
    return digest.hexdigest()


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
    """A checkpoint's file of configuration, if it has one, and its weight files in the order of their names."""
    checkpoint_format = format_of(path)
    return checkpoint_format.config_file(path), sorted(checkpoint_format.files(path))
