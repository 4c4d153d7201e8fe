"""Submission files of JSON lines: each row's object with its line, and what is wrong with the file's form."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from leaderboards.forms.text import text_lines
from leaderboards.verdict import FileFaults
from task_specs.support.errors import quoted


def json_rows(data: bytes, rows: int, faults: FileFaults) -> Iterator[tuple[int, dict[str, Any] | None]] | None:
    """Returns the (line, object) of every row of a file; None if there are none to read.

    The object is None where the row is not one, which is a fault; so are blank lines, which are no rows. JSON is
    strict: no NaN, and no key twice, of which nobody knows which counts.
    """
    lines = text_lines(data, rows, faults)
    return None if lines is None else _objects(lines, faults)


def _objects(lines: list[str], faults: FileFaults) -> Iterator[tuple[int, dict[str, Any] | None]]:
    for line, text in enumerate(lines, start=1):
        if not text.strip():
            faults.add(line, "blank line")
            continue
        value = None
        try:
            value = json.loads(text, object_pairs_hook=_unique, parse_constant=no_constant)
            if not isinstance(value, dict):
                value = None
                faults.add(line, lambda row: f"expected a JSON object, got {quoted(row)}", text[:200])
        except (ValueError, RecursionError) as error:
            faults.add(line, f"not JSON ({error}): {quoted(text[:200])}")
        yield line, value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        counts = Counter(key for key, _ in pairs)
        raise ValueError(f"the key {quoted(next(key for key in counts if counts[key] > 1))} comes twice")
    return found


def no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def shown(value: Any) -> str:
    """Returns a JSON value in JSON's own spelling, short, for a message."""
    try:
        text = json.dumps(value)
    except RecursionError:
        return "something deeply nested"
    return text if len(text) <= 60 else f"{text[:56]}..."


def number_of(holder: dict[str, Any], line: int, faults: FileFaults, what: str = "idx") -> int | None:
    """Returns the whole number at `idx`, None and a fault if there is none; `what` names it in the message."""
    if "idx" not in holder:
        faults.add(line, f"has no {what}")
        return None
    value = holder["idx"]
    if type(value) is int and value >= 0:
        return value
    quotes = " without quotes" if isinstance(value, str) else ""
    faults.add(line, f"{what} must be a whole number{quotes}, such as 0 or 17, got {shown(value)}")
    return None
