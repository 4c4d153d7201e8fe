"""Model folders in Hugging Face's layout: config.json, spiece.model and the weights, in safetensors or as PyTorch wrote
them, in one file or in shards with an index. With model.safetensors it is also our own format."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from keras_model.checkpoints.checkpoint import Checkpoint, Format
from keras_model.checkpoints.configuration import settle_head
from keras_model.checkpoints.containers.safetensors_file import SafetensorsFile, write_tensors
from keras_model.checkpoints.containers.sharded import shard_paths, sharded_tensors
from keras_model.checkpoints.containers.torch_file import TorchFile
from keras_model.checkpoints.tensors import Tensors, without_wrapper
from keras_model.checkpoints.weights import require_whole, weights
from keras_model.files.model_folder import CONFIG_FILE, WEIGHTS_FILE, read_config, write_json
from keras_model.tokenizers.tokenizer import Tokenizer

if TYPE_CHECKING:
    from keras_model.adapted_model import AdaptedModel


_READERS: dict[str, Callable[[Path], Tensors]] = {WEIGHTS_FILE: SafetensorsFile, "pytorch_model.bin": TorchFile}
_INDEX = ".index.json"
WEIGHTS_FILES = tuple(f"{name}{ending}" for name in _READERS for ending in ("", _INDEX))
"""The file that shows what a folder's weights are, itself or as the index of its shards. In this order: PyTorch's are
read only where there are no others."""


def _weights(folder: Path) -> Path | None:
    return next((folder / name for name in WEIGHTS_FILES if (folder / name).is_file()), None)


def _files(folder: Path) -> list[Path]:
    path = _weights(folder)
    if path is None:
        return []
    return sorted(set(shard_paths(path).values())) if path.name.endswith(_INDEX) else [path]


def _open(folder: Path) -> Checkpoint:
    path = _weights(folder)
    assert path is not None  # recognised
    config = read_config(folder / CONFIG_FILE)  # before the weights: it tells a foreign architecture
    read = _READERS[path.name.removesuffix(_INDEX)]
    tensors = without_wrapper(sharded_tensors(path, read) if path.name.endswith(_INDEX) else read(path))
    return Checkpoint(HUGGING_FACE.name, settle_head(config, folder / CONFIG_FILE, tensors), tensors)


HUGGING_FACE = Format(
    name="Hugging Face",
    recognises=lambda path: _weights(path) is not None,
    config_file=lambda folder: folder / CONFIG_FILE,
    files=_files,
    open=_open,
)


def save_model(model: AdaptedModel, folder: str | os.PathLike[str], tokenizer: Tokenizer | None = None) -> None:
    """Writes a folder that `load_model` and transformers read, weights in the dtype of the model's variables, LoRA
    merged into them.

    Each file appears under its name only when it is complete. config.json comes last: where it is, the rest is.

    Args:
        model: the model.
        folder: made if absent; files of the same names are replaced.
        tokenizer: written beside the model if given.

    Raises:
        CheckpointError: the model has adapter layers, or the weights cannot be written, for instance to a full disk.
    """
    require_whole(model)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    if tokenizer is not None:
        tokenizer.save(folder)
    write_tensors(folder / WEIGHTS_FILE, {weight.name: weight.to_stored() for weight in weights(model)})
    write_json(folder / CONFIG_FILE, model.config.to_dict())
