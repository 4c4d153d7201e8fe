"""Checkpoints of T5's own code on Mesh TensorFlow, `model.ckpt-N.index` and `model.ckpt-N.data-*`: the v1.0 models.

Named by their folder or by what the names of a step's files have in common (FOLDER/model.ckpt-1000000). Matrices are
[inputs, outputs], where heads may be an axis of their own; position biases are [heads, buckets].

Source: `t5x/checkpoint_importer.py`, and `transformer_layers.py` and `attention.py` of mesh_tensorflow/transformer.
"""

import math
import re
from pathlib import Path
from typing import Any

import numpy as np

from keras_model.checkpoints.checkpoint import found_format
from keras_model.checkpoints.moments import Moments, moments_of
from keras_model.checkpoints.tensors import ShapedTensors, first_line, require_floating
from keras_model.checkpoints.weights import EMBEDDING, HEAD
from keras_model.files.model_folder import CheckpointError

_POINTER_FILE = "checkpoint"
_NEWEST = re.compile(rb'^model_checkpoint_path: *"([^"]+)"', re.MULTILINE)
_STEP_COUNT = "global_step"
_NO_PARAMETER = re.compile(rf"{_STEP_COUNT}|.*_slot_\w+|.*/adam_[mv]")
"""The step, and what an optimizer keeps for each parameter."""
_SLOT = re.compile(r"(.*)_slot_(v|vr|vc)")
_SLOTS = {"v": "v", "vr": "v_row", "vc": "v_col"}


def _found(path: Path) -> Path | None:
    """The common beginning of the names of a checkpoint's files; in a folder, the step that `checkpoint` names, or else
    the newest."""
    if not path.is_dir():
        return path if path.with_name(f"{path.name}.index").is_file() else None
    prefixes = {
        file.name.removesuffix(".index"): file.with_name(file.name.removesuffix(".index"))
        for file in path.glob("*.index")
    }
    if not prefixes:
        return None
    pointer = path / _POINTER_FILE
    # The path in it is where the checkpoint was written; only its last part still means something.
    named = _NEWEST.search(pointer.read_bytes()) if pointer.is_file() else None
    newest = named[1].decode(errors="replace").rpartition("/")[2] if named else None
    return prefixes.get(newest or "") or max(prefixes.values(), key=_step)


def _step(prefix: Path) -> tuple[int, str]:
    return int((re.search(r"-(\d+)$", prefix.name) or [0, -1])[1]), prefix.name


class _Variables(ShapedTensors):
    """The parameters in a TensorFlow checkpoint, named by the common beginning of its files' names.

    Attributes:
        others: the names of what is no parameter.
    """

    def __init__(self, prefix: Path) -> None:
        import tensorflow as tf

        self.source = str(prefix)
        try:
            self._reader = tf.train.load_checkpoint(str(prefix))
            shapes: dict[str, list[int]] = self._reader.get_variable_to_shape_map()
            self._types: dict[str, Any] = self._reader.get_variable_to_dtype_map()
        except Exception as error:  # tf.errors.OpError, ValueError, RuntimeError
            raise CheckpointError(
                f"{prefix}.index: cannot be read as a TensorFlow checkpoint ({first_line(error)})."
            ) from error
        held = sum(file.stat().st_size for file in _files(prefix)[1:])
        claimed = sum(math.prod(shape) * self._types[name].size for name, shape in shapes.items())
        if claimed > held:
            raise CheckpointError(f"{prefix}.data-*: hold {held} bytes, but {prefix.name}.index lists {claimed}.")
        names = sorted(name for name in shapes if not _NO_PARAMETER.fullmatch(name))
        self._shapes = {name: tuple(shapes[name]) for name in names}
        self.others = sorted(shapes.keys() - self._shapes)

    def read(self, name: str) -> np.ndarray:
        require_floating(self.source, name, self._types[name].name)
        return self.read_any(name)

    def read_any(self, name: str) -> np.ndarray:
        """A variable of any type."""
        try:
            return self._reader.get_tensor(name)
        except Exception as error:
            raise CheckpointError(f"{self.source}: tensor {name} cannot be read ({first_line(error)}).") from error


_LAYER = r"(encoder|decoder)/block_0*(\d+)/layer_0*(\d+)/"
_OURS = r"\1.block.\2.layer.\3."
_NAMES = (
    ("shared/embedding", EMBEDDING, None),
    ("(encoder|decoder)/embedding", r"\1.embed_tokens.weight", None),
    ("decoder/logits/kernel", HEAD, 1),
    ("(encoder|decoder)/(?:rms_norm|final_layer_norm)/scale", r"\1.final_layer_norm.weight", None),
    (_LAYER + "(?:rms_norm|layer_norm)/scale", _OURS + "layer_norm.weight", None),
    (_LAYER + "(SelfAttention|EncDecAttention)/(q|k|v|relative_attention_bias)", _OURS + r"\4.\5.weight", 1),
    (_LAYER + "(SelfAttention|EncDecAttention)/o", _OURS + r"\4.o.weight", -1),
    (
        _LAYER + "Dense(?:ReluDense|GatedGelu|GatedGELU)/(wi|wi_0|wi_1|wo)/kernel",
        _OURS + r"DenseReluDense.\4.weight",
        1,
    ),
)


def _moments(prefix: Path) -> Moments | None:
    """Of two equal sides Mesh TensorFlow's Adafactor takes the first for the larger: its sort keeps their order."""
    variables = _Variables(prefix)
    slots: dict[str, dict[str, str]] = {}
    for name in variables.others:
        if slot := _SLOT.fullmatch(name):
            slots.setdefault(slot[1], {})[_SLOTS[slot[2]]] = name
    if _STEP_COUNT not in variables.others:
        return None
    return moments_of(variables, slots, _NAMES, int(variables.read_any(_STEP_COUNT)), first_is_largest=True)


def _files(prefix: Path) -> list[Path]:
    """The index, and then the files that hold the variables."""
    data = [file for file in prefix.parent.iterdir() if file.name.startswith(f"{prefix.name}.data-")]
    return [prefix.with_name(f"{prefix.name}.index"), *data]


MESH_TENSORFLOW = found_format(
    name="Mesh TensorFlow",
    find=_found,
    files=_files,
    arrays=_Variables,
    names=_NAMES,
    moments=_moments,
)
