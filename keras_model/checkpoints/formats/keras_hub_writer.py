"""Writing KerasHub's presets with h5py alone: folders that `keras_nlp.models.T5Seq2SeqLM.from_preset` loads.

Written is what KerasHub needs: `config.json`, `model.weights.h5`, and for the tokenizer `tokenizer.json` with
`assets/tokenizer/vocabulary.spm`. KerasHub makes task and preprocessor itself, with its own defaults.
"""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_model.checkpoints.formats.keras_hub import ACTIVATIONS, ARGUMENTS, H5_FILE, PACKAGES, places
from keras_model.checkpoints.weights import require_whole, weights
from keras_model.config import ENCODER_DECODER, T5Config
from keras_model.files.atomic import replacing
from keras_model.files.model_folder import CONFIG_FILE, CheckpointError, write_json
from keras_model.tokenizers.loading import KERAS_HUB_FILE, TOKENIZER_JSON_FILE
from keras_model.tokenizers.sentencepiece import T5Tokenizer
from keras_model.tokenizers.tokenizer import Tokenizer

if TYPE_CHECKING:
    from keras_model.adapted_model import AdaptedModel

EXPRESSIBLE = {
    "relative_attention_num_buckets": 32,
    "relative_attention_max_distance": 128,
    "pad_token_id": 0,
    "eos_token_id": 1,
    "decoder_start_token_id": 0,
}
"""Values of T5Config that are fixed in KerasHub's T5."""


def save_preset(model: AdaptedModel, folder: str | os.PathLike[str], tokenizer: Tokenizer | None = None) -> None:
    """Writes a preset, weights in the dtype of the model's variables.

    Each file appears under its name only when it is complete. config.json comes last: where it is, the rest is.

    Args:
        model: the model.
        folder: made if absent; files of the same names are replaced.
        tokenizer: written beside the model if given; without one, KerasHub loads the preset with `preprocessor=None`.

    Raises:
        CheckpointError: KerasHub's T5 or its tokenizer cannot be what these are, and nothing is written; or the weights
            cannot be written, for instance to a full disk.
    """
    require_whole(model)
    require_expressible(model.config, tokenizer)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    if isinstance(tokenizer, T5Tokenizer):
        (folder / KERAS_HUB_FILE).parent.mkdir(parents=True, exist_ok=True)
        with replacing(folder / KERAS_HUB_FILE) as temporary:
            temporary.write_bytes(tokenizer.model_with_sentinels)
        write_json(folder / TOKENIZER_JSON_FILE, _serialised("T5Tokenizer", "t5_tokenizer", "int32", {"proto": None}))
    with replacing(folder / H5_FILE) as temporary:
        try:
            _write_h5(temporary, model)
        except OSError as error:
            raise CheckpointError(f"{folder / H5_FILE}: cannot be written ({error.strerror or error}).") from error
    arguments = _arguments(model.config)
    write_json(folder / CONFIG_FILE, _serialised("T5Backbone", "t5_backbone", model.variable_dtype, arguments))


def require_expressible(config: T5Config, tokenizer: Tokenizer | None) -> None:
    """Raises CheckpointError, naming what it is, if KerasHub's T5 has no place for a configuration or a tokenizer."""
    if config.architecture != ENCODER_DECODER:
        raise CheckpointError(f"KerasHub has no T5 of architecture={config.architecture!r}; a model folder has.")
    values = {name: (getattr(config, name), value) for name, value in EXPRESSIBLE.items()}
    values["num_decoder_layers"] = (config.decoder_layers, config.num_layers)
    values["scale_decoder_outputs"] = (config.scale_decoder_outputs, config.tie_word_embeddings)
    different = [f"{name}={ours} (there {theirs})" for name, (ours, theirs) in values.items() if ours != theirs]
    if config.position_bias_per_layer:
        different.insert(0, "a position bias in every layer (there in the first alone)")
    if not isinstance(tokenizer, T5Tokenizer | None):
        different.append("a tokenizer that is no SentencePiece model")
    elif tokenizer is not None and tokenizer.added:
        different.append("tokens added to the vocabulary")
    if different:
        raise CheckpointError(f"KerasHub's T5 cannot have {', '.join(different)}; Hugging Face's format can.")


def _arguments(config: T5Config) -> dict[str, Any]:
    """T5Backbone's arguments."""
    name = next(theirs for theirs, ours in ACTIVATIONS.items() if ours == config.activation)
    function = {"module": "builtins", "class_name": "function", "config": name, "registered_name": "function"}
    return {
        **{theirs: getattr(config, ours) for theirs, ours in ARGUMENTS.items()},
        "activation": function if ">" in name else name,
        "use_gated_activation": config.is_gated,
    }


def _serialised(class_name: str, name: str, dtype: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """An object as Keras serialises it."""
    policy = {"module": "keras", "class_name": "DTypePolicy", "config": {"name": dtype}, "registered_name": None}
    return {
        "module": f"{PACKAGES[0]}.src.models.t5.{name}",
        "class_name": class_name,
        "config": {"name": name, "trainable": True, "dtype": policy, **arguments},
        "registered_name": f"{PACKAGES[0]}>{class_name}",
    }


class _File(io.FileIO):
    """A file that keeps its first error for later: HDF5 goes on after one, and prints all that follow from it."""

    error: OSError | None = None

    def write(self, data: Any) -> int:
        rest = memoryview(data).cast("B")
        size = len(rest)
        try:
            while rest and self.error is None:
                rest = rest[super().write(rest) :]
        except OSError as error:
            self.error = error
        return size

    def truncate(self, size: int | None = None) -> int:
        try:
            return super().truncate(size)
        except OSError as error:
            self.error = self.error or error
            return size or 0


def _write_h5(path: Path, model: AdaptedModel) -> None:
    """Raises OSError, for instance where the disk is full."""
    import h5py

    where = {name: path for name, path, _ in places(model.config)}
    with _File(path, "w+") as opened:
        with h5py.File(opened, "w") as file:
            for weight in weights(model):
                value = weight.value()  # KerasHub multiplies from the same side as the model here
                dataset = file.create_dataset(where[weight.name], data=value)
                if value.dtype == "bfloat16":
                    dataset.attrs["dtype"] = "bfloat16"
                if opened.error is not None:
                    break
        if opened.error is not None:
            raise opened.error
