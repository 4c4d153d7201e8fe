"""The schema of a row as plain data: what a TOML file holds and what `t5eval show --json` prints."""

import dataclasses
import types
import typing
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from task_specs.kinds import KINDS
from task_specs.mixture import Member, Mixture
from task_specs.plugins import looked_up
from task_specs.sources.copies import Copies
from task_specs.sources.download import Download
from task_specs.spec import Decode, Lengths, Published, TaskSpec
from task_specs.support.errors import SpecError, did_you_mean
from task_specs.support.toml_text import parse_toml
from task_specs.support.wording import line_in, placed
from task_specs.texts.prompt import Prompt

# What a kind of each part must have, as its Protocol says.
CONTRACTS = {
    "source": ("fields", "splits", "paths"),
    "text": ("fields", "pairs"),
    "answer": ("choices", "target", "gold", "parse"),
}
PARTS: dict[str, type] = {"decode": Decode, "lengths": Lengths, "copies": Copies}


def register_kind(part: str, cls: type) -> type:
    """Makes a kind of source, text or answer known, so that rows and TOML files can name it.

    Args:
        part: `source`, `text` or `answer`.
        cls: a frozen dataclass with a `kind` and what its Protocol asks for; its fields are the keys of the table.

    Raises:
        SpecError: it breaks this contract, or another kind has its name.
    """
    name, kind = cls.__name__, getattr(cls, "kind", None)
    if not isinstance(kind, str) or not kind:
        raise SpecError(f"{part} {name} has no kind; set the class attribute `kind`")
    if kind in KINDS[part]:
        raise SpecError(f"{part} kind {kind!r} is already there; give {name} another `kind`")
    if not dataclasses.is_dataclass(cls) or not cls.__dataclass_params__.frozen:  # type: ignore[attr-defined]
        raise SpecError(f"{part} {name} must be a dataclass, @dataclass(frozen=True)")
    names = {entry.name for entry in dataclasses.fields(cls)}
    lacks = [needed for needed in CONTRACTS[part] if not hasattr(cls, needed) and needed not in names]
    if lacks:
        raise SpecError(f"{part} {name} has no {', '.join(lacks)}, which its contract asks for")
    KINDS[part][kind] = cls
    return cls


def _matches(value: Any, hint: Any) -> bool:
    """Returns whether a TOML value has the type that a field declares, as far as TOML can tell."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if dataclasses.is_dataclass(value):
        return True  # a part that is already built
    if origin in (typing.Union, types.UnionType):
        return any(_matches(value, option) for option in arguments)
    if origin is tuple:
        return isinstance(value, list) and all(_matches(item, arguments[0]) for item in value)
    if origin is not None and issubclass(origin, Mapping):
        return isinstance(value, dict) and all(_matches(item, arguments[1]) for item in value.values())
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if hint in (str, bool, type(None)):
        return isinstance(value, hint)
    if dataclasses.is_dataclass(hint):
        return isinstance(value, dict)
    return True


def _inner(hint: Any, value: Any, where: str) -> Any:
    """Returns a field's value with the tables of a mapping of parts (`Tsv.labels`) built, and lists as tuples."""
    if typing.get_origin(hint) is tuple and isinstance(value, list):
        return tuple(value)  # so that a frozen dataclass of a plugin can be hashed
    arguments = typing.get_args(hint)
    if not isinstance(value, dict) or len(arguments) != 2 or not dataclasses.is_dataclass(arguments[1]):
        return value
    part = typing.cast(type, arguments[1])
    return {key: _build(part, item, f"{where}.{key}") for key, item in value.items()}


