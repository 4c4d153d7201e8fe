"""Files and folders that get their names when they are complete, and locks that go with their processes.

What is written lies in a temporary folder beside its target, `.writing-….tmp`, and is renamed in the end. The folder
holds a lock as long as its process lives, so one that is not locked was left by a process that was killed: the next
write beside it removes it. Where the file system gives no locks nothing is removed.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import stat
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from filelock import BaseFileLock

PATTERN = ".writing-*.tmp"
"""What temporary folders are called."""


class Held(Exception):
    """Another process holds a lock; the message is its id, or `?`."""


@contextlib.contextmanager
def held(path: Path) -> Iterator[None]:
    """Holds a lock file for this process alone as long as the block runs; the process's id stands in it.

    Raises:
        Held: another process holds it.
        OSError: the file cannot be made, or its file system gives no locks.
    """
    lock = _lock(path, signed=True)
    try:
        lock.acquire()
    except TimeoutError:
        owner = ""
        with contextlib.suppress(OSError, ValueError):  # Windows lets nobody else read a locked file
            owner = path.read_text(encoding="utf-8").partition("\n")[0]
        raise Held(owner.strip() or "?") from None
    try:
        yield
    finally:
        lock.release()


@contextlib.contextmanager
def temporary_path(parent: Path) -> Iterator[Path]:
    """A name for a new file or folder, to be made and renamed inside the block; at its end what is there is removed.

    Raises:
        OSError: the folder cannot be written.
    """
    sweep(parent)
    folder, lock = _locked_folder(parent)
    try:
        yield folder / "new"  # a short name: the target's may be as long as names can be
    finally:
        lock.release()
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary file that takes the place of `path` if the block ends well, flushed to the disk; else it is removed.

    The folder is made if absent. The file has the permissions that the user's umask gives, whatever those are with
    which the block makes it (safetensors makes its files readable for their owner alone). An `OSError` names `path`.
    """
    with naming(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary_path(path.parent) as temporary:
            temporary.touch()
            mode = stat.S_IMODE(temporary.stat().st_mode)
            yield temporary
            temporary.chmod(mode)
            flush(temporary)
            os.replace(temporary, path)


@contextlib.contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """A temporary folder that gets the name `path` if the block ends well; else it is removed.

    Raises:
        OSError: something else than an empty folder is there, or the disk is full, or the like.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with temporary_path(path.parent) as temporary:
        temporary.mkdir()
        yield temporary
        with contextlib.suppress(FileNotFoundError):
            path.rmdir()  # Windows renames to no name that is taken
        temporary.rename(path)


@contextlib.contextmanager
def naming(path: Path) -> Iterator[None]:
    """Gives an `OSError` of the block the file's name: a full disk does not say what was being written."""
    try:
        yield
    except OSError as error:
        if error.errno is not None:
            error.filename, error.filename2 = str(path), None
        raise


def flush(path: Path) -> None:
    """Sees to it that a file's content survives a power cut."""
    with path.open("r+b") as file:  # Windows flushes only what may be written
        os.fsync(file.fileno())


def sweep(parent: Path) -> None:
    """Removes what processes that were killed left in a folder."""
    for path in parent.glob(PATTERN):
        with contextlib.suppress(OSError):  # which a lock that is held is, too
            if path.is_symlink() or path.is_file():
                path.unlink()
                continue
            with _lock(path / "lock"):
                shutil.rmtree(path, ignore_errors=True)
            path.rmdir()  # Windows keeps a file, and so its folder, that is open


def _locked_folder(parent: Path) -> tuple[Path, BaseFileLock]:
    while True:
        folder = parent / f".writing-{secrets.token_hex(8)}.tmp"
        folder.mkdir()
        lock = _lock(folder / "lock")
        try:
            lock.acquire()
        except TimeoutError:
            continue  # another process is sweeping it up, having come before the lock
        except OSError:
            if not folder.exists():
                continue
        return folder, lock


def _lock(path: Path, *, signed: bool = False) -> BaseFileLock:
    """A lock on a file: the system's, or, where Python has none, a file that names its process."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "only soft file lock is available")
        from filelock import FileLock, SoftFileLock  # slow to import, and not needed to read anything

    if FileLock is SoftFileLock:  # it signs its files itself, and looks a second time once a dead owner's is removed
        return SoftFileLock(path, timeout=0.2)
    return FileLock(path, timeout=0, fallback_to_soft=False, on_acquired=_sign if signed else None)


def _sign(descriptor: int) -> None:
    os.ftruncate(descriptor, 0)
    os.write(descriptor, f"{os.getpid()}\n".encode())
