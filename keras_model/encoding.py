"""The encoder's pass over a batch, a few rows at a time."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from keras_model.model import T5

Tensor = Any

SLICE_TOKENS = 4096
"""Tokens that go through the encoder together: as many as matrix products need to run at full speed. Attention scores
take as much memory for each row as its length squared, and larger slices would only push them out of the caches."""


def encode(model: T5, encoder_ids: Tensor, mask: Tensor, static: bool = False) -> Tensor:
    """What `T5.encode` gives, in less memory; to be called inside a `tf.function`.

    Args:
        model: T5.
        encoder_ids: int [batch, source], padded.
        mask: bool [batch, source], true where there is a token.
        static: whether XLA compiles the function; the batch is then taken whole, since all shapes are fixed.
    """
    if static:
        return model.encode(encoder_ids, mask)
    batch, source = tf.unstack(tf.shape(encoder_ids))
    rows = tf.maximum(1, SLICE_TOKENS // tf.maximum(1, source))
    slices = tf.maximum(1, -(-batch // rows))  # an empty batch has an empty slice

    def body(i: Tensor, encoded: tf.TensorArray) -> tuple:
        part = slice(i * rows, (i + 1) * rows)
        return i + 1, encoded.write(i, model.encode(encoder_ids[part], mask[part]))

    encoded = tf.TensorArray(
        model.compute_dtype, slices, infer_shape=False, element_shape=(None, None, model.config.d_model)
    )
    return tf.while_loop(lambda i, _: i < slices, body, (0, encoded), parallel_iterations=1)[1].concat()
