"""A study's TOML file: runs, what is varied, what is measured. One rule makes all of it: a table laid over another one.

A file may lie over another file (`base`), a size over the file, and a cell's values over that.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from t5eval.support.any_text import decoded
from task_specs.support.errors import UserError, did_you_mean, quoted, require_known
from task_specs.support.toml_text import parse_toml

PARTS = ("study", "train", "runs", "axes", "sizes", "paper")
OF_STUDY: dict[str, type] = {
    "base": str, "title": str, "size": str, "out": str, "runs": str, "seeds": list, "measures": list, "measured": list,
    "baseline": dict, "source": str,
}  # fmt: skip
OF_VALUES = ("train", "runs", "study")
"""What an axis' value may say something of; of `[study]` only which runs are measured."""
REMOVED = ""
"""A value that takes away what lies below it; where nothing does yet, it stays, for what will."""


@dataclass(frozen=True)
class Cell:
    """One place of the grid.

    Attributes:
        values: axis to the name of its value.
        document: the file's tables with these values laid over them.
    """

    values: Mapping[str, str]
    document: Mapping[str, Any]

    @property
    def name(self) -> str:
        """What it is called."""
        return ", ".join(f"{axis} {value}" for axis, value in self.values.items()) or "the only cell"


@dataclass(frozen=True)
class StudyFile:
    """A study as its file has it.

    Attributes:
        path: the file.
        document: its tables, the base's and the size's among them.
        out: the folder that gets the table.
        runs: the folder that holds a folder for each run; studies may share it.
    """

    path: Path
    document: Mapping[str, Any]
    out: Path
    runs: Path

    @property
    def study(self) -> Mapping[str, Any]:
        """The table `[study]`."""
        found: Mapping[str, Any] = self.document["study"]
        return found

    @property
    def seeds(self) -> list[int]:
        """The seeds of every cell."""
        return list(self.study.get("seeds", [0]))

    @property
    def measures(self) -> list[str]:
        """The table's columns."""
        return list(self.study["measures"])

    @property
    def axes(self) -> Mapping[str, Mapping[str, Any]]:
        """Axis to the name of each of its values, to what is laid over the file."""
        found: Mapping[str, Mapping[str, Any]] = self.document.get("axes", {})
        return found

    @property
    def baseline(self) -> dict[str, str]:
        """The values of the cell that the others are compared with: of each axis the first, unless it is named."""
        return {
            axis: self.study.get("baseline", {}).get(axis, next(iter(values))) for axis, values in self.axes.items()
        }

    @property
    def paper(self) -> Sequence[Mapping[str, Any]]:
        """What was published of cells: values of axes, and `scores`."""
        found: Sequence[Mapping[str, Any]] = self.document.get("paper", [])
        return found

    @cached_property
    def cells(self) -> list[Cell]:
        """Every combination of the axes' values, in the file's order."""
        found = []
        for names in itertools.product(*self.axes.values()):
            values = dict(zip(self.axes, names, strict=True))
            document = self.document
            for axis, name in values.items():
                document = laid_over(document, self.axes[axis][name])
            found.append(Cell(values, document))
        return found


def laid_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a table with another one over it: tables are joined, other values replaced, and by `""` removed."""
    found = dict(below)
    for key, value in above.items():
        if isinstance(value, Mapping):
            under = found.get(key)
            found[key] = laid_over(under if isinstance(under, Mapping) else {}, value)
        elif value == REMOVED and key in found:
            del found[key]
        else:
            found[key] = value
    return found


def without_removed(table: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a table, and those in it, without keys that were removed."""
    return {
        key: without_removed(value) if isinstance(value, Mapping) else value
        for key, value in table.items()
        if value != REMOVED
    }


def read_study(
    path: Path, *, size: str | None = None, out: Path | None = None, data_dir: str | None = None
) -> StudyFile:
    """Reads a study's file.

    Args:
        size: one of its `[sizes]`; the file's own if None.
        out: the folder for the table; if None the file's, else one beside the file, of its name and size.
        data_dir: where examples come from, in place of the file's.

    Raises:
        UserError: it cannot be read, is no study, or names what is not there.
    """
    document = _read(path, ())
    table = document.setdefault("study", {})
    size = size or table.get("size")
    sizes = document.get("sizes", {})
    if size is not None:
        if not isinstance(size, str) or size not in sizes:
            known = f"its sizes are {', '.join(sizes)}" if sizes else "it has no [sizes]"
            raise UserError(f"{path}: there is no size {quoted(size)}; {known}")
        _require_tables(sizes[size], f"{path}: [sizes.{size}]", ("study", "train", "runs", "axes"))
        document = laid_over(document, sizes[size])
        document["study"] = table = {**document["study"], "size": size}
    if data_dir is not None:
        document = laid_over(document, {"train": {"data_dir": data_dir}})
    _require_study(document, path)
    own = Path(table["out"]) if "out" in table else path.with_suffix("").with_name("-".join(_parts(path.stem, size)))
    out = out or own
    return StudyFile(path, document, out, Path(table.get("runs", out / "runs")))


