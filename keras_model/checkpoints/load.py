"""From a checkpoint of any format to a model."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from keras_model.checkpoints.checkpoint import Checkpoint
from keras_model.checkpoints.opening import open_checkpoint
from keras_model.checkpoints.weights import assign, check

if TYPE_CHECKING:
    from keras_model.t5 import T5


def load_model(path: str | os.PathLike[str], dtype: Any = "float32") -> T5:
    """Loads a T5 from a checkpoint of any format.

    Args:
        path: a folder, a file, or the common beginning of the names of TensorFlow's checkpoint files.
        dtype: the model's dtype policy; weights are converted to its variable dtype.

    Raises:
        CheckpointError: there is no checkpoint, it cannot be read, its configuration is no T5's, or the tensors do not
            match that one to one.
    """
    return model_of(open_checkpoint(path), dtype)


def model_of(checkpoint: Checkpoint, dtype: Any = "float32") -> T5:
    """The model of an opened checkpoint; see `load_model`."""
    from keras_model.model import weights_follow
    from keras_model.t5 import T5

    check(checkpoint.config, checkpoint.tensors)  # before memory is taken for what a damaged file asks for
    with weights_follow():
        model = T5(checkpoint.config, dtype=dtype)
    assign(model, checkpoint.tensors)
    return model
