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


def model_fingerprint(folder: str | os.PathLike[str]) -> str:
    """SHA-256, hexadecimal, of what a model folder computes: its configuration as understood, and its weight file.

    Raises:
        CheckpointError: a file is absent or the configuration is no T5's.
    """
    folder = Path(folder)
    config = read_config(folder / CONFIG_FILE)
    digest = hashlib.sha256(json.dumps(config.to_dict(), sort_keys=True).encode())
    with open(weights_path(folder), "rb") as file:
        digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def weights_path(folder: Path) -> Path:
    """The weight file of a model folder.

    Raises:
        CheckpointError: there is none; the message says what there is.
    """
    path = folder / WEIGHTS_FILE
    if not path.is_file():
        others = sorted(
            entry.name for entry in folder.glob("*") if entry.suffix in (".bin", ".msgpack", ".h5", ".json")
        )
        raise CheckpointError(f"{path}: not found. The folder holds {', '.join(others) or 'no other model file'}.")
    return path


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
    except (ValueError, RecursionError) as error:  # not JSON, not UTF-8, or nested thousands deep
        raise CheckpointError(f"{path}: not valid JSON ({error}).") from error
    if not isinstance(values, dict):
        raise CheckpointError(f"{path}: expected a JSON object, got {type(values).__name__}.")
    return values
