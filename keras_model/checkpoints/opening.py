"""The checkpoint formats that are read, and how any of them is opened and fills a model."""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from keras_model.checkpoints.adapters import adapters_format
from keras_model.checkpoints.checkpoint import Checkpoint, Format
from keras_model.checkpoints.formats.huggingface import HUGGING_FACE
from keras_model.checkpoints.formats.keras_hub import KERAS_HUB
from keras_model.checkpoints.formats.mesh_tensorflow import MESH_TENSORFLOW
from keras_model.checkpoints.formats.t5x import T5X
from keras_model.checkpoints.weights import assign, check
from keras_model.files.model_folder import CheckpointError

if TYPE_CHECKING:
    from keras_model.model import T5Network

Model = TypeVar("Model", bound="T5Network")

FORMATS: tuple[Format, ...] = (HUGGING_FACE, KERAS_HUB, MESH_TENSORFLOW, T5X)
"""Asked in this order: a folder that holds a model in two formats is read in the first."""


def open_checkpoint(path: str | os.PathLike[str]) -> Checkpoint:
    """Opens a checkpoint of any format.

    Args:
        path: a folder, a file, or the common beginning of the names of TensorFlow's checkpoint files.

    Raises:
        CheckpointError: there is no checkpoint, or it cannot be read.
    """
    path = Path(path)
    return format_of(path).open(path)


def filled(checkpoint: Checkpoint, kind: type[Model], dtype: Any = "float32") -> Model:
    """A model of a class, `T5Network` or one built on it, with the weights of an opened checkpoint.

    Raises:
        CheckpointError: the tensors do not match the configuration one to one.
    """
    from keras_model.model import weights_follow

    check(checkpoint.config, checkpoint.tensors)  # before memory is taken for what a damaged file asks for
    with weights_follow():
        model = kind(checkpoint.config, dtype=dtype)
    assign(model, checkpoint.tensors)
    if checkpoint.adapt is not None:
        checkpoint.adapt(model)
    return model


def format_of(path: Path) -> Format:
    """The format of a checkpoint, judged by the names of its files.

    Raises:
        CheckpointError: it has none of the formats; the message says what is there.
    """
    return _format_among((*FORMATS, ADAPTERS), path)


def _format_among(formats: tuple[Format, ...], path: Path) -> Format:
    for known in formats:
        if known.recognises(path):
            return known
    names = ", ".join(known.name for known in formats)
    raise CheckpointError(f"{path}: no checkpoint. {_what_is_there(path)} Looked for those of {names}.")


def _what_is_there(path: Path) -> str:
    """A sentence."""
    if path.is_dir():
        names = sorted(entry.name + "/" * entry.is_dir() for entry in path.iterdir())
        if not names:
            return "The folder is empty."
        more = f" and {len(names) - 10} more" if len(names) > 10 else ""
        return f"The folder holds {', '.join(names[:10])}{more}."
    return "It is a file of no known name." if path.exists() else "There is no such file or folder."


ADAPTERS = adapters_format(functools.partial(_format_among, FORMATS))
"""What is trained beside a checkpoint of one of `FORMATS`; a folder that holds a whole model as well is that model."""
