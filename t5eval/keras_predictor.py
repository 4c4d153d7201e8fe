"""The Keras T5 as a predictor. TensorFlow is imported when the first batch is generated, not before."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from t5eval.errors import MissingPackage, UserError
from t5eval.predictor import Generation, Prepared
from task_specs import Decode

if TYPE_CHECKING:
    from keras_model.decoding import Generator
    from keras_model.tokenizer import T5Tokenizer


class KerasPredictor:
    """A T5 from a model folder: `config.json`, `model.safetensors` and `spiece.model`."""

    def __init__(self, folder: Path) -> None:
        """Names the model; its weights are loaded when they are needed.

        Raises:
            UserError: the folder lacks one of the files.
        """
        self.folder = folder
        for name in ("config.json", "model.safetensors", "spiece.model"):
            if not (folder / name).is_file():
                raise UserError(
                    f"--model {folder}: there is no {name} in it; a model folder holds config.json, "
                    "model.safetensors and spiece.model"
                )

    @cached_property
    def identity(self) -> Mapping[str, str]:
        model = hashlib.sha256()
        for name in ("config.json", "model.safetensors"):
            with (self.folder / name).open("rb") as file:
                model.update(hashlib.file_digest(file, "sha256").digest())
        return {"model": model.hexdigest(), "vocabulary": self._tokenizer.fingerprint}

    @cached_property
    def _tokenizer(self) -> T5Tokenizer:
        from keras_model.tokenizer import T5Tokenizer

        try:
            return T5Tokenizer(self.folder / "spiece.model")
        except ValueError as error:
            raise UserError(str(error)) from None

    @cached_property
    def _generator(self) -> Generator:
        try:
            from keras_model.checkpoints import load_model
            from keras_model.decoding import Generator
        except ModuleNotFoundError as error:
            raise MissingPackage(
                f"the package {error.name} is needed to run a model: pip install 't5eval[keras]'"
            ) from None
        try:
            model = load_model(self.folder)
        except ValueError as error:
            raise UserError(str(error)) from None
        return Generator(model, emit_limit=min(model.config.vocab_size, self._tokenizer.vocab_size))

    def prepare(self, texts: Sequence[str], max_tokens: int) -> list[Prepared]:
        # One token more than allowed tells which texts were cut.
        encoded = self._tokenizer.encode(list(texts))
        eos = self._tokenizer.eos_id
        return [
            Prepared(ids, len(ids), False)
            if len(ids) <= max_tokens
            else Prepared([*ids[: max_tokens - 1], eos], max_tokens, True)
            for ids in encoded
        ]

    def generate(self, batch: Sequence[Prepared], max_new_tokens: int, decode: Decode) -> list[Generation]:
        import numpy as np

        ids = np.zeros((len(batch), max(p.length for p in batch)), dtype=np.int32)
        for row, prepared in zip(ids, batch, strict=True):
            row[: prepared.length] = prepared.payload
        generated = self._generator.greedy(ids, max_new_tokens)
        ended = (generated == self._tokenizer.eos_id).any(axis=1)
        texts = self._tokenizer.decode(generated.tolist())
        return [Generation(text, not bool(end)) for text, end in zip(texts, ended, strict=True)]

    def environment(self) -> Mapping[str, str]:
        import keras
        import tensorflow as tf

        devices: list[Any] = tf.config.list_physical_devices("GPU") or tf.config.list_physical_devices("CPU")
        return {
            "tensorflow": tf.__version__,
            "keras": keras.__version__,
            "device": ", ".join(d.name for d in devices),
            "dtype": "float32",
        }
