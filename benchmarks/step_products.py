"""The matrix products of one decoding step and nothing else: what a step cannot be faster than.

Every layer has weights, keys and values of its own, so that as much memory is read as in a step. What one product
gives is what the next one takes, and all numbers stay near 1. The steps run in a loop inside one compiled function.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from keras_model.config import T5Config

Tensor = Any

STEPS = 16
"""Steps in a call."""


class StepProducts:
    """The products of a T5 v1.0's decoder.

    Args:
        config: of the model.
        vocabulary: columns of the head.
        rows: texts that are decoded together.
        source: length of the inputs.
        cached: how many positions self-attention has.
        plain: whether cross-attention reads the encoder's output, as `PlainMemory` does,
            or keys and values of each layer, as `ProjectedMemory` does.
    """

    def __init__(
        self, config: T5Config, vocabulary: int, rows: int, source: int, cached: int, plain: bool = False
    ) -> None:
        self.config, self.rows, self.plain = config, rows, plain
        d_model, inner, heads, d_kv = config.d_model, config.inner_dim, config.num_heads, config.d_kv
        self.start = tf.random.stateless_normal([rows, d_model], (0, 0))
        self.head = _weights(d_model, d_model, vocabulary)
        self.layers = []
        for _ in range(config.num_decoder_layers or config.num_layers):
            layer = {
                "qkv": _weights(d_model, d_model, 3 * inner),
                "self_keys": _weights(d_kv, rows, heads, cached, d_kv),
                "self_values": _weights(cached, rows, heads, cached, d_kv),
                "self_output": _weights(inner, inner, d_model),
                "cross_query": _weights(d_model, d_model, inner),
                "cross_output": _weights(inner, inner, d_model),
                "wi": _weights(d_model, d_model, config.d_ff),
                "wo": _weights(config.d_ff, config.d_ff, d_model),
            }
            if plain:
                layer["by_head_keys"] = _weights(d_kv, heads, d_kv, d_model)
                layer["by_head_values"] = _weights(d_model, heads, d_model, d_kv)
            else:
                layer["cross_keys"] = _weights(d_kv, rows, heads, d_kv, source)
                layer["cross_values"] = _weights(source, rows, heads, source, d_kv)
            self.layers.append(layer)
        if plain:
            # One for all layers.
            self.keys, self.values = _weights(d_model, rows, d_model, source), _weights(source, rows, source, d_model)
        self._compiled = tf.function(self._run, autograph=False).get_concrete_function()

    def __call__(self) -> None:
        """Runs `STEPS` steps."""
        self._compiled().numpy()

    def _run(self) -> Tensor:
        def body(i: Tensor, x: Tensor) -> tuple:
            return i + 1, self._step(x)[:, : self.config.d_model]

        return tf.while_loop(lambda i, x: i < STEPS, body, (tf.constant(0), self.start))[1]

    def _step(self, x: Tensor) -> Tensor:
        inner, heads, d_kv = self.config.inner_dim, self.config.num_heads, self.config.d_kv
        for layer in self.layers:
            query = tf.matmul(x, layer["qkv"])[:, :inner]
            scores = tf.matmul(tf.reshape(query, (self.rows, heads, 1, d_kv)), layer["self_keys"], transpose_b=True)
            context = tf.matmul(scores, layer["self_values"])
            x = tf.matmul(tf.reshape(context, (self.rows, inner)), layer["self_output"])
            query = tf.matmul(x, layer["cross_query"])
            if self.plain:
                # The products of queries and contexts by head want the heads first. Here the numbers do not matter,
                # and so they are renamed, not moved.
                query = tf.matmul(tf.reshape(query, (heads, self.rows, d_kv)), layer["by_head_keys"])
                scores = tf.matmul(tf.reshape(query, (self.rows, heads, -1)), self.keys)
                context = tf.reshape(tf.matmul(scores, self.values), (heads, self.rows, -1))
                context = tf.matmul(context, layer["by_head_values"])
            else:
                scores = tf.matmul(tf.reshape(query, (self.rows, heads, 1, d_kv)), layer["cross_keys"])
                context = tf.matmul(scores, layer["cross_values"])
            x = tf.matmul(tf.reshape(context, (self.rows, inner)), layer["cross_output"])
            x = tf.matmul(tf.matmul(x, layer["wi"]), layer["wo"])
        return tf.matmul(x, self.head)


def _weights(fan_in: int, *shape: int) -> Tensor:
    return tf.random.normal(shape, stddev=fan_in**-0.5, seed=1)
