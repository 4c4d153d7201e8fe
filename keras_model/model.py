"""T5 (Raffel et al. 2020, arXiv:1910.10683) in Keras 3: v1.0 (ReLU, tied), v1.1 (gated GELU, own output head) and
what is built like them: FLAN-T5, mT5, umT5 (a position bias in every layer) and byT5.

The file reads top to bottom: normalisation, token embedding, relative positions, attention, feed forward, block,
stack, model. Shapes stand in comments where they change; `inner` is num_heads * d_kv. The paper's other architectures
(section 3.2) are the same blocks: two stacks that share theirs, or a decoder alone; see `T5Config.architecture`.

Numbers: matrix products run in the compute dtype of the dtype policy; normalisation, softmax and logits in float32.
float16 is refused, since the feed-forward activations of trained T5s pass 65,504, its largest number.
"""

from __future__ import annotations

import contextlib
import contextvars
import functools
import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from keras_model.backend import keras, ops
from keras_model.config import PREFIX_LM, SHARED, T5Config
from keras_model.distribution.distributed_model import ReplicaSeeds

MASKED = -1e9
"""Added to the score of a key that must not be attended to; exp() of it is 0 in float32."""

Tensor = Any
"""A backend tensor, a NumPy array or a KerasTensor."""

_zeros = contextvars.ContextVar("zeros", default=False)


@contextlib.contextmanager
def weights_follow() -> Iterator[None]:
    """Models made in this block have zeros for matrices: drawing random numbers takes seconds that a checkpoint, which
    replaces them at once, has no use for."""
    token = _zeros.set(True)
    try:
        yield
    finally:
        _zeros.reset(token)


class LowRank(NamedTuple):
    """What LoRA adds to a weight [rows, columns]: scale * a b (Hu et al. 2021)."""

    a: keras.Variable
    """[rows, rank]"""
    b: keras.Variable
    """[rank, columns]; zero at first."""
    scale: float


class _Layer(keras.layers.Layer):
    """Base of the layers here: one T5Config, casts written out, weights made before the first call.

    Keras' own casting is switched off: it would also round the float32 position biases and norm scales.
    """

    def __init__(self, config: T5Config, name: str, dtype: Any) -> None:
        super().__init__(name=name, dtype=dtype, autocast=False)
        self.config = config
        self.lora: dict[str, LowRank] = {}
        """By the names of the matrices that have it; see `AdaptedModel.enable_lora`."""

    def add_matrix(self, name: str, rows: int, columns: int, stddev: float) -> keras.Variable:
        """A weight [rows, columns], normally distributed with the given standard deviation times initializer_factor."""
        random = keras.initializers.RandomNormal(stddev=stddev * self.config.initializer_factor)
        initializer = "zeros" if _zeros.get() else random
        return self.add_weight(shape=(rows, columns), initializer=initializer, name=name)

    def project(self, x: Tensor, matrix: Tensor) -> Tensor:
        """x [batch, length, rows] times a weight [rows, columns] -> [batch, length, columns] in the compute dtype."""
        batch, length, rows = ops.shape(x)
        # Flattened first: the gradient of a product with three dimensions makes one weight gradient per batch row.
        x = ops.reshape(x, (-1, rows))
        flat = ops.matmul(x, ops.cast(matrix, self.compute_dtype))
        if lora := self.lora.get(matrix.name):
            thin = ops.matmul(x, ops.cast(lora.a, self.compute_dtype))  # [batch * length, rank]
            flat = flat + ops.matmul(thin, ops.cast(lora.b, self.compute_dtype)) * lora.scale
        return ops.reshape(flat, (batch, length, matrix.shape[1]))

    def merged(self, matrix: keras.Variable) -> Tensor:
        """The one weight [rows, columns] that computes what `project` does with a matrix and its LoRA."""
        if lora := self.lora.get(matrix.name):
            added = ops.matmul(ops.cast(lora.a, "float32"), ops.cast(lora.b, "float32")) * lora.scale
            return ops.cast(ops.cast(matrix, "float32") + added, matrix.dtype)
        return tf.convert_to_tensor(matrix)


