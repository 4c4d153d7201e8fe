"""The lines of a file, none of which may fill the memory."""

import hashlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from t5eval.support.errors import DataError

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
MAX_LINE_BYTES = 4 << 20
"""The longest line, its end included. A MultiRC paragraph with all its questions has 20 kB, a news story 60 kB; parsed,
4 MiB of JSON take half a gigabyte at the worst."""


def below(folder: str, name: str) -> str:
    """Returns a file's path relative to the data directory; a source of one's own may lie there itself."""
    return PurePosixPath(folder, name).as_posix()


class LineFile:
    """A file of lines: iterate it for their bytes, without byte order mark and ends (LF or CRLF, the last's optional).

    Attributes:
        line: the number of the line that was read last, from 1.
        torn: whether that line has no end.
        sha256: of what was read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.line = 0
        self.torn = False
        self.sha256 = hashlib.sha256()

    def fault(self, message: str, line: int | None = None) -> DataError:
        """Returns an error about a line, the last one unless another is named."""
        return DataError(f"{self.path}: line {line or self.line}: {message}")

    def raw(self) -> Iterator[bytes]:
        """Yields the lines with their ends."""
        try:
            with self.path.open("rb") as file:
                for self.line, raw in enumerate(iter(lambda: file.readline(MAX_LINE_BYTES + 1), b""), start=1):
                    if len(raw) > MAX_LINE_BYTES:
                        said = f"line {self.line:,}: longer than {MAX_LINE_BYTES:,} bytes; no example's line is"
                        raise DataError(f"{self.path}: {said}")
                    self.sha256.update(raw)
                    self.torn = not raw.endswith(b"\n")
                    yield raw.removeprefix(BYTE_ORDER_MARK) if self.line == 1 else raw
        except OSError as error:
            raise DataError(f"{self.path}: cannot be read: {error.strerror}") from None

    def __iter__(self) -> Iterator[bytes]:
        return (raw.removesuffix(b"\n").removesuffix(b"\r") for raw in self.raw())

    def filled(self, space: bytes | None = None) -> Iterator[bytes]:
        """Yields the lines that hold more than `space` (None: any whitespace); others may stand at the end alone."""
        blank = 0
        for raw in self:
            if not raw.strip(space):
                blank = blank or self.line
            elif blank:
                raise self.fault("a blank line in the middle of the file", blank)
            else:
                yield raw

    def text(self, raw: bytes) -> str:
        """Returns the text of the line that was read last."""
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError as error:
            said = f"not UTF-8: byte 0x{raw[error.start]:02x} at position {error.start + 1}"
            raise self.fault(said) from None