def _parts(stem: str, size: str | None) -> list[str]:
    return [stem, size] if size else [stem]


def _read(path: Path, above: tuple[Path, ...]) -> dict[str, Any]:
    """Returns a file's tables, over those of the file that it names as its base."""
    try:
        document: dict[str, Any] = decoded(parse_toml(path.read_bytes()))
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise UserError(f"{path}: not a TOML file: {error}") from None
    require_known(document, PARTS, str(path))
    for part in PARTS:
        kind = list if part == "paper" else dict
        if not isinstance(document.get(part, kind()), kind):
            raise UserError(f"{path}: {part} must be {'tables, each [[paper]]' if kind is list else 'a table'}")
    base = document.get("study", {}).pop("base", None)
    if base is None:
        return document
    if not isinstance(base, str) or (path.parent / base).resolve() in (*above, path.resolve()):
        raise UserError(f"{path}: base names another study's file, got {quoted(repr(base))}")
    return laid_over(_read(path.parent / base, (*above, path.resolve())), document)


def _require_study(document: Mapping[str, Any], path: Path) -> None:
    """Raises a UserError if a table does not have what a study's has."""
    study, runs, axes = (document.get(part, {}) for part in ("study", "runs", "axes"))
    require_known(study, OF_STUDY, f"{path}: [study]")
    for key, value in study.items():
        if not isinstance(value, OF_STUDY[key]):
            raise UserError(f"{path}: [study]: {key} has the wrong type: {quoted(repr(value))}")
    _require_names(study, f"{path}: [study]")
    seeds = study.get("seeds", [0])
    if not seeds or any(type(seed) is not int or seed < 0 for seed in seeds) or len(set(seeds)) < len(seeds):
        raise UserError(f"{path}: [study]: seeds are different whole numbers from 0 on, got {quoted(repr(seeds))}")
    if not study.get("measures"):
        raise UserError(f"{path}: [study]: measures names at least one task, benchmark or held_out_loss")
    if not runs:
        raise UserError(f"{path}: there is no run; a table [runs.NAME] describes one")
    _require_tables(runs, f"{path}: [runs]", runs)
    for axis, value, table in _values(axes, path):
        where = f"{path}: [axes.{axis}.{quoted(value)}]"
        _require_tables(table, where, OF_VALUES)
        require_known(table.get("study", {}), ("measured",), f"{where}: study")
        _require_names(table.get("study", {}), f"{where}: study")
        _require_tables(table.get("runs", {}), f"{where}: runs", runs)
    for axis, value in study.get("baseline", {}).items():
        if axis not in axes or not isinstance(value, str) or value not in axes[axis]:
            known = [*axes.get(axis, axes)]
            raise UserError(
                f"{path}: baseline: there is no {axis} {quoted(str(value))}; known: {', '.join(known)}."
                f"{did_you_mean(str(value), known)}"
            )
    for row in document.get("paper", []):
        if not isinstance(row, Mapping) or not isinstance(row.get("scores", {}), Mapping):
            raise UserError(f"{path}: [[paper]] has values of axes, and a table of scores, got {quoted(repr(row))}")
        require_known(row, (*axes, "scores"), f"{path}: [[paper]]")


def _require_names(study: Mapping[str, Any], where: str) -> None:
    for key in ("measures", "measured"):
        names = study.get(key, [])
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise UserError(f"{where}: {key} is a list of names, got {quoted(repr(names))}")


def _values(axes: Mapping[str, Any], path: Path) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for axis, values in axes.items():
        if not isinstance(values, Mapping) or len(values) < 2:
            raise UserError(f"{path}: axis {quoted(axis)} changes nothing: it needs two values or more")
        for value, table in values.items():
            yield axis, value, table


def _require_tables(table: Any, where: str, known: Any) -> None:
    if not isinstance(table, Mapping):
        raise UserError(f"{where} must be a table, got {quoted(repr(table))}")
    require_known(table, known, where)
    for key, value in table.items():
        if not isinstance(value, Mapping):
            raise UserError(f"{where}: {key} must be a table, got {quoted(repr(value))}")