class Dropout(_Layer):
    """Dropout as T5 applies it: one mask for all positions of a row, so that the noise has no length dimension.

    Source: `dropout_broadcast_dims` of mesh_tensorflow/transformer and `broadcast_dims` of t5x.
    """

    def __init__(self, config: T5Config, name: str, dtype: Any) -> None:
        super().__init__(config, name, dtype)
        self.seed_generator = ReplicaSeeds()
        self.built = True

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        """x: [..., length, size]; the mask has length 1."""
        if not training or self.config.dropout_rate == 0:
            return x
        *batch, _, size = ops.shape(x)
        ones = ops.ones((*batch, 1, size), x.dtype)
        return x * keras.random.dropout(ones, self.config.dropout_rate, seed=self.seed_generator)


class LayerNorm(_Layer):
    """Scales to a root mean square of 1, without mean and bias, in float32."""

    def build(self, input_shape: Any = None) -> None:
        self.scale = self.add_weight(shape=(self.config.d_model,), initializer="ones", name="scale")
        self.built = True

    def call(self, x: Tensor) -> Tensor:
        x = ops.cast(x, "float32")
        mean_square = ops.mean(ops.square(x), axis=-1, keepdims=True)
        x = x * ops.rsqrt(mean_square + self.config.layer_norm_epsilon) * ops.cast(self.scale, "float32")
        return ops.cast(x, self.compute_dtype)


@ops.custom_gradient
def lookup(table: Tensor, ids: Tensor) -> Tensor:
    """Rows of a table [rows, size] for ids [batch, length] -> [batch, length, size], with a dense gradient.

    TensorFlow's own gradient names only the rows that were used, and names a row twice if its id occurs twice. Keras 3
    optimizers do not add such rows up, so that an update would be wrong for every repeated id.
    """
    rows, size = table.shape

    def gradient(upstream: Tensor, *args: Any, **kwargs: Any) -> tuple[Tensor, None]:
        upstream = ops.reshape(upstream, (-1, size))
        return ops.segment_sum(upstream, ops.reshape(ids, (-1,)), num_segments=rows), None

    return ops.take(table, ids, axis=0), gradient


class TokenEmbedding(_Layer):
    """The embedding that encoder and decoder share; in v1.0 also the output head."""

    def build(self, input_shape: Any = None) -> None:
        self.embedding = self.add_matrix("embedding", self.config.vocab_size, self.config.d_model, stddev=1.0)
        self.built = True

    def call(self, ids: Tensor) -> Tensor:
        """ids: int [batch, length] -> [batch, length, d_model]"""
        # Copied into a tensor, which costs nothing in a graph: a custom gradient is not defined for variables.
        return ops.cast(lookup(ops.copy(self.embedding), ids), self.compute_dtype)


@functools.cache
def bucket_of_distance(buckets: int, max_distance: int) -> np.ndarray:
    """The bucket of each distance 0, 1, ..., max_distance in one direction, int32 [max_distance + 1].

    The first half of the buckets hold one distance each, the second half ranges that grow logarithmically up to
    max_distance; everything beyond shares the last bucket.

    Source: `_relative_position_bucket` of mesh_tensorflow/transformer/transformer_layers.py, in float32 as there.
    """
    exact = buckets // 2
    distance = np.arange(max_distance + 1)
    with np.errstate(divide="ignore"):
        position = np.log(distance.astype(np.float32) / exact) / np.float32(math.log(max_distance / exact))
    logarithmic = exact + (np.maximum(position, 0) * (buckets - exact)).astype(np.int32)
    return np.where(distance < exact, distance, np.minimum(logarithmic, buckets - 1)).astype(np.int32)


