"""`T5Preprocessor`: texts to batches of ids and back, by the conventions of KerasHub's `Seq2SeqLMPreprocessor`."""

from __future__ import annotations

import collections
import threading
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from keras_model.config import T5Config
from keras_model.data.batches import Examples, RaggedIds, make_batch
from keras_model.files.model_folder import CheckpointError, read_json, write_json
from keras_model.tokenizers.tokenizer import Tokenizer

PREPROCESSOR_FILE = "preprocessor.json"
COLUMNS = ("encoder_text", "decoder_text")
LENGTHS = ("encoder_sequence_length", "decoder_sequence_length")
LONGEST = 512
"""Tokens of either side: T5's own in pre-training and in most of its fine-tuning."""

Batch = tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]


class T5Preprocessor:
    """Makes of texts what a T5 is trained on: ids, padded; the decoder's inputs, shifted; labels and their weights.

    Set as `model.preprocessor`, it lets `fit`, `evaluate`, `predict` and `generate` take texts. A batch is padded to
    the longest text in it, not to the lengths here, to which longer texts are cut; how many were is counted.

    Args:
        tokenizer: a `Tokenizer` of this package, as `load_tokenizer` gives it.
        encoder_sequence_length: int. Tokens of a source at most, the end of sequence among them. Defaults to 512.
        decoder_sequence_length: int. Tokens of a target at most, likewise. Defaults to 512.
        decoder_start_token_id: int. What the decoder's input begins with. Defaults to the id of padding, T5's.

    Call arguments:
        x: texts of the sources; or a dict, DataFrame or dataset with `encoder_text` and `decoder_text`.
        y: texts of the targets, unless x has them.
        sample_weight: optional, a number for each pair.

    Returns:
        `(x, y, sample_weight)`: `{"encoder_ids": int32 [batch, source], "decoder_ids": int32 [batch, target]}`, the
        labels, int32 [batch, target], and their weights, float32 [batch, target], 0 for padding. In
        `dataset.batch(n).map(preprocessor)` they are tensors, else NumPy arrays.

    Attributes:
        texts: how many sources ("encoder") and targets ("decoder") were seen.
        cut: how many of them were longer than their length, and were cut.
    """

    def __init__(
        self,
        tokenizer: Tokenizer,
        encoder_sequence_length: int = LONGEST,
        decoder_sequence_length: int = LONGEST,
        decoder_start_token_id: int | None = None,
    ) -> None:
        for name, length in zip(LENGTHS, (encoder_sequence_length, decoder_sequence_length), strict=True):
            if type(length) is not int or length <= len(tokenizer.prefix) + 1:
                raise ValueError(f"{name} must be an integer with room for a token and the end. Received: {length!r}")
        self.tokenizer = tokenizer
        self.encoder_sequence_length = encoder_sequence_length
        self.decoder_sequence_length = decoder_sequence_length
        self.decoder_start_token_id = tokenizer.pad_id if decoder_start_token_id is None else decoder_start_token_id
        self.texts: collections.Counter[str] = collections.Counter()
        self.cut: collections.Counter[str] = collections.Counter()
        self._told: collections.Counter[str] = collections.Counter()
        self._counting = threading.Lock()  # tf.data calls from threads of its own

    def __call__(self, x: Any, y: Any = None, sample_weight: Any = None) -> Any:
        return self.batch(x, y, sample_weight)

    def batch(self, x: Any, y: Any = None, sample_weight: Any = None, *, pad_multiple: int = 1) -> Any:
        """As a call, with lengths rounded up to a multiple, for devices that compile each shape."""
        sources, targets = pair_of(x, y)
        if tf.is_tensor(sources) and not tf.executing_eagerly():
            return self._in_graph(sources, targets, sample_weight, pad_multiple)
        examples = self.examples(sources, targets)
        rows = np.arange(len(examples))
        made = make_batch(examples, rows, len(examples), pad_multiple, self.decoder_start_token_id)
        return made.inputs, made.labels, self.weights(made.labels, sample_weight)

    def examples(self, sources: Any, targets: Any) -> Examples:
        """Pairs of texts as ids, cut and counted.

        Raises:
            ValueError: there is none, their numbers differ, or one of them is no text.
        """
        encoder, decoder = (
            self._encode(texts, side, name)
            for texts, side, name in ((sources, "encoder", "source"), (targets, "decoder", "target"))
        )
        examples = Examples.from_sequences(encoder, decoder, self.tokenizer.pad_id)
        if not len(examples):
            raise ValueError("there is no text.")
        return examples

    def weights(self, labels: np.ndarray, sample_weight: Any = None) -> np.ndarray:
        """float32, shaped as the labels: 1 or the pair's weight for a label, 0 for padding."""
        real = (labels != self.tokenizer.pad_id).astype(np.float32)
        return real if sample_weight is None else real * np.asarray(sample_weight, np.float32).reshape(-1, 1)

    def generate_preprocess(self, x: Any) -> RaggedIds:
        """The ids of texts that are to be answered, cut and counted."""
        return RaggedIds.from_sequences(self._encode(x, "encoder", "text"))

    def generate_postprocess(self, x: Iterable[Iterable[int]]) -> list[str]:
        """Texts of ids, each up to its end of sequence."""
        return self.tokenizer.decode(x)

    def tell(self) -> None:
        """Warns of texts that were cut since it was last told."""
        if self.cut != self._told:
            shares = [
                f"{self.cut[side]:,} of {self.texts[side]:,} {name} texts were cut to {getattr(self, length)} tokens"
                for side, name, length in zip(("encoder", "decoder"), ("source", "target"), LENGTHS, strict=True)
                if self.cut[side]
            ]
            warnings.warn(f"{', '.join(shares)} (T5Preprocessor's {' and '.join(LENGTHS)}).", stacklevel=3)
            self._told = self.cut.copy()

    def _encode(self, texts: Any, side: str, name: str) -> list[list[int]]:
        longest = getattr(self, f"{side}_sequence_length")
        encoded, lengths = self.tokenizer.encode_with_lengths(strings(texts, name), longest)
        with self._counting:
            self.texts[side] += len(lengths)
            self.cut[side] += sum(length > longest for length in lengths)
        return encoded

    def _in_graph(self, sources: Any, targets: Any, sample_weight: Any, pad_multiple: int) -> Any:
        def made(sources: np.ndarray, targets: np.ndarray, *weights: np.ndarray) -> list[np.ndarray]:
            inputs, labels, weight = self.batch(sources, targets, *weights, pad_multiple=pad_multiple)
            return [*inputs.values(), labels, weight]

        arguments = [sources, targets, *([] if sample_weight is None else [sample_weight])]
        found = tf.numpy_function(made, arguments, [tf.int32, tf.int32, tf.int32, tf.float32])
        for tensor in found:
            tensor.set_shape([sources.shape[0], None])
        encoder_ids, decoder_ids, labels, weight = found
        return {"encoder_ids": encoder_ids, "decoder_ids": decoder_ids}, labels, weight

    def save(self, folder: Path) -> None:
        """Writes the tokenizer's files and `preprocessor.json`, its lengths, into a folder."""
        self.tokenizer.save(folder)
        write_json(folder / PREPROCESSOR_FILE, {name: getattr(self, name) for name in LENGTHS})

    @classmethod
    def load(cls, folder: Path, tokenizer: Tokenizer, config: T5Config) -> T5Preprocessor:
        """The preprocessor of a model folder or a KerasHub preset, with its tokenizer.

        Raises:
            CheckpointError: the lengths in it cannot be used.
        """
        path = (folder if folder.is_dir() else folder.parent) / PREPROCESSOR_FILE
        stated = read_json(path) if path.is_file() else {}
        own = stated.get("config")
        stated = own if isinstance(own, dict) else stated  # as Keras serialises a layer, in KerasHub's presets
        lengths = {name: stated[name] for name in LENGTHS if name in stated}
        try:
            return cls(tokenizer, **lengths, decoder_start_token_id=config.decoder_start_token_id)
        except ValueError as error:
            raise CheckpointError(f"{path}: {error}") from None


