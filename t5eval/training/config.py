"""What describes a training run: the `[train]` table of a TOML file."""

import dataclasses
import types
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

from keras_model.training_run.fit_settings import TrainSettings
from t5eval.preparation.text_data import TextData
from t5eval.support.any_text import decoded
from t5eval.training.method import ALL, Method, method_of
from t5eval.training.mixture import mixture_of_run
from task_specs import Mixture
from task_specs.support.errors import UserError, quoted, require_known
from task_specs.support.toml_text import parse_toml

SETTINGS = {
    "pack" if field.name == "packing" else field.name: field.name
    for field in dataclasses.fields(TrainSettings)
    if field.name not in ("log_every", "bucket_width", "gradual_unfreezing")
}
"""Keys of the table to the fields of `TrainSettings` that they are."""

DTYPES = {"bfloat16": "mixed_bfloat16", "bfloat16_weights": "bfloat16"}
"""Values of `dtype` to Keras' names: in `bfloat16` the weights stay float32, in `bfloat16_weights` they do not."""

FINE_TUNING = TrainSettings(steps=262_144)
"""The paper's: section 3.1.2 of Raffel et al. 2020."""


@dataclasses.dataclass(frozen=True)
class TrainConfig:
    """Everything that describes a training run. In the table, the keys of `settings` stand beside the others.

    Attributes:
        task: tasks, benchmarks, mixtures, or `text`.
        data_dir: where examples come from: a folder of official files, `tfds:`, or `hf:`.
        out: the run's folder.
        model: a model folder to start from.
        preset: the name of a configuration to start from scratch with, such as `t5-small`.
        config: the table `[train.config]`: a configuration of one's own, or what differs from the preset's.
        dropout_rate: in place of the model's own; T5 1.1 was pre-trained with 0 and is fine-tuned with 0.1.
        vocab: a SentencePiece model, or `bytes` for byT5's tokenizer, where no model folder brings one.
        settings: the numbers to train by; T5's fine-tuning if not given. `packing` is `pack` in the table.
        validate_limit: the most validation examples of each task. Of more, a sample is taken, in every run the same.
        rates: how often each name in `task` is drawn, relative to the others; None for in proportion to its size.
        mixture_limit: the most examples that a task counts as, where tasks are drawn in proportion to their sizes.
        temperature: rates are taken to the power of 1 / temperature: the higher, the more even they are.
        prepared: a folder that `t5eval prepare` made of the tasks; None for one of the run's own, `RUN/prepared`.
        text: the table `[train.text]`: files and objective of the plain text that `text` in `task` stands for.
        method: which weights are trained: `all`, `gradual_unfreezing`, `lora[:RANK]`, `adapters[:SIZE]`; or a table.
        strategy: where it is trained: `none`, `mirrored[:N]`, `multiworker` or `tpu[:ADDRESS]`.
        fresh_optimizer: whether Adafactor starts without the moments that a checkpoint of T5's or T5X's brings.
        callbacks: names of Keras callbacks that plugins have registered.
        wandb: the project at Weights & Biases that the run is logged to besides TensorBoard; None for none.
        mlflow: the experiment at MLflow that it is logged to as well; None for none.
    """

    task: tuple[str, ...]
    data_dir: str
    out: str
    model: str | None = None
    preset: str | None = None
    config: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    dropout_rate: float | None = None
    vocab: str | None = None
    settings: TrainSettings = FINE_TUNING
    validate_limit: int = 1000
    rates: Mapping[str, float] | None = None
    mixture_limit: int | None = None
    temperature: float | None = None
    prepared: str | None = None
    text: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    method: str | Mapping[str, Any] = ALL
    strategy: str = "none"
    fresh_optimizer: bool = False
    callbacks: tuple[str, ...] = ()
    wandb: str | None = None
    mlflow: str | None = None

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
        if self.dropout_rate is not None and not 0 <= self.dropout_rate < 1:
            raise UserError(f"dropout_rate must be in [0, 1), got {self.dropout_rate}")
        if self.dropout_rate is not None and "dropout_rate" in self.config:
            raise UserError("dropout_rate is given twice: for the run and in [train.config]")
        if self.trained.adaptation is not None and not self.model:
            raise UserError(f"method {self.trained.adaptation.name} trains beside a model: name its folder")
        if self.trained.gradual_unfreezing:
            settings = dataclasses.replace(self.settings, gradual_unfreezing=True)
            object.__setattr__(self, "settings", settings)

    @property
    def trained(self) -> Method:
        """What of the model is trained."""
        return method_of(self.method)

    @property
    def text_data(self) -> TextData | None:
        """The plain text to train on; None where there is none."""
        return TextData.from_table(self.text) if self.text else None

    @property
    def mixture(self) -> Mixture:
        """The mixture to train on."""
        return mixture_of_run(self.task, self.rates, self.mixture_limit, self.temperature, self.text_data)

    @property
    def records(self) -> Path:
        """The folder of the tasks' examples: the one that is named, or else the run's own."""
        return Path(self.prepared or Path(self.out) / "prepared")

    def to_table(self) -> dict[str, Any]:
        """Returns the table that describes the same run."""
        table = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        settings = table.pop("settings")
        table |= {key: getattr(settings, name) for key, name in SETTINGS.items()}
        return table | ({"dtype": "bfloat16_weights"} if settings.dtype == "bfloat16" else {})


