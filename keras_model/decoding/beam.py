"""Beam search with T5's length penalty and its two pools: hypotheses that go on, and hypotheses that have ended.

At every step each living hypothesis is continued by every token. Of the best 2 * beam_size continuations those that end
the text compete, by length-penalised score, with the ended ones; the best beam_size of the others live on. The search
is over when no living hypothesis can still beat the worst ended one, even if fewer than beam_size have ended.

Source: `beam_search` of mesh_tensorflow/beam_search.py, which T5 decodes with; the penalty is Wu et al. 2016's
((5 + length) / 6)^alpha, the end-of-sequence token counted.
"""

import functools
import math
from typing import Any

import tensorflow as tf

from keras_model.decoding.beginning import Network, begin
from keras_model.decoding.cached_decoder import State
from keras_model.decoding.cross_attention import shared_memory
from keras_model.decoding.loop import decoding_loop
from keras_model.decoding.search import FREE

Tensor = Any

NEVER = -1e7
"""The log-probability of what must not be chosen."""


def length_penalty(length: Tensor, alpha: Tensor) -> Tensor:
    """((5 + length) / 6)^alpha, float32."""
    return tf.pow((5.0 + tf.cast(length, tf.float32)) / 6.0, alpha)


def beam_search(
    model: Network,
    encoder_ids: Tensor,
    forced: Tensor,
    alpha: Tensor,
    *,
    beam_size: int,
    emit_limit: int,
    static: bool,
) -> tuple[Tensor, Tensor]:
    """Searches for the best texts; to be called inside a `tf.function`.

    Args:
        encoder_ids: int [batch, source], padded.
        forced: int [batch, steps], ids that are given, or FREE; they cost a text nothing.
        alpha: float32 scalar; the exponent of the length penalty.
        beam_size: hypotheses kept of each kind.
        emit_limit: ids from it on are never chosen. They still take part in the softmax, as in T5.
        static: see `State.static`.

    Returns:
        int32 [batch, beam_size, steps], the ids of each input's texts, best first, padded after the end of sequence;
        and float32 [batch, beam_size], their scores: log-probability divided by the length penalty, or the plain
        log-probability where no hypothesis of an input ended within `steps`; NaN where logits are not finite.
    """
    config = model.config
    memory = functools.partial(shared_memory, hypotheses=beam_size)
    batch, steps = tf.unstack(tf.shape(forced))
    decoder, state = begin(
        model, encoder_ids, steps, emit_limit=config.vocab_size, memory=memory, hypotheses=beam_size, static=static
    )

    def chosen(values: Tensor, places: Tensor) -> Tensor:
        return tf.gather(values, places, batch_dims=1)

    def reordered(cache: Tensor, parents: Tensor) -> Tensor:
        """Gives each hypothesis the cache of the one it continues; parents: [inputs, beam]."""
        rows, cached, d_kv = tf.unstack(tf.shape(cache))
        first = tf.range(tf.shape(parents)[0])[:, tf.newaxis] * beam_size
        heads = rows // tf.maximum(tf.size(parents), 1)
        whole = tf.reshape(cache, (tf.size(parents), heads * cached * d_kv))
        found = tf.reshape(tf.gather(whole, tf.reshape(first + parents, (-1,))), (rows, cached, d_kv))
        found.set_shape(cache.shape)
        return found

    def proceed(
        position: Tensor, alive_ids: Tensor, alive: Tensor, ended_ids: Tensor, ended: Tensor, *_: Tensor
    ) -> Tensor:
        # Log-probabilities only fall, and the largest penalty divides them most.
        best_possible = alive[:, 0] / length_penalty(steps, alpha)
        worst_ended = tf.reduce_min(tf.where(ended > NEVER, ended, 0.0), axis=1)
        return ~((ended[:, 0] > NEVER) & (worst_ended > best_possible)) & tf.math.is_finite(alive[:, 0])

    def step(
        position: Tensor,
        alive_ids: Tensor,
        alive: Tensor,
        ended_ids: Tensor,
        ended: Tensor,
        forced: Tensor,
        state: State,
    ) -> tuple:
        inputs = tf.shape(alive)[0]
        last = tf.where(position == 0, config.decoder_start_token_id, alive_ids[:, :, tf.maximum(position - 1, 0)])
        logits, keys, values = decoder.step(state, tf.reshape(last, (-1,)), position)
        normaliser = tf.reduce_logsumexp(logits, axis=1, keepdims=True)
        # Among the best of all there can be no more of one hypothesis than are asked for.
        per_row = min(2 * beam_size, emit_limit)
        logits, tokens = tf.math.top_k(logits[:, :emit_limit], per_row)
        given = tf.repeat(forced[:, position], beam_size)[:, tf.newaxis]
        cost_of_given = [0.0] + [NEVER] * (per_row - 1)
        log_probabilities = tf.where(given == FREE, logits - normaliser, cost_of_given)
        tokens = tf.reshape(tf.where(given == FREE, tokens, given), (inputs, beam_size * per_row))
        totals = alive[:, :, tf.newaxis] + tf.reshape(log_probabilities, (inputs, beam_size, per_row))
        best, places = tf.math.top_k(tf.reshape(totals, (inputs, beam_size * per_row)), 2 * beam_size)
        parents, tokens = places // per_row, chosen(tokens, places)  # [inputs, candidates]
        at_position = tf.range(steps) == position
        candidates = tf.where(at_position, tokens[:, :, tf.newaxis], chosen(alive_ids, parents))
        ends = tokens == config.eos_token_id

        # What is decided stays as it is, so that it does not depend on the other inputs of the batch.
        undecided = proceed(position, alive_ids, alive, ended_ids, ended)[:, tf.newaxis]
        # A hypothesis that was never begun must not end either.
        may_end = ends & (best > NEVER / 2) & undecided
        scores = tf.where(may_end, best / length_penalty(position + 1, alpha), NEVER)
        ended, order = tf.math.top_k(tf.concat([ended, scores], axis=1), beam_size)
        ended_ids = chosen(tf.concat([ended_ids, candidates], axis=1), order)

        going_on, order = tf.math.top_k(tf.where(ends, NEVER, best), beam_size)
        # Logits that are not finite make their normaliser so, and leave the input without scores.
        finite = tf.reduce_all(tf.reshape(tf.math.is_finite(normaliser), (inputs, beam_size)), axis=1, keepdims=True)
        alive = tf.where(undecided, tf.where(finite, going_on, math.nan), alive)
        alive_ids, parents = chosen(candidates, order), chosen(parents, order)
        keys = [reordered(cache, parents) for cache in keys]
        values = [reordered(cache, parents) for cache in values]
        return (alive_ids, alive, ended_ids, ended, forced), keys, values

    nothing = tf.fill((batch, beam_size, steps), config.pad_token_id)
    # All hypotheses start alike: only the first may be continued at first.
    first = tf.tile(tf.constant([[0.0] + [NEVER] * (beam_size - 1)]), (batch, 1))
    none = tf.fill((batch, beam_size), NEVER)
    variables = (nothing, first, nothing, none, forced)
    alive_ids, alive, ended_ids, ended, _ = decoding_loop(proceed, step, variables, state, steps)
    any_ended = (ended[:, :1] > NEVER) & tf.math.is_finite(alive[:, :1])
    return tf.where(any_ended[:, :, tf.newaxis], ended_ids, alive_ids), tf.where(any_ended, ended, alive)
