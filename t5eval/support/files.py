"""Writing files so that either the old or the new complete one is there, whatever happens."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from leaderboards.files.temporary import temporary_file


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """Opens a temporary file beside `path` that takes its place when the block ends without an exception."""
    with naming(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary_file(path.parent) as (temporary, file):
            yield file
            file.flush()
            os.fsync(file.fileno())
            os.replace(temporary, path)


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Gives an `OSError` of the block the file's name: a full disk does not say what was being written."""
    try:
        yield
    except OSError as error:
        if error.errno is not None:
            error.filename, error.filename2 = str(path), None
        raise


def write_text(path: Path, text: str) -> None:
    """Writes a UTF-8 file in one step; half surrogates, as in names of files that are not UTF-8, become `?`."""
    with replacing(path) as file:
        file.write(text.encode("utf-8", errors="replace"))


def write_json(path: Path, document: Any) -> None:
    """Writes a JSON file in one step; NaN is refused."""
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, indent=2) + "\n"
    with replacing(path) as file:
        file.write(text.encode("utf-8", errors="backslashreplace"))  # half surrogates, in JSON's own escapes
