"""Temporary files that are written beside their targets, and swept up after processes that were killed."""

from __future__ import annotations

import fcntl
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO


@contextmanager
def temporary_file(folder: Path) -> Iterator[tuple[Path, IO[bytes]]]:
    """Opens a new file in a folder, to be written, synced and renamed inside the block, at whose end it is gone.

    The file is locked while it is open. A lock goes with its process, however that ends, so a temporary file that is
    not locked was left by a process that was killed: the next one that writes into the folder removes it. Where the
    file system gives no locks nothing is swept.

    Raises:
        OSError: the file cannot be made.
    """
    _sweep(folder)
    path, file = _create(folder)
    try:
        with file:
            yield path, file
    finally:
        with suppress(OSError):
            path.unlink(missing_ok=True)


def _create(folder: Path) -> tuple[Path, IO[bytes]]:
    while True:
        # A short name of its own: the target's may be as long as names can be.
        path = folder / f".writing-{secrets.token_hex(8)}.tmp"
        file = path.open("xb")
        with suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_EX)
        if path.exists():
            return path, file
        file.close()  # another process swept it up before it was locked


def _sweep(folder: Path) -> None:
    for path in folder.glob(".writing-*.tmp"):
        with suppress(OSError), path.open("rb+") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()
