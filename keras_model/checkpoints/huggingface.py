"""Model folders in Hugging Face's layout: config.json, model.safetensors, spiece.model. It is also our own format."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from keras_model.checkpoints.checkpoint import Checkpoint, Format
from keras_model.checkpoints.weights import EMBEDDING, HEAD, weights
from keras_model.files import replacing, write_json
from keras_model.model_folder import (
    CONFIG_FILE,
    WEIGHTS_FILE,
    CheckpointError,
    read_config,
    read_json,
)
from keras_model.tokenizer_base import Tokenizer

if TYPE_CHECKING:
    from keras_model.model import T5


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


def _open(folder: Path) -> Checkpoint:
    values = read_json(folder / CONFIG_FILE)
    config = read_config(folder / CONFIG_FILE)
    tensors = SafetensorsFile(folder / WEIGHTS_FILE)
    # transformers 5 writes tie_word_embeddings=true for every model; whether there is a head then shows in the tensors.
    says_nothing = config.model_type != "t5" or values.get("scale_decoder_outputs") is not None
    if says_nothing and config.tie_word_embeddings and HEAD in tensors.names():
        head_is_embedding = EMBEDDING in tensors.names() and np.array_equal(tensors.read(HEAD), tensors.read(EMBEDDING))
        # Version 5 drops the scaling of every mT5 and scales every umT5, tied or not; with a head there is none.
        scaled = config.scale_decoder_outputs if config.model_type == "t5" else head_is_embedding
        config = dataclasses.replace(config, tie_word_embeddings=head_is_embedding, scale_decoder_outputs=scaled)
    return Checkpoint(HUGGING_FACE.name, config, tensors)


HUGGING_FACE = Format(
    name="Hugging Face",
    looked_for=f"a folder with {WEIGHTS_FILE}",
    recognises=lambda path: (path / WEIGHTS_FILE).is_file(),
    config_file=lambda folder: folder / CONFIG_FILE,
    files=lambda folder: [folder / WEIGHTS_FILE],
    open=_open,
)


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
            with replacing(folder / name) as temporary:
                temporary.write_bytes(content)
    with replacing(folder / WEIGHTS_FILE) as temporary:
        # transformers refuses a file that does not say which framework's layout it has.
        save_file({weight.name: weight.to_stored() for weight in weights(model)}, temporary, metadata={"format": "pt"})
    write_json(folder / CONFIG_FILE, model.config.to_dict())
