"""Definite pronoun resolution (Rahman and Ng 2012): blocks of four lines and an empty one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from task_specs.errors import SpecError
from task_specs.records import FrozenDict


@dataclass(frozen=True)
class PronounBlocks:
    """Text files of blocks: sentence, pronoun, candidates with commas between them, the right one, an empty line.

    Every split is labelled. An example's id is the 0-based number of its block.

    Attributes:
        folder: the folder below the data directory.
        files: split to file name.
    """

    folder: str
    files: Mapping[str, str]
    kind: ClassVar[str] = "pronoun_blocks"
    fields: ClassVar[Mapping[str, str]] = FrozenDict(sentence="line 1", pronoun="line 2", candidates="line 3")

    def __post_init__(self) -> None:
        object.__setattr__(self, "files", FrozenDict(self.files))
        if not self.files:
            raise SpecError("source 'pronoun_blocks' needs at least one file")

    def paths(self, split: str) -> dict[str, str]:
        return {"": self.files[split]}

    @property
    def splits(self) -> tuple[str, ...]:
        return tuple(self.files)
