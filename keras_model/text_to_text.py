"""What a Keras user calls on a T5: `compile`, the step inside `fit` and `evaluate`, and `generate`.

Keras' own step averages: over the tokens of a replica, over replicas, over accumulated batches, over the batches of an
evaluation, each time as if all had equally many tokens. Here tokens are added up and divided once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import tree

from keras_model.adafactor import Adafactor
from keras_model.batches import RaggedIds
from keras_model.dense_gradients import DenseGradients, dense_gradient
from keras_model.distributed_model import DistributedModel
from keras_model.losses import TokenCrossEntropy, over_replicas
from keras_model.tokenizer_base import Tokenizer
from keras_model.xla import compiles_step

Tensor = Any


class TextToText(DistributedModel):
    """Base of `T5`: its call, given the inputs of a batch, returns logits [batch, target, vocab_size]."""

    accumulate = 1
    tokenizer: Tokenizer | None = None
    """Set it, and `generate` takes and returns texts."""
    _generator: Any = None

    def compile(
        self,
        optimizer: Any = None,
        loss: Any = None,
        *,
        accumulate: int = 1,
        jit_compile: bool | str = "auto",
        **options: Any,
    ) -> None:
        """Configures the model for `fit` and `evaluate`.

        Args:
            optimizer: a Keras optimizer. Defaults to `Adafactor()`, with T5's constant rate.
            loss: a Keras loss. Defaults to `TokenCrossEntropy()`.
            accumulate: int. Each batch of `fit` goes through the model in this many parts, one after the other, and
                makes one step: the same step, whatever the number, with less memory. Keras' own
                `gradient_accumulation_steps` takes several batches of the dataset instead, and weighs them alike even
                if one has more tokens than the other.
            jit_compile: bool or `"auto"`. Whether XLA compiles the step. Defaults to "auto": with a GPU.
            **options: the other arguments of `keras.Model.compile` (metrics, steps_per_execution, ...).

        Raises:
            ValueError: accumulation is asked for with a loss that is not a `TokenCrossEntropy`.
        """
        loss = TokenCrossEntropy() if loss is None else loss
        if accumulate < 1:
            raise ValueError(f"accumulate must be at least 1. Received: accumulate={accumulate}")
        if accumulate > 1 and not isinstance(loss, TokenCrossEntropy):
            raise ValueError(f"accumulate needs a loss that adds up tokens, TokenCrossEntropy. Received: loss={loss!r}")
        self.accumulate = accumulate
        self._asked_jit_compile = jit_compile
        if jit_compile == "auto":
            jit_compile = compiles_step() and not options.get("run_eagerly", False)
        optimizer = Adafactor() if optimizer is None else optimizer
        super().compile(optimizer, loss, jit_compile=jit_compile, **options)

    def get_compile_config(self) -> dict[str, Any]:
        config = super().get_compile_config()
        return config and {**config, "accumulate": self.accumulate, "jit_compile": self._asked_jit_compile}

    def compile_from_config(self, config: dict[str, Any]) -> None:
        self.compile(**keras.saving.deserialize_keras_object(config))
        self.optimizer.build(self.trainable_variables)

    def generate(
        self,
        inputs: str | Sequence[str] | np.ndarray,
        max_new_tokens: int = 128,
        *,
        method: str = "greedy",
        batch_size: int = 32,
        **options: Any,
    ) -> str | list[str] | np.ndarray:
        """Generates from texts or ids, with the weights as they are now.

        Args:
            inputs: a text or texts, if there is a `tokenizer`; or int [rows, source], each row ended by the
                end-of-sequence id and padded with pad_token_id.
            max_new_tokens: int. Tokens of an output at most, the end-of-sequence id among them. Defaults to 128.
            method: `"greedy"`, `"sample"` or `"beam"`, which returns its best text. Defaults to "greedy".
            batch_size: int. Rows at a time. Defaults to 32.
            **options: the further arguments of `Generator.greedy`, `sample` or `beam` (see `keras_model.decoding`):
                temperature, top_k, top_p, seed; beam_size, alpha; prefix.

        Returns:
            A text for a text, a list for several; int32 [rows, max_new_tokens] for ids, padded after the end.

        Raises:
            ValueError: texts are given, but there is no tokenizer; or an argument is out of range.
        """
        if method not in ("greedy", "sample", "beam"):
            raise ValueError(f"method must be greedy, sample or beam. Received: method={method!r}")
        if isinstance(inputs, str):
            return self.generate([inputs], max_new_tokens, method=method, batch_size=batch_size, **options)[0]
        if isinstance(inputs, np.ndarray) or tf.is_tensor(inputs):
            texts, ids = None, np.asarray(inputs, np.int32)
        elif self.tokenizer is None:
            raise ValueError("to generate from texts, set model.tokenizer; without one, pass int ids [rows, source]")
        else:
            texts = self.tokenizer
            encoded = RaggedIds.from_sequences(texts.encode(list(inputs)))
            ids = encoded.padded(np.arange(len(encoded)), len(encoded), max(encoded.lengths, default=0))
        run = getattr(self._current_generator(), method)
        parts = []
        for start in range(0, len(ids), batch_size):
            generated = run(ids[start : start + batch_size], max_new_tokens, **options)
            parts.append(generated[0][:, 0] if method == "beam" else generated)
        result = np.concatenate(parts) if parts else np.zeros((0, max_new_tokens), np.int32)
        return result if texts is None else texts.decode(result)

    def _current_generator(self) -> Any:
        """The compiled decoder, made anew if another tokenizer was set."""
        from keras_model.decoding import Generator  # which imports T5, and so this module

        limit = None if self.tokenizer is None else self.tokenizer.vocab_size
        if self._generator is None or self._generator[0] != limit:
            self._generator = (limit, Generator(self, emit_limit=limit))
        return self._generator[1]

    def train_step(self, data: Any) -> dict[str, Tensor]:
        """One step on a batch, or on this replica's share of it.

        Returns:
            `loss`, a mean over the tokens since the metrics were last reset, the compiled metrics, and, if the
            optimizer tells it, `gradient_norm`: of this step, over all variables and replicas, before clipping.
        """
        if not isinstance(self.loss, TokenCrossEntropy):
            return super().train_step(data)
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        total = self.loss.total(y, sample_weight)
        if self.accumulate == 1:
            summed, gradients = self._loss_and_gradients(x, y, sample_weight, total)
        else:
            summed, gradients = self._accumulated(x, y, sample_weight, total)
        self._track_loss(summed, total)
        self.optimizer.apply(gradients, self.trainable_weights)
        logs = self.get_metrics_result()
        if not isinstance(self.optimizer, DenseGradients) or not self.optimizer.tells_norm:
            return logs
        return {**logs, "gradient_norm": tf.convert_to_tensor(self.optimizer.gradient_norm)}

    def test_step(self, data: Any) -> dict[str, Tensor]:
        """The metrics of a batch; `loss` is the mean over all tokens of the evaluation so far."""
        if not isinstance(self.loss, TokenCrossEntropy):
            return super().test_step(data)
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        logits = self(x, training=False)
        self._track_loss(self.loss.summed(y, logits, sample_weight), self.loss.total(y, sample_weight))
        return self.compute_metrics(x, y, logits, sample_weight)

    def _track_loss(self, summed: Tensor, total: Tensor) -> None:
        # The same on every replica: Keras averages the replicas' metrics, however many tokens each had.
        self._loss_tracker.update_state(over_replicas(summed) / total, sample_weight=total)

    def _loss_and_gradients(
        self, x: Any, y: Tensor, sample_weight: Tensor | None, total: Tensor
    ) -> tuple[Tensor, list[Tensor]]:
        """The sum of the tokens' losses, and the gradients of that sum divided by `total`."""
        with tf.GradientTape() as tape:
            logits = self(x, training=True)
            summed = self.loss.summed(y, logits, sample_weight)
            loss = self.optimizer.scale_loss(summed / total)
        self.compute_metrics(x, y, logits, sample_weight)
        return summed, tape.gradient(loss, self.trainable_weights)

    def _accumulated(
        self, x: Any, y: Tensor, sample_weight: Tensor | None, total: Tensor
    ) -> tuple[Tensor, list[Tensor]]:
        """The same, part by part. Rows of padding fill up the last part; they have no label."""
        parts = self.accumulate
        x, sample_weight = tree.map_structure(
            lambda value: _in_parts(value, parts), (x, sample_weight), none_is_leaf=False
        )
        data = (x, _in_parts(y, parts, self.loss.pad_id), sample_weight)

        def add_part(part: Tensor, summed: Tensor, gradients: list[Tensor]) -> Any:
            x, y, sample_weight = tree.map_structure(lambda value: value[part], data, none_is_leaf=False)
            more, new = self._loss_and_gradients(x, y, sample_weight, total)
            new = [
                old if gradient is None else old + dense_gradient(gradient)
                for old, gradient in zip(gradients, new, strict=True)
            ]
            return part + 1, summed + more, new

        zeros = [tf.zeros(weight.shape, weight.dtype) for weight in self.trainable_weights]
        _, summed, gradients = tf.while_loop(
            lambda part, *_: part < parts, add_part, (0, 0.0, zeros), maximum_iterations=parts, parallel_iterations=1
        )
        return summed, gradients


def _in_parts(value: Tensor, parts: int, filling: int = 0) -> Tensor:
    """[rows, ...] -> [parts, rows / parts rounded up, ...], rows of `filling` at the end if they do not divide."""
    rows = value.shape[0] if value.shape[0] is not None else tf.shape(value)[0]
    each = -(-rows // parts)
    padding = [[0, each * parts - rows], *[[0, 0]] * (len(value.shape) - 1)]
    value = tf.pad(value, padding, constant_values=tf.cast(filling, value.dtype))
    return tf.reshape(value, tf.concat([[parts, each], tf.shape(value)[1:]], axis=0))
