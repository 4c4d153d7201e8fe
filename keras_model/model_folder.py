"""What a model folder holds, as far as it can be told without TensorFlow: its files, its configuration, its hash."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from keras_model.config import ConfigError, T5Config

CONFIG_FILE = "config.json"
WEIGHTS_FILE = "model.safetensors"
VOCABULARY_FILE = "spiece.model"


class CheckpointError(ValueError):
    """A checkpoint that cannot be read as a T5; the message names the file and, where there is one, the tensor."""


def model_fingerprint(path: str | os.PathLike[str]) -> str:
    """SHA-256, hexadecimal, of what a checkpoint computes: its configuration as understood, if it has a file of it, and
    its weight files in the order of their names.

    Raises:
        CheckpointError: there is no checkpoint, a file of it is missing, or its configuration is no T5's.
    """
    from keras_model.checkpoints.formats import format_of  # whose modules build on this one

    path = Path(path)
    checkpoint_format = format_of(path)
    config = checkpoint_format.config_file(path)
    digest = hashlib.sha256()
    if config is not None:
        digest.update(json.dumps(read_config(config).to_dict(), sort_keys=True).encode())
    for file in sorted(checkpoint_format.files(path)):
        try:
            with open(file, "rb") as opened:
                digest.update(hashlib.file_digest(opened, "sha256").digest())
        except OSError as error:  # a shard that the index names
            raise CheckpointError(f"{file}: {error.strerror or error}.") from error
    return digest.hexdigest()


def read_config(path: Path) -> T5Config:
    """The configuration in a config.json.

    Raises:
        CheckpointError: the file is absent, damaged, or no T5's.
    """
    try:
        return T5Config.from_dict(read_json(path))
    except ConfigError as error:
        raise CheckpointError(f"{path}: {error}") from error


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file.

    Raises:
        CheckpointError: the file is absent or holds no JSON object.
    """
    try:
        values = json.loads(path.read_bytes())
    except OSError as error:
        raise CheckpointError(f"{path}: {error.strerror or error}. A model folder holds a config.json.") from error
    except (ValueError, RecursionError) as error:  # not JSON, not UTF-8, or nested without end
        raise CheckpointError(f"{path}: not valid JSON ({error}).") from error
    if not isinstance(values, dict):
        raise CheckpointError(f"{path}: expected a JSON object, got {type(values).__name__}.")
    return values
