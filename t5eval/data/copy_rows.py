"""Rows of a copy, as TensorFlow Datasets and Hugging Face keep them, as examples with the official files' features."""

import math
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from t5eval.data.json_lines import Line
from t5eval.support.errors import DataError
from task_specs import TaskSpec
from task_specs.support.errors import quoted
from task_specs.texts.referents import correct_spans

Key = tuple[int, ...] | tuple[str]
"""What a row's id is made of, and what rows are ordered by."""


class Row(Line):
    """One row of a copy, with typed access to what is in it; a fault names the copy and the row.

    Args:
        place: the copy, for messages.
        number: the row, from 0, in the order of reading.
        value: its features, of Python's own types.
    """

    def __init__(self, place: str, number: int, value: Mapping[str, Any]) -> None:
        super().__init__(Path(place), number, dict(value), escaped=True)
        self.place = place

    def fault(self, message: str) -> DataError:
        return DataError(f"{self.place}: row {self.number}: {message}")

    def list_at(self, holder: Mapping[str, Any], key: str, kind: type, where: str = "") -> list[Any]:
        """Returns the list at a key, whose items are of one type."""
        items: list[Any] = self._take(holder, key, list, where)
        return [self._take({key: item}, key, kind, where) for item in items]


@dataclass(frozen=True)
class Columns:
    """What is known of all rows of a split.

    Attributes:
        labels: what the copy calls its label's values, in their order; empty where it does not say.
    """

    spec: TaskSpec
    split: str
    labels: Sequence[str] = ()

    def label(self, row: Row) -> int:
        """Returns a row's class in the order of the task's classes; -1 where a test split has none."""
        value = row.value.get("label")
        if self.split in self.spec.copies.unlabelled:
            return -1
        if value is None or (type(value) is int and value == -1):
            if self.split == "test":
                return -1
            raise row.fault("has no label; only a test split goes without")
        official = tuple(getattr(self.spec.source, "classes", ()))
        spellings = (tuple(self.spec.answer.classes), tuple(map(str, official)))  # type: ignore[attr-defined]
        if type(value) is int:
            if not self.labels and 0 <= value < len(official):
                return value
            if not 0 <= value < len(self.labels):
                raise row.fault(f"unknown label {value}; expected one of 0 to {len(self.labels or official) - 1}")
            value = self.labels[value]
        for classes in spellings:
            if str(value) in classes:
                return classes.index(str(value))
        raise row.fault(f"unknown label {quoted(str(value))}; expected one of {', '.join(spellings[0])}")


def _idx(row: Row, *parts: str) -> Key | None:
    """Returns the numbers that a row's `idx` has, None where there is none."""
    if "idx" not in row.value:
        return None
    if not parts:
        return (row.id_at(row.value),)
    idx = row.object_at(row.value, "idx")
    return tuple(row.number_at(idx, part, "idx.") for part in parts)


def _text_id(row: Row, column: str = "id") -> Key | None:
    if column not in row.value:
        return None
    example_id = row.text(row.value, column)
    if not example_id or not example_id.isprintable():
        raise row.fault(f"{column} must be a text without control characters, got {quoted(example_id)}")
    return (example_id,)


def _flat_texts(columns: Columns, row: Row) -> dict[str, Any]:
    """Returns the text features of a flat row, which a dataset of one's own has under the names of the row's files."""
    fields = columns.spec.source.fields
    reference = getattr(columns.spec.answer, "field", "")
    found: dict[str, Any] = {}
    for name, key in fields.items():
        key = name if name in row.value else key
        absent = name == reference and columns.split == "test" and row.value.get(key) is None
        found[name] = None if absent else row.text(row.value, key)
    return found


def _texts(row: Row, names: Sequence[str]) -> dict[str, Any]:
    return {name: row.text(row.value, name) for name in names}


def _tsv_row(columns: Columns, row: Row) -> tuple[Key | None, dict[str, Any]]:
    source = columns.spec.source
    features = _flat_texts(columns, row)
    if getattr(source, "classes", ()):
        features["label"] = columns.label(row)
    elif getattr(source, "label", None):
        features["label"] = _number(columns, row)
    else:
        features["label"] = -1.0
    return _idx(row), features


def _number(columns: Columns, row: Row) -> float:
    value = row.value.get("label")
    if columns.split == "test" and (value is None or value == -1):
        return -1.0
    answer = columns.spec.answer
    low, high = getattr(answer, "low", -math.inf), getattr(answer, "high", math.inf)
    if type(value) not in (int, float) or not low <= value <= high:  # type: ignore[operator]
        raise row.fault(f"unknown label {quoted(str(value))}; expected a number from {low:g} to {high:g}")
    return _shortest(float(value))  # type: ignore[arg-type]


def _shortest(value: float) -> float:
    """Returns the number that was written where only its single precision was kept: 3.8 for 3.799999952316284."""
    try:
        if struct.unpack("f", struct.pack("f", value))[0] != value:
            return value
        for digits in range(1, 10):
            short = float(f"{value:.{digits}g}")
            if struct.unpack("f", struct.pack("f", short))[0] == value:
                return short
    except OverflowError:
        pass
    return value


def _flat_row(columns: Columns, row: Row) -> tuple[Key | None, dict[str, Any]]:
    source = columns.spec.source
    features = _flat_texts(columns, row) | _lists(columns, row)
    for name in source.numbers:  # type: ignore[attr-defined]
        features[name] = row.number_at(row.value, name)
    if source.classes:  # type: ignore[attr-defined]
        features["label"] = columns.label(row)
    own = columns.spec.submission is None and type(row.value.get("idx")) is str
    return _text_id(row, "idx") if own else _idx(row), features


