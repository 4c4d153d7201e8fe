"""What a checkpoint format is, and what opening a checkpoint of any format gives.

A format is a module beside this one. It hands over its tensors under Hugging Face's names (see `weights`), so that
everything after it, the account of missing and unused tensors included, is the same for all.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

from keras_model.checkpoints.tensors import Tensors
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
    """A checkpoint format. Only `open` may import TensorFlow."""

    name: str
    """As users call it."""
    looked_for: str
    """What it is recognised by, for an error message: `model.safetensors or ...`."""
    recognises: Callable[[Path], bool]
    """Whether a path holds a checkpoint of this format, judged by the names of its files."""
    config_file: Callable[[Path], Path | None]
    """The file that holds the configuration of a recognised checkpoint; None where it follows from the tensors."""
    files: Callable[[Path], list[Path]]
    """The files that hold the weights of a recognised checkpoint, for its fingerprint."""
    open: Callable[[Path], Checkpoint]
    """Raises CheckpointError where the checkpoint cannot be read."""