class RelativePositionBias(_Layer):
    """A learned number per head and bucket of distance, added to the attention scores; one table per stack or layer."""

    def __init__(self, config: T5Config, bidirectional: bool, name: str, dtype: Any) -> None:
        super().__init__(config, name, dtype)
        self.bidirectional = bidirectional

    def build(self, input_shape: Any = None) -> None:
        config = self.config
        buckets = config.relative_attention_num_buckets
        self.table = self.add_matrix("table", buckets, config.num_heads, stddev=config.d_model**-0.5)
        self.built = True

    def buckets(self, query_positions: Tensor, key_positions: Tensor) -> Tensor:
        """Positions int [rows, queries] and [rows, keys] -> buckets int [rows, queries, keys]; rows is 1 or batch."""
        buckets = self.config.relative_attention_num_buckets
        offset = ops.expand_dims(key_positions, 1) - ops.expand_dims(query_positions, 2)
        if self.bidirectional:
            buckets //= 2
            first = ops.cast(offset > 0, "int32") * buckets
            distance = ops.abs(offset)
        else:
            first = 0  # a causal stack masks the keys that follow the query
            distance = ops.maximum(-offset, 0)
        max_distance = self.config.relative_attention_max_distance
        return first + ops.take(bucket_of_distance(buckets, max_distance), ops.minimum(distance, max_distance))

    def call(self, query_positions: Tensor, key_positions: Tensor) -> Tensor:
        """-> float32 [rows, heads, queries, keys]"""
        buckets = self.buckets(query_positions, key_positions)
        # A product with a one-hot matrix instead of a lookup: its gradient is dense, see `lookup`.
        one_hot = ops.one_hot(buckets, self.config.relative_attention_num_buckets, dtype="float32")
        rows, queries, keys, size = ops.shape(one_hot)
        bias = ops.matmul(ops.reshape(one_hot, (-1, size)), ops.cast(self.table, "float32"))
        return ops.transpose(ops.reshape(bias, (rows, queries, keys, self.config.num_heads)), (0, 3, 1, 2))


def _softmax(scores: Tensor) -> Tensor:
    """Softmax over the last axis. keras.ops.softmax warns where that has size 1; here it is a text of one token."""
    if scores.shape[-1] == 1:
        return scores * 0 + 1  # not a constant, so that gradients stay defined
    return ops.softmax(scores, axis=-1)


class Attention(_Layer):
    """Multi-head attention without division by sqrt(d_kv), which T5 puts into the initialiser of the query matrix."""

    def build(self, input_shape: Any = None) -> None:
        config = self.config
        d_model, inner = config.d_model, config.inner_dim
        self.query_matrix = self.add_matrix("query", d_model, inner, stddev=(d_model * config.d_kv) ** -0.5)
        self.key_matrix = self.add_matrix("key", d_model, inner, stddev=d_model**-0.5)
        self.value_matrix = self.add_matrix("value", d_model, inner, stddev=d_model**-0.5)
        self.output_matrix = self.add_matrix("output", inner, d_model, stddev=inner**-0.5)
        self.dropout = Dropout(config, name="dropout", dtype=self.dtype_policy)
        self.built = True

    def call(self, hidden: Tensor, memory: Tensor, biases: list[Tensor], training: bool = False) -> Tensor:
        """Attends from `hidden` to `memory` (the same tensor in self-attention).

        Args:
            hidden: [batch, queries, d_model].
            memory: [batch, keys, d_model].
            biases: float32, each broadcastable to [batch, heads, queries, keys]; added one by one, since the sum of a
                mask (one per row) and a position bias (one per head) would take as much memory as the scores.

        Returns:
            [batch, queries, d_model].
        """
        batch, queries, _ = ops.shape(hidden)
        keys = ops.shape(memory)[1]
        heads, d_kv = self.config.num_heads, self.config.d_kv
        query = ops.reshape(self.project(hidden, self.query_matrix), (batch, queries, heads, d_kv))
        key = ops.reshape(self.project(memory, self.key_matrix), (batch, keys, heads, d_kv))
        value = ops.reshape(self.project(memory, self.value_matrix), (batch, keys, heads, d_kv))
        query = ops.transpose(query, (0, 2, 1, 3))  # [batch, heads, queries, d_kv]
        key = ops.transpose(key, (0, 2, 3, 1))  # [batch, heads, d_kv, keys]
        value = ops.transpose(value, (0, 2, 1, 3))  # [batch, heads, keys, d_kv]

        scores = ops.cast(ops.matmul(query, key), "float32")  # [batch, heads, queries, keys]
        for bias in biases:
            scores = scores + bias
        weights = ops.cast(_softmax(scores), self.compute_dtype)
        weights = self.dropout(weights, training=training)

        context = ops.transpose(ops.matmul(weights, value), (0, 2, 1, 3))  # [batch, queries, heads, d_kv]
        context = ops.reshape(context, (batch, queries, heads * d_kv))
        return self.project(context, self.output_matrix)


