"""Temporary files and folders that are written beside their targets, and swept up after processes that were killed."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
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
    path, descriptor = _create(folder, lambda path: path.touch(exist_ok=False), os.O_RDWR)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield path, file
    finally:
        with suppress(OSError):
            path.unlink(missing_ok=True)


@contextmanager
def temporary_folder(folder: Path) -> Iterator[Path]:
    """Makes a new folder in another one, to be filled and renamed inside the block; otherwise as `temporary_file`.

    Raises:
        OSError: the folder cannot be made.
    """

    _sweep(folder)
    path, descriptor = _create(folder, Path.mkdir, os.O_RDONLY)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        os.close(descriptor)


def _create(folder: Path, make: Callable[[Path], None], mode: int) -> tuple[Path, int]:
    while True:
        # A short name of its own: the target's may be as long as names can be.
        path = folder / f".writing-{secrets.token_hex(8)}.tmp"
        make(path)
        try:
            descriptor = os.open(path, mode)
        except FileNotFoundError:
            continue  # another process swept it up before it was opened
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        if path.exists():
            return path, descriptor
        os.close(descriptor)  # another process swept it up before it was locked


def _sweep(folder: Path) -> None:
    for path in folder.glob(".writing-*.tmp"):
        with suppress(OSError):
            descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path) if path.is_dir() else path.unlink()
            finally:
                os.close(descriptor)
