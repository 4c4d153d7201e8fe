"""Trains a T5 with Keras' own `model.compile` and `model.fit`, in a folder from which the run can be resumed.

Everything that decides a step follows from the settings, the examples and the checkpoint, so a run that was killed and
resumed ends with the weights of one that was not.
"""

import dataclasses
import functools
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from keras_model.backend import keras
from keras_model.checkpoints.moments import Moments, assign_moments
from keras_model.checkpoints.weights import weights
from keras_model.data.batch_plan import BatchPlan, parts_of
from keras_model.data.batches import Examples, batch_dataset
from keras_model.data.layouts import Filling, Plan
from keras_model.data.packed_plan import PackedPlan
from keras_model.data.shapes import SHAPES, Shapes
from keras_model.distribution.distributed_model import deal_out_shares
from keras_model.distribution.strategies import compiles_shapes, is_chief, meet
from keras_model.t5 import T5
from keras_model.tokenizers.tokenizer import Tokenizer
from keras_model.training.adafactor import Adafactor
from keras_model.training.dense_gradients import AdamW
from keras_model.training.losses import TokenCrossEntropy
from keras_model.training.schedules import InverseSquareRoot, LinearWarmupAndDecay
from keras_model.training_run.fit_settings import TrainSettings
from keras_model.training_run.run_checkpoints import Progress, best_checkpoints, newest_checkpoint, read_progress
from keras_model.training_run.state import (
    TrainingError,
    has_state_of,
    last_good,
    remove_old,
    restore,
    save_trained,
    seed_dropout,
    writing_folder,
)
from keras_model.training_run.step_callback import Log, NonFiniteLossError, TrainingSteps, Validate
from keras_model.training_run.unfreezing import Unfreezing

__all__ = ["NonFiniteLossError", "TrainResult", "TrainSettings", "TrainingError", "compile_model", "fit"]

NEWER = ("config", "begun_with", "batch_tokens", "shapes", "held-out text")
"""What checkpoints of before it was compared do not say."""

GROUPS = ("config", "begun_with")
"""What a message leaves out in front of the names in it."""

LOST_WORKER = (tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.InternalError, tf.errors.CancelledError)
"""What TensorFlow raises in a worker when another one is gone."""


@dataclasses.dataclass(frozen=True)
class TrainResult:
    """What a call of `fit` did."""

    first_step: int
    """Steps that were taken before: 0, or those of the checkpoint it resumed from."""
    steps: int
    """Steps of the whole run; fewer than were asked for where `patience` ended it."""
    loss: float | None
    """Mean over the steps since the last but one was logged; None if there was no step left to take."""
    filling: Filling
    """The tokens that this call trained on, and the places that they were in."""
    tokens: int
    """Tokens of the whole run, those before a resumption included."""
    seconds: float
    """Spent on them, the first step's tracing included, validation and checkpoints not."""
    scores: dict[int, dict[str, float]]
    """What validation gave, by step; those before a resumption included."""
    best: dict[str, Path]
    """For each score, the checkpoint at which it was best: highest, or lowest where `less_is_better`."""
    model: Path
    """The folder of the trained model."""


def compile_model(model: T5, settings: TrainSettings, steps_before: int = 0) -> None:
    """Compiles a model for `model.fit`; by default as T5 was fine-tuned, with Adafactor and the token cross-entropy.

    Args:
        steps_before: see `Adafactor`.
    """
    loss = TokenCrossEntropy(
        model.config.pad_token_id, z_loss=settings.z_loss, label_smoothing=settings.label_smoothing
    )
    with model.distribute_strategy.scope():
        model.compile(
            make_optimizer(settings, steps_before),
            loss,
            accumulate=settings.accumulate,
            remat=settings.remat,
            steps_per_execution=settings.steps_per_execution,
        )
        model.optimizer.build(model.trainable_variables)


