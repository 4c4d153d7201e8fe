"""What the functions take: paths, names, one or several of them, and displays."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from typing import Any

from t5eval.data.split import split_name

PathName = str | os.PathLike[str]
Data = PathName | None
"""What `--data-dir` takes: a folder, `tfds:[FOLDER]`, `hf:FOLDER_OR_NAME`; None for the environment's, else `tfds:`."""


def text_of(name: PathName | None) -> str | None:
    """Returns a path or a name as text."""
    return None if name is None else os.fspath(name)


def names_of(names: PathName | Sequence[PathName] | None) -> list[str]:
    """Returns one name, or several, as a list of texts."""
    several = [names] if isinstance(names, str | os.PathLike) else names or []
    return [os.fspath(name) for name in several]


def splits_of(names: str | Sequence[str] | None) -> list[str]:
    """Returns splits by the names that they have here."""
    return list(dict.fromkeys(split_name(name) for name in names_of(names)))


def warn(line: str) -> None:
    """Says a line as a Python warning of the caller's call."""
    warnings.warn(line, stacklevel=3)


class Silent:
    """A display that shows nothing, of a split by its name or of a training run by its steps."""

    def __init__(self, of: str | int) -> None:
        self.of = of

    def __enter__(self) -> Silent:
        return self

    def __exit__(self, *raised: object) -> None:
        """Leaves nothing behind."""

    def __call__(self, *numbers: Any, **named: Any) -> None:
        """Is told how far it is."""

    def say(self, line: str) -> None:
        """Is told what happens."""
