"""A sequence-to-sequence model that KerasHub runs: its preprocessor, its `generate`, its sampler."""

import hashlib
import json
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from keras_model.tokenizers.tokenizer import known
from t5eval.predictors.model_name import ModelOptions, NamedModel
from t5eval.predictors.of_keras import tensorflow_devices
from t5eval.predictors.predictor import Answering, Generation, Predictor, Prepared, Sample
from t5eval.runs.prediction import Ranking
from t5eval.support.errors import MissingPackage
from t5eval.support.tensorflow_import import import_keras_model, silent_stderr
from task_specs import Decode
from task_specs.support.errors import UserError

POLICIES = {"float32": "float32", "bfloat16": "mixed_bfloat16"}
"""Keras' policies for the precisions that can be asked for; weights are float32 in both."""

LENGTHS = 64
"""Inputs are padded to a multiple of it, since KerasHub compiles a function for every shape."""


class KerasHubPredictor(Predictor):
    """A KerasHub preset, read by `keras_hub.models.Seq2SeqLM.from_preset`.

    Args:
        preset: a preset's name, or its folder.
        dtype: the precision of the arithmetic, a key of `POLICIES`.
    """

    def __init__(self, preset: str, dtype: str = "float32") -> None:
        self.preset = preset
        self.dtype = dtype

    @cached_property
    def _model(self) -> Any:
        import_keras_model()
        try:
            with silent_stderr():
                import keras_hub
        except ModuleNotFoundError as error:
            raise MissingPackage(f"keras_hub: needs {error.name}: pip install 't5eval[keras]'") from None
        try:
            with _quiet():
                model = keras_hub.models.Seq2SeqLM.from_preset(self.preset, dtype=POLICIES[self.dtype])
        except Exception as error:
            raise UserError(
                f"keras_hub:{self.preset}: KerasHub cannot load it: {type(error).__name__}: {error}"
            ) from None
        if model.preprocessor is None:
            raise UserError(f"keras_hub:{self.preset}: it has no tokenizer, so that texts cannot be given to it")
        ids, rows = model.preprocessor.tokenizer.vocabulary_size(), model.backbone.token_embedding.input_dim
        if ids > rows:
            raise UserError(
                f"keras_hub:{self.preset}: its tokenizer has {ids:,} ids, more than its model's {rows:,} embeddings; "
                "the two do not belong together"
            )
        model.compile(sampler="greedy")
        return model

    @cached_property
    def identity(self) -> Mapping[str, str]:
        """Hashes of the model and of its preprocessor as loaded, the precision, and the version that runs them."""
        # Names tell how many models a process has made, not which one this is.
        config = {key: value for key, value in self._model.backbone.get_config().items() if key != "name"}
        model = hashlib.sha256(_json([type(self._model).__name__, config]))
        for weight in self._model.weights:
            value = np.asarray(weight)
            if not np.isfinite(value).all():
                raise UserError(f"keras_hub:{self.preset}: tensor {weight.path} holds NaN or infinity")
            model.update(_json(weight.shape))
            model.update(value.tobytes())
        preprocessor = self._model.preprocessor
        vocabulary = hashlib.sha256(_json(preprocessor.tokenizer.get_vocabulary()))
        vocabulary.update(type(preprocessor).__name__.encode())
        return {
            "model": model.hexdigest(),
            "vocabulary": vocabulary.hexdigest(),
            "dtype": self.dtype,
            "library": f"keras-hub {version('keras-hub')}",
        }

    def device(self) -> str | None:
        """Returns the devices that TensorFlow ran on."""
        return tensorflow_devices()

    def decoding(self, answering: Answering) -> Mapping[str, Any]:
        """Returns how answers come about.

        Raises:
            UserError: by beam search, or drawn.
        """
        if isinstance(answering, Sample):
            raise UserError(
                f"keras_hub:{self.preset}: KerasHub draws for all rows of a batch together, so that a text would "
                f"depend on its batch; take --decode greedy"
            )
        if answering.method == "beam":
            raise UserError(
                f"keras_hub:{self.preset}: KerasHub's beam search has no length penalty and goes on behind the end of "
                f"a text, so it is not T5's; take --decode greedy"
            )
        return asdict(answering)

    @cached_property
    def _special_tokens(self) -> tuple[int, int]:
        """How many tokens an empty input has, and how many the decoder is given to begin with."""
        empty = self._model.preprocessor.generate_preprocess([""], encoder_sequence_length=8, sequence_length=8)
        return tuple(int(np.sum(empty[f"{side}_padding_mask"])) for side in ("encoder", "decoder"))  # type: ignore

    @cached_property
    def _unknown_id(self) -> int:
        """The id of what the vocabulary lacks, or else padding, which leaves no trace."""
        tokenizer = self._model.preprocessor.tokenizer
        has = "<unk>" in tokenizer.get_vocabulary()
        return int(tokenizer.token_to_id("<unk>") if has else tokenizer.pad_token_id)

    def prepare(self, texts: Sequence[str], max_tokens: int) -> list[Prepared]:
        """See `Predictor.prepare`; KerasHub cuts a text itself when it is given to the model."""
        special = self._special_tokens[0]
        lengths = [len(ids) + special for ids in self._model.preprocessor.tokenizer(list(texts))] if texts else []
        return [
            Prepared(text, min(length, max_tokens), length > max_tokens)
            for text, length in zip(texts, lengths, strict=True)
        ]

    def generate(self, batch: Sequence[Prepared], max_new_tokens: int, decode: Decode | Sample) -> list[Generation]:
        """See `Predictor.generate`."""
        preprocessor = self._model.preprocessor
        prompt, end = self._special_tokens[1], preprocessor.tokenizer.end_token_id
        texts, longest = _even(batch)
        inputs = preprocessor.generate_preprocess(
            texts, encoder_sequence_length=longest, sequence_length=prompt + max_new_tokens
        )
        # What `generate` does, but for its end: it gives texts alone, which do not tell whether they ended.
        with _quiet():
            outputs = dict(self._model.make_generate_function()(inputs, stop_token_ids=(end,)))
        ids = np.asarray(outputs["decoder_token_ids"])
        ended = (ids[:, prompt:] == end).any(axis=1)
        size = preprocessor.tokenizer.vocabulary_size()
        outputs["decoder_token_ids"] = np.array([known(row, size, self._unknown_id) for row in ids.tolist()], ids.dtype)
        found = preprocessor.generate_postprocess(outputs)
        return [Generation(found[i], not bool(ended[i])) for i in range(len(batch))]

    def rank(self, batch: Sequence[Prepared], answers: Sequence[str]) -> list[Ranking]:
        """See `Predictor.rank`; one forward pass for each answer, on what KerasHub would train on."""
        import keras
        from scipy.special import log_softmax

        preprocessor = self._model.preprocessor
        texts, longest = _even(batch)
        size = max(map(len, preprocessor.tokenizer(list(answers)))) + sum(self._special_tokens)
        sums, tokens = [], []
        for answer in answers:
            inputs, labels, weights = preprocessor(
                {"encoder_text": texts, "decoder_text": [answer] * len(texts)},
                encoder_sequence_length=longest,
                decoder_sequence_length=size,
            )
            # KerasHub's own predict_on_batch would preprocess again.
            with _quiet():
                logits = keras.Model.predict_on_batch(self._model, inputs)
            logits = np.asarray(logits, np.float32)  # [rows, size, vocabulary]
            labels, weights = np.asarray(labels)[..., np.newaxis], np.asarray(weights)  # [rows, size, 1], [rows, size]
            probabilities = np.take_along_axis(log_softmax(logits, axis=-1), labels, axis=-1)[..., 0]
            sums.append((probabilities * weights).sum(axis=1)[: len(batch)].tolist())
            tokens.append(int(weights[0].sum()))
        return [Ranking(row, tuple(tokens)) for row in zip(*sums, strict=True)]


@contextmanager
def _quiet() -> Iterator[None]:
    """Keeps back Keras' warnings of how KerasHub's layers treat masks."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _even(batch: Sequence[Prepared]) -> tuple[list[str], int]:
    """Returns a batch's texts and the length of its longest, both rounded up to few different numbers.

    The rows are filled up with the last text, and the length is no longer than that of a text that was cut.
    """
    rows = 1 << (len(batch) - 1).bit_length()
    texts = [prepared.payload for prepared in batch]
    longest = max(prepared.length for prepared in batch)
    if not any(prepared.truncated for prepared in batch):
        longest = -(-longest // LENGTHS) * LENGTHS
    return texts + texts[-1:] * (rows - len(batch)), longest


def _json(values: Any) -> bytes:
    return json.dumps(values, sort_keys=True, default=str).encode()


def open_keras_hub(preset: str, options: ModelOptions) -> NamedModel:
    """Returns the model of a preset, run by KerasHub.

    Raises:
        UserError: a vocabulary was named.
    """
    options.refuse("a KerasHub model", "vocab", "strategy", "generation")
    if Path(preset).is_dir():
        preset = str(Path(preset).resolve())
    return NamedModel(KerasHubPredictor(preset, options.dtype or "float32"), f"keras_hub:{preset}")
