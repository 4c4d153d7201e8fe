"""Tables of a dataclass's fields, as pages show them: what a file may say, and what holds if it says nothing."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
import textwrap
import typing
from collections.abc import Collection, Iterator, Mapping
from typing import Any

PLURALS = {str: "texts", int: "whole numbers", float: "numbers", bool: "true and false"}
TYPES = {str: "text", int: "whole number", float: "number", bool: "true or false"}


def described(cls: type) -> str:
    """Returns what a class's docstring says before its sections."""
    return " ".join(_sections(cls)[0].split())


def filled(text: str) -> str:
    """Returns a paragraph in lines of the pages' width."""
    return textwrap.fill(text, 120, break_long_words=False, break_on_hyphens=False)


@dataclasses.dataclass(frozen=True)
class Key:
    """A line of a table: a field's name, what it is, what holds if it is left out, and what it means."""

    name: str
    type: str
    default: str
    meaning: str


def fields_of(cls: type, defaults: Any = None) -> Iterator[Key]:
    """Yields a dataclass's fields.

    Args:
        cls: the class; a field's meaning stands under `Attributes:` in its docstring, or in one below the field.
        defaults: an object whose values hold where a field is left out; the class's own defaults if None.
    """
    meanings = _meanings(cls)
    hints = typing.get_type_hints(cls)
    for entry in dataclasses.fields(cls):
        default = _default(entry) if defaults is None else _shown(getattr(defaults, entry.name))
        yield Key(entry.name, _type(hints[entry.name]), default, meanings.get(entry.name, "").replace("|", "\\|"))


def keys(cls: type, hidden: Collection[str] = ()) -> Iterator[str]:
    """Yields the lines of a table of a class's keys, but the hidden ones."""
    found = [key for key in fields_of(cls) if key.name not in hidden]
    if not found:
        yield "No keys.\n"
        return
    yield "| key | is | if left out | meaning |\n|---|---|---|---|\n"
    for key in found:
        yield f"| `{key.name}` | {key.type} | {key.default} | {key.meaning} |\n"


def _sections(cls: type) -> tuple[str, str]:
    """Returns a docstring's text, and its list of attributes."""
    text = inspect.cleandoc(cls.__doc__ or "")
    before, _, attributes = text.partition("\nAttributes:\n")
    return re.split(r"\n(?:Raises|Source|Args):", before)[0], re.split(r"\n\w+:\n", f"\n{attributes}")[0]


def _meanings(cls: type) -> Mapping[str, str]:
    """Returns what docstrings say of each field, a class's own before those of its bases."""
    found: dict[str, str] = {}
    for base in cls.__mro__[::-1]:
        name = ""
        for line in (
            textwrap.dedent(_sections(base)[1].strip("\n")).splitlines() if dataclasses.is_dataclass(base) else ()
        ):
            if match := re.match(r"(\w+): (.*)", line):
                name = match[1]
                found[name] = match[2]
            elif name:
                found[name] += f" {line.strip()}"
        found |= _beside_fields(base)
    return found


def _beside_fields(cls: type) -> dict[str, str]:
    """Returns the docstrings that stand below a class's fields."""
    if not dataclasses.is_dataclass(cls):
        return {}
    (body,) = ast.parse(textwrap.dedent(inspect.getsource(cls))).body
    assert isinstance(body, ast.ClassDef)
    return {
        field.target.id: " ".join(said.value.value.split())
        for field, said in zip(body.body, body.body[1:], strict=False)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(said, ast.Expr) and isinstance(said.value, ast.Constant) and isinstance(said.value.value, str)
    }


def _type(hint: Any) -> str:
    origin, inner = typing.get_origin(hint), [each for each in typing.get_args(hint) if each not in (type(None), ...)]
    if hint in TYPES:
        return TYPES[hint]
    if origin is tuple:
        options = typing.get_args(inner[0]) or (inner[0],)
        return f"list of {' or '.join(PLURALS.get(option, 'tables') for option in options)}"
    if inner and isinstance(origin, type) and issubclass(origin, Mapping):
        return f"table: name to {_type(inner[1])}"
    if inner:
        return " or ".join(dict.fromkeys(map(_type, inner)))
    return "table"


def _default(entry: dataclasses.Field[Any]) -> str:
    if entry.default_factory is not dataclasses.MISSING:
        return "empty"
    if entry.default is dataclasses.MISSING:
        return "must be there"
    return _shown(entry.default)


def _shown(value: Any) -> str:
    if value is None or value in ("", ()):
        return "none"
    if dataclasses.is_dataclass(value):
        return "its defaults"
    shown = str(value).lower() if isinstance(value, bool) else value
    return f"`{list(shown) if isinstance(shown, tuple) else shown}`"
