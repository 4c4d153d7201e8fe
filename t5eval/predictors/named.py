"""A model as a command line names it, and the options that go with the name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from t5eval.errors import UserError
from t5eval.predictor import Predictor


@dataclass(frozen=True)
class NamedModel:
    """A model, under a name that finds the same one again from any folder."""

    predictor: Predictor
    name: str


@dataclass(frozen=True)
class ModelOptions:
    """What a command line says of a model besides its name; None where it says nothing."""

    dtype: str | None = None
    vocab: Path | None = None

    def refuse(self, model: str, *options: str) -> None:
        """Raises an error if one of these options was given: it would change nothing in this model.

        Raises:
            UserError: as said.
        """
        for option in options:
            if getattr(self, option) is not None:
                raise UserError(f"--{option} does not apply to {model}, which has its own")
