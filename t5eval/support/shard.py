"""One of several shares of a piece of work, each of which is a job of its own: `--shard 3/8`."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from t5eval.support.errors import RunError
from task_specs.support.errors import UserError

T = TypeVar("T")


@dataclass(frozen=True, order=True)
class Shard:
    """The share of one job among several.

    Attributes:
        of: how many jobs share the work.
        number: which of them this is, from 1.
    """

    of: int
    number: int

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Returns the shard that `I/N` names.

        Raises:
            UserError: it names none.
        """
        found = re.fullmatch(r"([0-9]{1,9})/([0-9]{1,9})", text)
        if found is None or not 1 <= int(found[1]) <= int(found[2]):
            raise UserError(f"--shard {text}: it is I/N, with I from 1 to N: the shards of three are 1/3, 2/3 and 3/3")
        return cls(int(found[2]), int(found[1]))

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    def has(self, place: int, name: str) -> bool:
        """Returns whether a piece of the work called `name` is of this shard: every N-th is.

        The first is another shard's for each name, so that small works do not all lie with the first shards.

        Args:
            place: the piece's number, from 0.
        """
        return (place + zlib.crc32(name.encode())) % self.of == self.number - 1

    def share(self, items: Sequence[T], name: str) -> list[T]:
        """Returns those of a work's pieces that are of this shard; see `has`."""
        return [item for place, item in enumerate(items) if self.has(place, name)]


NAMED = 5
"""How many missing shards a message names."""


def require_all_shards(found: Sequence[tuple[Path, Shard]]) -> None:
    """Raises an error unless there is each of N shards, once.

    Args:
        found: folders, each with the shard in it; at least one.

    Raises:
        RunError: as said.
    """
    (first, one), *_ = found
    places: dict[Shard, Path] = {}
    for path, shard in found:
        if shard.of != one.of:
            raise RunError(f"{first} is shard {one} and {path} shard {shard}; merge shards of the same number")
        if shard in places:
            raise RunError(f"{places[shard]} and {path} are both shard {shard}; name one of them")
        places[shard] = path
    if missing := [str(s) for s in (Shard(one.of, n) for n in range(1, one.of + 1)) if s not in places]:
        names = ", ".join(missing[:NAMED]) + (", ..." if len(missing) > NAMED else "")
        raise RunError(f"{len(missing):,} of {one.of:,} shards missing: {names}; run them, and name their folders too")
