"""GLUE's tab-separated files as they are: never quoted, one row a line, columns found by the header's names."""

import csv
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from t5eval.data.bounded_lines import LineFile, below
from t5eval.data.summary import Summary
from t5eval.support.errors import DataError
from task_specs import Example, TaskSpec
from task_specs.sources.tsv import Csv, Labels, Tsv
from task_specs.support.errors import first_few, quoted

WHOLE_NUMBER = re.compile(r"0|[1-9][0-9]{0,14}")


class _Table(LineFile):
    """One file: rows of columns, which its header names where it has one."""

    def __init__(self, path: Path, columns: tuple[str, ...]) -> None:
        super().__init__(path)
        self.columns = columns

    def split(self) -> Iterator[list[str]]:
        """Yields the columns of each line."""
        return (self.text(raw).split("\t") for raw in self.filled(b""))

    def rows(self) -> Iterator[list[str]]:
        """Yields the columns of each row; the header is taken off and kept as `columns`."""
        for row in self.split():
            if not self.columns:
                self.columns = tuple(row)
            else:
                yield row


class _Quoted(_Table):
    """A file of comma-separated values: a quoted one may hold commas, quotes and line ends."""

    def __init__(self, path: Path, columns: tuple[str, ...], source: Csv) -> None:
        super().__init__(path, columns)
        self.source = source

    def split(self) -> Iterator[list[str]]:
        source = self.source
        reader = csv.reader(map(self.text, self.raw()), delimiter=source.delimiter, strict=source.strict)
        while True:
            first = reader.line_num + 1
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise self.fault(f"not comma-separated values: {error}", first) from None
            if row:
                self.line = first
                yield row


def _table(source: Tsv, path: Path, columns: tuple[str, ...]) -> _Table:
    return _Quoted(path, columns, source) if isinstance(source, Csv) else _Table(path, columns)


def read_tsv(spec: TaskSpec, split: str, data_dir: Path, summary: Summary, with_labels: bool) -> Iterator[Example]:
    """Yields a split's examples in file order, and fills `summary`.

    An example's id is the 0-based row of its file, `PART/ROW` where the split joins files; a dropped row leaves its
    number unused. Where the file numbers its rows, the numbers must be the same.
    """
    source = spec.source
    assert isinstance(source, Tsv)
    apart = source.labels.get(split) if with_labels else None
    labels = _labels_apart(source, apart, data_dir, summary) if apart else None
    rows = 0
    for part, name in source.paths(split).items():
        for example in _read_file(spec, source, split, below(source.folder, name), data_dir, summary):
            if apart is not None and labels is not None:
                example = _join(example, labels, data_dir / source.folder, name, apart.file)
            rows += 1
            yield replace(example, id=f"{part}/{example.id}") if part else example
    if apart is not None and labels is not None and rows != len(labels):
        said = f"the file goes on after the labels of {rows} examples; {spec.name} {split} has no more"
        raise DataError(f"{data_dir / source.folder / apart.file}: line {rows + 2}: {said}")


def _read_file(
    spec: TaskSpec, source: Tsv, split: str, shown: str, data_dir: Path, summary: Summary
) -> Iterator[Example]:
    headerless = split in source.headerless
    table = _table(source, data_dir / shown, source.columns if headerless else ())
    drops = split in source.drop_incomplete
    dropped: list[int] = []
    places: dict[str, int] = {}
    label_at = index_at = None
    only: dict[int, tuple[str, ...]] = {}
    rows = 0
    for row in table.rows():
        if not places:
            absent = (getattr(spec.answer, "field", ""),) if split == "test" else ()
            places, label_at = _find_columns(table, source, labelled=split != "test", may_lack=absent)
            index_at = _find_index(table, source, split)
            only = {table.columns.index(column): values for column, values in source.only.items()}
        whole = len(row) >= len(table.columns) or not table.torn
        if whole and any(place >= len(row) or row[place] not in values for place, values in only.items()):
            continue
        if len(row) != len(table.columns):
            if not drops or len(row) > len(table.columns) or table.torn:
                quoting = "; these files are never quoted, and a spreadsheet program that saves one breaks it"
                why = "; the file ends inside this line" if table.torn else "" if source.kind == "csv" else quoting
                columns = f"{len(table.columns)} columns ({', '.join(table.columns)})"
                raise table.fault(f"expected {columns}, got {len(row)}{why}")
            dropped.append(table.line)
            rows += 1
            continue
        if index_at is not None and row[index_at] != str(rows):
            raise table.fault(_index_fault(table.columns[index_at], row[index_at], rows, table.line))
        features: dict[str, Any] = {feature: row[place] for feature, place in places.items()}
        if len(features) < len(source.fields):
            features = dict.fromkeys(source.fields) | features
        if drops and ("" in features.values() or (label_at is not None and not row[label_at])):
            if table.torn and not row[-1]:
                raise table.fault("the file ends inside this line")
            dropped.append(table.line)
            rows += 1
            continue
        features["label"] = _label(table, spec, source, row, label_at, split)
        yield Example(str(rows), features, _slices(table, source, row))
        rows += 1
    if rows == len(dropped):
        none = f"the file has no row{' that is kept' if source.only else 's'}"
        problem = "every row has an empty or missing field" if rows else none
        raise table.fault(problem, 1 if headerless or not table.columns else 2)
    summary.files[shown] = table.sha256.hexdigest()
    if dropped:
        summary.dropped += len(dropped)
        lines = first_few(list(map(str, dropped)))
        summary.notes.append(f"{shown}: {len(dropped)} rows with an empty or missing field dropped (lines {lines})")