def gelu(x: Tensor) -> Tensor:
    """The tanh approximation of GELU, x (1 + tanh(z)) / 2 with z = sqrt(2 / pi) (x + 0.044715 x^3), as x sigmoid(2 z).

    The two are equal; in float32 this form is more than twice as exact, having no 1 + tanh(z) that cancels.
    """
    return x * ops.sigmoid(math.sqrt(8 / math.pi) * (x + 0.044715 * x * x * x))


ACTIVATIONS = {
    "relu": ops.relu,
    "gelu": functools.partial(ops.gelu, approximate=False),
    "gelu_new": gelu,
    "silu": ops.silu,
}
"""What the names in `keras_model.config.ACTIVATIONS` stand for."""


class FeedForward(_Layer):
    """relu(x wi) wo in v1.0; (gelu(x wi_0) * (x wi_1)) wo with the tanh form of GELU in v1.1."""

    def build(self, input_shape: Any = None) -> None:
        config = self.config
        if config.is_gated:
            self.wi_0 = self.add_matrix("wi_0", config.d_model, config.d_ff, stddev=config.d_model**-0.5)
            self.wi_1 = self.add_matrix("wi_1", config.d_model, config.d_ff, stddev=config.d_model**-0.5)
        else:
            self.wi = self.add_matrix("wi", config.d_model, config.d_ff, stddev=config.d_model**-0.5)
        self.wo = self.add_matrix("wo", config.d_ff, config.d_model, stddev=config.d_ff**-0.5)
        self.dropout = Dropout(config, name="dropout", dtype=self.dtype_policy)
        self.built = True

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        activation = ACTIVATIONS[self.config.activation]
        if self.config.is_gated:
            x = activation(self.project(x, self.wi_0)) * self.project(x, self.wi_1)
        else:
            x = activation(self.project(x, self.wi))
        return self.project(self.dropout(x, training=training), self.wo)


class Adapter(_Layer):
    """A bottleneck after a sub-layer, x + relu(x down) up, near to x at first.

    Source: Raffel et al. 2020, section 3.5.1, for dense-ReLU-dense; Houlsby et al. 2019 (arXiv:1902.00751), section 2,
    for the sum and for weights near 0, of a standard deviation of 0.001 in their code. No biases, as in all of T5.
    """

    def __init__(self, config: T5Config, size: int, name: str, dtype: Any) -> None:
        super().__init__(config, name, dtype)
        self.size = size

    def build(self, input_shape: Any = None) -> None:
        d_model = self.config.d_model
        for name, shape in (("down", (d_model, self.size)), ("up", (self.size, d_model))):
            near_zero = keras.initializers.TruncatedNormal(stddev=1e-3)
            setattr(self, name, self.add_weight(shape=shape, initializer=near_zero, name=name))
        self.built = True

    def call(self, x: Tensor) -> Tensor:
        return x + self.project(ops.relu(self.project(x, self.down)), self.up)


