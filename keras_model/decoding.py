"""Text generation: one compiled loop around `CachedDecoder`."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import tensorflow as tf

from keras_model.beam import beam_search
from keras_model.cached_decoder import CachedDecoder, decoding_loop
from keras_model.model import T5

Tensor = Any


class Generator:
    """Generates ids from a T5.

    The weights are read from the model at each call, so that a model in training is decoded as it is now. Shapes are
    left open in the compiled loop: one compilation serves all batches.

    Args:
        model: T5.
        emit_limit: integer. Ids from it on are never generated; 32,100 for T5's own vocabulary, whose embedding is
            padded beyond. Defaults to the model's vocab_size.
    """

    def __init__(self, model: T5, emit_limit: int | None = None) -> None:
        vocab_size = model.config.vocab_size
        self.model = model
        self.emit_limit = vocab_size if emit_limit is None else min(emit_limit, vocab_size)
        if self.emit_limit <= model.config.eos_token_id:
            raise ValueError(
                f"emit_limit must exceed the end-of-sequence id {model.config.eos_token_id}. Received: {emit_limit}"
            )
        self.compilations = 0
        """How many times the loop was compiled (traced)."""
        signature = [tf.TensorSpec((None, None), tf.int32), tf.TensorSpec((), tf.int32)]
        self._greedy = tf.function(self._greedy_loop, input_signature=signature, autograph=False)
        self._beam: dict[int, Any] = {}  # beam size to its compiled search

    def greedy(self, encoder_ids: np.ndarray, max_new_tokens: int) -> np.ndarray:
        """The most probable token at every step.

        Args:
            encoder_ids: int [batch, source], padded with pad_token_id, end-of-sequence ids included.
            max_new_tokens: how many tokens to generate at most, the end-of-sequence id among them.

        Returns:
            int32 [batch, max_new_tokens]: the generated ids up to and with the end-of-sequence id, then padding.
        """
        if max_new_tokens < 1:
            raise ValueError(f"max_new_tokens must be at least 1. Received: {max_new_tokens}")
        return self._greedy(np.asarray(encoder_ids, np.int32), np.int32(max_new_tokens)).numpy()

    def beam(
        self, encoder_ids: np.ndarray, max_new_tokens: int, beam_size: int = 4, alpha: float = 0.6
    ) -> tuple[np.ndarray, np.ndarray]:
        """The best texts that a beam search with T5's length penalty finds; see `keras_model.beam`.

        Args:
            encoder_ids: int [batch, source], padded with pad_token_id.
            max_new_tokens: how many tokens to generate at most, the end-of-sequence id among them.
            beam_size: how many hypotheses are kept; as many texts are returned.
            alpha: the exponent of the length penalty; 0 for none.

        Returns:
            int32 [batch, beam_size, max_new_tokens], each input's texts, best first, and float32 [batch, beam_size],
            their scores.
        """
        if max_new_tokens < 1 or beam_size < 1:
            raise ValueError(
                "max_new_tokens and beam_size must be at least 1. "
                f"Received: max_new_tokens={max_new_tokens}, beam_size={beam_size}"
            )
        if beam_size not in self._beam:
            self._beam[beam_size] = self._compiled_beam(beam_size)
        ids, scores = self._beam[beam_size](
            np.asarray(encoder_ids, np.int32), np.int32(max_new_tokens), np.float32(alpha)
        )
        return ids.numpy(), scores.numpy()

    def _compiled_beam(self, beam_size: int) -> Any:
        def search(encoder_ids: Tensor, steps: Tensor, alpha: Tensor) -> Any:
            self.compilations += 1
            return beam_search(self.model, encoder_ids, steps, alpha, beam_size, self.emit_limit)

        signature = [tf.TensorSpec((None, None), tf.int32), tf.TensorSpec((), tf.int32), tf.TensorSpec((), tf.float32)]
        return tf.function(search, input_signature=signature, autograph=False)

    def _greedy_loop(self, encoder_ids: Tensor, steps: Tensor) -> Tensor:
        self.compilations += 1  # runs when TensorFlow traces the function, not when the compiled loop is called
        config = self.model.config
        decoder = CachedDecoder(self.model, self.emit_limit)
        mask = self.model.padding_mask(encoder_ids)
        state = decoder.start(self.model.encode(encoder_ids, mask), mask, steps)
        batch = tf.shape(encoder_ids)[0]

        def proceed(position: Tensor, ids: Tensor, ended: Tensor, output: Tensor) -> Tensor:
            return ~tf.reduce_all(ended)

        def step(position: Tensor, ids: Tensor, ended: Tensor, output: Tensor, keys: Any, values: Any) -> tuple:
            logits, keys, values = decoder.step(dataclasses.replace(state, keys=keys, values=values), ids, position)
            ids = tf.argmax(logits, axis=1, output_type=tf.int32)
            ids = tf.where(ended, config.pad_token_id, ids)
            output = tf.tensor_scatter_nd_update(output, position[tf.newaxis, tf.newaxis], ids[tf.newaxis])
            return (ids, ended | (ids == config.eos_token_id), output), keys, values

        first = (
            tf.fill((batch,), config.decoder_start_token_id),
            tf.zeros((batch,), tf.bool),
            tf.fill((steps, batch), config.pad_token_id),
        )
        return tf.transpose(decoding_loop(proceed, step, first, state, steps)[2])