def _find_columns(
    table: _Table, source: Tsv, labelled: bool, may_lack: Sequence[str]
) -> tuple[dict[str, int], int | None]:
    """Returns where each feature and the label stand; features of a test file that only labelled ones have may lack."""
    fields = {name: column for name, column in source.fields.items() if name not in may_lack or column in table.columns}
    wanted = [*fields.values(), *([source.label] if labelled and source.label else []), *source.only]
    wanted = list(dict.fromkeys(wanted))
    missing = [column for column in wanted if column not in table.columns]
    if missing:
        should = f"it should have {', '.join(wanted)}, and is {quoted(', '.join(table.columns), 120)}"
        raise table.fault(f"the header has no column {', '.join(map(repr, missing))}; {should}", 1)
    repeated = [column for column in wanted if table.columns.count(column) > 1]
    if repeated:
        raise table.fault(f"the header has the column {repeated[0]!r} twice", 1)
    places = {feature: table.columns.index(column) for feature, column in fields.items()}
    has_label = source.label is not None and source.label in table.columns
    return places, table.columns.index(source.label) if has_label and source.label else None


def _slices(table: _Table, source: Tsv, row: list[str]) -> Mapping[str, str]:
    """Returns what a row has in the columns that scores are divided by, as far as its file has them."""
    if not source.slices:
        return source.slices  # one empty mapping for all rows
    return {name: row[table.columns.index(column)] for name, column in source.slices.items() if column in table.columns}


def _find_index(table: _Table, source: Tsv, split: str) -> int | None:
    """Returns where the rows' numbers stand, None in a file without them."""
    column = source.index.get(split, "")
    if table.columns.count(column) > 1:
        raise table.fault(f"the header has the column {column!r} twice", 1)
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


def _label(table: _Table, spec: TaskSpec, source: Tsv, row: list[str], place: int | None, split: str) -> int | float:
    """Returns a row's class index or number; -1 or -1.0 where the split is unlabelled."""
    unlabelled = -1 if source.classes else -1.0
    if place is None:
        return unlabelled
    text = row[place]
    if split == "test" and text in ("-1", "-1.0"):
        return unlabelled  # some copies write the missing labels of a test file this way
    if source.classes:
        return _class_index(table, source, text)
    low, high = getattr(spec.answer, "low", -math.inf), getattr(spec.answer, "high", math.inf)
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not low <= number <= high:
        raise table.fault(f"unknown label {quoted(text)}; expected a number from {low:g} to {high:g}")
    return number


def _class_index(table: _Table, source: Tsv, text: str) -> int:
    if text not in source.classes:
        raise table.fault(f"unknown label {quoted(text)}; expected one of {', '.join(source.classes)}")
    return source.classes.index(text)


# By row: the class index, the texts that it was given to, and what scores are divided by.
_LabelsApart = list[tuple[int, dict[str, str], Mapping[str, str]]]


def _labels_apart(source: Tsv, apart: Labels, data_dir: Path, summary: Summary) -> _LabelsApart | None:
    """Returns the labels that stand in a file of their own, None where the file is not there."""
    shown = below(source.folder, apart.file)
    table = _Table(data_dir / shown, ())
    if not table.path.is_file():
        return None
    found: _LabelsApart = []
    columns = {**apart.same, "": apart.column}
    places: dict[str, int] = {}
    for row in table.rows():
        if not places:
            missing = [column for column in columns.values() if column not in table.columns]
            if missing:
                raise table.fault(f"the header has no column {', '.join(map(repr, missing))}", 1)
            places = {feature: table.columns.index(column) for feature, column in columns.items()}
        if len(row) != len(table.columns):
            raise table.fault(f"expected {len(table.columns)} columns, got {len(row)}")
        index = _class_index(table, source, row[places[""]])
        texts = {feature: row[places[feature]] for feature in apart.same}
        found.append((index, texts, _slices(table, source, row)))
    summary.files[shown] = table.sha256.hexdigest()
    return found


def _join(example: Example, labels: _LabelsApart, folder: Path, name: str, apart: str) -> Example:
    row = int(example.id)
    place = f"{folder / apart}: line {row + 2}"
    if row >= len(labels):
        raise DataError(f"{place}: the file ends after the labels of {row} examples; {folder / name} has more")
    label, texts, slices = labels[row]
    for feature, text in texts.items():
        if example.features[feature] != text:
            said = f"its {feature} {quoted(text)} is not that of {folder / name}"
            raise DataError(f"{place}: {said}: {quoted(example.features[feature])}")
    return replace(example, features={**example.features, "label": label}, slices={**example.slices, **slices})
