"""Files of a value for each example in a submission: a class's name, or a number."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from task_specs.records import FrozenDict
from task_specs.support.errors import SpecError


@dataclass(frozen=True)
class ClassFile:
    """A task's file in a submission, its values class names as the leaderboard spells them.

    Attributes:
        file: the file's name.
        labels: what is written for each class, in the order of the answer's classes.
        split: the split whose answers it holds.
        other_versions: versions of the data that the leaderboard does not take, with their numbers of rows, so that a
            file which answers one of them is told so.
    """

    file: str
    labels: tuple[str, ...]
    split: str = "test"
    other_versions: Mapping[str, int] = field(default_factory=FrozenDict)
    kind: ClassVar[str] = "class"

    def __post_init__(self) -> None:
        object.__setattr__(self, "labels", tuple(self.labels))
        object.__setattr__(self, "other_versions", FrozenDict(self.other_versions))


@dataclass(frozen=True)
class NumberFile:
    """A task's file in a submission, its values numbers that are clipped to the range the leaderboard accepts.

    Attributes:
        file: the file's name.
        low: the least number that is accepted.
        high: the greatest.
        decimals: how many of its decimals are written.
        split: the split whose answers it holds.
    """

    file: str
    low: float
    high: float
    decimals: int = 3
    split: str = "test"
    kind: ClassVar[str] = "number"

    def __post_init__(self) -> None:
        if not -math.inf < self.low < self.high < math.inf or self.decimals < 0:
            raise SpecError(
                f"a file of numbers needs low < high and decimals from 0, got {self.low}, {self.high}, {self.decimals}"
            )
