"""GLUE's tab-separated files as a source."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from task_specs.records import FrozenDict
from task_specs.support.errors import SpecError


@dataclass(frozen=True)
class Labels:
    """Labels kept apart from the text, for scoring only.

    Attributes:
        file: the file below the source's folder, row for row with the text.
        column: its label column.
        same: features that must read the same on both sides, feature name to column name.
    """

    file: str
    column: str
    same: Mapping[str, str] = field(default_factory=FrozenDict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "same", FrozenDict(self.same))


@dataclass(frozen=True)
class Tsv:
    """Tab-separated files as GLUE distributes them: never quoted, one row a line.

    Attributes:
        folder: the folder below the data directory; itself if empty.
        files: split to file name, or to {part: file name} where a split joins files; ids are then `PART/ROW`.
        fields: feature to column name; the columns that the task's text and answer name, if empty.
        label: the label's column. A split whose header lacks it is unlabelled; train and validation must have it.
        classes: the label's values in the files, in the order of the answer's classes; empty for a number.
        columns: the column names of files without a header.
        headerless: the splits whose files have no header.
        drop_incomplete: the splits whose rows with an empty or missing field are dropped and counted, as the official
            reader does; their ids stay unused.
        labels: labels that stand in a file of their own, by split.
        index: by split, the column that numbers a file's rows from 0. A file may go without it; one that has it must
            have its rows in that order, since an example's id is its row.
        only: column to the values that a row must have; others are left out, and ids count the rows that are kept.
        slices: name to column, of the files or of the file of labels, for `score --by` alone; a file may go without.
    """

    folder: str
    files: Mapping[str, str | Mapping[str, str]]
    fields: Mapping[str, str] = field(default_factory=FrozenDict)
    label: str | None = None
    classes: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    headerless: tuple[str, ...] = ()
    drop_incomplete: tuple[str, ...] = ()
    labels: Mapping[str, Labels] = field(default_factory=FrozenDict)
    index: Mapping[str, str] = field(default_factory=FrozenDict)
    only: Mapping[str, tuple[str, ...]] = field(default_factory=FrozenDict)
    slices: Mapping[str, str] = field(default_factory=FrozenDict)
    kind: ClassVar[str] = "tsv"

    def __post_init__(self) -> None:
        for name in ("classes", "columns", "headerless", "drop_incomplete"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        object.__setattr__(
            self,
            "files",
            FrozenDict({s: FrozenDict(f) if isinstance(f, Mapping) else f for s, f in self.files.items()}),
        )
        object.__setattr__(self, "fields", FrozenDict(self.fields))
        object.__setattr__(self, "labels", FrozenDict(self.labels))
        object.__setattr__(self, "index", FrozenDict(self.index))
        object.__setattr__(self, "only", FrozenDict({name: tuple(values) for name, values in self.only.items()}))
        object.__setattr__(self, "slices", FrozenDict(self.slices))
        if not self.files:
            raise SpecError(f"source {self.kind!r} needs at least one file")
        if "label" in self.fields:
            raise SpecError(f"source {self.kind!r}: 'label' is not a text field; name its column with label = ...")
        if len(set(self.classes)) != len(self.classes):
            raise SpecError(f"source {self.kind!r}: the classes {list(self.classes)} repeat a value")
        if self.labels and not self.classes:
            raise SpecError(
                f"source {self.kind!r}: labels in a file of their own are classes; name them with classes = [...]"
            )
        for apart in self.labels.values():
            unknown = [feature for feature in apart.same if feature not in self.fields]
            if unknown:
                raise SpecError(
                    f"source {self.kind!r}: labels compare {unknown}, not among its fields {list(self.fields)}"
                )
        if bool(self.columns) != bool(self.headerless):
            raise SpecError(f"source {self.kind!r}: 'columns' and 'headerless' go together")
        for name in (*self.headerless, *self.drop_incomplete, *self.labels, *self.index):
            if name not in self.files:
                raise SpecError(
                    f"source {self.kind!r}: split {name!r} has no file; the splits with files are {list(self.files)}"
                )
        if self.headerless:
            wanted = [*self.fields.values(), *([self.label] if self.label else [])]
            missing = [column for column in wanted if column not in self.columns]
            if missing:
                raise SpecError(f"source {self.kind!r}: {missing} is not among columns = {list(self.columns)}")

    def paths(self, split: str) -> dict[str, str]:
        entry = self.files[split]
        return {"": entry} if isinstance(entry, str) else dict(entry)

    @property
    def splits(self) -> tuple[str, ...]:
        return tuple(self.files)


@dataclass(frozen=True)
class Csv(Tsv):
    """Comma-separated files with quotes, as spreadsheet programs write them; see `Tsv`.

    Attributes:
        delimiter: what stands between two values.
        strict: whether a quote that closes before its value ends is a fault; if not, the rest is part of the value.
    """

    delimiter: str = ","
    strict: bool = True
    kind: ClassVar[str] = "csv"

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.delimiter) != 1 or self.delimiter in '"\r\n':
            raise SpecError(f"source {self.kind!r}: delimiter is one character, got {self.delimiter!r}")
