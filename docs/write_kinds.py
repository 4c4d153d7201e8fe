"""Writes docs/kinds.md from the dataclasses of rows: `python docs/write_kinds.py`. A test holds the two together."""

from __future__ import annotations

import dataclasses
import inspect
import re
import textwrap
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from task_specs import TaskSpec
from task_specs.kinds import KINDS
from task_specs.mixture import Member, Mixture
from task_specs.sources.copies import Copies
from task_specs.sources.download import Download
from task_specs.sources.tsv import Labels
from task_specs.spec import Decode, Lengths, Published
from task_specs.texts.prompt import Prompt

PAGE = Path(__file__).with_name("kinds.md")
HEAD = """\
# Every key of a task's file

Written from the code by `python docs/write_kinds.py`. A task's TOML file has the keys of a row, and tables in it; the
tables `[source]`, `[text]`, `[answer]` and `[submission]` say by `kind` which of the kinds below they are. [How to
write one](extending.md) begins with an example.
"""
PARTS = {
    "source": "Where examples come from.",
    "text": "What a model reads of an example.",
    "answer": "What a model should write, and how it is read.",
    "submission": "The task's file in a leaderboard's submission; a task without a leaderboard has none.",
}
TABLES = (
    ("`[lengths]`", Lengths),
    ("`[decode]`", Decode),
    ("`[[downloads]]`", Download),
    ("`[copies]`", Copies),
    ("`[[published]]`", Published),
    ("`[prompts.NAME]`", Prompt),
    ("`[source.labels.SPLIT]`, of the kinds tsv and csv", Labels),
)
HIDDEN = ("base",)  # what no file can say
PLURALS = {str: "texts", int: "whole numbers", float: "numbers", bool: "true and false"}
TYPES = {str: "text", int: "whole number", float: "number", bool: "true or false"}


def page() -> str:
    """Returns the page's text."""
    parts = [HEAD, "\n## The row\n\n", *keys(TaskSpec)]
    for part, meaning in PARTS.items():
        parts.append(f"\n## `[{part}]`\n\n{meaning}\n")
        for kind, cls in KINDS[part].items():
            parts += [f'\n### kind = "{kind}"\n\n', f"{described(cls)}\n\n", *keys(cls)]
    parts.append("\n## Other tables\n")
    for name, cls in TABLES:
        parts += [f"\n### {name}\n\n", f"{described(cls)}\n\n", *keys(cls)]
    parts += [
        "\n## A mixture's file\n\n",
        *keys(Mixture),
        "\nEach of `members` is a name, or a table:\n\n",
        *keys(Member),
    ]
    return "".join(parts)


def described(cls: type) -> str:
    """Returns what a class's docstring says before its sections."""
    text = " ".join(_sections(cls)[0].split())
    for kinds in KINDS.values():
        for kind, other in kinds.items():
            text = text.replace(f"`{other.__name__}`", f"`{kind}`")
    return textwrap.fill(text, 120, break_long_words=False, break_on_hyphens=False)


def keys(cls: type) -> Iterator[str]:
    """Yields the lines of a table of a class's keys."""
    meanings = _meanings(cls)
    hints = typing.get_type_hints(cls)
    fields = [entry for entry in dataclasses.fields(cls) if entry.name not in HIDDEN]
    if not fields:
        yield "No keys.\n"
        return
    yield "| key | is | if left out | meaning |\n|---|---|---|---|\n"
    for entry in fields:
        meaning = meanings.get(entry.name, "").replace("|", "\\|")
        yield f"| `{entry.name}` | {_type(hints[entry.name])} | {_default(entry)} | {meaning} |\n"


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
    return found


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
    if entry.default is None or entry.default in ("", ()):
        return "none"
    if dataclasses.is_dataclass(entry.default):
        return "its defaults"
    shown = str(entry.default).lower() if isinstance(entry.default, bool) else entry.default
    return f"`{list(shown) if isinstance(shown, tuple) else shown}`"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
