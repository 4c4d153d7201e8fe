"""Text generation and ranking: compiled functions around the cached decoder."""

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from keras_model.backend import traces_forgotten
from keras_model.decoding.beam import beam_search
from keras_model.decoding.beginning import Network
from keras_model.decoding.cross_attention import memory_for
from keras_model.decoding.noise import row_noise
from keras_model.decoding.ranking import AnswerTree, log_likelihoods, own_log_likelihoods
from keras_model.decoding.search import FREE, NOT_FINITE, greedy_choice, sampled_choice, search
from keras_model.distribution.distributed_model import on_replicas
from keras_model.distribution.xla import has_accelerator

Tensor = Any

NOT_FINITE_LOGITS = "the model computes NaN or infinity as logits"


class NonFiniteLogitsError(ArithmeticError):
    """A model's logits are NaN or infinite, so that there is no next token.

    Attributes:
        row: the first row of the batch for which they are.
    """

    def __init__(self, message: str, row: int) -> None:
        super().__init__(f"{message} (row {row} of the batch)")
        self.row = row


class Generator:
    """Generates ids from a T5, or from an ensemble of several.

    The weights are read from the model at each call, so that a model in training is decoded as it is now. On CPU,
    shapes are left open in the compiled functions: one compilation serves all batches. With XLA, each shape of a batch
    is compiled, so that callers should pad to few different ones.

    Under the model's strategy, each replica takes its share of the rows of a batch. Several workers all make the same
    calls, and all get the whole result.

    Args:
        model: T5Network or `Ensemble`.
        emit_limit: integer. Ids from it on are never generated; 32,100 for T5's own vocabulary, whose embedding is
            padded beyond. Defaults to the model's vocab_size.
        jit_compile: bool. Whether XLA compiles the functions. Defaults to whether there is an accelerator.
    """

    def __init__(self, model: Network, emit_limit: int | None = None, jit_compile: bool | None = None) -> None:
        config = model.config
        self.model = model
        self.emit_limit = config.vocab_size if emit_limit is None else min(emit_limit, config.vocab_size)
        if self.emit_limit <= config.eos_token_id:
            raise ValueError(
                f"emit_limit must exceed the end-of-sequence id {config.eos_token_id}. Received: {emit_limit}"
            )
        if jit_compile is None:
            jit_compile = has_accelerator()
        self.jit_compile = jit_compile
        self.compilations = 0
        """How many functions were compiled (traced)."""
        self._compiled: dict[tuple, Any] = {}

    def greedy(
        self, encoder_ids: np.ndarray, max_new_tokens: int, prefix: Sequence[int] | np.ndarray = ()
    ) -> np.ndarray:
        """The most probable token at every step.

        Args:
            encoder_ids: int [batch, source], padded with pad_token_id, end-of-sequence ids included.
            max_new_tokens: how many tokens to generate at most, the end-of-sequence id and the prefix among them.
            prefix: int [prefix], ids that every text begins with, or [batch, prefix], each text with its own.

        Returns:
            int32 [batch, max_new_tokens]: the generated ids up to and with the end-of-sequence id, then padding.
        """
        noise = np.zeros((len(encoder_ids), max(0, max_new_tokens)), np.float32)
        return self._searched(("greedy",), greedy_choice, encoder_ids, max_new_tokens, prefix, noise)

    def sample(
        self,
        encoder_ids: np.ndarray,
        max_new_tokens: int,
        *,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float = 1.0,
        seed: int = 0,
        rows: Sequence[int] | None = None,
        prefix: Sequence[int] | np.ndarray = (),
    ) -> np.ndarray:
        """A token drawn at every step from the model's distribution, as far as the filters leave it.

        What a row draws follows from the seed and the row's number alone (`noise.row_noise`): not from the batch that
        it is in, nor from the device, nor from whether XLA compiles the function.

        Args:
            encoder_ids: int [batch, source], padded with pad_token_id.
            max_new_tokens: see `greedy`.
            temperature: what the logits are divided by; above 0.
            top_k: integer. Draw from so many of the most probable tokens. Defaults to all.
            top_p: float in (0, 1]. Draw from the most probable tokens, up to and with the one by which they reach this
                probability together; applied after `top_k`.
            seed: integer.
            rows: integers from 0 on, the number of each row among all that are sampled with this seed. Rows of the same
                number draw alike. Defaults to 0, 1, ...
            prefix: see `greedy`.

        Returns:
            int32 [batch, max_new_tokens], as from `greedy`.
        """
        if not temperature > 0 or not 0 < top_p <= 1 or (top_k is not None and top_k < 1):
            raise ValueError(
                "temperature must be above 0, top_p in (0, 1] and top_k at least 1. "
                f"Received: temperature={temperature}, top_p={top_p}, top_k={top_k}"
            )
        kept = self.emit_limit if top_k is None else min(top_k, self.emit_limit)
        ordered = top_k is not None or top_p < 1
        choice = functools.partial(sampled_choice, kept=kept, ordered=ordered)
        key = ("sample", kept, ordered)
        rows = range(len(encoder_ids)) if rows is None else rows
        if len(rows) != len(encoder_ids) or min(rows, default=0) < 0:
            raise ValueError(
                f"rows must be {len(encoder_ids)} numbers from 0 on, one for each row of ids. Received: {list(rows)}"
            )
        noise = row_noise(seed, rows, max(0, max_new_tokens))
        options = np.float32(temperature), np.float32(top_p)
        return self._searched(key, choice, encoder_ids, max_new_tokens, prefix, noise, *options)

    def beam(
        self,
        encoder_ids: np.ndarray,
        max_new_tokens: int,
        beam_size: int = 4,
        alpha: float = 0.6,
        prefix: Sequence[int] | np.ndarray = (),
    ) -> tuple[np.ndarray, np.ndarray]:
        """The best texts that a beam search with T5's length penalty finds; see `keras_model.decoding.beam`.

        Args:
            encoder_ids: int [batch, source], padded with pad_token_id.
            max_new_tokens: see `greedy`.
            beam_size: how many hypotheses are kept; as many texts are returned.
            alpha: the exponent of the length penalty; 0 for none.
            prefix: see `greedy`; its tokens do not count in the scores, but in the length.

        Returns:
            int32 [batch, beam_size, max_new_tokens], each input's texts, best first, and float32 [batch, beam_size],
            their scores.
        """
        if beam_size < 1:
            raise ValueError(f"beam_size must be at least 1. Received: beam_size={beam_size}")
        encoder_ids, forced = self._checked(encoder_ids, max_new_tokens, prefix)
        run = functools.partial(
            beam_search, self.model, beam_size=beam_size, emit_limit=self.emit_limit, static=self.jit_compile
        )
        ids, scores = self._call(("beam", beam_size), run, 2, encoder_ids, forced, np.float32(alpha))
        return ids, self._require_finite(scores)

    def rank(self, encoder_ids: np.ndarray, answers: Sequence[Sequence[int]]) -> np.ndarray:
        """The log-probability of each of some given answers, from one pass through encoder and decoder.

        Args:
            encoder_ids: int [batch, source], padded with pad_token_id.
            answers: the ids of each answer, with the end-of-sequence id at the end where that is to count.

        Returns:
            float32 [batch, answers], the sums over the answers' tokens; divided by their lengths, they are normalised.
        """
        tree = AnswerTree.of(answers, self.model.config)

        def run(encoder_ids: Tensor, *tree: Tensor) -> Tensor:
            return log_likelihoods(self.model, encoder_ids, AnswerTree(*tree), self.jit_compile)

        return self._require_finite(self._call(("rank",), run, 1, np.asarray(encoder_ids, np.int32), *tree))

    def log_likelihoods(self, encoder_ids: np.ndarray, targets: np.ndarray) -> np.ndarray:
        """The log-probability of each input's own text.

        Args:
            encoder_ids: int [batch, source], padded with pad_token_id.
            targets: int [batch, target], padded likewise, each with the end-of-sequence id where that is to count.

        Returns:
            float32 [batch], the sums over the texts' tokens.
        """

        def run(encoder_ids: Tensor, targets: Tensor) -> Tensor:
            return own_log_likelihoods(self.model, encoder_ids, targets, self.jit_compile)

        arrays = np.asarray(encoder_ids, np.int32), np.asarray(targets, np.int32)
        return self._require_finite(self._call(("own",), run, 2, *arrays))

    def _require_finite(self, scores: np.ndarray) -> np.ndarray:
        """Returns the scores, float32 [batch] or [batch, ...], of each row's texts.

        Raises:
            NonFiniteLogitsError: one is NaN or infinite.
        """
        broken = np.flatnonzero(~np.isfinite(scores).all(axis=tuple(range(1, np.ndim(scores)))))
        if broken.size:
            raise NonFiniteLogitsError(NOT_FINITE_LOGITS, int(broken[0]))
        return scores

    def _searched(
        self,
        key: tuple,
        choice: Any,
        encoder_ids: np.ndarray,
        max_new_tokens: int,
        prefix: Sequence[int] | np.ndarray,
        noise: np.ndarray,
        *options: Any,
    ) -> np.ndarray:
        encoder_ids, forced = self._checked(encoder_ids, max_new_tokens, prefix)
        memory = memory_for(max_new_tokens, self.model.config, self.jit_compile)
        run = functools.partial(search, self.model, choice, self.emit_limit, memory, self.jit_compile)
        ids = self._call((*key, memory), run, 3, encoder_ids, forced, noise, *options)
        places = np.argwhere(ids == NOT_FINITE)
        if places.size:
            row, position = places[0].tolist()
            raise NonFiniteLogitsError(f"{NOT_FINITE_LOGITS} at token {position + 1} of the text", row)
        return ids

    def _checked(
        self, encoder_ids: np.ndarray, max_new_tokens: int, prefix: Sequence[int] | np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """The inputs as int32, and int32 [batch, max_new_tokens], the ids that are given, `FREE` where none is."""
        if max_new_tokens < 1:
            raise ValueError(f"max_new_tokens must be at least 1. Received: max_new_tokens={max_new_tokens}")
        encoder_ids = np.asarray(encoder_ids, np.int32)
        given = np.asarray(prefix, np.int32)
        forced = np.full((len(encoder_ids), max_new_tokens), FREE, np.int32)
        if given.ndim not in (1, 2) or (given.ndim == 2 and len(given) != len(encoder_ids)):
            raise ValueError(f"prefix must be [length] or [batch, length]. Received: shape {given.shape}")
        if given.shape[-1] > max_new_tokens:
            raise ValueError(
                f"a prefix of {given.shape[-1]} tokens does not fit into max_new_tokens={max_new_tokens}, "
                "among which it counts"
            )
        config = self.model.config
        ends = given[
            (given < 0) | (given >= self.emit_limit) | np.isin(given, (config.pad_token_id, config.eos_token_id))
        ]
        if ends.size:
            raise ValueError(f"a prefix holds ids that can be generated before the end. Received: {ends[0]}")
        forced[:, : given.shape[-1]] = given
        return encoder_ids, forced

    def _call(self, key: tuple, run: Any, batched: int, *arguments: Any) -> Any:
        """Calls a function, and returns its result as arrays; see `_function`."""
        with traces_forgotten():
            result = self._function(key, run, batched, arguments)(*map(tf.convert_to_tensor, arguments))
        return tf.nest.map_structure(np.asarray, result)

    def _function(self, key: tuple, run: Any, batched: int, arguments: Sequence[Any]) -> Any:
        """A function, made under a key when it is first asked for.

        Args:
            key: what tells it from the others.
            run: the function.
            batched: how many of the arguments, the first ones, have a row for each input, so that replicas can share
                them.
            arguments: NumPy arrays, what it will be called with.

        Returns:
            A `tf.function`.
        """
        if key not in self._compiled:

            def traced(*arguments: Tensor) -> Any:
                self.compilations += 1  # runs when TensorFlow traces the function, not when it is called
                return run(*arguments)

            strategy = self.model.distribute_strategy
            shared = batched > 0 and strategy.num_replicas_in_sync > 1
            if shared and self.jit_compile:  # of a replica's part; XLA cannot compile what replicas tell each other
                traced = tf.function(traced, jit_compile=True, autograph=False)
            signature = [tf.TensorSpec([None] * np.ndim(argument), argument.dtype) for argument in arguments]
            self._compiled[key] = tf.function(
                on_replicas(strategy, traced, batched) if shared else traced,
                input_signature=None if self.jit_compile else signature,
                jit_compile=self.jit_compile and not shared,
                autograph=False,
            )
        return self._compiled[key]
