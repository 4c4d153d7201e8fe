"""`T5`, the Keras model that a user builds, compiles, fits and generates with, and `load_model`, which reads one."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any

import numpy as np

from keras_model.adaptation import Adaptation
from keras_model.adapted_model import AdaptedModel
from keras_model.backend import keras
from keras_model.checkpoints.formats.huggingface import save_model
from keras_model.checkpoints.hub_names import find
from keras_model.checkpoints.opening import filled, open_checkpoint
from keras_model.checkpoints.tokenizer_of import load_tokenizer
from keras_model.decoding.writing_model import WritingModel
from keras_model.files.model_folder import CONFIG_FILE, write_json
from keras_model.int8 import quantize_int8
from keras_model.preprocessing.preprocessor import COLUMNS, PREPROCESSOR_FILE, T5Preprocessor, columns_of, has_pairs
from keras_model.preprocessing.text_data import BATCH_SIZE, NO_PREPROCESSOR, is_text
from keras_model.tokenizers.loading import NoTokenizerError
from keras_model.training.trained_on_texts import TrainedOnTexts


@keras.saving.register_keras_serializable("t5eval")
class T5(TrainedOnTexts, WritingModel, AdaptedModel):
    """The network (`T5Network` tells its arguments and calls), with its training step and its way to write."""

    quantized: str | None = None
    """`int8` after `quantize`."""

    @classmethod
    def from_preset(cls, name: str | os.PathLike[str], dtype: Any = "float32") -> T5:
        """Loads a T5 with its preprocessor, if it has a tokenizer.

        Args:
            name: a checkpoint of any format (a model folder, a KerasHub preset, ...), or a model at the Hugging Face
                hub, `OWNER/NAME[@REVISION]` or `hf://OWNER/NAME[@REVISION]`.
            dtype: the model's dtype policy. Defaults to "float32".

        Raises:
            CheckpointError: there is no such checkpoint, it cannot be fetched or read, or it is no T5.
        """
        folder, _ = find(os.fspath(name))
        model = load_model(folder, dtype)
        with contextlib.suppress(NoTokenizerError):
            model.preprocessor = T5Preprocessor.load(folder, load_tokenizer(folder), model.config)
        return model

    def save_to_preset(self, folder: str | os.PathLike[str]) -> None:
        """Writes a model folder, Hugging Face's, that `from_preset` and transformers read, with the preprocessor.

        Raises:
            CheckpointError: it cannot be written, for instance to a full disk.
        """
        if self.preprocessor is not None:
            Path(folder).mkdir(parents=True, exist_ok=True)
            self.preprocessor.save(Path(folder))
        save_model(self, folder)

    def predict(self, x: Any, batch_size: int | None = None, **options: Any) -> Any:
        """See `keras.Model.predict`; of source texts it returns what `generate` writes, of pairs of texts the logits.

        Args:
            x: ids, as the model is called with; source texts, in whatever holds them or a `tf.data.Dataset`; or a dict,
                DataFrame or dataset with the columns `encoder_text` and `decoder_text`, which lie in memory.
        """
        if not is_text(x):
            return super().predict(x, batch_size=batch_size, **options)
        if self.preprocessor is None:
            raise ValueError(NO_PREPROCESSOR)
        if has_pairs(x):
            inputs, _, _ = self.preprocessor(x)
            self.preprocessor.tell()
            return super().predict(inputs, batch_size=batch_size, **options)
        x = x[COLUMNS[0]] if COLUMNS[0] in columns_of(x) else x
        texts = [text for part in x for text in np.atleast_1d(part)] if hasattr(x, "cardinality") else x
        return self.generate(np.asarray(texts, object), batch_size=batch_size or BATCH_SIZE)

    def quantize(self, mode: str = "int8", config: Any = None, **options: Any) -> None:
        """Rounds the weights to eight bits, for inference; see `keras_model.int8`.

        Raises:
            ValueError: another mode is asked for, or a choice of Keras' own quantised layers.
        """
        # Keras hands a configuration over for every mode.
        own = config is not None and config.get_config() != type(config)().get_config()
        if mode != "int8" or own or options:
            raise ValueError(
                'a T5 is quantised by quantize("int8") alone, all matrices and no activations. '
                f"Received: mode={mode!r}, config={config!r}, {options}"
            )
        if self.adaptation is not None:
            raise ValueError(
                f"the model has {self.adaptation.name}, whose new weights stay as they are: T5.from_preset of what "
                "save_to_preset wrote is a model with LoRA merged, which can be quantised."
            )
        if self.quantized is None:
            quantize_int8(self)
            self.quantized = mode
            self.train_function = self.test_function = self.predict_function = self._generator = None

    def adapt(self, adaptation: Adaptation) -> None:
        """See `AdaptedModel.adapt`; weights of eight bits are for inference."""
        if self.quantized:
            raise ValueError(f"the model is quantised, for inference. Received: {adaptation}")
        super().adapt(adaptation)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | ({"quantized": self.quantized} if self.quantized else {})

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> T5:
        model = super().from_config(config, custom_objects)
        if config.get("quantized"):
            model.quantize(config["quantized"])
        return model

    def save_assets(self, dir_path: str) -> None:
        """Is asked by Keras for what a `.keras` file holds besides configuration and numbers: the preprocessor."""
        if self.preprocessor is not None:
            self.preprocessor.save(Path(dir_path))
            write_json(Path(dir_path) / CONFIG_FILE, self.config.to_dict())  # special ids that no other file names

    def load_assets(self, dir_path: str) -> None:
        """The inverse of `save_assets`."""
        if (Path(dir_path) / PREPROCESSOR_FILE).is_file():
            self.preprocessor = T5Preprocessor.load(Path(dir_path), load_tokenizer(dir_path), self.config)


def load_model(path: str | os.PathLike[str], dtype: Any = "float32") -> T5:
    """Loads a T5 from a checkpoint of any format, without its tokenizer; see `T5.from_preset`.

    Args:
        path: a folder, a file, or the common beginning of the names of TensorFlow's checkpoint files.
        dtype: the model's dtype policy; weights are converted to its variable dtype.

    Raises:
        CheckpointError: there is no checkpoint, it cannot be read, its configuration is no T5's, or the tensors do not
            match that one to one.
    """
    return filled(open_checkpoint(path), T5, dtype)