def pair_of(x: Any, y: Any) -> tuple[Any, Any]:
    """Sources and targets: x and y, or both out of x.

    Raises:
        ValueError: there is no target.
    """
    if has_pairs(x):
        return x[COLUMNS[0]], x[COLUMNS[1]]
    if y is None:
        raise ValueError(
            "texts are trained on in pairs: fit(x=sources, y=targets), a tf.data.Dataset of such pairs, or columns "
            "encoder_text and decoder_text."
        )
    return x, y


def has_pairs(x: Any) -> bool:
    """Whether x, a mapping, a DataFrame or a Hugging Face dataset, has the columns of both sides."""
    return columns_of(x).issuperset(COLUMNS)


def columns_of(x: Any) -> set[Any]:
    """The names of x's columns; none where it has no names."""
    return {*(getattr(x, "column_names", None) or (x.keys() if hasattr(x, "keys") else ()))}


def strings(texts: Any, name: str) -> list[str]:
    """Texts in whatever holds them: a list, a NumPy array, a tensor, a column of pandas or of Hugging Face's datasets.

    Raises:
        ValueError: it is one text, or one of them is none, such as a missing value.
    """
    if isinstance(texts, str | bytes):
        raise ValueError(f"texts come in lists. Received one {name}: {texts[:50]!r}")
    found = (
        [text.decode() if isinstance(text, bytes) else text for text in np.asarray(texts).tolist()]
        if (tf.is_tensor(texts) or isinstance(texts, np.ndarray))
        else list(texts)
    )
    for place, text in enumerate(found):
        if not isinstance(text, str):
            raise ValueError(f"{name} {place} is no text. Received: {text!r}")
    return found