class Block(_Layer):
    """Self-attention, after an encoder cross-attention, and feed forward, each as x + dropout(layer(norm(x))).

    Args:
        is_crossed: whether it attends to an encoder's output.
        twin: the encoder's block whose self-attention, feed forward and norms it has; None for its own.
    """

    def __init__(self, config: T5Config, is_crossed: bool, twin: Block | None, name: str, dtype: Any) -> None:
        super().__init__(config, name, dtype)
        self.is_crossed = is_crossed

        def own_or_twins(kind: type[_Layer], layer: str) -> Any:
            return kind(config, name=layer, dtype=dtype) if twin is None else getattr(twin, layer)

        self.self_attention_norm = own_or_twins(LayerNorm, "self_attention_norm")
        self.self_attention = own_or_twins(Attention, "self_attention")
        if is_crossed:
            self.cross_attention_norm = LayerNorm(config, name="cross_attention_norm", dtype=dtype)
            self.cross_attention = Attention(config, name="cross_attention", dtype=dtype)
        self.feed_forward_norm = own_or_twins(LayerNorm, "feed_forward_norm")
        self.feed_forward = own_or_twins(FeedForward, "feed_forward")
        self.dropout = Dropout(config, name="dropout", dtype=dtype)
        self.adapters: dict[str, Adapter] = {}
        """By the names of the sub-layers that have one; see `AdaptedModel.add_adapters`."""

    def build(self, input_shape: Any = None) -> None:
        layers = [self.self_attention_norm, self.self_attention]
        layers += [self.cross_attention_norm, self.cross_attention] if self.is_crossed else []
        _build(*layers, self.feed_forward_norm, self.feed_forward)
        self.built = True

    def call(
        self,
        x: Tensor,
        biases: list[Tensor],
        memory: Tensor | None = None,
        memory_biases: list[Tensor] | None = None,
        training: bool = False,
    ) -> Tensor:
        normed = self.self_attention_norm(x)
        attended = self.self_attention(normed, normed, biases, training=training)
        x = x + self.dropout(self.adapted("self_attention", attended), training=training)
        if self.is_crossed:
            normed = self.cross_attention_norm(x)
            attended = self.cross_attention(normed, memory, memory_biases, training=training)
            x = x + self.dropout(self.adapted("cross_attention", attended), training=training)
        normed = self.feed_forward_norm(x)
        fed = self.feed_forward(normed, training=training)
        return x + self.dropout(self.adapted("feed_forward", fed), training=training)

    def adapted(self, layer: str, x: Tensor) -> Tensor:
        """What a sub-layer puts out, through its adapter if it has one."""
        return self.adapters[layer](x) if layer in self.adapters else x


def _build(*layers: keras.layers.Layer) -> None:
    """Makes the weights of layers that have none yet; a layer that two stacks share has them already."""
    for layer in layers:
        if not layer.built:
            layer.build()


