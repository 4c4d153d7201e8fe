"""Temporary folders that are written beside their targets, and swept up after processes that were killed."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PATTERN = ".writing-*.tmp"
"""What they are called."""


@contextmanager
def temporary_folder(parent: Path) -> Iterator[Path]:
    """Makes a new folder in another one, to be filled and renamed inside the block, at whose end it is gone.

    The folder is locked as long as the block runs. A lock goes with its process, however that ends, so a temporary
    folder that is not locked was left by a process that was killed: the next one in the same place removes it. Where
    the file system gives no locks nothing is swept.

    Raises:
        OSError: the folder cannot be made.
    """
    sweep(parent)
    path, lock = _create(parent)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        os.close(lock)


def sweep(parent: Path) -> None:
    """Removes what processes that were killed left in a folder."""
    for path in parent.glob(PATTERN):
        with suppress(OSError):
            lock = os.open(path, os.O_RDONLY)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path) if path.is_dir() else path.unlink()
            finally:
                os.close(lock)


def _create(parent: Path) -> tuple[Path, int]:
    while True:
        # A short name of its own: the target's may be as long as names can be.
        path = parent / f".writing-{secrets.token_hex(8)}.tmp"
        path.mkdir()
        try:
            lock = os.open(path, os.O_RDONLY)
        except FileNotFoundError:
            continue  # another process swept it up before it was locked
        with suppress(OSError):
            fcntl.flock(lock, fcntl.LOCK_EX)
        if path.exists():
            return path, lock
        os.close(lock)
