"""The decoder one token at a time, with key and value caches: the arithmetic of decoding, whatever the search.

It computes what `T5Network.decode` computes for the last position, laid out for speed: `CachedDecoder` fuses and
transposes the model's weights once per call, `memory` keys and values are computed once per input, and each step then
works on thin matrices [rows, ...]. Plain TensorFlow, since loops and caches have no counterpart in keras.ops. `loop`
lets the caches grow with the texts and drops inputs whose texts are finished.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import tensorflow as tf

from keras_model.config import T5Config
from keras_model.decoding.cross_attention import Memory, SourceMemory, shared_memory, softmax
from keras_model.model import ACTIVATIONS, MASKED, Attention, Block, FeedForward, LayerNorm, T5Network

Tensor = Any


@dataclasses.dataclass(frozen=True)
class State:
    """Everything a step needs besides the weights; the caches are what it changes."""

    memory_keys: list[Tensor]
    """What cross-attention has prepared, [inputs, ...]; see `keras_model.decoding.cross_attention`."""
    memory_values: list[Tensor]
    """Likewise."""
    memory_bias: Tensor
    """float32 [inputs, 1, source]; masks padding."""
    position_biases: list[Tensor]
    """One for all layers or one for each, float32 [steps, heads, 1, steps]: for each query position the bias of every
    key, later keys masked. In a decoder alone the keys of the source come before them."""
    keys: list[Tensor]
    """Per layer [rows * heads, cached, d_kv]; of positions not reached yet they are zero and masked."""
    values: list[Tensor]
    """Per layer [rows * heads, cached, d_kv]."""
    static: bool
    """Whether XLA compiles the step: shapes are then fixed, and the caches updated by an operation that it knows."""

    def grown(self, size: Tensor) -> State:
        """The state with room for `size` positions in its caches."""
        padding = [[0, 0], [0, size - tf.shape(self.keys[0])[1]], [0, 0]]
        keys, values = ([tf.pad(cache, padding) for cache in caches] for caches in (self.keys, self.values))
        return dataclasses.replace(self, keys=keys, values=values)

    def of_inputs(self, places: Tensor) -> State:
        """The state of some of the inputs; places: int [kept]."""
        inputs = tf.shape(self.memory_bias)[0]

        def kept(cache: Tensor) -> Tensor:
            rows, cached, d_kv = tf.unstack(tf.shape(cache))
            grouped = tf.reshape(cache, (inputs, rows // inputs, cached, d_kv))
            return tf.reshape(tf.gather(grouped, places), (-1, cached, d_kv))

        return dataclasses.replace(
            self,
            memory_keys=[tf.gather(keys, places) for keys in self.memory_keys],
            memory_values=[tf.gather(values, places) for values in self.memory_values],
            memory_bias=tf.gather(self.memory_bias, places),
            keys=[kept(cache) for cache in self.keys],
            values=[kept(cache) for cache in self.values],
        )


LARGE_MATRIX = 1 << 20
"""Numbers of a matrix, from which on it is not copied: those of T5-large and larger models."""
EXACT = 8
"""How many of the greatest logits are computed again in float32, where the products are bfloat16's."""


def rounded_logits(x: Tensor, head: Tensor) -> Tensor:
    """Logits by products of bfloat16, of which the `EXACT` greatest are then computed in float32.

    TensorFlow rounds a product of bfloat16 to three digits, in which the best tokens are often equal; the product of
    the whole vocabulary in float32 takes a CPU four times as long.

    Args:
        x: float32 [rows, d_model].
        head: bfloat16 [ids, d_model].

    Returns:
        float32 [rows, ids].
    """
    logits = tf.cast(tf.matmul(tf.cast(x, head.dtype), head, transpose_b=True), tf.float32)
    ids = tf.math.top_k(logits, min(EXACT, head.shape[0]), sorted=False).indices  # [rows, EXACT]
    exact = tf.linalg.matvec(tf.cast(tf.gather(head, ids), tf.float32), x)
    rows = tf.broadcast_to(tf.range(tf.shape(ids)[0])[:, tf.newaxis], tf.shape(ids))
    return tf.tensor_scatter_nd_update(logits, tf.stack([rows, ids], axis=-1), exact)


