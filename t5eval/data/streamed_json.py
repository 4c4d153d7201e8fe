"""A JSON document of any size, read piece by piece: the caller walks through what is large and takes what is small."""

import codecs
import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from t5eval.data.bounded_lines import MAX_LINE_BYTES as MAX_VALUE
from t5eval.support.errors import DataError
from t5eval.support.strict_json import strict_decoder

PIECE = 1 << 16  # bytes that are read at a time, at the least

_SPACE = re.compile(r"[ \t\n\r]*")
_DECODER = strict_decoder()
_NEAR = 16  # a literal, an escape or a number that the window's end cuts begins no farther from it


class JsonStream:
    """A cursor in a document, of which no more than the value that is being taken is in memory.

    Args:
        file: the document, UTF-8, with or without a byte order mark.
        path: its path, for messages.
        max_bytes: how long it may be.

    Raises:
        DataError: by every method: it is not JSON, not UTF-8, or too long; names the line.
    """

    def __init__(self, file: IO[bytes], path: Path, max_bytes: int) -> None:
        self.path = path
        self.sha256 = hashlib.sha256()
        self._file = file
        self._left = max_bytes
        self._max = max_bytes
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._text = ""
        self._at = 0
        self._whole = False  # whether the window reaches to the file's end
        self._line, self._column = 1, 1  # where the window begins

    def peek(self) -> str:
        """Returns the next character that is no space, and goes there; empty at the end."""
        while True:
            found = _SPACE.match(self._text, self._at)
            assert found is not None
            self._at = found.end()
            if self._at < len(self._text):
                return self._text[self._at]
            if self._whole:
                return ""
            self._read()

    def value(self) -> Any:
        """Takes the value at the cursor."""
        self.peek()
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._at)
                if self._whole or end + 3 <= len(self._text):  # `1` may go on as `1e+5`
                    self._at = end
                    return value
            except json.JSONDecodeError as error:
                cut = error.msg.startswith("Unterminated") or error.pos >= len(self._text) - _NEAR
                if self._whole or not cut:
                    raise self._not_json(error.msg, error.pos) from None
            except (ValueError, RecursionError) as error:
                raise DataError(f"{self.path}: not JSON that can be read: {error}") from None
            if len(self._text) - self._at > MAX_VALUE:
                line, _ = self._place(self._at)
                raise DataError(f"{self.path}: line {line}: a value of more than {MAX_VALUE:,} characters; none is")
            self._read(len(self._text) - self._at)

    def members(self) -> Iterator[str]:
        """Yields each key of the object at the cursor, which its caller leads over the key's value."""
        seen: set[str] = set()
        for _ in self._parts("}"):
            if self.peek() != '"':
                raise self._not_json("Expecting property name enclosed in double quotes", self._at)
            key = self.value()
            if key in seen:
                raise self._not_json(f"the key {key[:40]!r} comes twice", self._at)
            seen.add(key)
            if self.peek() != ":":
                raise self._not_json("Expecting ':' delimiter", self._at)
            self._at += 1
            yield key

    def items(self) -> Iterator[int]:
        """Yields the number of each item of the list at the cursor, which its caller leads over the item."""
        return self._parts("]")

    def end(self) -> None:
        """Checks that nothing follows."""
        if self.peek():
            raise self._not_json("Extra data", self._at)

    def _parts(self, closing: str) -> Iterator[int]:
        self.peek()
        self._at += 1
        number = 0
        while self.peek() != closing or number:
            yield number
            number += 1
            if self.peek() == closing:
                break
            if self.peek() != ",":
                raise self._not_json("Expecting ',' delimiter", self._at)
            self._at += 1
        self._at += 1

    def _read(self, size: int = 0) -> None:
        """Moves the window to the cursor, and its end on by a piece or by `size` bytes."""
        try:
            raw = self._file.read(max(PIECE, size))
        except OSError as error:
            raise DataError(f"{self.path}: cannot be read: {error.strerror}") from None
        self._left -= len(raw)
        if self._left < 0:
            raise DataError(f"{self.path}: has more than {self._max:,} bytes; SQuAD's largest file has 42 million")
        self.sha256.update(raw)
        self._whole = not raw
        lines, _ = self._place(len(self._text))
        try:
            more = self._decoder.decode(raw, final=self._whole)
        except UnicodeDecodeError as error:
            line = lines + error.object.count(b"\n", 0, error.start)
            raise DataError(f"{self.path}: line {line}: not UTF-8") from None
        self._line, self._column = self._place(self._at)
        self._text, self._at = self._text[self._at :] + more, 0

    def _place(self, position: int) -> tuple[int, int]:
        """Returns the line and column of a position in the window."""
        lines = self._text.count("\n", 0, position)
        if not lines:
            return self._line, self._column + position
        return self._line + lines, position - self._text.rindex("\n", 0, position)

    def _not_json(self, message: str, position: int) -> DataError:
        line, column = self._place(position)
        cut = "; the file ends too early" if self._whole and position >= len(self._text.rstrip()) - 1 else ""
        return DataError(f"{self.path}: line {line} column {column}: not JSON ({message}){cut}")
