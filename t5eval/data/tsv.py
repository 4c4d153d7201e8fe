"""GLUE's tab-separated files as they are: never quoted, one row a line, columns found by the header's names."""

from __future__ import annotations

import csv
import hashlib
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from t5eval.data.bounded_lines import below, bounded_lines
from t5eval.support.errors import DataError
from task_specs import Example, TaskSpec
from task_specs.errors import quoted
from task_specs.sources.tsv import Labels, Tsv

if TYPE_CHECKING:
    from t5eval.data.summary import Summary

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
WHOLE_NUMBER = re.compile(r"0|[1-9][0-9]{0,14}")


def tsv_files(spec: TaskSpec, split: str, data_dir: Path) -> list[str]:
    """Returns the paths that a split needs, relative to the data directory."""
    return [below(spec.source.folder, name) for name in spec.source.paths(split).values()]


class _Table:
    """One file: rows of columns with their line numbers, and the file's hash once they are through."""

    def __init__(self, path: Path, shown: str, columns: tuple[str, ...]) -> None:
        self.path = path
        self.shown = shown
        self.columns = columns
        self.header_lines = 0 if columns else 1
        self.sha256 = hashlib.sha256()
        self.last_line_torn = False

    def fault(self, line: int, message: str) -> DataError:
        return DataError(f"{self.path}: line {line}: {message}")

    def _lines(self) -> Iterator[tuple[int, str]]:
        """Yields (line number, text with its end)."""
        with self.path.open("rb") as file:
            for line, raw in enumerate(bounded_lines(file, self.path), start=1):
                self.sha256.update(raw)
                self.last_line_torn = not raw.endswith(b"\n")
                if line == 1:
                    raw = raw.removeprefix(BYTE_ORDER_MARK)
                try:
                    yield line, raw.decode("utf-8")
                except UnicodeDecodeError as error:
                    byte = raw[error.start]
                    raise self.fault(line, f"not UTF-8: byte 0x{byte:02x} at position {error.start + 1}") from None

    def _split(self) -> Iterator[tuple[int, list[str]]]:
        """Yields (line number, columns) of every line."""
        blank = 0
        for line, text in self._lines():
            text = text.removesuffix("\n").removesuffix("\r")
            if blank and text:
                raise self.fault(blank, "a blank line in the middle of the file")
            if text:
                yield line, text.split("\t")
            blank = blank or (0 if text else line)

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Yields (line number, columns); the header is taken off and kept as `columns`."""
        rows = self._split()
        try:
            if not self.columns:
                self.columns = tuple(next(rows, (1, []))[1])
            yield from rows
        except OSError as error:
            raise DataError(f"{self.path}: cannot be read: {error.strerror}") from None


class _Quoted(_Table):
    """A file of comma-separated values: a quoted one may hold commas, quotes and line ends."""

    def _split(self) -> Iterator[tuple[int, list[str]]]:
        reader = csv.reader((text for _, text in self._lines()), strict=True)
        while True:
            first = reader.line_num + 1
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise self.fault(first, f"not comma-separated values: {error}") from None
            if row:
                yield first, row


TABLES = {"tsv": _Table, "csv": _Quoted}


def read_tsv(spec: TaskSpec, split: str, data_dir: Path, summary: Summary, with_labels: bool) -> Iterator[Example]:
    """Yields a split's examples in file order, and fills `summary`.

    An example's id is the 0-based row of its file, `PART/ROW` where the split joins files; a dropped row leaves its
    number unused. Where the file numbers its rows, the numbers must be the same.

    Raises:
        DataError: a file is damaged or is not the benchmark's; the message names file and line.
    """
    source = spec.source
    assert isinstance(source, Tsv)
    apart = source.labels.get(split) if with_labels else None
    labels = _labels_apart(spec, source, apart, data_dir, summary) if apart else None
    rows = 0
    for part, name in source.paths(split).items():
        for example in _read_file(spec, source, split, below(source.folder, name), data_dir, summary):
            if labels is not None:
                example = _join(example, labels, data_dir / source.folder / name)
            rows += 1
            yield replace(example, id=f"{part}/{example.id}") if part else example
    if labels is not None and rows != len(labels.labels):
        raise DataError(
            f"{labels.path}: line {rows + 2}: the file goes on after the labels of {rows} examples; "
            f"{spec.name} {split} has no more"
        )


def _read_file(
    spec: TaskSpec, source: Tsv, split: str, shown: str, data_dir: Path, summary: Summary
) -> Iterator[Example]:
    headerless = split in source.headerless
    table = TABLES[source.kind](data_dir / shown, shown, source.columns if headerless else ())
    drops = split in source.drop_incomplete
    dropped: list[int] = []
    places: dict[str, int] = {}
    label_at = index_at = None
    rows = 0
    for line, row in table.rows():
        if not places:
            absent = (getattr(spec.answer, "field", ""),) if split == "test" else ()
            places, label_at = _find_columns(table, source, labelled=split != "test", may_lack=absent)
            index_at = _find_index(table, source, split)
        if len(row) != len(table.columns):
            short_and_whole = len(row) < len(table.columns) and not table.last_line_torn
            if not (drops and short_and_whole):
                raise table.fault(
                    line,
                    f"expected {len(table.columns)} columns ({', '.join(table.columns)}), got {len(row)}"
                    + (
                        "; the file ends inside this line"
                        if table.last_line_torn
                        else ""
                        if source.kind == "csv"
                        else "; these files are never quoted, and a spreadsheet program that saves one breaks it"
                    ),
                )
            dropped.append(line)
            rows += 1
            continue
        if index_at is not None and row[index_at] != str(rows):
            raise table.fault(line, _index_fault(table.columns[index_at], row[index_at], rows, line))
        features: dict[str, Any] = {feature: row[place] for feature, place in places.items()}
        if len(features) < len(source.fields):
            features = dict.fromkeys(source.fields) | features
        if drops and ("" in features.values() or (label_at is not None and not row[label_at])):
            if table.last_line_torn and not row[-1]:
                raise table.fault(line, "the file ends inside this line")
            dropped.append(line)
            rows += 1
            continue
        features["label"] = _label(table, spec, source, line, row, label_at, split)
        yield Example(str(rows), features)
        rows += 1
    if rows == len(dropped):
        problem = "every row has an empty or missing field" if rows else "the file has no rows"
        raise table.fault(1 if headerless or not table.columns else 2, problem)
    summary.files[shown] = table.sha256.hexdigest()
    if dropped:
        summary.dropped += len(dropped)
        lines = ", ".join(map(str, dropped[:5])) + (", ..." if len(dropped) > 5 else "")
        summary.notes.append(f"{shown}: {len(dropped)} rows with an empty or missing field dropped (lines {lines})")


def _find_columns(
    table: _Table, source: Tsv, labelled: bool, may_lack: Sequence[str]
) -> tuple[dict[str, int], int | None]:
    """Returns where each feature and the label stand; features of a test file that only labelled ones have may lack."""
    fields = {name: column for name, column in source.fields.items() if name not in may_lack or column in table.columns}
    wanted = [*fields.values(), *([source.label] if labelled and source.label else [])]
    missing = [column for column in wanted if column not in table.columns]
    if missing:
        raise table.fault(
            1,
            f"the header has no column {', '.join(map(repr, missing))}; it should have {', '.join(wanted)}, "
            f"and is {quoted(', '.join(table.columns), 120)}",
        )
    repeated = [column for column in wanted if table.columns.count(column) > 1]
    if repeated:
        raise table.fault(1, f"the header has the column {repeated[0]!r} twice")
    places = {feature: table.columns.index(column) for feature, column in fields.items()}
    has_label = source.label is not None and source.label in table.columns
    return places, table.columns.index(source.label) if has_label and source.label else None


def _find_index(table: _Table, source: Tsv, split: str) -> int | None:
    """Returns where the rows' numbers stand, None in a file without them."""
    column = source.index.get(split, "")
    if table.columns.count(column) > 1:
        raise table.fault(1, f"the header has the column {column!r} twice")
    return table.columns.index(column) if column in table.columns else None


