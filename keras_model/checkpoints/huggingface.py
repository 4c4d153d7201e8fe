"""Model folders in Hugging Face's layout: config.json, model.safetensors, spiece.model. It is also our own format."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from keras_model.checkpoints.weights import EMBEDDING, HEAD, assign, weights
from keras_model.model import T5
from keras_model.model_folder import (
    CONFIG_FILE,
    WEIGHTS_FILE,
    CheckpointError,
    read_config,
    read_json,
    weights_path,
)
from keras_model.tokenizer_base import Tokenizer


class SafetensorsFile:
    """The tensors of one safetensors file; checked for truncation when it is opened.

    Raises:
        CheckpointError: the file is absent, truncated or no safetensors file.
    """

    def __init__(self, path: Path) -> None:
        import ml_dtypes  # noqa: F401  (makes NumPy understand bfloat16, which safetensors hands over by name)
        from safetensors import SafetensorError, safe_open

        self.source = str(path)
        try:
            self._file = safe_open(path, framework="numpy")
        except (SafetensorError, OSError) as error:
            raise CheckpointError(f"{path}: cannot be read as a safetensors file ({error}).") from error

    def names(self) -> list[str]:
        return list(self._file.keys())

    def shape(self, name: str) -> tuple[int, ...]:
        return tuple(self._file.get_slice(name).get_shape())

    def read(self, name: str) -> np.ndarray:
        dtype = self._file.get_slice(name).get_dtype()
        if dtype not in ("F64", "F32", "F16", "BF16"):
            raise CheckpointError(f"{self.source}: tensor {name}: weights are F64, F32, F16 or BF16, got {dtype}.")
        return self._file.get_tensor(name)


def load_model(folder: str | os.PathLike[str], dtype: Any = "float32") -> T5:
    """Loads a T5 from a folder with `config.json` and `model.safetensors`.

    Args:
        folder: the folder.
        dtype: the model's dtype policy; weights are converted to its variable dtype.

    Raises:
        CheckpointError: the configuration is no T5's, or the tensors do not match it one to one.
    """
    folder = Path(folder)
    values = read_json(folder / CONFIG_FILE)
    config = read_config(folder / CONFIG_FILE)
    tensors = SafetensorsFile(weights_path(folder))
    # transformers 5 writes tie_word_embeddings=true for every model; whether there is a head then shows in the tensors.
    says_nothing = config.model_type != "t5" or values.get("scale_decoder_outputs") is not None
    if says_nothing and config.tie_word_embeddings and HEAD in tensors.names():
        head_is_embedding = EMBEDDING in tensors.names() and np.array_equal(tensors.read(HEAD), tensors.read(EMBEDDING))
        # Version 5 drops the scaling of every mT5 and scales every umT5, tied or not; with a head there is none.
        scaled = config.scale_decoder_outputs if config.model_type == "t5" else head_is_embedding
        config = dataclasses.replace(config, tie_word_embeddings=head_is_embedding, scale_decoder_outputs=scaled)
    model = T5(config, dtype=dtype)
    assign(model, tensors)
    return model


def save_model(model: T5, folder: str | os.PathLike[str], tokenizer: Tokenizer | None = None) -> None:
    """Writes a folder that `load_model` and transformers read, weights in the dtype of the model's variables.

    Each file appears under its name only when it is complete. config.json comes last: where it is, the rest is.

    Args:
        model: the model.
        folder: made if absent; files of the same names are replaced.
        tokenizer: written beside the model if given.
    """
    from safetensors.numpy import save_file

    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    if tokenizer is not None:
        for name, content in tokenizer.files().items():
            with _replacing(folder / name) as temporary:
                temporary.write_bytes(content)
    with _replacing(folder / WEIGHTS_FILE) as temporary:
        # transformers refuses a file that does not say which framework's layout it has.
        save_file({weight.name: weight.to_stored() for weight in weights(model)}, temporary, metadata={"format": "pt"})
    with _replacing(folder / CONFIG_FILE) as temporary:
        _write_json(temporary, model.config.to_dict())


def _write_json(path: Path, values: dict[str, Any]) -> None:
    path.write_text(json.dumps(values, indent=2, sort_keys=True) + "\n", encoding="utf-8")


@contextlib.contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """A temporary name beside `path`, renamed to it if the block ends well and removed if not."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
