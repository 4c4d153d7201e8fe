"""The Keras callback that makes `model.fit` a run: it counts, logs, validates, saves and stops by steps."""

import math
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from keras_model.backend import keras
from keras_model.data.layouts import Filling, Plan
from keras_model.t5 import T5
from keras_model.tokenizers.tokenizer import Tokenizer
from keras_model.training.device_logs import DeviceLogs
from keras_model.training_run.fit_settings import TrainSettings
from keras_model.training_run.run_checkpoints import Progress, best_steps, is_stalled
from keras_model.training_run.scalar_log import ScalarLog
from keras_model.training_run.state import TrainingError, last_good, save_checkpoint

MOST_UNREAD = 100
"""How many steps may go by until somebody looks whether their numbers are finite."""

Validate = Callable[[int, T5], dict[str, float]]
"""Takes the number of steps taken and the model; returns scores by name, see `run_checkpoints.less_is_better`."""

Log = Callable[[int, Mapping[str, float]], None]
"""Takes the number of steps taken, and numbers by name."""


class NonFiniteLossError(TrainingError):
    """The loss, or the gradient's norm, became infinite or not a number.

    Attributes:
        step: the step, counted from 1.
        examples: integers, the numbers of the examples in its batch, or in those of its execution.
    """

    def __init__(self, message: str, step: int, examples: np.ndarray) -> None:
        super().__init__(message)
        self.step = step
        self.examples = examples


