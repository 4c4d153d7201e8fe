"""Fine-tuning through the harness: the same formatter, tokenizer, parser and metrics as in evaluation."""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from t5eval.data import DataSource, Split, data_source, open_split
from t5eval.evaluation.splits import generate_all
from t5eval.predictors.of_keras import KerasGenerator, require_fitting_vocabulary
from t5eval.preparation.text_data import TextData
from t5eval.scoring.score import evaluation_pair, judge, score_split
from t5eval.support.stages import Advance, stage
from t5eval.support.tensorflow_import import import_keras_model
from t5eval.training.mixture import draw_rates, drawn_tasks, ids_of_examples, mixture_of_run
from t5eval.training.token_ids import parts_of_run
from task_specs import Example, Mixture, TaskSpec
from task_specs.errors import UserError, did_you_mean

if TYPE_CHECKING:
    from keras_model.config import T5Config
    from keras_model.t5 import T5
    from keras_model.tokenizers.tokenizer import Tokenizer
    from keras_model.training_run.fit import TrainResult
    from keras_model.training_run.fit_settings import TrainSettings
    from t5eval.training.wandb_run import Log

StepDisplay = Callable[[Mapping[str, Any]], None]
"""Called after each step with `steps`, of the whole run, and what `fit` says its callbacks see."""


@dataclasses.dataclass(frozen=True)
class TrainConfig:
    """Everything that describes a training run; what a TOML file holds under `[train]`.

    Attributes:
        task: tasks, benchmarks, mixtures, or `text`.
        data_dir: where examples come from, as `--data-dir` says it.
        out: the run's folder.
        model: a model folder to start from.
        preset: the name of a configuration to start from scratch with, such as `t5-small`.
        config: values of a configuration of one's own, or that differ from the preset's.
        vocab: a SentencePiece model, or `bytes` for byT5's tokenizer, where no model folder brings one.
        steps: optimisation steps.
        batch_size: examples per step.
        optimizer: `adafactor` or `adamw`.
        learning_rate: the schedule's highest.
        schedule: `constant`, `inverse_square_root` or `linear`.
        warmup_steps: of the latter two.
        weight_decay: AdamW's.
        clip_norm: longest gradient; None for no limit.
        z_loss: T5's pre-training had 1e-4.
        label_smoothing: probability that the label gives up to the other ids.
        accumulate: parts in which a batch goes through the model.
        dtype: `float32`, or `mixed_bfloat16` for matrix products in bfloat16.
        seed: of the initial weights, the order of the examples and dropout.
        checkpoint_every: steps between checkpoints.
        keep: checkpoints kept.
        validate_every: steps between validations; None for with each checkpoint.
        validate_limit: validation examples of each task, from the start of the split.
        rates: how often each name in `task` is drawn, relative to the others; None for in proportion to its size.
        mixture_limit: the most that a size counts in the mixture.
        temperature: makes rates more even, the higher the more.
        prepared: a folder that `t5eval prepare` made of the tasks; None for one of the run's own, `RUN/prepared`.
        text: files and objective of the plain text that `text` stands for: see `TextData`.
        strategy: where it is trained: `none`, `mirrored[:N]`, `multiworker` or `tpu[:ADDRESS]`.
        steps_per_execution: steps that run as one call of TensorFlow, for a TPU.
        pack: the lengths of a row, source and target, into which several examples are packed; a step then has
            `batch_size` rows. None for an example a row.
        wandb: the project at Weights & Biases that the run is logged to as well; None for TensorBoard alone.
    """

    task: tuple[str, ...]
    data_dir: str
    out: str
    model: str | None = None
    preset: str | None = None
    config: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    vocab: str | None = None
    steps: int = 262_144
    batch_size: int = 128
    optimizer: str = "adafactor"
    learning_rate: float = 1e-3
    schedule: str = "constant"
    warmup_steps: int = 10_000
    weight_decay: float = 0.0
    clip_norm: float | None = None
    z_loss: float = 0.0
    label_smoothing: float = 0.0
    accumulate: int = 1
    dtype: str = "float32"
    seed: int = 0
    checkpoint_every: int = 5000
    keep: int = 3
    validate_every: int | None = None
    validate_limit: int = 1000
    rates: Mapping[str, float] | None = None
    mixture_limit: int | None = None
    temperature: float | None = None
    prepared: str | None = None
    text: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    pack: tuple[int, int] | None = None
    strategy: str = "none"
    steps_per_execution: int = 1
    wandb: str | None = None

    def __post_init__(self) -> None:
        if not self.task:
            raise UserError("nothing to train on: name a task")
        if self.model and (self.preset or self.config):
            raise UserError("a run starts from a model or from a fresh configuration, not from both")
        if not (self.model or self.preset or self.config):
            raise UserError("no model: name a model folder, a preset such as t5-small, or a configuration")
        if not self.model and not self.vocab:
            raise UserError(
                "a fresh configuration needs a vocabulary: name a SentencePiece model (spiece.model), or bytes"
            )

    @property
    def text_data(self) -> TextData | None:
        """The plain text to train on; None where there is none."""
        return TextData.from_table(self.text) if self.text else None

    @property
    def mixture(self) -> Mixture:
        """The mixture to train on."""
        return mixture_of_run(self.task, self.rates, self.mixture_limit, self.temperature, self.text_data)

    def settings(self) -> TrainSettings:
        """Returns the numbers that `keras_model` trains by.

        Raises:
            UserError: one is out of range.
        """
        from keras_model.training_run.fit_settings import TrainSettings

        names = [field.name for field in dataclasses.fields(TrainSettings)]
        try:
            given = {name: getattr(self, name) for name in names if hasattr(self, name)}
            return TrainSettings(**given, packing=self.pack)
        except ValueError as error:
            raise UserError(str(error)) from None