def _lists(columns: Columns, row: Row) -> dict[str, list[str]]:
    """Returns the features that are lists of texts, which a copy has under their own names or those of the files."""
    found = {}
    for name, key in columns.spec.source.lists.items():  # type: ignore[attr-defined]
        holder, key = _place(row, name if name in row.value else key)
        found[name] = row.list_at(holder, key, str) if holder.get(key) else []
    return found


def _place(row: Row, key: str) -> tuple[Mapping[str, Any], str]:
    """Returns where a key such as `Answer.Aliases` stands, which copies write in lower case."""
    *outer, last = (key if key.partition(".")[0] in row.value else key.lower()).split(".")
    holder: Mapping[str, Any] = row.value
    for name in outer:
        holder = row.object_at(holder, name)
    return holder, last


def _document_row(columns: Columns, row: Row) -> tuple[Key | None, dict[str, Any]]:
    source = columns.spec.source
    features: dict[str, Any] = {}
    for name, key in source.fields.items():
        holder, last = _place(row, name if name in row.value else key)
        unlabelled = name == getattr(columns.spec.answer, "written", "") and holder.get(last) in (None, "", "<unk>")
        features[name] = None if unlabelled else row.text(holder, last)
    features |= _lists(columns, row)
    key = columns.spec.copies.id
    return (_text_id(row, key) if key else None), features


def _wsc_row(columns: Columns, row: Row) -> tuple[Key | None, dict[str, Any]]:
    key, features = _flat_row(columns, row)
    return key, dict(correct_spans(features))


def _multirc_row(columns: Columns, row: Row) -> tuple[Key | None, dict[str, Any]]:
    key = _idx(row, "paragraph", "question", "answer")
    if key is None:
        raise row.fault("has no idx, and a question's answers could not be told from another's")
    features = _texts(row, ("paragraph", "question", "answer"))
    features["label"] = columns.label(row)
    features["idx"] = dict(zip(("paragraph", "question", "answer"), key, strict=True))
    return key, features


def _record_row(columns: Columns, row: Row) -> tuple[Key | None, dict[str, Any]]:
    key = _idx(row, "passage", "query")
    if key is None:
        raise row.fault("has no idx, and its queries could not be told apart")
    answers = row.list_at(row.value, "answers", str) if row.value.get("answers") else []
    if not answers and columns.split != "test":
        raise row.fault("has no answers; only a test split goes without")
    features = {
        **_texts(row, ("passage", "query")),
        "entities": sorted(set(row.list_at(row.value, "entities", str))),
        "answers": sorted(set(answers)),
        "idx": dict(zip(("passage", "query"), key, strict=True)),
    }
    return key, features


def _squad_row(columns: Columns, row: Row) -> tuple[Key | None, dict[str, Any]]:
    answers = row.object_at(row.value, "answers")
    texts = row.list_at(answers, "text", str, "answers.")
    starts = row.list_at(answers, "answer_start", int, "answers.")
    if len(texts) != len(starts):
        raise row.fault(f"has {len(texts)} answers.text and {len(starts)} answers.answer_start")
    key = _text_id(row)
    features = _texts(row, ("id", "title", "context", "question"))
    features["answers"] = {"text": texts, "answer_start": starts}
    if "is_impossible" in columns.spec.source.fields:
        impossible = row.value.get("is_impossible", not texts)
        if impossible is not (not texts):
            raise row.fault(f"is_impossible is {impossible} with {len(texts)} answers")
        features["is_impossible"] = impossible
    elif not texts:
        raise row.fault("has no answer, which SQuAD 1.1 does not know; is it of version 2.0?")
    return key, features


def _story_row(columns: Columns, row: Row) -> tuple[Key | None, dict[str, Any]]:
    unlabelled = columns.split == "test" and row.value.get("highlights") is None
    features: dict[str, Any] = {"article": row.text(row.value, "article")}
    features["highlights"] = None if unlabelled else row.text(row.value, "highlights")
    return _text_id(row), features


def _parallel_row(columns: Columns, row: Row) -> tuple[Key | None, dict[str, Any]]:
    source, target = columns.spec.source.fields
    where = "translation." if "translation" in row.value else ""
    holder = row.object_at(row.value, "translation") if where else row.value
    return None, {source: row.text(holder, source, where), target: row.text(holder, target, where)}


def _pronoun_row(columns: Columns, row: Row) -> tuple[Key | None, dict[str, Any]]:
    features = _texts(row, ("sentence", "pronoun"))
    features["candidates"] = row.list_at(row.value, "candidates", str)
    features["label"] = row.number_at(row.value, "label")
    if features["label"] >= len(features["candidates"]):
        raise row.fault(f"label {features['label']} is none of its {len(features['candidates'])} candidates")
    return None, features


ROWS: dict[str, Callable[[Columns, Row], tuple[Key | None, dict[str, Any]]]] = {
    "tsv": _tsv_row,
    "csv": _tsv_row,
    "json_lines": _flat_row,
    "wsc_json_lines": _wsc_row,
    "multirc_json_lines": _multirc_row,
    "record_json_lines": _record_row,
    "json_document": _document_row,
    "pronoun_blocks": _pronoun_row,
    "language_files": _parallel_row,
    "squad_json": _squad_row,
    "stories": _story_row,
    "parallel_text": _parallel_row,
}
ID_COLUMNS: dict[str, str] = {
    **dict.fromkeys(ROWS, "idx"),
    "squad_json": "id",
    "stories": "id",
    "parallel_text": "",
    "language_files": "",
    "json_document": "",
    "pronoun_blocks": "",
}
"""The column that a row's id stands in, by kind of source; empty where no copy has one."""
