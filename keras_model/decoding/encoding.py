"""What a model makes of a batch of sources before it writes, a few rows at a time."""

from typing import Any

import tensorflow as tf

from keras_model.decoding.slices import in_slices
from keras_model.model import T5Network

Tensor = Any

SLICE_TOKENS = 2048
"""Tokens that go through the encoder together: as many as matrix products need to run at full speed. Attention scores
take as much memory for each row as its length squared, and larger slices would only push them out of the caches."""


def encode(model: T5Network, encoder_ids: Tensor, mask: Tensor, static: bool) -> Tensor:
    """What `T5.encode` gives, or of a decoder alone `read_source`, in less memory; to be called inside a `tf.function`.

    Args:
        encoder_ids: int [batch, source], padded.
        mask: bool [batch, source], true where there is a token.
        static: whether XLA compiles the function; the batch is then taken whole, since all shapes are fixed.
    """
    config = model.config

    def read(encoder_ids: Tensor, mask: Tensor) -> Tensor:
        return model.encode(encoder_ids, mask) if config.has_encoder else read_source(model, encoder_ids, mask)

    if static:
        return read(encoder_ids, mask)
    rows = tf.maximum(1, SLICE_TOKENS // tf.maximum(1, tf.shape(encoder_ids)[1]))
    encoded = in_slices(read, (encoder_ids, mask), rows, model.compute_dtype)
    size = config.d_model if config.has_encoder else config.decoder_layers * 2 * config.inner_dim
    return tf.ensure_shape(encoded, (None, None, size))


def read_source(model: T5Network, encoder_ids: Tensor, mask: Tensor) -> Tensor:
    """The keys and values of a source in the blocks of a decoder alone.

    Returns:
        [batch, source, layers * 2 * inner], of each layer keys and then values, padding before the tokens: the distance
        from a token to what is written after it is then the same in all rows.
    """
    ids, mask = padding_first(encoder_ids, mask)
    positions = tf.range(tf.shape(ids)[1])[tf.newaxis]
    sees = source_mask(model, positions, mask)
    x, found = model.token_embedding(ids), []
    for block, biases in zip(model.decoder.blocks, model.decoder.biases(positions, sees), strict=True):
        attention, normed = block.self_attention, block.self_attention_norm(x)
        found += [attention.project(normed, matrix) for matrix in (attention.key_matrix, attention.value_matrix)]
        x = block(x, biases)  # TensorFlow leaves out the last one, which nobody reads
    return tf.concat(found, axis=-1)


def padding_first(ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """The tokens of each row at its end, in their order; ids and mask [batch, source]."""
    order = tf.argsort(tf.cast(mask, tf.int32), stable=True)
    return tf.gather(ids, order, batch_dims=1), tf.gather(mask, order, batch_dims=1)


def source_mask(model: T5Network, positions: Tensor, mask: Tensor) -> Tensor:
    """Which tokens of a source each of its tokens sees in a decoder alone: bool [batch, source, source].

    Args:
        positions: int [1, source].
        mask: bool [batch, source].
    """
    keys = mask[:, tf.newaxis]
    return model.reading_mask(positions, keys) & keys
