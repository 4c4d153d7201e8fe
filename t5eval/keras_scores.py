"""Tasks' scores inside Keras' `fit` and `evaluate`: by generation, parser and metric, as `t5eval score` has them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras

import task_specs
from keras_model.decoding import Generator
from keras_model.tokenizer_base import Tokenizer
from t5eval.data import data_source
from t5eval.errors import UserError
from t5eval.keras_predictor import KerasGenerator
from t5eval.training import validate, validation_examples


class TaskScores(keras.callbacks.Callback):
    """Validates tasks after each epoch of `fit` and after `evaluate`.

    After an epoch, the logs hold each task's score as `val_TASK`, as `val_glue/rte`, so that `History`, TensorBoard,
    `EarlyStopping` and `ModelCheckpoint` find it where they stand behind this callback. After `evaluate` they hold it
    as `TASK`.

    Args:
        tasks: names of tasks and benchmarks.
        tokenizer: the model's.
        data: where the examples come from, as `--data-dir` says it.
        limit: the most validation examples of each task, from the start of the split; None for all.

    Attributes:
        scores: the newest score of each task, from 0 to 100 (correlations from -100).

    Raises:
        UserError: a task is unknown, or none of them has a validation split at hand.
    """

    def __init__(
        self, tasks: Sequence[str], tokenizer: Tokenizer, data: str | Path | None = None, limit: int | None = None
    ) -> None:
        super().__init__()
        source = data_source(None if data is None else str(data))
        self._examples = validation_examples(task_specs.resolve(tuple(tasks)), source, limit)
        if not self._examples:
            raise UserError(f"no validation split of {', '.join(tasks)} is in {source.option}")
        self._tokenizer = tokenizer
        self._training = False
        self.scores: dict[str, float] = {}

    def set_model(self, model: keras.Model) -> None:
        """Is told by Keras which model is trained or evaluated."""
        if model is not self.model:  # what it compiles is kept from one call to the next
            generator = Generator(model, emit_limit=self._tokenizer.vocab_size)
            self._generator = KerasGenerator(generator, self._tokenizer)
        super().set_model(model)

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        self._training = True

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        self._training = False

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._validate("val_", logs)

    def on_test_end(self, logs: dict[str, Any] | None = None) -> None:
        if not self._training:  # else it is the end of an epoch as well
            self._validate("", logs)

    def _validate(self, prefix: str, logs: dict[str, Any] | None) -> None:
        self.scores = validate(self._generator, self._examples)
        if logs is not None:
            logs.update({prefix + task: score for task, score in self.scores.items()})
