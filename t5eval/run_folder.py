"""A run's folder: its lock, its configuration, and where things lie in it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import tomli_w

from t5eval.errors import RunError
from t5eval.files import write_text


def predictions_path(run: Path, task: str, split: str) -> Path:
    """Returns where a run keeps a split's predictions."""
    return run / "predictions" / task / f"{split}.jsonl"


def write_config(run: Path, config: Mapping[str, Any]) -> None:
    """Writes RUN/config.toml, which repeats the run; values that are None are left out."""
    write_text(run / "config.toml", tomli_w.dumps(_without_none(config)))


def _without_none(table: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: _without_none(value) if isinstance(value, Mapping) else value
        for key, value in table.items()
        if value is not None
    }


@contextmanager
def locked(run: Path) -> Iterator[None]:
    """Holds a run's folder for this process alone; the lock goes with the process, however it ends.

    Raises:
        RunError: the folder cannot be made, or another process holds it.
    """
    try:
        run.mkdir(parents=True, exist_ok=True)
        file = (run / ".lock").open("a+")
    except OSError as error:
        raise RunError(f"{run}: cannot be used as a run folder: {error.strerror}") from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            raise RunError(f"{run}: process {file.read().strip() or '?'} is working in this run folder") from None
        file.seek(0)
        file.truncate()
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield
