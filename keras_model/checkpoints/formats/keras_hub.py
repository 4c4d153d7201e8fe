"""KerasHub's presets of a T5, read with h5py alone: what `T5Backbone` and `T5Seq2SeqLM` save with `save_to_preset`.

A preset is a folder. `config.json` names the backbone's class and its arguments, as Keras serialises objects; nothing
that it names is imported. `model.weights.h5` holds the weights, or several such files that `model.weights.json` lists;
`assets/tokenizer/vocabulary.spm` is the tokenizer's. A task beside it (`task.json`) is a T5Seq2SeqLM, which adds no
weights of its own.

Keras addresses a layer of a model by its class and by how many layers of that class came before it: KerasHub's
encoder layers are `t5_transformer_layer`, `t5_transformer_layer_1`, ..., and the decoder's go on counting.
"""

import contextlib
import itertools
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from keras_model.checkpoints.checkpoint import Checkpoint, Format
from keras_model.checkpoints.tensors import Origin, RenamedTensors, ShapedTensors, require_floating
from keras_model.checkpoints.weights import places as weight_places
from keras_model.config import ConfigError, T5Config
from keras_model.files.model_folder import CONFIG_FILE, CheckpointError, read_json

H5_FILE = "model.weights.h5"
SHARDS_FILE = "model.weights.json"
TASK_FILE = "task.json"
PACKAGES = ("keras_hub", "keras_nlp")
"""Under both names KerasHub registers its classes; keras_nlp is the older one."""

ARGUMENTS = {
    "vocabulary_size": "vocab_size",
    "num_layers": "num_layers",
    "num_heads": "num_heads",
    "hidden_dim": "d_model",
    "intermediate_dim": "d_ff",
    "key_value_dim": "d_kv",
    "dropout": "dropout_rate",
    "layer_norm_epsilon": "layer_norm_epsilon",
    "tie_embedding_weights": "tie_word_embeddings",
}
"""T5Backbone's arguments that T5Config has under another name."""
OPTIONAL = {
    "key_value_dim": None,
    "dropout": 0.1,
    "activation": "relu",
    "use_gated_activation": True,
    "layer_norm_epsilon": 1e-6,
    "tie_embedding_weights": True,
}
"""Arguments that may be absent, with what absence means."""
WITHOUT_EFFECT = {"name", "trainable", "dtype"}
ACTIVATIONS = {
    "relu": "relu",
    "gelu": "gelu",
    "silu": "silu",
    "swish": "silu",
    **{f"{package}>gelu_approximate": "gelu_new" for package in PACKAGES},
}
"""Activations by the names under which Keras finds them. `gelu` is the exact one."""


_IN_LAYER = re.compile(r"(encoder|decoder)\.(?:blocks|position_biases)\.(\d+)\.(.+)")
_PATHS = {
    r"token_embedding\.embedding": "reversible_embedding/vars/0",
    r"head\.matrix": "reversible_embedding/vars/1",
    r"encoder\.final_norm\.scale": "t5_layer_norm/vars/0",
    r"decoder\.final_norm\.scale": "t5_layer_norm_1/vars/0",
    r"table": "self_attention/vars/0",
    r"(\w+_attention)_norm\.scale": r"\1_layer_norm/vars/0",
    r"(\w+_attention)\.(\w+)_matrix": r"\1/\2_projector/vars/0",
    r"feed_forward_norm\.scale": "layer_norm/vars/0",
    r"feed_forward\.wi(?:_0)?": "input_projector/vars/0",
    r"feed_forward\.wi_1": "gate_projector/vars/0",
    r"feed_forward\.wo": "output_projector/vars/0",
}
"""KerasHub's path of a variable by the model's (`Place.path`), in a layer from that layer on."""


def places(config: T5Config) -> Iterator[tuple[str, str, int | None]]:
    """Hugging Face's name of every tensor, in the order of `weights.places`, its HDF5 path and input axes."""
    for place in weight_places(config):
        layer, path = "layers/", place.path
        if match := _IN_LAYER.fullmatch(path):
            number = int(match[2]) + (config.num_layers if match[1] == "decoder" else 0)
            layer, path = f"layers/t5_transformer_layer{f'_{number}' if number else ''}/", match[3]
        matches = ((re.fullmatch(ours, path), theirs) for ours, theirs in _PATHS.items())
        theirs = next(match.expand(theirs) for match, theirs in matches if match)
        yield place.name, layer + theirs, 1 if place.transposed else None


def weight_files(folder: Path) -> list[Path]:
    """The HDF5 files of a preset.

    Raises:
        CheckpointError: `model.weights.json` is damaged, or names a file outside the folder or one that is not there.
    """
    if (folder / H5_FILE).is_file():
        return [folder / H5_FILE]
    listing = folder / SHARDS_FILE
    listed = read_json(listing).get("weight_map")
    if not isinstance(listed, dict):
        raise CheckpointError(f"{listing}: weight_map must be an object of paths and file names, got {listed!r}.")
    names: set[Any] = set()
    for entry in listed.values():
        names.update(map(str, entry) if isinstance(entry, list) else [str(entry)])
    for name in sorted(names):
        if Path(name).name != name or not name.endswith(".h5"):
            raise CheckpointError(f"{listing}: weight_map names {name!r}; it must be an .h5 file in the same folder.")
        if not os.path.isfile(folder / name):  # of a name that is too long, too
            raise CheckpointError(f"{listing}: weight_map names {name[:100]}, which is not there.")
    return [folder / name for name in sorted(names)]


def read_preset_config(folder: Path) -> T5Config:
    """The configuration of a preset.

    Raises:
        CheckpointError: another class than T5Backbone (or, as a task, T5Seq2SeqLM), or arguments that are no T5's.
    """
    path = folder / CONFIG_FILE
    config = _backbone_config(path, read_json(path))
    path = folder / TASK_FILE
    if path.is_file():
        task = read_json(path)
        _require_class(path, task, "T5Seq2SeqLM")
        arguments = task.get("config")
        backbone = arguments.get("backbone") if isinstance(arguments, dict) else None
        if not isinstance(backbone, dict) or _backbone_config(path, backbone) != config:
            raise CheckpointError(
                f"{path}: its backbone is not the one in {CONFIG_FILE}; KerasHub reads now one, now the other."
            )
    return config


def _require_class(path: Path, serialised: Mapping[str, Any], name: str) -> None:
    registered = [f"{package}>{name}" for package in PACKAGES]
    if serialised.get("class_name") != name or serialised.get("registered_name") not in registered:
        raise CheckpointError(
            f"{path}: expected KerasHub's {name} (registered as {registered[0]}), got {serialised.get('class_name')!r} "
            f"(registered as {serialised.get('registered_name')!r}); other classes are not read."
        )


def _backbone_config(path: Path, serialised: Mapping[str, Any]) -> T5Config:
    _require_class(path, serialised, "T5Backbone")
    given = serialised.get("config")
    if not isinstance(given, dict):
        raise CheckpointError(f"{path}: config must be an object, got {type(given).__name__}.")
    known = {*ARGUMENTS, *OPTIONAL}
    unknown = sorted(given.keys() - known - WITHOUT_EFFECT)
    missing = sorted(known - given.keys() - OPTIONAL.keys())
    if unknown or missing:
        what = f"has an unknown argument {unknown[0]}" if unknown else f"lacks {missing[0]}"
        raise CheckpointError(f"{path}: T5Backbone {what}.")
    arguments = {**OPTIONAL, **given}
    if arguments["key_value_dim"] is None:
        with contextlib.suppress(TypeError, ZeroDivisionError):  # T5Config says what is wrong with them
            arguments["key_value_dim"] = arguments["hidden_dim"] // arguments["num_heads"]
    values = {ours: arguments[theirs] for theirs, ours in ARGUMENTS.items()}
    values["feed_forward_proj"] = _feed_forward(path, arguments["activation"], arguments["use_gated_activation"])
    try:
        return T5Config(**values)
    except ConfigError as error:
        message = str(error)
        for theirs, ours in ARGUMENTS.items():
            message = message.replace(ours, theirs)
        raise CheckpointError(f"{path}: {message}") from error


