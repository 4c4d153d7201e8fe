"""Trains a T5 with Keras' own `model.compile` and `model.fit`, in a folder from which the run can be resumed.

Everything that decides a step follows from the settings, the examples and the checkpoint, so a run that was killed and
resumed ends with the weights of one that was not.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

import keras
import tensorflow as tf

from keras_model.adafactor import Adafactor
from keras_model.batches import BatchPlan, Examples, batch_dataset
from keras_model.checkpoints import save_model
from keras_model.losses import TokenCrossEntropy
from keras_model.model import T5
from keras_model.strategies import is_chief, meet, pad_multiple
from keras_model.tokenizer_base import Tokenizer
from keras_model.training_settings import TrainSettings
from keras_model.training_state import (
    Progress,
    TrainingError,
    last_good,
    newest_checkpoint,
    read_progress,
    restore,
    seed_dropout,
    writing_folder,
)
from keras_model.training_steps import NonFiniteLossError, TrainingSteps, Validate

__all__ = ["NonFiniteLossError", "TrainResult", "TrainSettings", "TrainingError", "compile_model", "fit"]

LOST_WORKER = (tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.InternalError, tf.errors.CancelledError)
"""What TensorFlow raises in a worker when another one is gone."""


@dataclasses.dataclass(frozen=True)
class TrainResult:
    """What a call of `fit` did."""

    first_step: int
    """Steps that were taken before: 0, or those of the checkpoint it resumed from."""
    steps: int
    """Steps of the whole run."""
    loss: float | None
    """Mean over the steps since the last but one was logged; None if there was no step left to take."""
    tokens: int
    """Source and target tokens, without padding, that this call trained on."""
    seconds: float
    """Spent on them, the first step's tracing included, validation and checkpoints not."""
    scores: dict[int, dict[str, float]]
    """What validation gave, by step; those before a resumption included."""
    model: Path
    """The folder of the trained model."""


def compile_model(model: T5, settings: TrainSettings) -> None:
    """Compiles a model for `model.fit` as T5 was fine-tuned: Adafactor, and the token cross-entropy."""
    # XLA makes a training step on CPU several times slower, and it would compile anew for every length.
    with model.distribute_strategy.scope():
        model.compile(
            Adafactor(settings.learning_rate),
            TokenCrossEntropy(),
            jit_compile=False,
            steps_per_execution=settings.steps_per_execution,
        )
        model.optimizer.build(model.trainable_variables)


def fit(
    model: T5,
    examples: Examples,
    settings: TrainSettings,
    folder: str | Path,
    *,
    validate: Validate | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    tokenizer: Tokenizer | None = None,
) -> TrainResult:
    """Trains a model, or goes on where an earlier call for the same folder stopped.

    Under a strategy of several workers, all of them call this with the same arguments, and the folder is one that all
    of them see; only the chief writes into it.

    Args:
        model: trained in place, under the strategy that it was made under. When a run is resumed its weights are
            replaced by the checkpoint's.
        examples: tokenised examples.
        settings: how to train.
        folder: gets `checkpoints/`, `logs/` (TensorBoard) and at the end `model/`.
        validate: called every `settings.validate_every` steps and at the end.
        callbacks: Keras callbacks. The logs of their `on_train_batch_end` hold `step` (steps taken), `loss` and
            `tokens_per_second` (without padding), both over the steps since the loss was last logged.
        tokenizer: stored beside the model, so that its folder is complete.

    Raises:
        TrainingError: the loss or a weight is no longer finite, the folder holds a run with other data or settings, the
            workers do not see the same run, or one of them is lost.
        CheckpointError: the newest checkpoint cannot be read, or is another model's.
        KeyboardInterrupt: Ctrl-C, after a checkpoint was saved.
    """
    folder, strategy = Path(folder), model.distribute_strategy
    writes = is_chief(strategy)
    plan = BatchPlan(
        examples.sources.lengths, examples.targets.lengths, settings.batch_size, settings.seed, settings.bucket_width
    )
    compile_model(model, settings)
    progress = _start_or_resume(model, examples, settings, folder / "checkpoints")
    steps = TrainingSteps(model, plan, settings, folder, writes, progress, validate, tokenizer)
    try:
        if progress.step < settings.steps:
            start_id = model.config.decoder_start_token_id
            model.fit(
                batch_dataset(examples, plan, progress.step, pad_multiple(strategy), start_id),
                steps_per_epoch=settings.checkpoint_every,
                epochs=-(-(settings.steps - progress.step) // settings.checkpoint_every),
                callbacks=[steps, *callbacks],
                shuffle=False,  # the plan did
                verbose=0,
            )
        steps.validate_if_due()
        steps.save()
    except KeyboardInterrupt:
        steps.save()
        raise
    except LOST_WORKER as error:
        if not isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy):
            raise
        raise TrainingError(
            f"Another worker is lost ({str(error).splitlines()[0]}). {last_good(folder / 'checkpoints')} "
            "Start all workers again to go on from there."
        ) from error
    finally:
        steps.close()
    if writes:
        with writing_folder(folder / "model") as unfinished:
            save_model(model, unfinished, tokenizer)
    meet(strategy)  # no worker leaves before the model is there
    return TrainResult(
        progress.step, settings.steps, steps.loss, steps.tokens, steps.seconds, steps.scores, folder / "model"
    )


def _start_or_resume(model: T5, examples: Examples, settings: TrainSettings, checkpoints: Path) -> Progress:
    """Where the run stands; the model is brought there."""
    fixed = {**settings.fixed(), "data": examples.fingerprint()}
    checkpoint = newest_checkpoint(checkpoints)
    if not meet(model.distribute_strategy, json.dumps([checkpoint and checkpoint.name, fixed], sort_keys=True)):
        raise TrainingError(
            "The workers do not see the same run. All need the same data and settings, and a run folder that all of "
            f"them share. This one finds {checkpoint or f'no checkpoint in {checkpoints}'}, and has {fixed}."
        )
    if checkpoint is None:
        seed_dropout(model, settings.seed)
        return Progress(0, fixed, {})
    progress = read_progress(checkpoint)
    changed = [
        f"{name} was {progress.fixed.get(name)}, now {fixed.get(name)}"
        for name in sorted({*fixed, *progress.fixed})
        if progress.fixed.get(name) != fixed.get(name)
    ]
    if changed:
        raise TrainingError(
            f"{checkpoint} belongs to a run that differs from this one: {'; '.join(changed)}. "
            "Resume it with what it had, or train into another folder."
        )
    if progress.step % settings.steps_per_execution:
        raise TrainingError(
            f"{checkpoint} is not at a multiple of {settings.steps_per_execution} steps, as steps_per_execution asks. "
            "Resume it with a divisor of its step."
        )
    if progress.step > settings.steps:
        raise TrainingError(
            f"{checkpoint} is further than the {settings.steps} steps that were asked for. "
            "Ask for more, or train into another folder."
        )
    restore(checkpoint, model)
    return progress