class Stack(_Layer):
    """The encoder or the decoder, from embedded tokens to the normalised output of the last block.

    Args:
        layers: how many blocks it has.
        bidirectional: whether its position bias tells what follows a token from what precedes it, or only how far
            away that is which precedes it.
        is_crossed: whether its blocks attend to an encoder's output.
        twin: the encoder whose weights it has, its position bias and cross-attention excepted; None for its own.

    Attributes:
        run_block: called with a block and its arguments; `compile(remat=True)` puts another way of running it here.
    """

    run_block = staticmethod(Block.__call__)

    def __init__(
        self,
        config: T5Config,
        layers: int,
        *,
        bidirectional: bool,
        is_crossed: bool = False,
        twin: Stack | None = None,
        name: str,
        dtype: Any,
    ) -> None:
        super().__init__(config, name, dtype)
        self.position_biases = [
            RelativePositionBias(config, bidirectional, name=f"relative_position_bias{suffix}", dtype=dtype)
            for suffix in ([f"_{i}" for i in range(layers)] if config.position_bias_per_layer else [""])
        ]
        """One for each layer, or one that all layers share."""
        twins: list[Any] = [None] * layers if twin is None else twin.blocks
        self.blocks: list[Block] = [
            Block(config, is_crossed, twins[i], name=f"block_{i}", dtype=dtype) for i in range(layers)
        ]
        self.final_norm: LayerNorm = (
            LayerNorm(config, name="final_norm", dtype=dtype) if twin is None else twin.final_norm
        )
        self.dropout = Dropout(config, name="dropout", dtype=dtype)

    def build(self, input_shape: Any = None) -> None:
        _build(*self.position_biases, *self.blocks, self.final_norm)
        self.built = True

    def call(
        self,
        x: Tensor,
        positions: Tensor,
        mask: Tensor,
        memory: Tensor | None = None,
        memory_mask: Tensor | None = None,
        training: bool = False,
    ) -> Tensor:
        """Runs all blocks.

        Args:
            x: [batch, length, d_model].
            positions: int [1 or batch, length].
            mask: bool, broadcastable to [batch, length, length]; which keys (last) a query may attend to.
            memory: the encoder's output [batch, source, d_model]; None in the encoder.
            memory_mask: bool, broadcastable to [batch, length, source].
            training: whether dropout is applied.
        """
        memory_biases = None if memory_mask is None else [_mask_bias(memory_mask)]
        x = self.dropout(x, training=training)
        for block, biases in zip(self.blocks, self.biases(positions, mask), strict=True):
            x = self.run_block(block, x, biases, memory, memory_biases, training=training)
        return self.dropout(self.final_norm(x), training=training)

    def biases(self, positions: Tensor, mask: Tensor) -> list[list[Tensor]]:
        """What each block's self-attention adds to its scores: a position bias, and a mask."""
        position_biases = [position_bias(positions, positions) for position_bias in self.position_biases]
        mask_bias = _mask_bias(mask)
        return [[position_biases[i % len(position_biases)], mask_bias] for i in range(len(self.blocks))]


def _mask_bias(mask: Tensor) -> Tensor:
    """bool [batch, queries, keys] -> float32 [batch, 1, queries, keys], 0 where attention is allowed."""
    return ops.expand_dims(ops.where(mask, 0.0, MASKED), 1)


class Head(_Layer):
    """The output matrix of a v1.1 model, [d_model, vocab_size]."""

    def build(self, input_shape: Any = None) -> None:
        config = self.config
        self.matrix = self.add_matrix("matrix", config.d_model, config.vocab_size, stddev=config.d_model**-0.5)
        self.built = True


