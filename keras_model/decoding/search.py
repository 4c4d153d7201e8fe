"""Decoding one text for each input: the most probable token at every step, or one that is drawn."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from keras_model.decoding.beginning import Network, begin
from keras_model.decoding.cached_decoder import State
from keras_model.decoding.cross_attention import Memory, SourceMemory
from keras_model.decoding.loop import decoding_loop
from keras_model.model import T5Network

Tensor = Any

FREE = -1
"""Stands where no id is given."""
NOT_FINITE = -2
"""Stands in a text where the next token has no probabilities, since a logit is NaN or infinite."""


def search(
    model: Network,
    choice: Any,
    emit_limit: int,
    memory: Callable[[T5Network], Memory | SourceMemory],
    static: bool,
    encoder_ids: Tensor,
    forced: Tensor,
    noise: Tensor,
    *options: Tensor,
) -> Tensor:
    """Generates a text for each input; to be called inside a `tf.function`.

    Args:
        choice: takes logits, noise in [0, 1) and the options; the chosen ids.
        emit_limit: ids from it on are never chosen, nor do they count as possible.
        memory: how the decoder attends to its inputs.
        static: see `State.static`.
        encoder_ids: int [batch, source], padded.
        forced: int [batch, steps], ids that are given, or FREE.
        noise: float32 [batch, steps] in [0, 1), what `choice` draws by; see `noise.row_noise`.
        options: what `choice` takes besides.

    Returns:
        int32 [batch, steps], padded after the end of sequence; a text ends with NOT_FINITE where its logits are no
        finite numbers.
    """
    config = model.config
    batch, steps = tf.unstack(tf.shape(forced))
    decoder, state = begin(model, encoder_ids, steps, emit_limit=emit_limit, memory=memory, static=static)

    def proceed(position: Tensor, ids: Tensor, ended: Tensor, *_: Tensor) -> Tensor:
        return ~ended

    def step(
        position: Tensor, ids: Tensor, ended: Tensor, output: Tensor, forced: Tensor, noise: Tensor, state: State
    ) -> tuple:
        logits, keys, values = decoder.step(state, ids, position)
        given = forced[:, position]
        ids = tf.where(given == FREE, choice(logits, noise[:, position], *options), given)
        # One that is not finite makes the sum so.
        broken = ~ended & ~tf.math.is_finite(tf.reduce_sum(logits, axis=1))
        ids = tf.where(ended | broken, config.pad_token_id, ids)
        written = tf.where(broken, NOT_FINITE, ids)
        output = tf.where(tf.range(steps) == position, written[:, tf.newaxis], output)
        return (ids, ended | broken | (ids == config.eos_token_id), output, forced, noise), keys, values

    first = (
        tf.fill((batch,), config.decoder_start_token_id),
        tf.zeros((batch,), tf.bool),
        tf.fill((batch, steps), config.pad_token_id),
        forced,
        noise,
    )
    return decoding_loop(proceed, step, first, state, steps)[2]


def greedy_choice(logits: Tensor, noise: Tensor) -> Tensor:
    """The most probable id of each row, the first of equals; int32 [rows]."""
    return tf.argmax(logits, axis=1, output_type=tf.int32)


def sampled_choice(
    logits: Tensor, noise: Tensor, temperature: Tensor, top_p: Tensor, *, kept: int, ordered: bool
) -> Tensor:
    """An id of each row, drawn by inverting the distribution function; int32 [rows].

    Args:
        logits: float32 [rows, ids].
        noise: float32 [rows] in [0, 1).
        temperature: float32 scalar.
        top_p: float32 scalar.
        kept: how many of the most probable ids may be drawn.
        ordered: whether a filter asks for them in order.
    """
    logits = logits / temperature
    if ordered:
        logits, ids = tf.math.top_k(logits, kept)
    probabilities = tf.nn.softmax(logits)
    below = tf.cumsum(probabilities, axis=1, exclusive=True)
    probabilities = tf.where(below < top_p, probabilities, 0.0)
    cumulative = tf.cumsum(probabilities, axis=1)
    # The first id whose cumulative probability exceeds the drawn share; ids without probability add nothing to it.
    place = tf.argmax(cumulative > noise[:, tf.newaxis] * cumulative[:, -1:], axis=1, output_type=tf.int32)
    return tf.gather(ids, place, batch_dims=1) if ordered else place
