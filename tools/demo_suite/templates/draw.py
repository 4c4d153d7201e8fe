"""Seeded choices that come out the same on every Python."""

import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Draw:
    """A stream of choices.

    Built on `random.random()` alone, the one method whose sequence Python promises to keep; `choice` and `shuffle`
    have changed between releases.

    Args:
        seed: any integer; the same seed gives the same stream.
    """

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def below(self, limit: int) -> int:
        """Returns an integer in [0, limit)."""
        return int(self._random.random() * limit)

    def chance(self, probability: float) -> bool:
        """Returns True with the given probability."""
        return self._random.random() < probability

    def pick(self, options: Sequence[T]) -> T:
        """Returns one of the options, all equally likely."""
        return options[self.below(len(options))]

    def two(self, options: Sequence[T]) -> tuple[T, T]:
        """Returns two different places' options, in random order."""
        first = self.below(len(options))
        second = self.below(len(options) - 1)
        return options[first], options[second + (second >= first)]

    def other(self, options: Sequence[T], than: T) -> T:
        """Returns an option that is not equal to `than`."""
        return self.pick([option for option in options if option != than])

    def shuffled(self, options: Sequence[T]) -> list[T]:
        """Returns the options in random order."""
        rest = list(options)
        return [rest.pop(self.below(len(rest))) for _ in options]
