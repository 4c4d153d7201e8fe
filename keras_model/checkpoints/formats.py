"""The checkpoint formats that are read: how each is recognised, and what opening one gives.

A format is a module beside this one. It hands over its tensors under Hugging Face's names (see `weights`), so that
everything after it, the account of missing and unused tensors included, is the same for all.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

from keras_model.checkpoints.weights import Tensors
from keras_model.config import T5Config


@dataclasses.dataclass(frozen=True)
class Checkpoint:
    """A checkpoint of any format, opened: nothing of it but its configuration has been read into memory."""

    format: str
    """Its format, as users call it."""
    config: T5Config
    tensors: Tensors


@dataclasses.dataclass(frozen=True)
class Format:
    """A checkpoint format."""

    name: str
    recognises: Callable[[Path], bool]
    """Whether a path holds a checkpoint of this format, judged by the names of its files."""
    open: Callable[[Path], Checkpoint]
    """Raises CheckpointError where the checkpoint cannot be read."""