class T5Network(keras.Model):
    """T5 with its output head: what it computes; `T5` adds how it is trained and how it writes.

    Args:
        config: T5Config. The weights exist, at their initial values, once the model is constructed.
        name: string. The name of the Keras model.
        dtype: dtype policy. `float32`, `bfloat16` or `mixed_bfloat16` (float32 weights). Defaults to the global policy.

    Call arguments:
        inputs: dict of `encoder_ids`, int [batch, source], and `decoder_ids`, int [batch, target] (the target shifted
            right, starting with decoder_start_token_id); optionally `encoder_mask`, bool [batch, source], which says
            what is not padding and by default is `encoder_ids != pad_token_id`. Where several examples share a row,
            `encoder_segments`, int [batch, source], and `decoder_segments`, int [batch, target], number them and take
            the mask's place: a token attends to its own segment only; 0 is padding. Positions are not needed: T5 knows
            relative ones alone, and within a segment these are the differences of the places in the row.
        training: bool. Whether to apply dropout.
        logits: bool. Whether to return logits. Defaults to True.

    Returns:
        Logits, float32 [batch, target, vocab_size]; or what `logits` makes them of, [batch, target, d_model].

    Raises:
        ValueError: a float16 policy.
    """

    def __init__(self, config: T5Config, name: str | None = None, dtype: Any = None, **kwargs: Any) -> None:
        super().__init__(name=name, dtype=dtype, **kwargs)
        if "float16" in (self.dtype_policy.compute_dtype, self.dtype_policy.variable_dtype):
            raise ValueError(
                "T5 does not work in float16: activations of its feed-forward layers exceed 65,504, the largest "
                f"float16, and become infinite. Use bfloat16 or float32. Received: dtype={self.dtype_policy.name!r}"
            )
        self.config = config
        policy = self.dtype_policy
        self.token_embedding = TokenEmbedding(config, name="token_embedding", dtype=policy)
        self.encoder: Any = None
        if config.has_encoder:
            self.encoder = Stack(config, config.num_layers, bidirectional=True, name="encoder", dtype=policy)
        self.decoder = Stack(
            config,
            config.decoder_layers,
            # As in Mesh TensorFlow: the tokens of a fully visible prefix look both ways, and all share one table.
            bidirectional=config.architecture == PREFIX_LM,
            is_crossed=config.has_encoder,
            twin=self.encoder if config.architecture == SHARED else None,
            name="decoder",
            dtype=policy,
        )
        self.head = None if config.tie_word_embeddings else Head(config, name="head", dtype=policy)
        self.build()

    @property
    def stacks(self) -> dict[str, Stack]:
        """The stacks that there are, by name."""
        return {"decoder": self.decoder} if self.encoder is None else {"encoder": self.encoder, "decoder": self.decoder}

    def build(self, input_shape: Any = None) -> None:
        """Makes the weights; their shapes follow from the configuration alone."""
        _build(self.token_embedding, *self.stacks.values(), *([] if self.head is None else [self.head]))
        self.built = True

    def call(self, inputs: dict[str, Tensor], training: bool = False, logits: bool = True) -> Tensor:
        encoder_ids, decoder_ids = inputs["encoder_ids"], inputs["decoder_ids"]
        if self.encoder is None:
            hidden = self.read_on(inputs, training=training)
            return self.logits(hidden) if logits else hidden
        if "encoder_segments" in inputs:
            sources, targets = inputs["encoder_segments"], inputs["decoder_segments"]
            encoded = self.encode(encoder_ids, _same_segment(sources, sources), training=training)
            across, within = _same_segment(targets, sources), _same_segment(targets, targets)
            return self.decode(decoder_ids, encoded, across, within, training=training, logits=logits)
        encoder_mask = inputs.get("encoder_mask")
        if encoder_mask is None:
            encoder_mask = self.padding_mask(encoder_ids)
        encoded = self.encode(encoder_ids, encoder_mask, training=training)
        return self.decode(decoder_ids, encoded, encoder_mask, training=training, logits=logits)

    def read_on(self, inputs: dict[str, Tensor], training: bool = False) -> Tensor:
        """The output of a decoder alone for all positions of the target, [batch, target, d_model].

        Source and target of each segment become one sequence, padding before all of them, so that the distances
        between tokens are what they are without padding and without company.
        """
        encoder_ids, decoder_ids = inputs["encoder_ids"], inputs["decoder_ids"]
        sources, targets = inputs.get("encoder_segments"), inputs.get("decoder_segments")
        if sources is None:
            mask = inputs.get("encoder_mask")
            sources = ops.cast(self.padding_mask(encoder_ids) if mask is None else mask, "int32")
            targets = ops.ones_like(decoder_ids)
        segments = ops.concatenate([sources, targets], axis=1)  # [batch, source + target], 0 is padding
        is_target = ops.concatenate([ops.zeros_like(sources), ops.ones_like(targets)], axis=1)
        order = tf.argsort(2 * segments + is_target, stable=True)

        def in_order(x: Tensor) -> Tensor:
            return tf.gather(x, order, batch_dims=1)

        ids = in_order(ops.concatenate([encoder_ids, decoder_ids], axis=1))
        segments, is_source = in_order(segments), ops.equal(in_order(is_target), 0)
        positions = _positions(ids)
        mask = self.reading_mask(positions, ops.expand_dims(is_source, 1))
        mask = ops.logical_and(mask, _same_segment(segments, segments))
        hidden = self.decoder(self.token_embedding(ids), positions, mask, training=training)
        places = tf.argsort(order)[:, ops.shape(encoder_ids)[1] :]  # where the target's tokens are now
        return tf.gather(hidden, places, batch_dims=1)

    def reading_mask(self, positions: Tensor, is_source: Tensor) -> Tensor:
        """What each token of a sequence sees in a decoder alone: bool, broadcastable to [batch, length, length].

        Args:
            positions: int [1, length].
            is_source: bool [batch, 1, length], which tokens are of a source.
        """
        mask = ops.expand_dims(positions, 1) <= ops.expand_dims(positions, 2)
        return ops.logical_or(mask, is_source) if self.config.architecture == PREFIX_LM else mask

    def padding_mask(self, encoder_ids: Tensor) -> Tensor:
        """int [batch, source] -> bool [batch, source], true where there is a token."""
        return ops.not_equal(encoder_ids, self.config.pad_token_id)

    def encode(self, encoder_ids: Tensor, encoder_mask: Tensor, training: bool = False) -> Tensor:
        """The encoder's output, [batch, source, d_model] in the compute dtype.

        The mask says which keys (last) may be attended to: bool [batch, source] or [batch, source, source].
        """
        embedded = self.token_embedding(encoder_ids)
        return self.encoder(embedded, _positions(encoder_ids), _for_each_query(encoder_mask), training=training)

    def decode(
        self,
        decoder_ids: Tensor,
        encoded: Tensor,
        encoder_mask: Tensor,
        decoder_mask: Tensor | None = None,
        training: bool = False,
        logits: bool = True,
    ) -> Tensor:
        """Logits for all positions of given decoder inputs, float32 [batch, target, vocab_size].

        Args:
            decoder_ids: int [batch, target].
            encoded: [batch, source, d_model].
            encoder_mask: bool [batch, source] or [batch, target, source].
            decoder_mask: bool [batch, target, target], which tokens up to itself one may attend to; None for all.
            training: whether dropout is applied.
            logits: whether the head is applied; else the decoder's output is returned.
        """
        embedded = self.token_embedding(decoder_ids)
        positions = _positions(decoder_ids)
        mask = ops.expand_dims(positions, 1) <= ops.expand_dims(positions, 2)
        if decoder_mask is not None:
            mask = ops.logical_and(mask, decoder_mask)
        memory_mask = _for_each_query(encoder_mask)
        hidden = self.decoder(embedded, positions, mask, encoded, memory_mask, training=training)
        return self.logits(hidden) if logits else hidden

    def logits(self, hidden: Tensor) -> Tensor:
        """The decoder's output [batch, target, d_model] -> logits, float32 [batch, target, vocab_size]."""
        batch, target, d_model = ops.shape(hidden)
        hidden = ops.reshape(ops.cast(hidden, "float32"), (-1, d_model))
        if self.config.scale_decoder_outputs:
            hidden = hidden * self.config.d_model**-0.5
        if self.head is None:
            # Not by ops.transpose: its gradient would be a second array of the embedding's size.
            logits = tf.matmul(hidden, ops.cast(self.token_embedding.embedding, "float32"), transpose_b=True)
        else:
            logits = ops.matmul(hidden, ops.cast(self.head.matrix, "float32"))
        return ops.reshape(logits, (batch, target, self.config.vocab_size))

    def get_config(self) -> dict[str, Any]:
        return {"config": self.config.to_dict(), "name": self.name, "dtype": self.dtype_policy.name}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> T5Network:
        return cls(T5Config.from_dict(config["config"]), name=config["name"], dtype=config["dtype"])


def _positions(ids: Tensor) -> Tensor:
    """0, 1, ..., length - 1 as int32 [1, length], the same for every row."""
    return ops.expand_dims(ops.arange(ops.shape(ids)[1], dtype="int32"), 0)


def _same_segment(queries: Tensor, keys: Tensor) -> Tensor:
    """Segments int [batch, queries] and [batch, keys] -> bool [batch, queries, keys]."""
    return ops.equal(ops.expand_dims(queries, 2), ops.expand_dims(keys, 1))


def _for_each_query(mask: Tensor) -> Tensor:
    """A mask of keys, [batch, keys], as [batch, 1, keys]; one that has queries as it is."""
    return ops.expand_dims(mask, 1) if len(mask.shape) == 2 else mask