def read_config(path: Path, overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a TOML file's `[train]` table with `overrides` over it.

    Raises:
        UserError: the file cannot be read, is not TOML, or has an unknown key or a value of the wrong type.
    """
    try:
        document = tomllib.loads(path.read_bytes().decode("utf-8"))
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: not a TOML file: {error}") from None
    table = document.get("train")
    if not isinstance(table, dict):
        raise UserError(f"{path}: there is no [train] table in it")
    return {**table, **overrides}


def resolve(table: Mapping[str, Any], where: str) -> TrainConfig:
    """Returns the configuration that a table of settings describes.

    Raises:
        UserError: a key is unknown or missing, or a value has the wrong type.
    """
    fields = {field.name: field for field in dataclasses.fields(TrainConfig)}
    for key, value in table.items():
        if key not in fields:
            raise UserError(
                f"{where}: unknown key {key!r}; the keys are {', '.join(fields)}.{did_you_mean(key, list(fields))}"
            )
        expected: tuple[type, ...] = {
            "task": (list, tuple),
            **dict.fromkeys(("config", "rates", "text"), (dict,)),
            "pack": (list, tuple),
            **dict.fromkeys(
                ("learning_rate", "temperature", "weight_decay", "clip_norm", "z_loss", "label_smoothing"), (int, float)
            ),
            **dict.fromkeys(("data_dir", "out", "model", "preset", "vocab", "prepared"), (str,)),
            **dict.fromkeys(("optimizer", "schedule", "dtype", "strategy", "wandb"), (str,)),
        }.get(key, (int,))
        if not isinstance(value, expected) or isinstance(value, bool):
            raise UserError(f"{where}: {key} has the wrong type: {value!r}")
    for key in ("task", "data_dir", "out"):
        if key not in table:
            raise UserError(f"{where}: {key} is missing")
    for name, rate in table.get("rates", {}).items():
        if not isinstance(rate, int | float) or isinstance(rate, bool):
            raise UserError(f"{where}: the rate of {name} must be a number, got {rate!r}")
    pack = table.get("pack")
    if pack is not None and ([type(length) for length in pack] != [int, int]):
        raise UserError(f"{where}: pack takes the lengths of a row, source and target, got {pack!r}")
    return TrainConfig(**{**table, "task": tuple(table["task"]), "pack": tuple(pack) if pack else None})


def training_splits(specs: Sequence[TaskSpec], data: DataSource) -> list[Split]:
    """Returns the training splits of the tasks.

    Raises:
        UserError: one is not there.
    """
    return [open_split(spec, "train", data) for spec in specs]


def validation_examples(
    specs: Sequence[TaskSpec], data: DataSource, limit: int | None
) -> dict[TaskSpec, list[Example]]:
    """Returns the first `limit` validation examples of each task whose validation split is at hand."""
    found: dict[TaskSpec, list[Example]] = {}
    for spec in specs:
        if "validation" in spec.source.splits:
            try:
                found[spec] = list(open_split(spec, "validation", data))[:limit]
            except UserError:
                continue
    return found


def answered(
    generator: KerasGenerator, spec: TaskSpec, examples: Sequence[Example]
) -> Iterator[tuple[list[Example], list[str]]]:
    """Yields examples a batch at a time with the texts that the model generates for them, as in `t5eval evaluate`."""
    by_id = {example.id: example for example in examples}
    for batch in generate_all(generator, spec, [evaluation_pair(spec, e) for e in examples]):
        yield [by_id[prediction.id] for prediction in batch], [prediction.text for prediction in batch]


def validate(
    generator: KerasGenerator, examples: Mapping[TaskSpec, Sequence[Example]], advance: Advance
) -> dict[str, float]:
    """Returns each task's score, by generation, parser and metric as in `t5eval evaluate`; undefined ones left out."""
    scores: dict[str, float] = {}
    done, total = 0, sum(map(len, examples.values()))
    for spec, rows in examples.items():
        texts: dict[str, str] = {}
        for batch, said in answered(generator, spec, rows):
            texts |= zip((example.id for example in batch), said, strict=True)
            done += len(batch)
            advance(done, total)
        score = score_split(spec, "validation", judge(spec, rows, texts), intervals=False).task_score
        if score is not None:
            scores[spec.name] = score
    return scores


def _fresh_config(config: TrainConfig, tokenizer: Tokenizer) -> T5Config:
    from keras_model.config import T5Config

    known = [field.name for field in dataclasses.fields(T5Config)]
    for key in config.config:
        if key not in known:
            raise UserError(
                f"[train.config]: unknown key {key!r}; the keys are {', '.join(known)}.{did_you_mean(key, known)}"
            )
    # The embedding's rows are the vocabulary's, rounded up so that every device divides them.
    rows = -(-tokenizer.vocab_size // 128) * 128
    try:
        base = T5Config.preset(config.preset).to_dict() if config.preset else {}
        return T5Config.from_dict({**base, "vocab_size": rows, **config.config})
    except ValueError as error:
        raise UserError(f"[train.config]: {error}") from None


def _start(config: TrainConfig, strategy: Any) -> tuple[T5, Tokenizer]:
    """Returns the model to train, made under the strategy, with its tokenizer."""
    import_keras_model()
    import keras

    from keras_model.checkpoints import load_model
    from keras_model.distribution.strategies import scope
    from keras_model.t5 import T5
    from keras_model.tokenizers.loading import load_tokenizer

    keras.utils.set_random_seed(config.seed)
    try:
        tokenizer = load_tokenizer(config.model or "", config.vocab or None)
        with scope(strategy):
            if config.model:
                model = load_model(config.model, dtype=config.dtype)
                require_fitting_vocabulary(Path(config.model), model, tokenizer)
                return model, tokenizer
            return T5(_fresh_config(config, tokenizer), dtype=config.dtype), tokenizer
    except ValueError as error:
        raise UserError(str(error)) from None


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
    settings = config.settings()
    data = data_source(config.data_dir)
    mixture, text = config.mixture, config.text_data
    trained = drawn_tasks(mixture, with_text=text is not None)
    if config.prepared is None:
        training_splits(trained, data)  # what is missing is said before the model is read
    with stage("reading the validation examples"):
        held_out = validation_examples(specs, data, config.validate_limit)
    with stage("loading the model"):
        model, tokenizer = _start(config, strategy)
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
    sizes = {name: len(part) for name, part in parts.items()}
    rates = draw_rates(mixture, sizes, text)
    for name, size in sizes.items():
        say(f"{name}: {size:,} training examples" + (f", {100 * rates[name]:.3f} % of those drawn" if rates else ""))
    examples = Examples.concatenate(list(parts.values()))
    generator = KerasGenerator(Generator(model, emit_limit=tokenizer.vocab_size), tokenizer)

    def check(step: int, _: T5) -> dict[str, float]:
        with stage(f"validating at step {step:,}", "examples") as advance:
            scores = validate(generator, held_out, advance)
        say(f"step {step:,}: " + ", ".join(f"{name} {value:.2f}" for name, value in scores.items()))
        return scores

    try:
        return fit(
            model,
            examples,
            settings,
            Path(config.out),
            sizes=list(sizes.values()),
            rates=None if rates is None else list(rates.values()),
            validate=check,
            callbacks=[_display_callback(display, config.steps)],
            tokenizer=tokenizer,
            log=log,
        )
    except NonFiniteLossError as error:
        ids = ids_of_examples(error.examples, sizes, trained, data)
        raise UserError(f"{error} The examples of its batch: {', '.join(ids)}.") from error
    except (TrainingError, ValueError) as error:
        raise UserError(str(error)) from error


def _display_callback(display: StepDisplay, steps: int) -> Any:
    import keras

    class StepsShown(keras.callbacks.Callback):
        """Passes each step's numbers on to the display."""

        def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
            display({"steps": steps, **(logs or {})})

    return StepsShown()
