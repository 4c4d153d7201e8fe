"""The lines of a file, none of which may fill the memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from t5eval.support.errors import DataError

MAX_LINE_BYTES = 4 << 20
"""The longest line, its end included. A MultiRC paragraph with all its questions has 20 kB, a news story 60 kB; parsed,
4 MiB of JSON take half a gigabyte at the worst."""


def below(folder: str, name: str) -> str:
    """Returns a file's path relative to the data directory; a source of one's own may lie there itself."""
    return PurePosixPath(folder, name).as_posix()


def bounded_lines(file: IO[bytes], path: Path) -> Iterator[bytes]:
    """Yields a file's lines with their ends, as iterating over it would.

    Raises:
        DataError: a line is longer than `MAX_LINE_BYTES`.
    """
    number = 0
    while raw := file.readline(MAX_LINE_BYTES + 1):
        number += 1
        if len(raw) > MAX_LINE_BYTES:
            raise DataError(f"{path}: line {number:,}: longer than {MAX_LINE_BYTES:,} bytes; no example's line is")
        yield raw
