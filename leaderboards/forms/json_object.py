"""A submission that is one JSON object: its entries in order, each with its line, and what is wrong with the file."""

import codecs
import json
import re
from dataclasses import dataclass
from typing import Any

from leaderboards.forms.json_rows import no_constant
from leaderboards.verdict import FileFaults
from task_specs.support.errors import quoted

_SPACE = re.compile(r"[ \t\n\r]*")


@dataclass(frozen=True, slots=True)
class Entry:
    """One key of the object with its value, and the line on which the key stands."""

    key: str
    value: Any
    line: int


class _NotAnObject(Exception):
    """Where the text stops being a JSON object, and why."""

    def __init__(self, at: int, message: str):
        super().__init__(message)
        self.at = at


def json_object(data: bytes, faults: FileFaults) -> list[Entry] | None:
    """Returns the entries of a file that holds one JSON object, keys that come twice included; None if it holds none.

    A file that is empty, is not UTF-8, begins with a byte order mark, or is not one object in strict JSON (no NaN) is
    at fault.
    """
    if data.startswith(codecs.BOM_UTF8):
        faults.add(1, "begins with a byte order mark, which JSON must not have; save the file as UTF-8 without one")
        data = data.removeprefix(codecs.BOM_UTF8)
    if not data.strip():
        faults.add(None, "is empty")
        return None
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        faults.add(line, f"not UTF-8 (byte {data[error.start]:#04x}); save the file as UTF-8")
        return None
    try:
        return _entries(text)
    except json.JSONDecodeError as error:
        faults.add(error.lineno, f"not JSON ({error.msg}, column {error.colno})")
    except _NotAnObject as error:
        faults.add(text.count("\n", 0, error.at) + 1, str(error))
    except (ValueError, RecursionError) as error:
        faults.add(None, f"not JSON that can be read ({error})")
    return None


def _entries(text: str) -> list[Entry]:
    """Returns the entries of an object that is the whole text.

    Raises:
        _NotAnObject: it is not.
        ValueError, RecursionError: it is not JSON.
    """
    decoder = json.JSONDecoder(parse_constant=no_constant)

    def skip(position: int) -> int:
        found = _SPACE.match(text, position)
        assert found
        return found.end()

    at = skip(0)
    if not text.startswith("{", at):
        raise _NotAnObject(at, f"expected one JSON object of id and answer, got {quoted(text[at : at + 200])}")
    entries: list[Entry] = []
    line, counted = 1, 0
    at = skip(at + 1)
    while not (text.startswith("}", at) and not entries):
        if not text.startswith('"', at):
            raise _NotAnObject(at, f"expected an id in double quotes, got {_next(text, at)}")
        line, counted = line + text.count("\n", counted, at), at
        key, end = decoder.raw_decode(text, at)
        colon = skip(end)
        if not text.startswith(":", colon):
            raise _NotAnObject(colon, f"expected a colon after an id, got {_next(text, colon)}")
        value, end = decoder.raw_decode(text, skip(colon + 1))
        entries.append(Entry(key, value, line))
        at = skip(end)
        if text.startswith("}", at):
            break
        if not text.startswith(",", at):
            raise _NotAnObject(at, f"expected a comma or the end of the object, got {_next(text, at)}")
        at = skip(at + 1)
    rest = skip(at + 1)
    if rest < len(text):
        several = "; the leaderboard takes one object, not JSON lines" if text.startswith("{", rest) else ""
        raise _NotAnObject(rest, f"the object ends before the file does{several}: {_next(text, rest)}")
    return entries


def _next(text: str, at: int) -> str:
    return quoted(text[at : at + 200]) if at < len(text) else "the end of the file"
