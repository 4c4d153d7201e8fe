"""Records of a row as plain data: dicts, lists, strings and numbers, in the form of the TOML files."""

import dataclasses
from collections.abc import Mapping
from typing import Any


def to_plain(value: Any) -> Any:
    """Returns dataclasses as dicts (with their `kind` first), leaving out fields that hold their default."""
    if dataclasses.is_dataclass(value):
        plain: dict[str, Any] = {}
        if hasattr(value, "kind"):
            plain["kind"] = value.kind
        for entry in dataclasses.fields(value):
            item = getattr(value, entry.name)
            if entry.default is not dataclasses.MISSING and item == entry.default:
                continue
            if entry.default_factory is not dataclasses.MISSING and item == entry.default_factory():
                continue
            plain[entry.name] = to_plain(item)
        return plain
    if isinstance(value, Mapping):
        return {key: to_plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [to_plain(item) for item in value]
    return value
