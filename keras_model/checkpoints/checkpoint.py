"""What a checkpoint format is, and what opening a checkpoint of any format gives.

A format is a module beside this one. It hands over its tensors under Hugging Face's names (see `weights`), so that
everything after it, the account of missing and unused tensors included, is the same for all.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from keras_model.checkpoints.configuration import config_beside, configuration
from keras_model.checkpoints.tensors import Names, RenamedTensors, Tensors, origins_of
from keras_model.config import T5Config

if TYPE_CHECKING:
    from keras_model.t5 import T5


@dataclasses.dataclass(frozen=True)
class Checkpoint:
    """A checkpoint of any format, opened: nothing of it but its configuration has been read into memory."""

    format: str
    """Its format, as users call it."""
    config: T5Config
    tensors: Tensors
    adapt: Callable[[T5], None] | None = None
    """Gives a model of the tensors what it has beside them, adapter layers; None where it has nothing."""


@dataclasses.dataclass(frozen=True)
class Format:
    """A checkpoint format. Only `open` may import TensorFlow."""

    name: str
    """As users call it."""
    recognises: Callable[[Path], bool]
    """Whether a path holds a checkpoint of this format, judged by the names of its files."""
    config_file: Callable[[Path], Path | None]
    """The file that holds the configuration of a recognised checkpoint; None where it follows from the tensors."""
    files: Callable[[Path], list[Path]]
    """The files that hold the weights of a recognised checkpoint, for its fingerprint: in the order of their names."""
    open: Callable[[Path], Checkpoint]
    """Raises CheckpointError where the checkpoint cannot be read."""


def found_format(
    name: str,
    find: Callable[[Path], Path | None],
    files: Callable[[Path], list[Path]],
    arrays: Callable[[Path], Tensors],
    names: Names,
) -> Format:
    """A format whose checkpoints lie in a folder that users may name instead, under names of their own.

    Args:
        name: see `Format`.
        find: the checkpoint that a path stands for; None where there is none.
        files: the weight files of a found checkpoint.
        arrays: a found checkpoint's arrays, as it calls them.
        names: what Hugging Face calls the arrays.
    """

    def found(path: Path) -> Path:
        place = find(path)
        assert place is not None  # recognised
        return place

    def open_found(path: Path) -> Checkpoint:
        place = found(path)
        stored = arrays(place)
        tensors = RenamedTensors(stored.source, origins_of(stored, names))
        return Checkpoint(name, configuration(config_beside(place), tensors), tensors)

    return Format(
        name=name,
        recognises=lambda path: find(path) is not None,
        config_file=lambda path: config_beside(found(path)),
        files=lambda path: sorted(files(found(path))),
        open=open_found,
    )
