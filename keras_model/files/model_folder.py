"""What a model folder holds: the names of its files, and its configuration. Imports no TensorFlow."""

import json
from pathlib import Path
from typing import Any

from keras_model.config import ConfigError, T5Config
from keras_model.files.atomic import replacing
from keras_model.files.strict_json import parse_json

CONFIG_FILE = "config.json"
WEIGHTS_FILE = "model.safetensors"
VOCABULARY_FILE = "spiece.model"


class CheckpointError(ValueError):
    """A checkpoint that cannot be read as a T5; the message names the file and, where there is one, the tensor."""


_LFS_POINTER = b"version https://git-lfs.github.com/spec/"


def pointer_fault(path: Path) -> str:
    """A sentence that says so if a file is only Git LFS' pointer to its content; empty if not, or if it cannot be read.

    A clone without Git LFS has such files of a hundred bytes in place of weights and vocabularies.
    """
    try:
        with path.open("rb") as file:
            found = file.read(len(_LFS_POINTER)) == _LFS_POINTER
    except OSError:
        return ""
    return f"{path}: a Git LFS pointer, not the file itself; `git lfs pull` in its folder fetches it." if found else ""


def read_config(path: Path) -> T5Config:
    """The configuration in a config.json. Raises CheckpointError if the file is absent, damaged, or no T5's."""
    try:
        return T5Config.from_dict(read_json(path))
    except ConfigError as error:
        raise CheckpointError(f"{path}: {error}") from error


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file. Raises CheckpointError if the file is absent or holds no JSON object."""
    try:
        values = parse_json(path.read_bytes())
    except OSError as error:
        raise CheckpointError(f"{path}: {error.strerror or error}. A model folder holds a config.json.") from error
    except ValueError as error:
        if fault := pointer_fault(path):
            raise CheckpointError(fault) from None
        raise CheckpointError(f"{path}: not valid JSON ({error}).") from error
    if not isinstance(values, dict):
        raise CheckpointError(f"{path}: expected a JSON object, got {type(values).__name__}.")
    return values


def write_json(path: Path, values: dict[str, Any]) -> None:
    """Writes an object as JSON, names in alphabetical order."""
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(values, indent=2, sort_keys=True) + "\n", encoding="utf-8", newline="\n")
