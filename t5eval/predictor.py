"""What the harness asks of a model, whichever library it comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from task_specs import Decode


@dataclass(frozen=True, slots=True)
class Prepared:
    """An input as the model takes it.

    Attributes:
        payload: whatever the predictor's `generate` wants, such as token ids.
        length: its length in tokens, by which batches are made up.
        truncated: whether the text was cut to fit.
    """

    payload: Any
    length: int
    truncated: bool


@dataclass(frozen=True, slots=True)
class Generation:
    """A generated text, and whether it ended at the length limit."""

    text: str
    hit_limit: bool


class TextGenerator(Protocol):
    """A model that turns texts into texts."""

    def prepare(self, texts: Sequence[str], max_tokens: int) -> list[Prepared]:
        """Returns each text as the model takes it, cut to `max_tokens` with the end of sequence."""

    def generate(self, batch: Sequence[Prepared], max_new_tokens: int, decode: Decode) -> list[Generation]:
        """Returns the generated text of each input, in order."""


class Predictor(TextGenerator, Protocol):
    """A model that a run's predictions can be attributed to."""

    @property
    def identity(self) -> Mapping[str, str]:
        """What tells this model from any other, such as hashes of weights and vocabulary."""

    def device(self) -> str | None:
        """Returns what it ran on, None if it has not run."""