def key_faults(cls: type, table: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yields (key, what is wrong with it) for every key of a table that is unknown, of the wrong type, or missing."""
    hints = typing.get_type_hints(cls)
    known = {entry.name: entry for entry in dataclasses.fields(cls)}
    for key, value in table.items():
        if key not in known:
            yield key, f"unknown key {key!r}; the keys are {', '.join(known)}.{did_you_mean(key, list(known))}"
        elif not _matches(value, hints[key]):
            yield key, f"{key} has the wrong type: {value!r}"
    for name, entry in known.items():
        if entry.default is dataclasses.MISSING and entry.default_factory is dataclasses.MISSING and name not in table:
            yield name, f"the key {name!r} is missing"


def _build(cls: type, table: Any, where: str) -> Any:
    if not isinstance(table, dict):
        raise SpecError(f"{where}: expected a table, got {table!r}")
    for _, fault in key_faults(cls, table):
        raise SpecError(f"{where}: {fault}")
    hints = typing.get_type_hints(cls)
    values = {key: _inner(hints[key], value, f"{where}: {key}") for key, value in table.items()}
    try:
        return cls(**values)
    except SpecError as error:
        raise placed(where, error) from None


def part_of(part: str, value: Any) -> tuple[type, dict[str, Any]]:
    """Returns the class of a part of a row, and its table without the `kind` that chose it.

    Raises:
        SpecError: it is no table, or is of no kind that there is.
    """
    if not isinstance(value, dict):
        raise SpecError(f"{part} must be a table, got {value!r}")
    if part in PARTS:
        return PARTS[part], value
    inner, kinds = dict(value), KINDS[part]
    kind = inner.pop("kind", None)
    if isinstance(kind, str) and part in CONTRACTS:
        looked_up(lambda: kinds.get(kind), f"{part} of kind {kind!r}")
    if not isinstance(kind, str) or kind not in kinds:
        hint = did_you_mean(kind, list(kinds)) if isinstance(kind, str) else ""
        raise SpecError(f"[{part}] needs kind = one of {', '.join(kinds)}, got {kind!r}.{hint}")
    return kinds[kind], inner


def from_plain(row: Mapping[str, Any], where: str) -> TaskSpec:
    """Builds a specification from plain data.

    Args:
        row: the row, in the form that `TaskSpec.to_dict` returns.
        where: what to call it in an error, such as the file's name.

    Raises:
        SpecError: a key is missing, unknown or of the wrong type, or the row contradicts itself.
    """
    table = dict(row)
    for part in (*KINDS, *PARTS):
        if part in table:
            try:
                cls, inner = part_of(part, table[part])
            except SpecError as error:
                raise SpecError(f"{where}: {error}") from None
            table[part] = _build(cls, inner, f"{where}: [{part}]")
    tables: dict[str, type] = {"published": Published, "downloads": Download}
    for key, entries in tables.items():
        if key in table:
            if not isinstance(table[key], list):
                raise SpecError(f"{where}: {key} must be an array of tables")
            table[key] = [_build(entries, entry, f"{where}: [[{key}]]") for entry in table[key]]
    spec: TaskSpec = _build(TaskSpec, table, where)
    return spec


def mixture_from_plain(row: Mapping[str, Any], where: str) -> Mixture:
    """Builds a mixture from plain data, in which a member is a name or a table.

    Raises:
        SpecError: as for `from_plain`.
    """
    table = dict(row)
    if isinstance(table.get("members"), list):
        table["members"] = [
            _build(Member, {"name": member} if isinstance(member, str) else member, f"{where}: members")
            for member in table["members"]
        ]
    mixture: Mixture = _build(Mixture, table, where)
    return mixture


def read_table(path: Path) -> tuple[dict[str, Any], str]:
    """Returns what a TOML file holds, and its text.

    Raises:
        SpecError: the file cannot be read, or is not TOML.
    """
    try:
        raw = path.read_bytes()
        return parse_toml(raw), raw.decode("utf-8")
    except OSError as error:
        raise SpecError(f"{path}: cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise SpecError(f"{path}: not a TOML file: {error}") from None


def read_row(path: Path) -> TaskSpec | Mixture:
    """Reads one task, or one mixture, which is what has `members`, from a TOML file.

    Raises:
        SpecError: the file cannot be read, is not TOML, or does not follow the schema.
    """
    table, text = read_table(path)
    with lines_named(path, text):
        return mixture_from_plain(table, str(path)) if "members" in table else from_plain(table, str(path))


def read_prompts(path: Path) -> dict[str, Prompt]:
    """Reads the prompts of a TOML file with a table for each: `[NAME]` and `template = "..."`.

    Raises:
        SpecError: the file cannot be read, is not TOML, has no prompt, or one that does not follow the schema.
    """
    table, text = read_table(path)
    if not table:
        raise SpecError(f"{path}: has no prompts; one is a table [NAME] with a template")
    with lines_named(path, text):
        return prompts_from_plain(table, str(path))


def prompts_from_plain(table: Mapping[str, Any], where: str) -> dict[str, Prompt]:
    """Builds prompts from plain data, a table for each name; see `from_plain`."""
    return {name: _build(Prompt, entry, f"{where}: [{name}]") for name, entry in table.items()}


@contextmanager
def lines_named(path: Path, text: str) -> Iterator[None]:
    """Names the line of a file that a template's fault stands on."""
    try:
        yield
    except SpecError as error:
        line = line_in(text, error)
        if line is None:
            raise
        raise SpecError(f"{path}: line {line}: {str(error).removeprefix(f'{path}: ')}") from None


def read_toml(path: Path) -> TaskSpec:
    """Reads one specification of a task from a TOML file.

    Raises:
        SpecError: as for `read_row`, or the file holds a mixture.
    """
    row = read_row(path)
    if isinstance(row, Mixture):
        raise SpecError(f"{path} is a mixture, not a task; its members are {', '.join(m.name for m in row.members)}")
    return row
