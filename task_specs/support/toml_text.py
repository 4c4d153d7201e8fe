"""TOML from anywhere, as plain data that every reader after this one can walk through."""

import tomllib
from typing import Any

MAX_DEPTH = 50
"""Levels of tables and lists; ours have four. Readers go down level by level, and Python's stack ends at a thousand."""


def parse_toml(raw: bytes) -> dict[str, Any]:
    """Parses TOML.

    Args:
        raw: the file's bytes, UTF-8.

    Raises:
        ValueError: it is none, is nested too deeply, or has an integer of more than 64 bits, which TOML has not.
    """
    try:
        document = tomllib.loads(raw.decode("utf-8"))
    except RecursionError:
        raise ValueError("nested too deeply") from None
    require_plain(document)
    return document


def require_plain(document: Any) -> None:
    """Looks through parsed JSON or TOML for what makes later readers fail: endless nesting, endless numbers.

    Raises:
        ValueError: there is some.
    """
    level = [document]
    for _ in range(MAX_DEPTH):
        level = [part for value in level for part in _parts(value)]
        if not level:
            return
    raise ValueError("nested too deeply")


def _parts(value: Any) -> list[Any]:
    if isinstance(value, int) and value.bit_length() > 64:
        raise ValueError("a whole number of more than 64 bits")
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
