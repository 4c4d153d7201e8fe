"""A model as a command line names it, and the options that go with the name."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from t5eval.predictors.of_keras import DTYPES
from t5eval.predictors.predictor import Predictor
from task_specs.support.errors import UserError


@dataclass(frozen=True)
class NamedModel:
    """A model, under a name that finds the same one again from any folder.

    Attributes:
        predictor: what answers.
        name: the name.
        generation: what its own generation_config.json says of decoding that T5's way does not do.
        note: what else to know of it before it answers.
    """

    predictor: Predictor
    name: str
    generation: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""

    def generation_note(self) -> str:
        """Returns what to say where the model's own settings of generation do not apply, empty if it has none."""
        named = ", ".join(f"{key} {value}" for key, value in self.generation.items())
        return named and (
            f"{self.name}: decoded as the tasks' rows say; its own settings of generation do not apply ({named}). "
            f"--generation model of an hf: model follows them"
        )


@dataclass(frozen=True)
class ModelOptions:
    """What a command line says of a model besides its name; None where it says nothing.

    Attributes:
        dtype: the precision of its arithmetic, one of `DTYPES` of `of_keras.py`.
        vocab: a SentencePiece model, or `bytes`, as `keras_model.tokenizers.loading.load_tokenizer` takes it.
        strategy: where it runs, as `keras_model.distribution.strategies.open_strategy` takes it.
        concurrency: the most requests to a server at once.
        generation: `model` if its own generation_config.json is to be followed.

    Raises:
        UserError: the precision is none that a T5 can be run in.
    """

    dtype: str | None = None
    vocab: str | None = None
    strategy: str | None = None
    concurrency: int | None = None
    generation: str | None = None

    def __post_init__(self) -> None:
        if self.dtype == "float16":
            raise UserError(
                "--dtype float16: T5's feed-forward activations exceed 65,504, the largest float16, and become "
                "infinite; take bfloat16"
            )
        if self.dtype is not None and self.dtype not in DTYPES:
            raise UserError(f"--dtype {self.dtype}: it is {' or '.join(DTYPES)}")

    def refuse(self, model: str, *options: str) -> None:
        """Raises a UserError if one of these options was given: it would change nothing in this model."""
        for option in options:
            if getattr(self, option) is not None:
                why = "which reads no generation_config.json" if option == "generation" else "which has its own"
                raise UserError(f"--{option} does not apply to {model}, {why}")
