"""The plain records that travel through the harness, in the order in which one example becomes them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


class FrozenDict(dict[str, Any]):
    """A dict that refuses to change, so that frozen specifications stay frozen and can still be pickled."""

    def _refuse(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError("a task specification cannot be changed; use dataclasses.replace to derive another one")

    __setitem__ = __delitem__ = clear = pop = popitem = setdefault = update = __ior__ = _refuse

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(tuple(sorted(self.items())))

    def __reduce__(self) -> tuple[Any, ...]:
        return (FrozenDict, (dict(self),))


@dataclass(frozen=True, slots=True)
class Example:
    """One row of a benchmark as its source has it.

    Attributes:
        id: what prediction files and submissions call this example; unique within its split.
        features: the source's fields, under the names that TensorFlow Datasets gives them. A `label` of -1
            (-1.0 for a number) means that the split has no labels.
        slices: what the source says of it that scores are divided by, and no text format sees; several values are
            divided by `;`. Copies of a benchmark lack it, so it does not tell examples apart.
    """

    id: str
    features: Mapping[str, Any]
    slices: Mapping[str, str] = field(default=FrozenDict(), compare=False)


@dataclass(frozen=True, slots=True)
class TextPair:
    """One example as text to text.

    Attributes:
        id: the example's id; `ID#k` where training makes several pairs of one example.
        inputs: what the model reads.
        targets: what it should write; T5's placeholder (`<unk>`, `-1.0`) where the example is unlabelled.
        problem: why the targets could not be derived, empty if they could.
        learn: whether a model should be trained to write the targets; false where they are not the true answer.
    """

    id: str
    inputs: str
    targets: str
    problem: str = ""
    learn: bool = True


@dataclass(frozen=True, slots=True)
class Answer:
    """What a text says, or why it cannot be read.

    Attributes:
        value: the class index, number or text; None when unreadable.
        t5: what T5's own postprocessor makes of the same text (-1 and -1.0 where T5 gives up).
        reason: why there is no value; empty if there is one.
        mapped: whether the text was found in the passage where it has to be a piece of it; the value is then that
            piece, and otherwise the text as it is.
        changed: whether the value has other words than the text, because T5's way of writing it was undone.
    """

    value: Any
    t5: Any
    reason: str = ""
    mapped: bool = True
    changed: bool = False

    @property
    def readable(self) -> bool:
        """Whether there is a value."""
        return not self.reason
