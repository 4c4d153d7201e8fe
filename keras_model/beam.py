"""Beam search with T5's length penalty and its two pools: hypotheses that go on, and hypotheses that have ended.

At every step each living hypothesis is continued by every token. Of the best 2 * beam_size continuations those that end
the text compete, by length-penalised score, with the ended ones; the best beam_size of the others live on. The search
is over when no living hypothesis can still beat the worst ended one, even if fewer than beam_size have ended.

Source: `beam_search` of mesh_tensorflow/beam_search.py, which T5 decodes with; the penalty is Wu et al. 2016's
((5 + length) / 6)^alpha, the end-of-sequence token counted.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import tensorflow as tf

from keras_model.cached_decoder import CachedDecoder, decoding_loop
from keras_model.model import T5

Tensor = Any

NEVER = -1e7
"""The log-probability of what must not be chosen."""


def length_penalty(length: Tensor, alpha: Tensor) -> Tensor:
    """((5 + length) / 6)^alpha, float32."""
    return tf.pow((5.0 + tf.cast(length, tf.float32)) / 6.0, alpha)


def beam_search(
    model: T5, encoder_ids: Tensor, steps: Tensor, alpha: Tensor, beam_size: int, emit_limit: int
) -> tuple[Tensor, Tensor]:
    """Searches for the best texts; to be called inside a `tf.function`.

    Args:
        model: T5.
        encoder_ids: int [batch, source], padded.
        steps: int scalar; the greatest number of tokens.
        alpha: float32 scalar; the exponent of the length penalty.
        beam_size: hypotheses kept of each kind.
        emit_limit: ids from it on are never chosen. They still take part in the softmax, as in T5.

    Returns:
        int32 [batch, beam_size, steps], the ids of each input's texts, best first, padded after the end of sequence;
        and float32 [batch, beam_size], their scores: log-probability divided by the length penalty, or the plain
        log-probability where no hypothesis of an input ended within `steps`.
    """
    config = model.config
    decoder = CachedDecoder(model, config.vocab_size)
    mask = model.padding_mask(encoder_ids)
    state = decoder.start(model.encode(encoder_ids, mask), mask, steps, beam_size)
    batch = tf.shape(encoder_ids)[0]
    heads, vocab = config.num_heads, emit_limit

    def chosen(values: Tensor, places: Tensor) -> Tensor:
        return tf.gather(values, places, batch_dims=1)

    def reordered(cache: Tensor, parents: Tensor) -> Tensor:
        """Gives each hypothesis the cache of the one it continues; parents: [batch, beam]."""
        shape = tf.shape(cache)
        grouped = tf.reshape(cache, (batch, beam_size, heads * shape[1] * shape[2]))
        return tf.reshape(chosen(grouped, parents), shape)

    def proceed(position: Tensor, _: Tensor, alive: Tensor, __: Tensor, ended: Tensor) -> Tensor:
        # Log-probabilities only fall, and the largest penalty divides them most.
        best_possible = alive[:, 0] / length_penalty(steps, alpha)
        worst_ended = tf.reduce_min(tf.where(ended > NEVER, ended, 0.0), axis=1)
        decided = (ended[:, 0] > NEVER) & (worst_ended > best_possible)
        return ~tf.reduce_all(decided)

    def step(
        position: Tensor, alive_ids: Tensor, alive: Tensor, ended_ids: Tensor, ended: Tensor, keys: Any, values: Any
    ) -> tuple:
        last = tf.where(position == 0, config.decoder_start_token_id, alive_ids[:, :, tf.maximum(position - 1, 0)])
        current = dataclasses.replace(state, keys=keys, values=values)
        logits, keys, values = decoder.step(current, tf.reshape(last, (-1,)), position)
        log_probabilities = tf.nn.log_softmax(logits)[:, :vocab]
        totals = alive[:, :, tf.newaxis] + tf.reshape(log_probabilities, (batch, beam_size, vocab))
        best, places = tf.math.top_k(tf.reshape(totals, (batch, beam_size * vocab)), 2 * beam_size)
        parents, tokens = places // vocab, places % vocab  # [batch, candidates]
        at_position = tf.one_hot(position, steps, on_value=True, off_value=False)
        candidates = tf.where(at_position, tokens[:, :, tf.newaxis], chosen(alive_ids, parents))
        ends = tokens == config.eos_token_id

        # A hypothesis that was never begun must not end either.
        scores = tf.where(ends & (best > NEVER / 2), best / length_penalty(position + 1, alpha), NEVER)
        ended, order = tf.math.top_k(tf.concat([ended, scores], axis=1), beam_size)
        ended_ids = chosen(tf.concat([ended_ids, candidates], axis=1), order)

        alive, order = tf.math.top_k(tf.where(ends, NEVER, best), beam_size)
        alive_ids, parents = chosen(candidates, order), chosen(parents, order)
        keys = [reordered(cache, parents) for cache in keys]
        values = [reordered(cache, parents) for cache in values]
        return (alive_ids, alive, ended_ids, ended), keys, values

    nothing = tf.fill((batch, beam_size, steps), config.pad_token_id)
    # All hypotheses start alike: only the first may be continued at first.
    first = tf.tile(tf.constant([[0.0] + [NEVER] * (beam_size - 1)]), (batch, 1))
    none = tf.fill((batch, beam_size), NEVER)
    alive_ids, alive, ended_ids, ended = decoding_loop(proceed, step, (nothing, first, nothing, none), state, steps)
    any_ended = ended[:, :1] > NEVER
    return tf.where(any_ended[:, :, tf.newaxis], ended_ids, alive_ids), tf.where(any_ended, ended, alive)
