"""The bounds on TOML, and on JSON that is read as plain data."""

from __future__ import annotations

from typing import Any

import pytest

from task_specs.support.toml_text import parse_toml, require_plain


def nested(levels: int) -> Any:
    """Returns a list or table in a list or table, and so on, so many levels deep."""
    value: Any = 1
    for level in range(levels):
        value = [value] if level % 2 else {"a": value}
    return value


def test_the_edges_of_depth_and_size() -> None:
    require_plain(nested(49))
    require_plain([2**64 - 1, -(2**64) + 1, True, 1.5, "x"])
    for beyond, message in ((nested(50), "nested too deeply"), ([2**64], "more than 64 bits")):
        with pytest.raises(ValueError, match=message):
            require_plain(beyond)


def test_toml_is_held_to_them() -> None:
    assert parse_toml(b"a = [[1]]") == {"a": [[1]]}
    with pytest.raises(ValueError, match="more than 64 bits"):
        parse_toml(b"a = {b = [18446744073709551616]}")
