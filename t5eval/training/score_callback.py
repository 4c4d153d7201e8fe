"""Tasks' scores inside Keras' `fit` and `evaluate`: by generation, parser and metric, as `t5eval score` has them."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import task_specs
from keras_model.backend import keras
from keras_model.decoding.generator import Generator
from keras_model.tokenizers.tokenizer import Tokenizer
from t5eval.data import data_source
from t5eval.predictors.of_keras import KerasGenerator
from t5eval.training.task_metric import TaskMetric
from t5eval.training.validation import answered, validation_examples
from task_specs.support.errors import UserError


class TaskScores(keras.callbacks.Callback):
    """Validates tasks after each epoch of `fit` and after `evaluate`, through a `TaskMetric` for each.

    The logs then hold what the metrics say: a task's score under its name, as `glue/mrpc`, and each of its scores as
    `glue/mrpc/f1`; after an epoch with `val_` before it. `History`, TensorBoard, `EarlyStopping` and `ModelCheckpoint`
    find them where they stand behind this callback; a T5's `evaluate(..., return_dict=True)` returns them. Scores that
    are undefined are left out.

    Args:
        tasks: names of tasks and benchmarks.
        tokenizer: the model's.
        data: where the examples come from, as `--data-dir` says it.
        limit: the most validation examples of each task, of more a sample, the same each time; None for all.

    Attributes:
        scores: the newest scores, under their names without `val_`, from 0 to 100 (correlations from -100).
        metrics: task name to its metric, which holds what the newest validation counted.

    Raises:
        UserError: a task is unknown, a validation split is damaged, or none of them has a validation split at hand.
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
        self.metrics = {spec.name: TaskMetric(spec, tokenizer) for spec in self._examples}
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
        self.scores = {}
        for spec, held_out in self._examples.items():
            metric = self.metrics[spec.name]
            metric.reset_state()
            for batch, texts in answered(self._generator, spec, held_out.examples):
                metric.update_state(batch, texts)
            self.scores |= {name: score for name, score in metric.result().items() if math.isfinite(score)}
        if logs is not None:
            logs.update({prefix + name: score for name, score in self.scores.items()})
