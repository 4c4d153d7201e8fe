"""What the harness asks of a model, whichever library it comes from."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from t5eval.data import Split
from t5eval.predictors.chat import Chat
from t5eval.runs.prediction import Ranking
from task_specs import Decode
from task_specs.errors import UserError


@dataclass(frozen=True, slots=True)
class Prepared:
    """An input as the model takes it.

    Attributes:
        payload: whatever the predictor's `generate` wants, such as token ids.
        length: its length in tokens, by which batches are made up.
        truncated: whether the text was cut to fit; None where that is not known.
    """

    payload: Any
    length: int
    truncated: bool | None


@dataclass(frozen=True, slots=True)
class Generation:
    """A generated text.

    Attributes:
        text: the text.
        hit_limit: whether it ended at the length limit; None where that is not known.
        ranking: how probable the answers were that it was chosen from, where it was chosen, and not generated, before.
    """

    text: str
    hit_limit: bool | None
    ranking: Ranking | None = None


@dataclass(frozen=True)
class Rank:
    """The answer is the most probable of a fixed set instead of a generated text; the counterpart of `Decode`."""

    method: str = field(default="rank", init=False)
    choices: tuple[str, ...]


@dataclass(frozen=True)
class Sample:
    """The answer is drawn token by token from the model's distribution; a counterpart of `Decode`.

    Attributes:
        temperature: what the logits are divided by; above 0.
        top_k: draw from so many of the most probable tokens; None for all.
        top_p: in (0, 1]: draw from the most probable tokens that reach this probability together.
        seed: what an example draws follows from it and from the example's number.
    """

    method: str = field(default="sample", init=False)
    temperature: float = 1.0
    top_k: int | None = None
    top_p: float = 1.0
    seed: int = 0


Answering = Decode | Sample | Rank
"""How a model comes to an answer: by generating or drawing it, or by choosing among a task's fixed answers."""


class OutOfMemory(Exception):
    """A batch did not fit into memory; a smaller one may. What libraries raise themselves counts as well."""


class TextGenerator(Protocol):
    """A model that turns texts into texts."""

    @abstractmethod
    def prepare(self, texts: Sequence[str], max_tokens: int) -> list[Prepared]:
        """Returns each text as the model takes it, cut to `max_tokens` with the end of sequence."""

    @abstractmethod
    def generate(self, batch: Sequence[Prepared], max_new_tokens: int, decode: Decode | Sample) -> list[Generation]:
        """Returns the generated text of each input, in order."""

    def rank(self, batch: Sequence[Prepared], answers: Sequence[str]) -> list[Ranking]:
        """Returns for each input, in order, how probable the model finds each of the answers.

        Raises:
            UserError: the model has no probabilities.
        """
        raise UserError(f"{type(self).__name__} cannot rank answers; it can only generate them (--decode greedy)")


class Predictor(TextGenerator, Protocol):
    """A model that a run's predictions can be attributed to.

    A class of one's own that derives from this one needs `prepare`, `generate` and `identity`; what else there is has
    an answer that suits most models.
    """

    @property
    @abstractmethod
    def identity(self) -> Mapping[str, str]:
        """What tells this model from any other: all that would change its output, such as hashes of its weights and
        vocabulary, and under `dtype` the precision of its arithmetic."""

    def device(self) -> str | None:
        """Returns what it ran on, None if it has not run."""
        return None

    def decoding(self, answering: Answering) -> Mapping[str, Any]:
        """Returns what the results say of how the answers came about, as JSON data.

        Raises:
            UserError: this model cannot answer so.
        """
        return asdict(answering)

    def count_unwritable(self, texts: Sequence[str]) -> int | None:
        """Returns how many texts hold characters that the model's vocabulary lacks; None where that is not known."""
        return None

    def prepare_chats(self, chats: Sequence[Chat], max_tokens: int) -> list[Prepared]:
        """Returns each conversation as the model takes it, cut to `max_tokens`.

        Raises:
            UserError: the model knows no conversations.
        """
        raise UserError(f"{type(self).__name__} takes texts alone, no conversations; leave out --chat")

    def expect(self, splits: Sequence[Split]) -> None:
        """Is told all splits that it will be asked for, before any of them is read.

        Raises:
            UserError: this model has no answers to one of them.
        """
        return None

    def begin(self, split: Split) -> None:
        """Is told which split comes next, before its inputs are prepared, in one call, from the first on.

        Raises:
            UserError: this model has no answers to the split.
        """
        return None
