"""Fine-tuning through the harness: the same formatter, tokenizer, parser and metrics as in evaluation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from t5eval.data import DataSource, Split, data_source, open_splits
from t5eval.plugins.callbacks import made_callbacks, require_callbacks
from t5eval.predictors.halving import is_out_of_memory
from t5eval.predictors.of_keras import KerasGenerator
from t5eval.runs.tracking.log import Log
from t5eval.support.stages import stage
from t5eval.training.config import TrainConfig
from t5eval.training.first_model import first_model
from t5eval.training.held_out_text import HeldOutText
from t5eval.training.mixture import draw_rates, drawn_tasks, ids_of_examples
from t5eval.training.token_ids import held_out_of_run, parts_of_run, require_fit, require_prepared_fit
from t5eval.training.validation import SAMPLE_SEED, HeldOut, validate, validation_examples
from task_specs import TEXT, TaskSpec
from task_specs.support.errors import UserError

if TYPE_CHECKING:
    from keras_model.t5 import T5
    from keras_model.training_run.fit import TrainResult

StepDisplay = Callable[[Mapping[str, Any]], None]
"""Called after each step with `steps`, of the whole run, and what `fit` says its callbacks see."""


def train(
    config: TrainConfig,
    specs: Sequence[TaskSpec],
    strategy: Any = None,
    *,
    display: StepDisplay,
    say: Callable[[str], None],
    log: Log | None = None,
) -> TrainResult:
    """Trains in a run folder that this process holds, or goes on where an earlier process stopped.

    Args:
        config: the run.
        specs: the tasks of its mixture, each validated where its validation split is at hand.
        strategy: what `open_strategy` returned. Of several workers all call this, and the chief holds the run folder.
        display: told of every step.
        say: told of what happens between steps, a line at a time.
        log: told the numbers that TensorBoard gets.

    Raises:
        UserError: the data, the model or the configuration is not usable, or the loss is no longer finite.
    """
    data = data_source(config.data_dir)
    mixture, text = config.mixture, config.text_data
    trained = drawn_tasks(mixture, with_text=text is not None)
    if config.prepared is None:
        training_splits(trained, data)  # what is missing is said before the model is read
    require_prepared_fit(config, trained)
    require_callbacks(config.callbacks)
    with stage("reading the validation examples"):
        held_out = validation_examples(specs, data, config.validate_limit, say)
    if config.settings.patience is not None and not held_out and not (text and text.held_out):
        raise UserError("patience counts validations, and no task has a validation split here, nor is text held out")
    with stage("loading the model"):
        first = first_model(config, strategy)
    model, tokenizer = first.model, first.tokenizer
    from keras_model.data.batches import Examples
    from keras_model.decoding.generator import Generator
    from keras_model.distribution.strategies import is_chief, meet
    from keras_model.training_run.fit import fit
    from keras_model.training_run.state import TrainingError
    from keras_model.training_run.step_callback import NonFiniteLossError

    if not is_chief(strategy):
        meet(strategy)  # the chief has prepared what there is to prepare
    parts = parts_of_run(config, trained, data, tokenizer, say, prepares=is_chief(strategy))
    if is_chief(strategy):
        meet(strategy)
    if config.settings.packing:
        require_fit(config.settings.packing, parts)  # once workers have met: else others wait for the chief
    sizes = {name: len(part) for name, part in parts.items()}
    rates = draw_rates(mixture, sizes, text)
    for name, size in sizes.items():
        say(f"{name}: {size:,} training examples" + (f", {100 * rates[name]:.3f} % of those drawn" if rates else ""))
    if first.moments is not None:
        say(f"Adafactor goes on with the checkpoint's moments of step {first.moments.step:,} (fresh_optimizer = false)")
    part = held_out_of_run(config)
    held_out_text = None if part is None else HeldOutText.of(part, config.validate_limit, tokenizer)
    for note in [*_notes(config.records), *_of_validation(held_out)]:
        say(note)
    if held_out_text is not None:
        say(held_out_text.note)
    elif text is not None:
        say(f"{TEXT}: no part is held out, so nothing will say how well it is learned (held_out under [train.text])")
    examples = Examples.concatenate(list(parts.values()))
    generator = KerasGenerator(Generator(model, emit_limit=tokenizer.vocab_size), tokenizer)

    def check(step: int, _: T5) -> dict[str, float]:
        with stage(f"validating at step {step:,}", "examples") as advance:
            found = validate(generator, held_out, advance)
        scores = {name: one.score for name, one in found.items() if one.score is not None}
        said = [one.text for one in found.values()]
        if held_out_text is not None:
            with stage(f"held-out text at step {step:,}", "examples") as advance:
                predicted = held_out_text.predicted(generator.generator, advance)
            scores |= predicted.scores
            said.append(predicted.text)
        say(f"step {step:,}: " + (", ".join(said) or "nothing to validate"))
        return scores

    try:
        result = fit(
            model,
            examples,
            config.settings,
            Path(config.out),
            sizes=list(sizes.values()),
            rates=None if rates is None else list(rates.values()),
            validate=check,
            callbacks=[_display_callback(display, config.settings.steps), *made_callbacks(config.callbacks)],
            tokenizer=tokenizer,
            log=log,
            begun_with={
                "starting checkpoint": first.fingerprint,
                "vocabulary": tokenizer.fingerprint,
                "validation": {spec.name: held.to_json() for spec, held in held_out.items()},
                **({} if held_out_text is None else {"held-out text": held_out_text.to_json()}),
            },
            say=say,
            moments=first.moments,
        )
    except NonFiniteLossError as error:
        ids = ids_of_examples(error.examples, sizes, trained, data)
        raise UserError(f"{error} The examples of its batch: {', '.join(ids)}.") from error
    except (TrainingError, ValueError) as error:
        raise UserError(str(error)) from error
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        raise UserError(
            f"{config.out}: a step does not fit into memory. With remat = true the run goes on in less; a smaller "
            "batch_size, or accumulate, is for a run in another folder"
        ) from error
    if result.steps < config.settings.steps:
        say(
            f"ended at step {result.steps:,}: no score was better than its best before in {config.settings.patience} "
            "validations (patience)"
        )
    return result


def _display_callback(display: StepDisplay, steps: int) -> Any:
    import keras

    class StepsShown(keras.callbacks.Callback):
        """Passes each step's numbers on to the display."""

        def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
            assert logs is not None
            logs["steps"] = steps
            display(logs)  # as they are: each number is read from the device when it is looked at

    return StepsShown()


def _notes(prepared: Path) -> Iterator[str]:
    """Yields what was noted of the training data when it was prepared, such as counts other than the official ones."""
    from keras_model.data.records import is_complete, read_manifest

    if is_complete(prepared):
        for made in read_manifest(prepared).values():
            yield from made.about.get("data", {}).get("notes", ())


def _of_validation(held_out: Mapping[TaskSpec, HeldOut]) -> Iterator[str]:
    """Yields what to know of the validation data, and of which a sample is drawn."""
    for spec, held in held_out.items():
        yield from held.notes
        if len(held.examples) < held.of:
            yield (
                f"{spec.name}: validated on {len(held.examples):,} of {held.of:,} examples, "
                f"drawn by seed {SAMPLE_SEED} (validate_limit)"
            )


def training_splits(specs: Sequence[TaskSpec], data: DataSource) -> list[Split]:
    """Returns the training splits of the tasks. Raises UserError if one is not there."""
    return open_splits(specs, "train", data)
