"""The share of one of several jobs: what its manifest says, so that `t5eval merge` can write that of the whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from t5eval.support.shard import Shard

if TYPE_CHECKING:
    from keras_model.data.records import RecordSet

SHARD = "shard"
"""What a manifest calls the share, `I/N`."""
PIECES = "pieces"
"""There, each of the records' shards: its number among all, how many files it has (one, or none), and of tasks its
tally."""


def manifest_of(shard: Shard | None) -> str:
    """Returns the name of the manifest that a shard writes, or a preparation of all."""
    from keras_model.data.records import MANIFEST_FILE, SHARD_MANIFEST_FILE

    return MANIFEST_FILE if shard is None else SHARD_MANIFEST_FILE


def about_share(shard: Shard | None, pieces: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Returns what the manifest says of a set's share; nothing where all of it is made."""
    return {} if shard is None else {SHARD: str(shard), PIECES: pieces}


def is_another_share(made: RecordSet, shard: Shard | None) -> Iterator[str]:
    """Yields how a set's share differs from the wanted one, if it does."""
    if shard is not None and made.about.get(SHARD) != str(shard):
        yield f"{made.name} is of shard {made.about.get(SHARD)}, not {shard}"
