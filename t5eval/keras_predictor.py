"""The Keras T5 as a predictor. TensorFlow is imported when the first batch is generated, not before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from t5eval.errors import UserError
from t5eval.predictor import Generation, Prepared
from t5eval.quiet import import_keras_model
from task_specs import Decode

if TYPE_CHECKING:
    from keras_model.decoding import Generator
    from keras_model.model import T5
    from keras_model.tokenizer_base import Tokenizer

MODEL_FILES = ("config.json", "model.safetensors", "spiece.model")


def require_fitting_vocabulary(folder: Path, model: T5, tokenizer: Tokenizer) -> None:
    """Raises an error if the tokenizer has ids that the model has no embedding for.

    Raises:
        UserError: as said.
    """
    rows = model.config.vocab_size
    if tokenizer.vocab_size > rows:
        raise UserError(
            f"{folder}: its vocabulary has {tokenizer.vocab_size:,} ids, its model only {rows:,} embeddings; "
            f"the two do not belong together"
        )


class KerasGenerator:
    """A Keras T5 in memory, with its tokenizer."""

    def __init__(self, generator: Generator, tokenizer: Tokenizer) -> None:
        self.generator = generator
        self.tokenizer = tokenizer

    def prepare(self, texts: Sequence[str], max_tokens: int) -> list[Prepared]:
        """See `Predictor.prepare`."""
        encoded, lengths = self.tokenizer.encode_with_lengths(texts, max_tokens)
        return [Prepared(ids, len(ids), length > max_tokens) for ids, length in zip(encoded, lengths, strict=True)]

    def generate(self, batch: Sequence[Prepared], max_new_tokens: int, decode: Decode) -> list[Generation]:
        """See `Predictor.generate`."""
        import numpy as np

        from keras_model.tokenizer import EOS_ID

        ids = np.zeros((len(batch), max(p.length for p in batch)), dtype=np.int32)
        for row, prepared in zip(ids, batch, strict=True):
            row[: prepared.length] = prepared.payload
        if decode.method == "beam":
            found, _ = self.generator.beam(ids, max_new_tokens, decode.beam_size, decode.alpha)
            generated = found[:, 0]
        else:
            generated = self.generator.greedy(ids, max_new_tokens)
        ended = (generated == EOS_ID).any(axis=1)
        texts = self.tokenizer.decode(generated.tolist())
        return [Generation(text, not bool(end)) for text, end in zip(texts, ended, strict=True)]


class KerasPredictor:
    """A T5 from a model folder: `config.json`, `model.safetensors` and `spiece.model`."""

    def __init__(self, folder: Path) -> None:
        """Names the model; its weights are loaded when they are needed.

        Raises:
            UserError: the folder lacks one of the files.
        """
        self.folder = folder
        for name in MODEL_FILES:
            if not (folder / name).is_file():
                raise UserError(f"--model {folder}: {name} is not in it; a model folder holds {', '.join(MODEL_FILES)}")

    @cached_property
    def identity(self) -> Mapping[str, str]:
        """Hashes of the model and of its vocabulary."""
        from keras_model.model_folder import model_fingerprint

        try:
            model = model_fingerprint(self.folder)
        except ValueError as error:
            raise UserError(str(error)) from None
        return {"model": model, "vocabulary": self._tokenizer.fingerprint}

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        from keras_model.tokenizer import T5Tokenizer

        try:
            return T5Tokenizer(self.folder / "spiece.model")
        except ValueError as error:
            raise UserError(str(error)) from None

    @cached_property
    def _loaded(self) -> KerasGenerator:
        import_keras_model()
        from keras_model.checkpoints import load_model
        from keras_model.decoding import Generator

        try:
            model = load_model(self.folder)
        except ValueError as error:
            raise UserError(str(error)) from None
        require_fitting_vocabulary(self.folder, model, self._tokenizer)
        return KerasGenerator(Generator(model, emit_limit=self._tokenizer.vocab_size), self._tokenizer)

    def prepare(self, texts: Sequence[str], max_tokens: int) -> list[Prepared]:
        """See `Predictor.prepare`."""
        return self._loaded.prepare(texts, max_tokens)

    def generate(self, batch: Sequence[Prepared], max_new_tokens: int, decode: Decode) -> list[Generation]:
        """See `Predictor.generate`."""
        return self._loaded.generate(batch, max_new_tokens, decode)

    def device(self) -> str | None:
        """Returns the devices that TensorFlow ran on, None if the model was not needed."""
        if "_loaded" not in self.__dict__:
            return None
        import tensorflow as tf

        devices: list[Any] = tf.config.list_physical_devices("GPU") or tf.config.list_physical_devices("CPU")
        return ", ".join(device.name for device in devices)