def head_matrix(model: T5Network, emit_limit: int) -> Tensor:
    """What `head_input` is multiplied by for logits of the ids below a limit, float32 [d_model, emit_limit]."""
    if model.head is None:
        return tf.cast(tf.transpose(tf.convert_to_tensor(model.token_embedding.embedding)[:emit_limit]), tf.float32)
    return tf.cast(tf.convert_to_tensor(model.head.matrix)[:, :emit_limit], tf.float32)


def rounded_head(model: T5Network, emit_limit: int) -> Tensor | None:
    """What `rounded_logits` multiplies by, bfloat16 [emit_limit, d_model]; None where products are float32's."""
    if model.compute_dtype != "bfloat16":
        return None
    if model.head is None:
        return tf.cast(tf.convert_to_tensor(model.token_embedding.embedding)[:emit_limit], tf.bfloat16)
    return tf.cast(tf.transpose(tf.convert_to_tensor(model.head.matrix)[:, :emit_limit]), tf.bfloat16)


def head_input(model: T5Network, x: Tensor) -> Tensor:
    """The decoder's output, in float32 and scaled as the head wants it."""
    x = tf.cast(x, tf.float32)
    return x * model.config.d_model**-0.5 if model.config.scale_decoder_outputs else x


class CachedDecoder:
    """The decoder of a T5, with its weights as they are when the object is made.

    Make it inside the function that runs the loop: fusing the weights is then part of the compiled call.

    Args:
        emit_limit: integer. Only ids below it get logits.
        memory: how it attends to its inputs. Defaults to one that several texts of an input may share.
    """

    def __init__(self, model: T5Network, emit_limit: int, memory: Memory | SourceMemory | None = None) -> None:
        self.model = model
        self.config: T5Config = model.config
        self.memory = memory or shared_memory(model, 1)
        self.dtype = model.compute_dtype
        self.embedding = tf.convert_to_tensor(model.token_embedding.embedding)
        self.head = head_matrix(model, emit_limit)
        self.rounded_head = rounded_head(model, emit_limit)
        self.position_biases = model.decoder.position_biases
        self.final_norm = self._norm(model.decoder.final_norm)
        self.layers = [
            {
                "self_norm": self._norm(block.self_attention_norm),
                "self_qkv": self._side_by_side(block.self_attention, "query", "key", "value"),
                "self_output": self._fused(block.self_attention, "output"),
                **(self._cross_attention_weights(block) if block.is_crossed else {}),
                "feed_forward_norm": self._norm(block.feed_forward_norm),
                "feed_forward": self._feed_forward_weights(block.feed_forward),
                "adapters": {name: self._cast(adapter.down, adapter.up) for name, adapter in block.adapters.items()},
            }
            for block in model.decoder.blocks
        ]

    def start(
        self, encoded: Tensor, encoder_mask: Tensor, steps: Tensor, hypotheses: int = 1, *, static: bool
    ) -> State:
        """The state before the first token.

        Args:
            encoded: what `encode` gives, [batch, source, ...].
            encoder_mask: bool [batch, source].
            steps: int scalar; the greatest number of tokens that will be decoded.
            hypotheses: how many texts are decoded for each input.
            static: see `State.static`.
        """
        memory_keys, memory_values = self.memory.prepare(encoded)
        if isinstance(self.memory, SourceMemory):
            encoder_mask = tf.sort(tf.cast(encoder_mask, tf.int32)) > 0
        memory_bias = tf.where(encoder_mask, 0.0, MASKED)[:, tf.newaxis, :]

        before = self._before(memory_bias)
        positions = tf.range(before + steps)[tf.newaxis, :]
        queries = positions[:, before:]
        position_biases = []
        for position_bias in self.position_biases:
            bias = position_bias(queries, positions)[0]  # [heads, steps, before + steps]
            bias = tf.where(positions <= tf.transpose(queries), bias, MASKED)
            position_biases.append(tf.transpose(bias, (1, 0, 2))[:, :, tf.newaxis, :])  # [steps, heads, 1, steps]

        rows = tf.shape(encoded)[0] * hypotheses * self.config.num_heads
        caches = [tf.zeros((rows, 0, self.config.d_kv), self.dtype)] * len(self.layers)
        return State(memory_keys, memory_values, memory_bias, position_biases, caches, caches, static)

    def step(self, state: State, ids: Tensor, position: Tensor) -> tuple[Tensor, list[Tensor], list[Tensor]]:
        """Decodes one token per row.

        Args:
            state: the state with room for `position` in its caches, which are filled before it.
            ids: int [rows], the tokens at `position`.
            position: int scalar.

        Returns:
            Logits of the next token, float32 [rows, emit_limit], and the caches filled up to and with `position`.
        """
        heads, d_kv, inner = self.config.num_heads, self.config.d_kv, self.config.inner_dim
        rows, cached = tf.shape(ids)[0] * heads, tf.shape(state.keys[0])[1]
        seen = self._before(state.memory_bias) + cached
        position_biases = [bias[position, :, :, :seen] for bias in state.position_biases]  # [heads, 1, seen]
        update = self._scattered if state.static else self._overwritten
        places = tf.range(rows) * cached + position  # of the new keys and values, among all rows of the caches
        keys, values = [], []

        x = tf.cast(tf.gather(self.embedding, ids), self.dtype)  # [rows, d_model]
        for i, layer in enumerate(self.layers):
            query, key, value = self._products(self._normed(x, layer["self_norm"]), layer["self_qkv"], 3)
            keys.append(update(state.keys[i], tf.reshape(key, (rows, d_kv)), places))
            values.append(update(state.values[i], tf.reshape(value, (rows, d_kv)), places))
            query = tf.reshape(query, (-1, heads, 1, d_kv))
            text = tuple(tf.reshape(cache[-1], (-1, heads, cached, d_kv)) for cache in (keys, values))
            bias = position_biases[i % len(position_biases)]
            if isinstance(self.memory, SourceMemory):
                source = (state.memory_keys[i], state.memory_values[i], state.memory_bias)
                context = self.memory.attend_with(query, source, text, bias)
            else:
                weights = softmax(tf.matmul(query, text[0], transpose_b=True), bias)  # [rows, heads, 1, cached]
                context = tf.matmul(weights, text[1])
            attended = tf.matmul(tf.reshape(context, (-1, inner)), layer["self_output"])
            x += self._adapted(attended, layer["adapters"].get("self_attention"))

            if not isinstance(self.memory, SourceMemory):
                query = tf.matmul(self._normed(x, layer["cross_norm"]), layer["cross_query"])
                context = self.memory.attend(i, query, state.memory_keys, state.memory_values, state.memory_bias)
                attended = tf.matmul(context, layer["cross_output"])
                x += self._adapted(attended, layer["adapters"].get("cross_attention"))

            fed = self._feed_forward(self._normed(x, layer["feed_forward_norm"]), layer["feed_forward"])
            x += self._adapted(fed, layer["adapters"].get("feed_forward"))
        x = head_input(self.model, self._normed(x, self.final_norm))
        if self.rounded_head is None or state.static:  # accelerators have float32's products to spare
            return tf.matmul(x, self.head), keys, values
        return rounded_logits(x, self.rounded_head), keys, values

    def _before(self, memory_bias: Tensor) -> Tensor:
        """How many positions come before a text's own: those of the source, in a decoder alone."""
        return tf.shape(memory_bias)[2] if isinstance(self.memory, SourceMemory) else 0

    def _overwritten(self, cache: Tensor, new: Tensor, places: Tensor) -> Tensor:
        """The cache [rows, cached, d_kv] with `new` [rows, d_kv] at places among rows * cached, in its own memory.

        tf.tensor_scatter_nd_update would copy the cache at every step. Nobody else may hold this tensor: `grown` has
        just made it, or the step before, or a gather.
        """
        flat = tf.reshape(cache, (-1, self.config.d_kv))
        return tf.reshape(tf.raw_ops.InplaceUpdate(x=flat, i=places, v=new), tf.shape(cache))

    def _scattered(self, cache: Tensor, new: Tensor, places: Tensor) -> Tensor:
        """As `_overwritten`, by an operation that XLA knows (and itself does in place)."""
        flat = tf.reshape(cache, (-1, self.config.d_kv))
        return tf.reshape(tf.tensor_scatter_nd_update(flat, places[:, tf.newaxis], new), tf.shape(cache))

    def _normed(self, x: Tensor, scale: Tensor) -> Tensor:
        x = tf.cast(x, tf.float32)
        mean_square = tf.reduce_mean(tf.square(x), axis=-1, keepdims=True)
        return tf.cast(x * tf.math.rsqrt(mean_square + self.config.layer_norm_epsilon) * scale, self.dtype)

    def _feed_forward(self, x: Tensor, weights: list[Tensor]) -> Tensor:
        activation = ACTIVATIONS[self.config.activation]
        if self.config.is_gated:
            wi_0, wi_1, wo = weights
            return tf.matmul(activation(tf.matmul(x, wi_0)) * tf.matmul(x, wi_1), wo)
        wi, wo = weights
        return tf.matmul(activation(tf.matmul(x, wi)), wo)

    def _adapted(self, x: Tensor, weights: list[Tensor] | None) -> Tensor:
        """x through an adapter, if there is one."""
        if weights is None:
            return x
        down, up = weights
        return x + tf.matmul(tf.nn.relu(tf.matmul(x, down)), up)

    def _cross_attention_weights(self, block: Block) -> dict[str, Tensor]:
        return {
            "cross_norm": self._norm(block.cross_attention_norm),
            "cross_query": self._fused(block.cross_attention, "query"),
            "cross_output": self._fused(block.cross_attention, "output"),
        }

    def _feed_forward_weights(self, layer: FeedForward) -> list[Tensor]:
        matrices = [layer.wi_0, layer.wi_1, layer.wo] if self.config.is_gated else [layer.wi, layer.wo]
        return self._cast(*map(layer.merged, matrices))

    def _cast(self, *matrices: Tensor) -> list[Tensor]:
        return [tf.cast(tf.convert_to_tensor(matrix), self.dtype) for matrix in matrices]

    def _side_by_side(self, attention: Attention, *parts: str) -> list[Tensor]:
        """The named matrices in one, or as they are where they are large: one product then gains little, and the copy
        takes a tenth of the model."""
        if self.config.d_model * self.config.inner_dim < LARGE_MATRIX:
            return [self._fused(attention, *parts)]
        return [self._fused(attention, part) for part in parts]

    def _products(self, x: Tensor, matrices: list[Tensor], parts: int) -> list[Tensor]:
        """x [rows, d_model] times each of the matrices of `_side_by_side`."""
        if len(matrices) == 1:
            return tf.split(tf.matmul(x, matrices[0]), parts, axis=1)
        return [tf.matmul(x, matrix) for matrix in matrices]

    def _fused(self, attention: Attention, *parts: str) -> Tensor:
        """The named matrices of an attention layer side by side, [rows, columns * parts]."""
        matrices = [attention.merged(getattr(attention, f"{part}_matrix")) for part in parts]
        return tf.cast(tf.concat(matrices, axis=1) if len(matrices) > 1 else matrices[0], self.dtype)

    def _norm(self, norm: LayerNorm) -> Tensor:
        return tf.cast(tf.convert_to_tensor(norm.scale), tf.float32)