def read_config(path: Path, overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a TOML file's `[train]` table with `overrides` over it.

    Raises:
        UserError: the file cannot be read, is not TOML, or has no such table.
    """
    try:
        document = decoded(parse_toml(path.read_bytes()))
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise UserError(f"{path}: not a TOML file: {error}") from None
    table = document.get("train")
    if not isinstance(table, dict):
        raise UserError(f"{path}: there is no [train] table in it")
    return {**table, **overrides}


def resolve(table: Mapping[str, Any], where: str) -> TrainConfig:
    """Returns the configuration that a table of settings describes.

    Raises:
        UserError: a key is unknown or missing, or a value has the wrong type or is out of range.
    """
    types_of = _types()
    require_known(table, types_of, where)
    for key, value in table.items():
        if not isinstance(value, types_of[key]) or (isinstance(value, bool) and types_of[key] != (bool,)):
            raise UserError(f"{where}: {key} has the wrong type: {repr(value)[:60]}")
    for key in ("task", "data_dir", "out"):
        if key not in table:
            raise UserError(f"{where}: {key} is missing")
    for key in ("task", "callbacks"):
        if not all(isinstance(name, str) for name in table.get(key, ())):
            raise UserError(f"{where}: {key} is a list of names, got {quoted(repr(table[key]))}")
    for name, rate in table.get("rates", {}).items():
        if not isinstance(rate, int | float) or isinstance(rate, bool):
            raise UserError(f"{where}: the rate of {name} must be a number, got {rate!r}")
    pack = table.get("pack")
    if pack is not None and ([type(length) for length in pack] != [int, int]):
        raise UserError(f"{where}: pack takes the lengths of a row, source and target, got {pack!r}")
    if table.get("dtype") in DTYPES:
        table = {**table, "dtype": DTYPES[table["dtype"]]}
    values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in table.items()}
    numbers: dict[str, Any] = {SETTINGS[key]: values.pop(key) for key in table if key in SETTINGS}
    try:
        settings = dataclasses.replace(FINE_TUNING, **numbers)
    except ValueError as error:
        raise UserError(str(error)) from None
    return TrainConfig(**values, settings=settings)


@cache
def _types() -> dict[str, tuple[type, ...]]:
    """Returns the keys of the table, each with the types that TOML may give its value."""
    own, settings = get_type_hints(TrainConfig), get_type_hints(TrainSettings)
    del own["settings"]
    hints = own | {key: settings[name] for key, name in SETTINGS.items()}
    return {key: _plain_types(hint) for key, hint in hints.items()}


def _plain_types(hint: Any) -> tuple[type, ...]:
    if get_origin(hint) in (Union, types.UnionType):
        parts = [part for part in get_args(hint) if part is not type(None)]  # which TOML does not have
        return tuple(kind for part in parts for kind in _plain_types(part))
    of_toml: dict[Any, tuple[type, ...]] = {float: (int, float), tuple: (list, tuple), Mapping: (dict,)}
    kind = get_origin(hint) or hint
    return of_toml.get(kind, (kind,))