def _feed_forward(path: Path, activation: Any, gated: Any) -> str:
    """`feed_forward_proj` of an activation, which is a name or a serialised function."""
    name = activation
    if isinstance(activation, dict) and activation.get("class_name") == "function":
        name = activation.get("config")
    if not isinstance(name, str) or name not in ACTIVATIONS:
        raise CheckpointError(f"{path}: activation must be one of {', '.join(ACTIVATIONS)}, got {activation!r}.")
    if not isinstance(gated, bool):
        raise CheckpointError(f"{path}: use_gated_activation must be true or false, got {gated!r}.")
    if gated and name == "gelu":
        raise CheckpointError(
            f"{path}: a gated feed-forward layer with the exact GELU ('gelu') is no T5's; v1.1 was trained with the "
            f"tanh approximation, which is {PACKAGES[0]}>gelu_approximate."
        )
    ours = ACTIVATIONS[name]
    if not gated:
        return ours
    return "gated-gelu" if ours == "gelu_new" else f"gated-{ours}"


class _Datasets(ShapedTensors):
    """The datasets of a preset's HDF5 files by their paths, each whole in one file."""

    def __init__(self, folder: Path) -> None:
        import ml_dtypes  # noqa: F401  (makes NumPy understand bfloat16)

        files = weight_files(folder)
        self.source = str(files[0] if len(files) == 1 else folder / SHARDS_FILE)
        self._found: dict[str, Any] = {}
        for path in files:
            for name, dataset in _datasets(path):
                if name in self._found:
                    raise CheckpointError(f"{path}: {name} is also in another file of the preset.")
                if dataset.shape is None:  # HDF5's null dataspace, h5py's Empty
                    raise CheckpointError(f"{path}: {name} is empty.")
                if dataset.external or dataset.is_virtual or dataset.id.get_storage_size() < dataset.nbytes:
                    raise CheckpointError(f"{path}: {name} is not stored whole in this file, as Keras writes it.")
                self._found[name] = dataset
        self._shapes = {name: tuple(dataset.shape) for name, dataset in self._found.items()}

    def read(self, name: str) -> np.ndarray:
        dataset = self._found[name]
        dtype = dataset.dtype
        if dtype == "V2" and dataset.attrs.get("dtype") == "bfloat16":  # HDF5 has no bfloat16: two bytes and a note
            dtype = np.dtype("bfloat16")
        require_floating(dataset.file.filename, name, dtype)
        return dataset[()].view(dtype)


def _datasets(path: Path) -> list[tuple[str, Any]]:
    """The datasets of an HDF5 file by their paths. Links, to other files above all, are not followed."""
    import h5py

    found: list[tuple[str, Any]] = []

    def visit(inner: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            found.append((inner, item))

    try:
        h5py.File(path, "r").visititems(visit)
    except (OSError, RuntimeError, ValueError, KeyError) as error:  # KeyError: a damaged object
        raise CheckpointError(f"{path}: cannot be read as an HDF5 file ({error}).") from error
    return found


def _open(folder: Path) -> Checkpoint:
    config = read_preset_config(folder)
    arrays = _Datasets(folder)
    origins = {name: Origin(arrays, name) for name in arrays.names()}  # what T5 has no place for keeps its path as name
    # A damaged configuration may ask for any number of layers; one place more than there are datasets is enough.
    for name, path, input_axes in itertools.islice(places(config), len(origins) + 1):
        if origins.pop(path, None):
            origins[name] = Origin(arrays, path, input_axes)
    return Checkpoint(KERAS_HUB.name, config, RenamedTensors(arrays.source, origins))


KERAS_HUB = Format(
    name="KerasHub",
    recognises=lambda path: any((path / name).is_file() for name in (H5_FILE, SHARDS_FILE)),
    config_file=lambda folder: None,  # it is not Hugging Face's, and counts as a file of the weights
    files=lambda folder: [folder / CONFIG_FILE, *weight_files(folder)],
    open=_open,
)