class TrainingSteps(keras.callbacks.Callback):
    """Counts the steps of a run and does what is due after each.

    Args:
        t5: the compiled model.
        plan: the batches it is trained on.
        settings: what is due when.
        folder: the run's; gets `checkpoints/` and `logs/`.
        writes: whether this process writes into it; of several workers, only the chief does.
        progress: where the run stands.
        validate: makes the scores, or None.
        tokenizer: stored with each checkpoint, if given.
        log: is told, where this process writes, what TensorBoard is told; or None.
    """

    def __init__(
        self,
        t5: T5,
        plan: Plan,
        settings: TrainSettings,
        folder: Path,
        writes: bool,
        progress: Progress,
        validate: Validate | None,
        tokenizer: Tokenizer | None,
        log: Log | None = None,
    ) -> None:
        super().__init__()
        self._t5, self._plan, self._settings, self._validate, self._tokenizer = t5, plan, settings, validate, tokenizer
        self._checkpoints, self._writes = folder / "checkpoints", writes
        self._told = log if writes else None
        self._fixed = progress.fixed
        self._saved: tuple[int, int] | None = (progress.step, len(progress.scores))
        self._writer = (
            tf.summary.create_file_writer(os.fsencode(folder / "logs")) if writes else tf.summary.create_noop_writer()
        )
        self._scalars = ScalarLog(folder / "logs", progress.step) if writes else None
        self.scores = {step: dict(scores) for step, scores in progress.scores.items()}
        self.loss: float | None = None
        self.seconds = 0.0
        self.filling = Filling()
        self.tokens = progress.tokens
        """Tokens trained on in the whole run."""
        self.step = progress.step
        """Steps taken."""
        self.until = settings.steps
        """After how many `model.fit` ends."""
        self._resumed_at = time.perf_counter()
        self._logged_seconds = 0.0  # when the loss was last logged
        self._filling = Filling()  # since then
        self._waited = 0.0  # since then, seconds
        self._made: dict[int, float] = {}
        self._unread: list[tuple[range, Any, Any]] = []  # steps with loss and gradient's norm, on the device

    def batch_made(self, step: int) -> None:
        """Is told, from the thread that makes batches, that a step's is there; steps count from 0."""
        self._made[step] = time.perf_counter()

    @property
    def is_stalled(self) -> bool:
        """Whether the settings' patience with the scores is at an end."""
        patience = self._settings.patience
        return patience is not None and is_stalled(self.scores, patience)

    def on_train_begin(self, logs: Any = None) -> None:
        self._resumed_at = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        assert isinstance(logs, DeviceLogs)
        taken = range(self.step, self.step + self._settings.steps_per_execution)
        self.step = taken.stop
        self._unread.append((taken, logs.unread("loss"), logs.unread("gradient_norm")))
        step, settings = self.step, self._settings
        is_logged = step % settings.log_every == 0 or step == settings.steps
        is_due = is_logged or settings.is_checkpoint(step) or settings.is_validation(step)
        if is_due or len(self._unread) == MOST_UNREAD:
            self._require_finite()
        self.seconds += time.perf_counter() - self._resumed_at
        last_made = max(self._made.pop(step, 0.0) for step in taken)
        self._waited += max(0.0, last_made - self._resumed_at)
        filling = sum(map(self._plan.filling, taken), Filling())
        self.filling += filling
        self._filling += filling
        self.tokens += filling.tokens
        logs["step"] = self.step
        logs["tokens"] = self.tokens
        logs["learning_rate"] = self._learning_rate
        seconds = self.seconds - self._logged_seconds
        logs["tokens_per_second"] = self._filling.tokens / seconds
        logs["waiting"] = self._waited / seconds

        if is_logged:
            self._log(logs["loss"], logs)
        self.validate_if_due()
        if settings.is_checkpoint(step) or (step in self.scores and step in best_steps(self.scores).values()):
            self.save()
        if step == self.until or self.is_stalled:
            self._t5.stop_training = True
        self._resumed_at = time.perf_counter()

    def _require_finite(self) -> None:
        """Reads the steps since it was last called from the device, all at once.

        Raises:
            NonFiniteLossError: a number of theirs is none; it names the first such step.
        """
        unread, self._unread = self._unread, []
        read = tf.convert_to_tensor([numbers for _, *numbers in unread]).numpy()
        for (taken, *_), numbers in zip(unread, read.tolist(), strict=True):
            for name, number in zip(("loss", "gradient's norm"), numbers, strict=True):
                if not math.isfinite(number):
                    raise self._non_finite(name, number, taken)

    def validate_if_due(self) -> None:
        """Validates, unless this step has been validated."""
        step = self.step
        if self._validate is None or step == 0 or step in self.scores or not self._settings.is_validation(step):
            return
        try:
            scores = {name: float(score) for name, score in self._validate(step, self._t5).items()}
        except Exception:
            self.save()  # a fault of the validation costs no steps
            raise
        self.scores[step] = scores
        self._tell(step, {f"validation/{name}": score for name, score in scores.items()})

    def save(self) -> None:
        """Writes a checkpoint, unless the newest one holds all there is."""
        # The optimizer counts inside the step, so that its number is right even if Ctrl-C came before this callback.
        step = int(self._t5.optimizer.iterations.numpy())
        if not self._writes or (step, len(self.scores)) == self._saved:
            return
        tokens = self.tokens + sum(self._plan.filling(taken).tokens for taken in range(self.step, step))
        progress = Progress(step, self._fixed, self.scores, tokens)
        save_checkpoint(self._checkpoints, self._t5, progress, keep=self._settings.keep, tokenizer=self._tokenizer)
        self._saved = (step, len(self.scores))

    def close(self) -> None:
        """Closes the log files."""
        self._writer.close()

    def _log(self, loss: float, logs: dict[str, Any]) -> None:
        self.loss = loss
        numbers = {
            "loss": loss,
            "non_padding/source": self._filling.source_share,
            "non_padding/target": self._filling.target_share,
            "tokens_per_second": logs["tokens_per_second"],
            "waiting_for_data": logs["waiting"],
            "gradient_norm": logs["gradient_norm"],
            "learning_rate": logs["learning_rate"],
            "tokens": self.tokens,
        }
        self._tell(self.step, numbers)
        self._logged_seconds, self._filling, self._waited = self.seconds, Filling(), 0.0
        self._t5.reset_metrics()

    def _learning_rate(self) -> float:
        return float(self._t5.optimizer.learning_rate.numpy())

    def _tell(self, step: int, numbers: Mapping[str, float]) -> None:
        """Hands numbers to TensorBoard, to the file beside its files, and to whoever else is told."""
        with self._writer.as_default(step=step):
            for name, number in numbers.items():
                tf.summary.scalar(name, number)
        self._writer.flush()
        if self._scalars is not None:
            self._scalars.write(step, numbers)
        if self._told is not None:
            self._told(step, numbers)

    def _non_finite(self, name: str, number: float, steps: range) -> NonFiniteLossError:
        examples = np.concatenate([self._plan.rows(step) for step in steps])
        return NonFiniteLossError(
            f"The {name} of step {steps.stop} is {number}. "
            f"{last_good(self._checkpoints)} A smaller learning rate or another seed may avoid it.",
            steps.stop,
            examples,
        )