def _index_fault(column: str, found: str, row: int, line: int) -> str:
    """Returns what is wrong with the number of a row, all rows before it having the right ones."""
    if not WHOLE_NUMBER.fullmatch(found):
        what = "is no row number"
    elif int(found) < row:
        what = f"comes again; it came first on line {line - row + int(found)}"
    else:
        what = "comes too early; rows before it are missing or stand elsewhere"
    return (
        f"its {column} {quoted(found)} {what}; expected {row}. A row's {column} is the id under which its answer is "
        f"handed in: take the official file, or sort the rows by {column} (to read them as they stand, take the "
        f"column out)"
    )


def _label(
    table: _Table, spec: TaskSpec, source: Tsv, line: int, row: list[str], place: int | None, split: str
) -> int | float:
    """Returns a row's class index or number; -1 or -1.0 where the split is unlabelled."""
    unlabelled = -1 if source.classes else -1.0
    if place is None:
        return unlabelled
    text = row[place]
    if split == "test" and text in ("-1", "-1.0"):
        return unlabelled  # some copies write the missing labels of a test file this way
    if source.classes:
        return _class_index(table, source, line, text)
    low, high = getattr(spec.answer, "low", -math.inf), getattr(spec.answer, "high", math.inf)
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not low <= number <= high:
        raise table.fault(line, f"unknown label {quoted(text)}; expected a number from {low:g} to {high:g}")
    return number


def _class_index(table: _Table, source: Tsv, line: int, text: str) -> int:
    if text not in source.classes:
        raise table.fault(line, f"unknown label {quoted(text)}; expected one of {', '.join(source.classes)}")
    return source.classes.index(text)


class _Apart:
    """Labels from a file of their own, row by row, with the text they were given to."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.labels: list[int] = []
        self.texts: list[dict[str, str]] = []


def _labels_apart(spec: TaskSpec, source: Tsv, apart: Labels, data_dir: Path, summary: Summary) -> _Apart | None:
    shown = below(source.folder, apart.file)
    path = data_dir / shown
    if not path.is_file():
        return None
    table = _Table(path, shown, ())
    found = _Apart(path)
    columns = {**apart.same, "": apart.column}
    places: dict[str, int] = {}
    for line, row in table.rows():
        if not places:
            missing = [column for column in columns.values() if column not in table.columns]
            if missing:
                raise table.fault(1, f"the header has no column {', '.join(map(repr, missing))}")
            places = {feature: table.columns.index(column) for feature, column in columns.items()}
        if len(row) != len(table.columns):
            raise table.fault(line, f"expected {len(table.columns)} columns, got {len(row)}")
        found.labels.append(_class_index(table, source, line, row[places[""]]))
        found.texts.append({feature: row[places[feature]] for feature in apart.same})
    summary.files[shown] = table.sha256.hexdigest()
    return found


def _join(example: Example, apart: _Apart, path: Path) -> Example:
    row = int(example.id)
    if row >= len(apart.labels):
        raise DataError(
            f"{apart.path}: line {row + 2}: the file ends after the labels of {row} examples; {path} has more"
        )
    for feature, text in apart.texts[row].items():
        if example.features[feature] != text:
            raise DataError(
                f"{apart.path}: line {row + 2}: its {feature} {quoted(text)} is not that of {path}: "
                f"{quoted(example.features[feature])}"
            )
    return replace(example, features={**example.features, "label": apart.labels[row]})