def make_optimizer(settings: TrainSettings, steps_before: int = 0) -> keras.optimizers.Optimizer:
    """The optimizer of a run, with its schedule."""
    rate: Any = float(settings.learning_rate)
    if settings.schedule == "inverse_square_root":
        rate = InverseSquareRoot(rate * math.sqrt(settings.warmup_steps), settings.warmup_steps)
    elif settings.schedule == "linear":
        rate = LinearWarmupAndDecay(rate, settings.warmup_steps, settings.steps)
    if settings.optimizer == "adamw":
        return AdamW(rate, weight_decay=settings.weight_decay, global_clipnorm=settings.clip_norm)
    return Adafactor(rate, global_clipnorm=settings.clip_norm, steps_before=steps_before)


def fit(
    model: T5,
    examples: Examples,
    settings: TrainSettings,
    folder: str | Path,
    *,
    sizes: Sequence[int] | None = None,
    rates: Sequence[float] | None = None,
    validate: Validate | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    tokenizer: Tokenizer | None = None,
    log: Log | None = None,
    begun_with: Mapping[str, Any] | None = None,
    say: Callable[[str], None] = lambda line: None,
    moments: Moments | None = None,
) -> TrainResult:
    """Trains a model, or goes on where an earlier call for the same folder stopped.

    Under a strategy of several workers, all of them call this with the same arguments, and the folder is one that all
    of them see; only the chief writes into it.

    Args:
        model: trained in place, under the strategy that it was made under; weights with trainable=False stay as they
            are. When a run is resumed its weights are replaced by the checkpoint's.
        examples: tokenised examples.
        settings: how to train.
        folder: gets `checkpoints/`, `logs/` (TensorBoard's, and `scalars.jsonl`) and at the end `model/`.
        sizes: part i of the examples is the next sizes[i] of them. Needed with rates.
        rates: how often an example of each part is drawn, relative to the others; None for every example once an epoch.
        validate: called every `settings.validate_every` steps and at the end.
        callbacks: Keras callbacks. The logs of their `on_train_batch_end` hold `step` (steps taken) and, over the steps
            since the loss was last logged, `loss`, `tokens_per_second` (without padding) and `waiting` (for data, as a
            share of the time); and `tokens`, of the whole run, `learning_rate`, and `gradient_norm`, of the step, over
            all variables together and before clipping.
        tokenizer: stored beside the model, so that its folder is complete.
        log: called on the chief with the step and the numbers, by name, whenever TensorBoard gets some.
        begun_with: what else of the caller's must be the same when the run is resumed, by name, as JSON data.
        say: told, before the first step, which shapes of batches will be compiled.
        moments: what Adafactor begins with: a checkpoint's `moments`. Defaults to none, as for a model from scratch.

    Raises:
        TrainingError: the loss or a weight is no longer finite, the folder holds a run with other data, settings or
            configuration of the model, or begun with something else, the workers do not see the same run, or one of
            them is lost.
        ValueError: the model does not compute in the settings' dtype, all of it is frozen, an example has an id that
            it has no embedding for, there are moments for another optimizer than Adafactor, or patience without a
            validation.
        CheckpointError: the newest checkpoint cannot be read, or is another model's.
        KeyboardInterrupt: Ctrl-C, after a checkpoint was saved.
    """
    folder, strategy = Path(folder), model.distribute_strategy
    writes = is_chief(strategy)
    examples = dataclasses.replace(examples, pad_id=model.config.pad_token_id)
    settings = _with_shapes(settings, strategy, folder / "checkpoints")
    plan = make_plan(examples, settings, sizes, rates)
    if model.dtype_policy.name != settings.dtype:
        raise ValueError(
            f"the settings say dtype={settings.dtype!r}, but the model computes in {model.dtype_policy.name!r}: "
            "make or load it with that dtype."
        )
    examples.require_ids_below(model.config.vocab_size)
    frozen = [weight.name for weight in weights(model) if not weight.variable.trainable]
    if not model.trainable_variables:
        raise ValueError("every weight of the model is frozen (trainable=False): there is nothing to train.")
    if settings.patience is not None and validate is None:
        raise ValueError("patience counts validations, and there is nothing to validate on.")
    if moments is not None and settings.optimizer != "adafactor":
        raise ValueError(f"the moments are Adafactor's. Received: optimizer={settings.optimizer!r}")
    if moments is not None and (model.adaptation is not None or settings.gradual_unfreezing):
        raise ValueError("a checkpoint's moments are for a run that trains all of its weights.")
    if model.adaptation is not None and model.base is None:
        raise ValueError(f"what {model.adaptation.name} trains is written beside a base: set model.base.")
    if model.adaptation is not None and settings.gradual_unfreezing:
        raise ValueError(f"gradual unfreezing and {model.adaptation.name} are two methods; take one.")
    unfreezing = Unfreezing(model, settings)
    fixed = {**settings.fixed(), "data": examples.fingerprint(), "config": model.config.to_dict()}
    if begun_with is not None:
        fixed["begun_with"] = json.loads(json.dumps(begun_with))  # as it comes back
    if moments is not None:
        fixed["moments of step"] = moments.step
    if frozen:
        fixed["frozen"] = frozen
    if model.adaptation is not None:
        fixed["method"] = model.adaptation.to_dict()
    if rates is not None:
        fixed |= {"sizes": list(sizes or ()), "rates": list(rates)}
    progress = _start_or_resume(model, fixed, settings, folder / "checkpoints", unfreezing, moments)
    if writes and progress.step:
        remove_old(folder / "checkpoints", progress, settings.keep)  # a kill may have come before
    steps = TrainingSteps(model, plan, settings, folder, writes, progress, validate, tokenizer, log)
    try:
        if steps.step < settings.steps and compiles_shapes(strategy):
            say(_shapes_text(plan))
        steps.validate_if_due()  # a run interrupted during validation makes up for it
        start_id = model.config.decoder_start_token_id
        while steps.step < settings.steps and not steps.is_stalled:
            begin, steps.until = steps.step, unfreezing.end(steps.step)
            batches = functools.partial(batch_dataset, examples, plan, begin, start_id, steps.batch_made)
            model.fit(
                batches() if strategy.num_replicas_in_sync == 1 else deal_out_shares(strategy, batches),
                steps_per_epoch=settings.checkpoint_every,
                epochs=-(-(steps.until - begin) // settings.checkpoint_every),
                callbacks=[steps, *callbacks],
                shuffle=False,  # the plan did
                verbose=0,
            )
            if steps.step < steps.until or steps.is_stalled:
                break  # a callback has stopped it, or patience
            if steps.until < settings.steps:
                _next_episode(model, settings, unfreezing, steps.step)
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
        unfreezing.leave()
    if writes:
        with writing_folder(folder / "model") as unfinished:
            save_trained(model, unfinished, tokenizer)
    meet(strategy)  # no worker leaves before the model is there
    return TrainResult(
        first_step=progress.step,
        steps=steps.step,
        loss=steps.loss,
        filling=steps.filling,
        tokens=steps.tokens,
        seconds=steps.seconds,
        scores=steps.scores,
        best=best_checkpoints(folder / "checkpoints"),
        model=folder / "model",
    )


def make_plan(
    examples: Examples,
    settings: TrainSettings,
    sizes: Sequence[int] | None = None,
    rates: Sequence[float] | None = None,
) -> Plan:
    """Which examples the batch of each step holds, padded or packed as the settings say; see `fit`."""
    lengths = examples.sources.lengths, examples.targets.lengths
    batch_size, seed = settings.batch_size, settings.seed
    if settings.packing:
        return PackedPlan(*lengths, batch_size, settings.packing, seed, sizes, rates)
    shapes = None
    if settings.shapes is not None:
        parts = np.array(parts_of(len(examples), sizes, rates, seed))
        weights = None if rates is None else np.repeat(np.array(rates) / np.maximum(parts, 1), parts)
        shapes = Shapes.choose(*lengths, settings.shapes, weights)
    return BatchPlan(*lengths, batch_size, seed, settings.bucket_width, sizes, rates, shapes, settings.batch_tokens)


def _with_shapes(settings: TrainSettings, strategy: tf.distribute.Strategy, checkpoints: Path) -> TrainSettings:
    """The settings with the number of shapes that a run has: that which it was begun with, wherever it goes on.

    The order of the examples depends on the shapes, so that it must not depend on the device that a run goes on with.
    """
    if settings.shapes is not None or settings.packing is not None:
        return settings
    checkpoint = newest_checkpoint(checkpoints)
    few = checkpoint is None and compiles_shapes(strategy)
    number = None if checkpoint is None else read_progress(checkpoint).fixed.get("shapes")
    if number is None and (few or settings.batch_tokens is not None):
        number = SHAPES
    return dataclasses.replace(settings, shapes=number)


def _shapes_text(plan: Plan) -> str:
    """Says what will be compiled."""
    if plan.packing:
        return f"1 shape of batches to compile, source + target tokens: {plan.packing[0]} + {plan.packing[1]}"
    if isinstance(plan, BatchPlan) and plan.shapes is not None:
        return f"at most {len(plan.shapes)} shapes of batches to compile, source + target tokens: {plan.shapes}"
    return (
        "this run was begun where shapes are not compiled: each batch is padded to its longest example, and every new "
        "shape is compiled"
    )


def _next_episode(model: T5, settings: TrainSettings, unfreezing: Unfreezing, step: int) -> None:
    """Unfreezes what is trained from the step after `step` on, and gives the optimizer state for it."""
    before = model.optimizer
    unfreezing.enter(step)
    compile_model(model, settings)
    model.optimizer.take_over(before)
    model.optimizer.began = unfreezing.began()


def _start_or_resume(
    model: T5,
    fixed: dict[str, Any],
    settings: TrainSettings,
    checkpoints: Path,
    unfreezing: Unfreezing,
    moments: Moments | None,
) -> Progress:
    """Where the run stands; the model is brought there, compiled."""
    steps_before = 0 if moments is None else moments.step
    checkpoint = newest_checkpoint(checkpoints)
    if not meet(model.distribute_strategy, json.dumps([checkpoint and checkpoint.name, fixed], sort_keys=True)):
        raise TrainingError(
            "The workers do not see the same run. All need the same data and settings, and a run folder that all of "
            f"them share. This one finds {checkpoint or f'no checkpoint in {checkpoints}'}, and has {fixed}."
        )
    if checkpoint is None:
        unfreezing.enter(0)
        compile_model(model, settings, steps_before)
        seed_dropout(model, settings.seed)
        if moments is not None:
            assign_moments(model, model.optimizer, moments)
        return Progress(0, fixed, {})
    progress = read_progress(checkpoint)
    if changed := list(_changes(progress.fixed, fixed)):
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
    unfreezing.enter(max(0, progress.step - 1))  # as the last step had it, so has the checkpoint
    compile_model(model, settings, steps_before)
    if settings.gradual_unfreezing and not has_state_of(checkpoint, model):
        unfreezing.enter(progress.step)  # unless it stopped between two episodes, ready for the next
        compile_model(model, settings, steps_before)
    restore(checkpoint, model)
    if settings.gradual_unfreezing:
        _next_episode(model, settings, unfreezing, progress.step)
    return progress


def _changes(before: Mapping[str, Any], now: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """What differs between what a run was begun with and what it is to go on with, value by value."""
    for name in sorted({*before, *now}):
        old, new = before.get(name), now.get(name)
        if name in NEWER and name not in before:
            continue  # the checkpoint is from before it was recorded
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            yield from _changes(old, new, "" if name in GROUPS else f"{prefix}{name} ")
        elif old != new:
            yield f"{prefix}{name} was {old}, now {new}"
