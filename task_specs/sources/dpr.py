"""Definite pronoun resolution (Rahman and Ng 2012): blocks of four lines and an empty one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from task_specs.records import FrozenDict
from task_specs.sources.one_file import OneFile


@dataclass(frozen=True)
class PronounBlocks(OneFile):
    """Text files of blocks: sentence, pronoun, candidates with commas between them, the right one, an empty line.

    Every split is labelled. An example's id is the 0-based number of its block.
    """

    kind: ClassVar[str] = "pronoun_blocks"
    fields: ClassVar[Mapping[str, str]] = FrozenDict(sentence="line 1", pronoun="line 2", candidates="line 3")
