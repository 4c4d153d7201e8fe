"""How much memory a training step takes, computed from the configuration; needs no TensorFlow.

What is counted is what TensorFlow holds without XLA, which holds less: weights, the optimizer's state, gradients, and
of the forward pass what the backward pass needs. The order of a step decides which of them are there together.
"""

import dataclasses
import math

from keras_model.config import ENCODER_DECODER, T5Config
from keras_model.training import LOGITS_AT_ONCE


@dataclasses.dataclass(frozen=True)
class StepMemory:
    """Bytes of a training step on one device."""

    weights: int
    optimizer: int
    """What the optimizer keeps between steps."""
    gradients: int
    activations: int
    """What is held of the blocks for the backward pass, and what they are computed anew in where they are (`remat`)."""
    logits: int
    """Logits, probabilities and their gradient, of as many tokens as are held at once, and the head's gradient."""
    peak: int
    """The most that is held at one time."""


def step_memory(
    config: T5Config,
    batch_size: int,
    source: int,
    target: int,
    *,
    dtype: str = "float32",
    remat: bool = False,
    accumulate: int = 1,
    optimizer: str = "adafactor",
) -> StepMemory:
    """The memory of a step on `batch_size` rows of `source` and `target` tokens, one device's share of a batch.

    Measured peaks of t5-small and t5-base differ from it by less than 15 % (`python -m benchmarks.memory --measure`).
    What TensorFlow itself takes, and a GPU's runtime, comes on top.

    Args:
        config: the model's.
        batch_size: rows.
        source: tokens a row.
        target: tokens a row.
        dtype: `float32`, `mixed_bfloat16` or `bfloat16`.
        remat: whether blocks are computed again in the backward pass.
        accumulate: parts in which the batch goes through the model.
        optimizer: `adafactor` or `adamw`.

    Returns:
        A `StepMemory`.
    """
    rows = -(-batch_size // accumulate)
    shapes = _matrices(config)
    scales = config.d_model * _norms(config)
    parameters = sum(map(math.prod, shapes)) + scales
    weight = 2 if dtype == "bfloat16" else 4  # bytes
    weights, gradients, embedding = parameters * weight, parameters * weight, 4 * config.vocab_size * config.d_model
    state = 2 * parameters * weight if optimizer == "adamw" else 4 * (sum(map(_moments, shapes)) + scales)

    read, written, crossed = (source, target, source) if config.has_encoder else (0, source + target, None)
    encoder = _Sides(config, rows, dtype).block(read) * (1 if remat else config.num_layers)
    decoder = _Sides(config, rows, dtype).block(written, crossed) * (1 if remat else config.decoder_layers)
    kept = 0
    if remat:  # each block's input
        tokens = read * config.num_layers + written * config.decoder_layers
        kept = rows * tokens * config.d_model * (4 if dtype == "float32" else 2)
    elif dtype == "mixed_bfloat16":  # matrices as they are multiplied, until their gradients are there
        kept = 2 * (parameters - config.vocab_size * config.d_model)
    held = kept + (max(encoder, decoder) if remat else encoder + decoder)
    logits = 3 * 4 * min(rows * target * config.vocab_size, LOGITS_AT_ONCE) + embedding

    always = weights + state + 4 * (32 + config.num_heads) * (read**2 + written**2)  # and the position biases
    always += embedding  # the head's matrix, packed for the product
    always += gradients if accumulate > 1 else 0  # of the parts before
    forward = kept + (0 if remat else encoder + decoder) + logits
    # An embedding has a gradient from each side's lookup, and a tied one from the head; then their sum.
    backward = kept + (encoder or decoder) // (1 if remat else config.num_layers) + gradients
    backward += (3 if config.tie_word_embeddings else 2) * embedding
    update = gradients + 2 * 4 * max(map(math.prod, shapes))
    return StepMemory(weights, state, gradients, held, logits, always + max(forward, backward, update))


def _matrices(config: T5Config) -> list[tuple[int, int]]:
    """The shapes of all weights but the norms' scales."""
    d_model, inner = config.d_model, config.inner_dim
    attention = [(d_model, inner)] * 4
    feed_forward = [(d_model, config.d_ff)] * (3 if config.is_gated else 2)
    stacks = 2 if config.has_encoder else 1
    tables = sum((config.num_layers, config.decoder_layers)[:stacks]) if config.position_bias_per_layer else stacks
    return [
        *[(config.vocab_size, d_model)] * (1 if config.tie_word_embeddings else 2),
        *(attention + feed_forward) * config.num_layers,
        *(attention if config.has_encoder else []) * config.decoder_layers,
        *(attention + feed_forward if config.architecture == ENCODER_DECODER else []) * config.decoder_layers,
        *[(config.relative_attention_num_buckets, config.num_heads)] * tables,
    ]


def _norms(config: T5Config) -> int:
    """How many norms there are: one for each sub-layer, and one after each stack."""
    crossed = config.decoder_layers if config.has_encoder else 0
    own = 2 * config.decoder_layers + 1 if config.architecture == ENCODER_DECODER else 0
    return 2 * config.num_layers + 1 + crossed + own


def _moments(shape: tuple[int, int]) -> int:
    """How many numbers Adafactor keeps of a matrix."""
    return sum(shape) if min(shape) >= 128 else math.prod(shape)


@dataclasses.dataclass(frozen=True)
class _Sides:
    """What the blocks of a batch hold for the backward pass, in bytes."""

    config: T5Config
    rows: int
    dtype: str

    @property
    def _compute(self) -> int:
        return 4 if self.dtype == "float32" else 2

    def block(self, length: int, memory: int | None = None) -> int:
        """A block over rows of `length` tokens; the decoder's also attends to `memory` tokens."""
        config = self.config
        held = self._norm(length) + self._attention(length, length) + self._norm(length)
        if memory is not None:
            held += self._norm(length) + self._attention(length, memory)
        # Before the second matrix: ReLU's output and what dropout made of it; a GELU is a product of several arrays.
        copies = (7 if config.is_gated else 1) + (config.dropout_rate > 0)
        return held + copies * self.rows * length * config.d_ff * self._compute

    def _norm(self, length: int) -> int:
        """Its input, what it scales, and its output; and where that is rounded, its input in float32."""
        size = self.rows * length * self.config.d_model
        return size * (3 * 4 if self.dtype == "float32" else 2 + 4 + 4 + 2)

    def _attention(self, queries: int, keys: int) -> int:
        """Queries, keys, values, context; and the weights: float32, rounded, and after dropout."""
        config = self.config
        projected = self.rows * (2 * queries + 2 * keys) * config.inner_dim * self._compute
        weights = self.rows * config.num_heads * queries * keys
        return projected + weights * (4 + self._compute * (config.dropout_rate > 0))
