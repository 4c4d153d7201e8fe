"""T5X checkpoints: a MessagePack file of all parameters, or a folder with one zarr array per parameter.

The folder has a MessagePack file `checkpoint` too, with the tree of parameters: small ones themselves, for the others
a note where they are. The note is not trusted: the array of a parameter is the one that has its name. Where T5X saved
through Orbax, all this is in a folder `state`.

Kernels are [inputs, outputs], where heads may be an axis of their own; position biases are [heads, buckets]. Models
trained with scanned layers, which have one array for a whole stack, are refused.

Source: `t5x/checkpoints.py`, `t5x/checkpoint_importer.py` and `t5x/examples/t5/network.py`.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from keras_model.checkpoints.checkpoint import found_format
from keras_model.checkpoints.containers.msgpack_file import MsgpackFile, StoredArray
from keras_model.checkpoints.containers.zarr_folder import ZarrFolder
from keras_model.checkpoints.moments import Moments, moments_of
from keras_model.checkpoints.tensors import Origin, RenamedTensors, Tensors, renamed, require_floating
from keras_model.checkpoints.weights import EMBEDDING, HEAD
from keras_model.files.model_folder import CheckpointError

_TREE_FILE = "checkpoint"
_STATE = "state"
_OCDBT = "manifest.ocdbt"
"""The file by which a database of Orbax's is known, which may stand in the place of a folder for each array."""
_STEP = re.compile(r"checkpoint_(\d+)")
_ROOTS = ("optimizer/target", "target")
"""Where in the tree the parameters are."""
_STATES = ("optimizer/state", "state")
"""Where what the optimizer keeps is: `step`, and `param_states` with `v`, or `v_row` and `v_col`, of each parameter."""
_ARRAYS = "target."
"""What the names of the parameters' arrays begin with."""
_STATE_ARRAYS = "state.param_states."
"""What the names of the optimizer's arrays begin with."""


def _found(path: Path) -> Path | None:
    """The file or folder of the checkpoint that a path stands for; in a folder of checkpoints the newest."""
    if path.is_file():
        return path if path.name == _TREE_FILE or _STEP.fullmatch(path.name) else None
    if not path.is_dir():
        return None
    if any((_held(path) / name).is_file() for name in (_TREE_FILE, _OCDBT)):
        return path
    steps = [(int(match[1]), entry) for entry in path.iterdir() if (match := _STEP.fullmatch(entry.name))]
    return max(steps)[1] if steps else None


def _held(folder: Path) -> Path:
    """Where in a checkpoint's folder tree and arrays are."""
    return folder / _STATE if (folder / _STATE).is_dir() else folder


class _Tree:
    """The parameters in a MessagePack file, or what else is in one of several places of its tree."""

    def __init__(self, path: Path, roots: tuple[str, ...] = _ROOTS) -> None:
        self.source = str(path)
        self._file = MsgpackFile(path)
        self.leaves = dict(_leaves(self._below(roots)))
        """What the tree has for each parameter: an array, or something else where the array is not in the file."""

    def _below(self, roots: tuple[str, ...]) -> dict[str, Any]:
        for root in roots:
            node = self._file.content
            for key in root.split("/"):
                node = node.get(key) if isinstance(node, dict) else None
            if isinstance(node, dict):
                return node
        keys = ", ".join(self._file.content) if isinstance(self._file.content, dict) else "no names"
        raise CheckpointError(f"{self.source}: parameters are looked for at {', '.join(roots)}; there is {keys}.")

    def names(self) -> list[str]:
        return list(self.leaves)

    def shape(self, name: str) -> tuple[int, ...]:
        return self._array(name).shape

    def read(self, name: str) -> np.ndarray:
        array = self._array(name)
        require_floating(self.source, name, array.dtype)
        return self._file.read(array)

    def read_any(self, name: str) -> np.ndarray:
        """An array of any type of numbers."""
        return self._file.read(self._array(name))

    def _array(self, name: str) -> StoredArray:
        leaf = self.leaves[name]
        if not isinstance(leaf, StoredArray):
            raise CheckpointError(f"{self.source}: {name} is no array; a folder's checkpoint is opened as the folder.")
        return leaf


def _folder(folder: Path) -> Tensors:
    """The parameters in a folder: zarr arrays, and those that the tree itself holds."""
    if (folder / _OCDBT).is_file():
        raise CheckpointError(
            f"{folder}: its arrays are in one database (OCDBT), which is not read here; save it with use_ocdbt=False."
        )
    tree, stored = _Tree(folder / _TREE_FILE), ZarrFolder(folder, _ARRAYS)
    # `target.encoder.encoder_norm.scale` -> `encoder/encoder_norm/scale`
    places = {name.removeprefix(_ARRAYS).replace(".", "/"): Origin(stored, name) for name in stored.names()}
    for name, leaf in tree.leaves.items():
        if isinstance(leaf, StoredArray):
            places[name] = Origin(tree, name)
        elif name not in places:
            raise CheckpointError(f"{folder}: there is no array of parameter {name}, which {_TREE_FILE} lists.")
    return RenamedTensors(str(folder), places)


