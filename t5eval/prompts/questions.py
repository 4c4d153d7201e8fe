"""What a model is sent for each example: one text with the shots before it, or turns of a chat."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from t5eval.data import Split
from t5eval.predictors.chat import Chat, Turn
from t5eval.predictors.predictor import Prepared, TextGenerator
from t5eval.prompts.asking import Asking
from t5eval.prompts.shots import Shots
from task_specs import TextPair
from task_specs.support.errors import UserError

_NOTHING = TextPair("", "", "")


@dataclass(frozen=True)
class Sent:
    """What was sent, counted over a split.

    Attributes:
        input_tokens: tokens of all inputs; None where the model does not count them.
        shots_dropped: shots that did not fit into the task's length, dropped from the front; None where the model does
            not say what fits.
    """

    input_tokens: int | None = None
    shots_dropped: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Returns the counts as JSON data."""
        return asdict(self)


class Questions:
    """Puts a split's examples to a model.

    Attributes:
        sent: what was sent, once it was prepared.

    Args:
        asking: how they are asked.
        split: the split.
        counted: whether the model is sent anything at all; a file of predictions is not.

    Raises:
        UserError: there are no such shots.
    """

    def __init__(self, asking: Asking, split: Split, counted: bool = True) -> None:
        self._asking = asking
        self._counted = counted
        self._shots = Shots(split, asking.shots, asking.shot_seed) if asking.shots else None
        self.sent = Sent()

    def shots_before(self, pair: TextPair) -> list[TextPair]:
        """Returns an example's shots."""
        return self._shots.before(pair) if self._shots else []

    def text(self, pair: TextPair) -> str:
        """Returns an example as one text, after all of its shots."""
        return self._one_text(self._shots.before(pair), pair) if self._shots else pair.inputs

    @cached_property
    def _usual_shots(self) -> str:
        return one_text(self._shots.usual, _NOTHING) if self._shots else ""

    def _one_text(self, shots: Sequence[TextPair], pair: TextPair) -> str:
        if self._shots is not None and shots is self._shots.usual:
            return self._usual_shots + pair.inputs
        return one_text(shots, pair)

    def turns(self, pair: TextPair) -> Chat:
        """Returns an example as a conversation, after all of its shots."""
        return chat(self._asking.system, self.shots_before(pair), pair)

    def prepare(self, predictor: TextGenerator, pairs: Sequence[TextPair], max_tokens: int) -> list[Prepared]:
        """Returns each example as the model takes it, with as many of its shots as fit.

        Args:
            predictor: the model, one that knows conversations if it is asked so.
            pairs: the examples.
            max_tokens: the longest input.

        Raises:
            UserError: the model knows no conversations.
        """
        prepare_chats: Callable[..., list[Prepared]] | None = getattr(predictor, "prepare_chats", None)
        if self._asking.chat and prepare_chats is None:
            raise UserError(f"{type(predictor).__name__} takes texts alone, no conversations; leave out --chat")
        shots = [self.shots_before(pair) for pair in pairs]
        dropped = [0] * len(pairs)

        def ask(places: Sequence[int]) -> list[Prepared]:
            asked = [(shots[i][dropped[i] :] if dropped[i] else shots[i], pairs[i]) for i in places]
            if self._asking.chat and prepare_chats is not None:
                chats = [chat(self._asking.system, *one) for one in asked]
                return prepare_chats(chats, max_tokens)
            return predictor.prepare([self._one_text(*one) for one in asked], max_tokens)

        prepared = ask(range(len(pairs)))
        over = [i for i, one in enumerate(prepared) if one.truncated and shots[i]]
        while over:
            for i in over:
                dropped[i] += 1
            for i, again in zip(over, ask(over), strict=True):
                prepared[i] = again
            over = [i for i in over if prepared[i].truncated and dropped[i] < len(shots[i])]
        if self._counted and all(one.truncated is not None for one in prepared):
            self.sent = Sent(sum(one.length for one in prepared), sum(dropped))
        return prepared


def one_text(shots: Sequence[TextPair], pair: TextPair) -> str:
    """Returns an example after its shots, a blank line between them.

    A shot's answer follows its input on a line of its own, or after a colon on the same line.
    """
    answered = [f"{shot.inputs}{' ' if shot.inputs.endswith(':') else chr(10)}{shot.targets}" for shot in shots]
    return "\n\n".join([*answered, pair.inputs])


def chat(system: str | None, shots: Sequence[TextPair], pair: TextPair) -> Chat:
    """Returns an example as the user's last turn, each shot a turn of the user and one of the assistant before it."""
    first = [] if system is None else [Turn("system", system)]
    before = [turn for shot in shots for turn in (Turn("user", shot.inputs), Turn("assistant", shot.targets))]
    return Chat((*first, *before, Turn("user", pair.inputs)))
