"""Several T5s that write as one."""

from collections.abc import Sequence
from typing import Any

from keras_model.config import require_one_vocabulary
from keras_model.decoding.writing_model import Writer
from keras_model.model import T5Network


class Ensemble(Writer):
    """T5s of one vocabulary as one model, whose logits are the mean of theirs, before the softmax.

    It generates, samples, searches and ranks as a T5 does (`generate`, and `Generator(ensemble)` of ids). Its members
    may differ in size and form. Their weights are read at each call, so that members in training write as they are now.

    Args:
        members: `T5`s made under one strategy. The first one's preprocessor is taken.

    Raises:
        ValueError: there is no member, or they differ in the number of ids, the special ids or the tokenizer.

    Source: Raffel et al. 2020, section 3.6.
    """

    def __init__(self, members: Sequence[T5Network]) -> None:
        if not members:
            raise ValueError("an ensemble has at least one member. Received: none")
        self.members = tuple(members)
        require_one_vocabulary({f"member {i}": member.config for i, member in enumerate(members, 1)})
        texts = [found for member in members if (found := getattr(member, "preprocessor", None)) is not None]
        if len({found.tokenizer.fingerprint for found in texts}) > 1:
            raise ValueError("the members of an ensemble have one tokenizer, so that an id means the same to all")
        self.config = members[0].config
        """The first member's, whose ids are those of all."""
        self.preprocessor = texts[0] if texts else None

    @property
    def distribute_strategy(self) -> Any:
        """The strategy that the members were made under."""
        return self.members[0].distribute_strategy
