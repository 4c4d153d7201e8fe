"""JSON from anywhere: no name twice in an object, no endless nesting. Imports nothing of ours."""

import json
from collections import Counter
from typing import Any

MAX_DEPTH = 50
"""Levels of objects and lists; the files of models have five."""


def parse_json(text: str | bytes) -> Any:
    """The value of a JSON text.

    Raises:
        ValueError: it is not JSON, not UTF-8, has a name twice in an object, or is nested too deeply.
    """
    try:
        text = text if isinstance(text, str) else text.decode("utf-8")
        value = json.loads(text, object_pairs_hook=each_once)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [part for whole in level for part in _parts(whole)]
        if not level:
            return value
    raise ValueError("nested too deeply")


def _parts(value: Any) -> list[Any]:
    found = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    return [part for part in found if isinstance(part, dict | list)]


def each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The names and values of an object as a dict. Raises ValueError if a name stands twice."""
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
        raise ValueError(f"the name {twice[:50]!r} stands twice in one object")
    return found
