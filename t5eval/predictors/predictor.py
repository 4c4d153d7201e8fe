"""What the harness asks of a model, whichever library it comes from."""

from __future__ import annotations

import math
from abc import abstractmethod
from array import array
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Protocol, runtime_checkable

from t5eval.data import Split
from t5eval.predictors.chat import Chat
from t5eval.runs.prediction import Ranking, Usage
from task_specs import Decode
from task_specs.support.errors import UserError


@dataclass(frozen=True, slots=True)
class Prepared:
    """An input as the model takes it.

    Attributes:
        payload: whatever the predictor's `generate` wants, such as token ids.
        length: its length in tokens, by which batches are made up.
        truncated: whether the text was cut to fit; None where that is not known.
        number: its place in the split, from 0; what is drawn for it follows from this. The harness sets it.
        key: what tells it from any other input of the model, for a cache; empty where there is none.
        room: the length that it is padded to where every shape of a batch is compiled; None where that is not planned.
        same: what inputs have in common of which the model makes the same answer, unless it is drawn; empty where
            nobody says that there are any.
    """

    payload: Any
    length: int
    truncated: bool | None
    number: int = 0
    key: str = ""
    room: int | None = None
    same: bytes = b""


def same_ids(ids: Sequence[int]) -> bytes:
    """Returns the `Prepared.same` of an input whose token ids are all that the model is given."""
    return array("q", ids).tobytes()


@dataclass(frozen=True, slots=True)
class Generation:
    """A generated text.

    Attributes:
        text: the text.
        hit_limit: whether it ended at the length limit; None where that is not known.
        ranking: how probable the answers were that it was chosen from, where it was chosen, and not generated, before.
        usage: the tokens that it took, where somebody counts them.
        cached: whether it was found in a cache, so that the model was not asked.
        log_likelihood: of a generated text the sum of the log-probabilities of its tokens, end of sequence included;
            None where the model does not say it.
        no_answer: how probable the model finds that the question has no answer, from 0 to 1; None likewise.
    """

    text: str
    hit_limit: bool | None
    ranking: Ranking | None = None
    usage: Usage | None = None
    cached: bool = False
    log_likelihood: float | None = None
    no_answer: float | None = None


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
        seed: what an example draws follows from it and from the example's number, `Prepared.number`, alone: not from
            the batch that it is in.
        samples: how many texts each example draws, of which the commonest is its answer. `generate` is asked for one at
            a time, with seeds that count up from `seed`.

    Raises:
        UserError: one of them is out of its range.
    """

    method: str = field(default="sample", init=False)
    temperature: float = 1.0
    top_k: int | None = None
    top_p: float = 1.0
    seed: int = 0
    samples: int = 1

    def __post_init__(self) -> None:
        for name, fits, rule in (
            ("temperature", 0 < self.temperature < math.inf, "above 0 (--decode greedy takes the most probable token)"),
            ("top_k", self.top_k is None or self.top_k >= 1, "1 or more"),
            ("top_p", 0 < self.top_p <= 1, "above 0 and at most 1"),
            ("seed", 0 <= self.seed < 2**31, "from 0 to 2,147,483,647"),
            ("samples", self.samples >= 1, "1 or more"),
        ):
            if not fits:
                raise UserError(f"--{name.replace('_', '-')} {getattr(self, name)}: it is {rule}")

    def draws(self) -> Iterator[Sample]:
        """Yields what each of the texts is asked for with."""
        for place in range(self.samples):
            yield replace(self, seed=self.seed + place, samples=1)


Answering = Decode | Sample | Rank
"""How a model comes to an answer: by generating or drawing it, or by choosing among a task's fixed answers."""


NAMED = 5
"""How many of the inputs without an answer a message names."""


class OutOfMemory(Exception):
    """A batch did not fit into memory; a smaller one may. What libraries raise themselves counts as well."""


class Unanswered(UserError):
    """Some inputs have no answer; those that came before are good.

    Args:
        which: their keys, or ids.
        reason: why the first of them has none.
        stopped: whether the model answers nobody any more.
    """

    def __init__(self, which: Sequence[int | str], reason: str, stopped: bool) -> None:
        first = ", ".join(map(str, which[:NAMED])) + (", ..." if len(which) > NAMED else "")
        super().__init__(f"{len(which):,} without an answer ({first}): {reason}")
        self.which, self.reason, self.stopped = which, reason, stopped


@runtime_checkable
class AsTheyCome(Protocol):
    """A predictor that answers each input by itself, and has no use for batches."""

    @abstractmethod
    def answers(
        self, asked: Mapping[int, tuple[Prepared, Answering]], max_new_tokens: int
    ) -> Generator[Mapping[int, Generation]]:
        """Yields the answers that have come since the last time, under the keys of what was asked.

        An answer that was ranked has a ranking, and whatever text.

        Args:
            asked: inputs, each with how it is answered, under whatever keys.
            max_new_tokens: the longest text.

        Raises:
            Unanswered: some have none, when all others have been yielded.
        """


@runtime_checkable
class Compiling(Protocol):
    """A predictor that may have to compile every shape of a batch."""

    @abstractmethod
    def compiles_shapes(self) -> bool:
        """Returns whether it does, so that batches should have few shapes; the model is loaded then."""


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

    def cache_identity(self) -> Mapping[str, str] | None:
        """Returns what tells the model that answers the split begun from any other, in a cache of answers; None where
        an answer does not follow from its input alone."""
        return self.identity

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

        Inputs with shots that are cut come once more, with fewer shots.

        Raises:
            UserError: this model has no answers to the split.
        """
        return None