def _leaves(node: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The parameters of a tree by name. What T5X writes in place of an array is a tree as well, told by its keys."""
    for key, value in node.items():
        if isinstance(value, dict) and not {"driver", "kvstore"} <= value.keys():
            yield from _leaves(value, f"{prefix}{key}/")
        else:
            yield f"{prefix}{key}", value


_LAYER = r"(encoder|decoder)/layers_0*(\d+)/"
_ENCODER, _DECODER = (rf"({stack})/layers_0*(\d+)/" for stack in ("encoder", "decoder"))
_OURS = r"\1.block.\2.layer."
_INPUT = "(?:(q)uery|(k)ey|(v)alue)/kernel"
_BIAS = "relpos_bias/rel_embedding"
_OUR_BIAS = "SelfAttention.relative_attention_bias.weight"
_NAMES = (
    ("token_embedder/embedding", EMBEDDING, None),
    ("(encoder|decoder)/token_embedder/embedding", r"\1.embed_tokens.weight", None),
    ("decoder/logits_dense/kernel", HEAD, 1),
    (r"(encoder|decoder)/\1_norm/scale", r"\1.final_layer_norm.weight", None),
    (f"(encoder|decoder)/{_BIAS}", rf"\1.block.0.layer.0.{_OUR_BIAS}", 1),
    (_LAYER + _BIAS, f"{_OURS}0.{_OUR_BIAS}", 1),
    (_ENCODER + "pre_attention_layer_norm/scale", _OURS + "0.layer_norm.weight", None),
    (_ENCODER + "attention/" + _INPUT, _OURS + r"0.SelfAttention.\3\4\5.weight", 1),
    (_ENCODER + "attention/out/kernel", _OURS + "0.SelfAttention.o.weight", -1),
    (_ENCODER + "pre_mlp_layer_norm/scale", _OURS + "1.layer_norm.weight", None),
    (_ENCODER + "mlp/(wi|wi_0|wi_1|wo)/kernel", _OURS + r"1.DenseReluDense.\3.weight", 1),
    (_DECODER + "pre_self_attention_layer_norm/scale", _OURS + "0.layer_norm.weight", None),
    (_DECODER + "self_attention/" + _INPUT, _OURS + r"0.SelfAttention.\3\4\5.weight", 1),
    (_DECODER + "self_attention/out/kernel", _OURS + "0.SelfAttention.o.weight", -1),
    (_DECODER + "pre_cross_attention_layer_norm/scale", _OURS + "1.layer_norm.weight", None),
    (_DECODER + "encoder_decoder_attention/" + _INPUT, _OURS + r"1.EncDecAttention.\3\4\5.weight", 1),
    (_DECODER + "encoder_decoder_attention/out/kernel", _OURS + "1.EncDecAttention.o.weight", -1),
    (_DECODER + "pre_mlp_layer_norm/scale", _OURS + "2.layer_norm.weight", None),
    (_DECODER + "mlp/(wi|wi_0|wi_1|wo)/kernel", _OURS + r"2.DenseReluDense.\3.weight", 1),
)


def _arrays(found: Path) -> Tensors:
    arrays: Tensors = _folder(_held(found)) if found.is_dir() else _Tree(found)
    for name in arrays.names():
        stack, _, parameter = name.partition("/")
        if parameter.startswith(f"{stack}/") and renamed(name.replace(f"/{stack}/", "/layers_0/", 1), _NAMES):
            raise CheckpointError(
                f"{arrays.source}: {name} holds all layers of the {stack} in one array (scan over layers), which is "
                "not read here; save the model with scan_layers=False."
            )
    return arrays


def _moments(found: Path) -> Moments | None:
    """Of two equal sides, flax's Adafactor takes the second for the larger: it sorts them."""
    tree_file = _held(found) / _TREE_FILE if found.is_dir() else found
    try:
        tree = _Tree(tree_file, _STATES)
    except CheckpointError:
        return None  # the parameters alone
    step = tree.leaves.get("step")
    if isinstance(step, StoredArray):
        step = int(tree.read_any("step"))
    places = {name: Origin(tree, name) for name, leaf in tree.leaves.items() if isinstance(leaf, StoredArray)}
    if found.is_dir():
        stored = ZarrFolder(_held(found), _STATE_ARRAYS)
        places |= {
            f"param_states/{name.removeprefix(_STATE_ARRAYS).replace('.', '/')}": Origin(stored, name)
            for name in stored.names()
        }
    slots: dict[str, dict[str, str]] = {}
    for name, origin in places.items():
        parameter, _, slot = name.removeprefix("param_states/").rpartition("/")
        if slot in ("v", "v_row", "v_col") and origin.arrays.shape(origin.name) != (1,):  # a place that is not used
            slots.setdefault(parameter, {})[slot] = name
    if not isinstance(step, int) or not slots:
        return None
    return moments_of(RenamedTensors(str(found), places), slots, _NAMES, step, first_is_largest=False)


def _files(found: Path) -> list[Path]:
    if found.is_file():
        return [found]
    held = _held(found)
    return [held / _TREE_FILE, *(file for file in held.glob(f"{_ARRAYS}*/**/*") if file.is_file())]


T5X = found_format(
    name="T5X",
    find=_found,
    files=_files,
    arrays=_arrays,
    names=_NAMES,
    moments=_moments,
)
