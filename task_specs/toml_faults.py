"""All that is wrong with a row's TOML file at once, each fault with its line."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from task_specs.kinds import KINDS
from task_specs.mixture import Member, Mixture
from task_specs.schema import PARTS, from_plain, key_faults, mixture_from_plain, part_of, read_table
from task_specs.spec import TaskSpec
from task_specs.support.errors import SpecError
from task_specs.support.wording import line_in

_HEADER = re.compile(r"\s*\[\[?([^\]]+)\]")
_KEY = re.compile(r"""\s*["']?([\w-]+)["']?\s*[=.]""")


@dataclass(frozen=True)
class LineFault:
    """One thing that is wrong with a file.

    Attributes:
        line: the line, from 1; None if the fault is the file's as a whole.
        message: what is wrong and the way out.
    """

    line: int | None
    message: str


def read_row_faults(path: Path) -> tuple[TaskSpec | Mixture | None, list[LineFault]]:
    """Returns the task or mixture of a TOML file, or else every fault that it has.

    Faults of keys are all found; what contradicts another key is looked for once the keys are right.

    Raises:
        SpecError: the file cannot be read, or is not TOML.
    """
    table, text = read_table(path)
    lines = _lines_of_keys(text)
    found = _mixture_faults(table) if "members" in table else _task_faults(table)
    faults = [LineFault(lines.get((part, key)) or lines.get((part, "")), fault) for part, key, fault in found]
    if faults:
        return None, faults
    try:
        return (mixture_from_plain(table, "") if "members" in table else from_plain(table, "")), []
    except SpecError as error:
        message = str(error).removeprefix(": ")
        part = re.match(r"\[(\w+)\]", message)
        line = line_in(text, error) or (lines.get((part[1], "")) if part else None)
        return None, [LineFault(line, message)]


def _task_faults(table: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yields (part, key, fault); the part is empty for keys of the row itself."""
    row = dict(table)
    for part in (*KINDS, *PARTS):
        if part not in table:
            continue
        try:
            cls, inner = part_of(part, table[part])
        except SpecError as error:
            yield part, "kind", str(error)
        else:
            yield from ((part, key, f"[{part}]: {fault}") for key, fault in key_faults(cls, inner))
        row[part] = _Judged()
    yield from (("", key, fault) for key, fault in key_faults(TaskSpec, row))


@dataclass(frozen=True)
class _Judged:
    """Stands for a part that is judged by itself."""


def _mixture_faults(table: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    row = dict(table)
    if isinstance(table["members"], list):
        for member in table["members"]:
            if isinstance(member, dict):
                yield from (("members", key, f"members: {fault}") for key, fault in key_faults(Member, member))
            elif not isinstance(member, str):
                yield "members", "", f"members: a member is a name or a table, got {member!r}"
        row["members"] = [{} for _ in table["members"]]
    yield from (("", key, fault) for key, fault in key_faults(Mixture, row))


def _lines_of_keys(text: str) -> dict[tuple[str, str], int]:
    """Returns (table, key) to its first line; a table's own stands under the key ``""``, an inline one's too."""
    found: dict[tuple[str, str], int] = {}
    part = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            part = header[1].strip()
            found.setdefault((part, ""), number)
            outer, _, last = part.rpartition(".")
            found.setdefault((outer, last), number)
        elif key := _KEY.match(line):
            found.setdefault((part, key[1]), number)
            if not part:
                found.setdefault((key[1], ""), number)
    return found
