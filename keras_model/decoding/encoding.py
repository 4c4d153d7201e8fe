"""The encoder's pass over a batch, a few rows at a time."""

from typing import Any

import tensorflow as tf

from keras_model.decoding.slices import in_slices
from keras_model.model import T5Network

Tensor = Any

SLICE_TOKENS = 2048
"""Tokens that go through the encoder together: as many as matrix products need to run at full speed. Attention scores
take as much memory for each row as its length squared, and larger slices would only push them out of the caches."""


def encode(model: T5Network, encoder_ids: Tensor, mask: Tensor, static: bool) -> Tensor:
    """What `T5.encode` gives, in less memory; to be called inside a `tf.function`.

    Args:
        encoder_ids: int [batch, source], padded.
        mask: bool [batch, source], true where there is a token.
        static: whether XLA compiles the function; the batch is then taken whole, since all shapes are fixed.
    """
    if static:
        return model.encode(encoder_ids, mask)
    rows = tf.maximum(1, SLICE_TOKENS // tf.maximum(1, tf.shape(encoder_ids)[1]))
    encoded = in_slices(model.encode, (encoder_ids, mask), rows, model.compute_dtype)
    return tf.ensure_shape(encoded, (None, None, model.config.d_model))
