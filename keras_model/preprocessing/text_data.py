"""What `fit` and `evaluate` are given, if it is texts, as batches of ids."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from keras_model.backend import tree
from keras_model.data.batch_plan import BatchPlan
from keras_model.data.batches import make_batch
from keras_model.preprocessing.preprocessor import COLUMNS, Batch, T5Preprocessor, columns_of, pair_of

BATCH_SIZE = 32
"""Keras' default."""
NO_PREPROCESSOR = (
    "texts are given, but the model has no preprocessor: T5.from_preset sets it, or "
    "model.preprocessor = T5Preprocessor(load_tokenizer(folder))."
)


def is_text(data: Any) -> bool:
    """Whether data are texts, or pairs of them, and not ids."""
    if isinstance(data, tf.data.Dataset):
        return any(getattr(spec, "dtype", None) == tf.string for spec in tree.flatten(data.element_spec))
    if isinstance(data, str):
        return True
    if isinstance(data, Mapping) or hasattr(data, "column_names"):
        return not columns_of(data).isdisjoint(COLUMNS)
    if tf.is_tensor(data):
        return data.dtype == tf.string
    return hasattr(data, "__len__") and hasattr(data, "__iter__") and isinstance(next(iter(data), None), str | bytes)


def text_batches(
    preprocessor: T5Preprocessor,
    data: Any,
    y: Any = None,
    sample_weight: Any = None,
    *,
    batch_size: int | None = None,
    pad_multiple: int = 1,
    seed: int | None = None,
) -> tf.data.Dataset:
    """Batches of the preprocessor's `(x, y, sample_weight)`.

    Texts in memory are tokenised once, at once. Shuffled, their batches are of like lengths (`BatchPlan`).

    Args:
        data: what `is_text`; of a `tf.data.Dataset` its elements: pairs, or batches of them, which stay as they are.
        y: see `T5Preprocessor`.
        sample_weight: likewise.
        batch_size: pairs in a batch. Defaults to 32.
        pad_multiple: see `T5Preprocessor.batch`.
        seed: of the order; None for the order of the texts. Ignored for a `tf.data.Dataset`, which has its own.

    Raises:
        ValueError: see `T5Preprocessor`.
    """
    if not isinstance(data, tf.data.Dataset):
        sources, targets = pair_of(data, y)
        return _of_memory(preprocessor, sources, targets, sample_weight, batch_size or BATCH_SIZE, pad_multiple, seed)
    if tree.flatten(data.element_spec)[0].shape.rank == 0:
        data = data.batch(batch_size or BATCH_SIZE)
    return data.map(lambda *batch: preprocessor.batch(*batch, pad_multiple=pad_multiple)).prefetch(tf.data.AUTOTUNE)


def _of_memory(
    preprocessor: T5Preprocessor,
    sources: Any,
    targets: Any,
    sample_weight: Any,
    batch_size: int,
    pad_multiple: int,
    seed: int | None,
) -> tf.data.Dataset:
    examples = preprocessor.examples(sources, targets)
    count = -(-len(examples) // batch_size)
    weights = None if sample_weight is None else np.asarray(sample_weight, np.float32)
    lengths = examples.sources.lengths, examples.targets.lengths
    plan = None if seed is None else BatchPlan(*lengths, batch_size, seed)
    epochs = itertools.count()

    def batches() -> Iterator[Batch]:
        epoch = next(epochs)
        for number in range(count):
            first = number * batch_size
            in_order = np.arange(first, min(first + batch_size, len(examples)))
            rows = plan.rows(epoch * count + number) if plan else in_order
            made = make_batch(examples, rows, len(rows), pad_multiple, preprocessor.decoder_start_token_id)
            own = None if weights is None else weights[rows]
            yield made.inputs, made.labels, preprocessor.weights(made.labels, own)

    ids = tf.TensorSpec([None, None], tf.int32)
    signature = ({"encoder_ids": ids, "decoder_ids": ids}, ids, tf.TensorSpec([None, None], tf.float32))
    dataset = tf.data.Dataset.from_generator(batches, output_signature=signature)
    options = tf.data.Options()
    options.autotune.enabled = False  # there is nothing to tune; see `batch_dataset`
    return dataset.apply(tf.data.experimental.assert_cardinality(count)).prefetch(2).with_options(options)
