"""What a decoder attends to besides its own text, one token at a time.

Cross-attention has two ways to the same numbers, each the faster one for some texts. Both attend from a query of each
row to what the encoder gave. `ProjectedMemory` multiplies it by the key and value matrices once for each input, so that
a step reads small keys and values: best for long texts and beams. `PlainMemory` keeps it as it is and applies the
matrices to each step's query and context instead, since (q Wk^T) x^T = q (x Wk)^T. It needs nothing prepared, and its
memory is the same for all layers; a step does d_model / d_kv times the arithmetic on it, though, so that texts of more
than about d_kv tokens make it the slower one.
A decoder alone has no cross-attention: `SourceMemory` keeps the keys and values of the source that it has read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import tensorflow as tf

from keras_model.config import T5Config
from keras_model.model import Attention, T5Network

Tensor = Any


class Memory(Protocol):
    """How a decoder attends to what an encoder has read."""

    def prepare(self, encoded: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """What steps read of the encoder's output [inputs, source, d_model]: keys and values [inputs, ...], of each
        layer, or one for all layers."""

    def attend(self, layer: int, query: Tensor, keys: list[Tensor], values: list[Tensor], bias: Tensor) -> Tensor:
        """Queries [rows, inner] to contexts [rows, inner]; bias: float32 [inputs, 1, source]."""


def softmax(scores: Tensor, bias: Tensor) -> Tensor:
    """Softmax over the last axis in float32, in the dtype of the scores; bias is added first."""
    return tf.cast(tf.nn.softmax(tf.cast(scores, tf.float32) + bias), scores.dtype)


SHORT_TEXT = 2
"""Texts of up to so many times d_kv tokens are decoded from a plain memory: it is the faster one for up to about d_kv
tokens, and texts mostly end far before their limit."""


def memory_for(max_new_tokens: int, config: T5Config, static: bool) -> Callable[[T5Network], Memory | SourceMemory]:
    """The fastest memory for texts of so many tokens at most, one for each input.

    Args:
        static: see `State.static`; XLA has one kind of memory, whatever the length.
    """
    if not config.has_encoder:
        return SourceMemory
    return PlainMemory if not static and max_new_tokens <= SHORT_TEXT * config.d_kv else ProjectedMemory


def shared_memory(model: T5Network, hypotheses: int) -> Memory | SourceMemory:
    """The memory that several texts of each input share."""
    return (ProjectedMemory if model.config.has_encoder else SourceMemory)(model, hypotheses)


class ProjectedMemory:
    """Keys [inputs, heads, d_kv, source] and values [inputs, heads, source, d_kv] of each layer.

    Args:
        hypotheses: rows of each input, side by side; they share its keys and values.
    """

    def __init__(self, model: T5Network, hypotheses: int = 1) -> None:
        self.config = model.config
        self.hypotheses = hypotheses
        self.matrices = [
            [_matrix(block.cross_attention, part, model.compute_dtype) for part in ("key", "value")]
            for block in model.decoder.blocks
        ]

    def prepare(self, encoded: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """See `Memory.prepare`."""
        inputs, source, _ = tf.unstack(tf.shape(encoded))
        flat = tf.reshape(encoded, (-1, self.config.d_model))

        def projected(matrix: Tensor, order: tuple[int, ...]) -> Tensor:
            by_head = (inputs, source, self.config.num_heads, self.config.d_kv)
            return tf.transpose(tf.reshape(tf.matmul(flat, matrix), by_head), order)

        keys = [projected(key, (0, 2, 3, 1)) for key, _ in self.matrices]
        return keys, [projected(value, (0, 2, 1, 3)) for _, value in self.matrices]

    def attend(self, layer: int, query: Tensor, keys: list[Tensor], values: list[Tensor], bias: Tensor) -> Tensor:
        """See `Memory.attend`."""
        heads = self.config.num_heads
        query = _swapped(query, self.hypotheses, heads, self.config.d_kv)  # [inputs, heads, hypotheses, d_kv]
        weights = softmax(tf.matmul(query, keys[layer]), bias[:, tf.newaxis])
        context = tf.matmul(weights, values[layer])  # [inputs, heads, hypotheses, d_kv]
        return tf.reshape(_swapped(context, heads, self.hypotheses, self.config.d_kv), (-1, self.config.inner_dim))


class PlainMemory:
    """The encoder's output, as keys [inputs, d_model, source] and as values [inputs, source, d_model]; one row of each
    input.
    """

    def __init__(self, model: T5Network) -> None:
        self.config = model.config
        heads = (model.config.d_model, model.config.num_heads, model.config.d_kv)

        def by_head(attention: Attention, part: str, order: tuple[int, ...]) -> Tensor:
            return tf.transpose(tf.reshape(_matrix(attention, part, model.compute_dtype), heads), order)

        self.keys = [by_head(block.cross_attention, "key", (1, 2, 0)) for block in model.decoder.blocks]
        self.values = [by_head(block.cross_attention, "value", (1, 0, 2)) for block in model.decoder.blocks]

    def prepare(self, encoded: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """See `Memory.prepare`."""
        return [tf.transpose(encoded, (0, 2, 1))], [encoded]

    def attend(self, layer: int, query: Tensor, keys: list[Tensor], values: list[Tensor], bias: Tensor) -> Tensor:
        """See `Memory.attend`."""
        query = tf.reshape(query, (-1, self.config.num_heads, self.config.d_kv))
        query = tf.matmul(tf.transpose(query, (1, 0, 2)), self.keys[layer])  # [heads, rows, d_model]
        weights = softmax(tf.matmul(tf.transpose(query, (1, 0, 2)), keys[0]), bias)  # [rows, heads, source]
        context = tf.transpose(tf.matmul(weights, values[0]), (1, 0, 2))  # [heads, rows, d_model]
        context = tf.transpose(tf.matmul(context, self.values[layer]), (1, 0, 2))  # [rows, heads, d_kv]
        return tf.reshape(context, (-1, self.config.inner_dim))


class SourceMemory:
    """Keys [inputs, heads, d_kv, source] and values [inputs, heads, source, d_kv] of each layer of a decoder alone: of
    the source as `encode` has read it, padding before its tokens.

    Args:
        hypotheses: as of `ProjectedMemory`.
    """

    def __init__(self, model: T5Network, hypotheses: int = 1) -> None:
        self.config = model.config
        self.hypotheses = hypotheses

    def prepare(self, encoded: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """See `Memory.prepare`; encoded: [inputs, source, layers * 2 * inner]."""
        config = self.config
        inputs, source, _ = tf.unstack(tf.shape(encoded))
        by_head = tf.reshape(encoded, (inputs, source, 2 * config.decoder_layers, config.num_heads, config.d_kv))
        parts = tf.unstack(by_head, 2 * config.decoder_layers, axis=2)  # of each layer keys, then values
        keys = [tf.transpose(part, (0, 2, 3, 1)) for part in parts[::2]]
        return keys, [tf.transpose(part, (0, 2, 1, 3)) for part in parts[1::2]]

    def attend_with(
        self,
        query: Tensor,
        source: tuple[Tensor, Tensor, Tensor],
        text: tuple[Tensor, Tensor],
        position_bias: Tensor,
    ) -> Tensor:
        """Attends to the source and to the text so far, as if they were one sequence.

        Args:
            query: [rows, heads, 1, d_kv].
            source: keys and values of a layer, and the mask, float32 [inputs, 1, source].
            text: keys and values [rows, heads, cached, d_kv].
            position_bias: float32 [heads, 1, source + cached].

        Returns:
            [rows, heads, 1, d_kv].
        """
        heads, d_kv = self.config.num_heads, self.config.d_kv
        source_keys, source_values, mask = source
        keys, values = text
        length = tf.shape(mask)[2]
        of_source = tf.matmul(
            _swapped(query, self.hypotheses, heads, d_kv), source_keys
        )  # [inputs, heads, ..., source]
        of_source = tf.cast(of_source, tf.float32) + mask[:, tf.newaxis]
        of_source = tf.reshape(_swapped(of_source, heads, self.hypotheses, length), (-1, heads, 1, length))
        of_text = tf.cast(tf.matmul(query, keys, transpose_b=True), tf.float32)  # [rows, heads, 1, cached]
        weights = tf.nn.softmax(tf.concat([of_source, of_text], axis=-1) + position_bias)
        weights = tf.cast(weights, query.dtype)
        found = tf.matmul(_swapped(weights[..., :length], self.hypotheses, heads, length), source_values)
        found = tf.reshape(_swapped(found, heads, self.hypotheses, d_kv), (-1, heads, 1, d_kv))
        return found + tf.matmul(weights[..., length:], values)


def _swapped(x: Tensor, outer: int, inner: int, size: Tensor) -> Tensor:
    """x, whose numbers are those of [inputs, outer, inner, size] -> [inputs, inner, outer, size]."""
    x = tf.reshape(x, (-1, outer, inner, size))
    # Where one side is 1 the order is the same, and nothing need be moved.
    if outer == 1 or inner == 1:
        return tf.reshape(x, (-1, inner, outer, size))
    return tf.transpose(x, (0, 2, 1, 3))


def _matrix(attention: Attention, part: str, dtype: str) -> Tensor:
    return tf.cast(attention.merged(getattr(attention, f"{part}_matrix")), dtype)
