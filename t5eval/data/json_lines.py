"""SuperGLUE's files: a JSON object a line, read line by line, every fault named with its line."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from t5eval.data.bounded_lines import LineFile, below
from t5eval.data.summary import Summary
from t5eval.support.errors import DataError
from t5eval.support.strict_json import line_fault, parse_json
from task_specs import Example, TaskSpec
from task_specs.sources.json_lines import JsonLines
from task_specs.support.errors import quoted
from task_specs.texts.referents import correct_spans

MAX_NUMBER = 10**15  # no id or index is larger
DIGITS = re.compile(r"0|[1-9][0-9]{0,14}")
KINDS = {dict: "an object", list: "a list", str: "a text", int: "a whole number"}


def listed_files(spec: TaskSpec, split: str, data_dir: Path) -> list[str]:
    """Returns the paths that a split needs, relative to the data directory: those that its source lists."""
    return [below(spec.source.folder, name) for name in spec.source.paths(split).values()]


def _json(value: Any) -> str:
    """Returns a value as JSON, short, for an error message."""
    try:
        return quoted(json.dumps(value))
    except RecursionError:
        return "something deeply nested"


class Line:
    """One line's object, with typed access to what is in it: whatever is not as it should be is a fault of the line.

    Args:
        number: the line, from 1.
        value: its object.
        escaped: whether a text in it may hold half a surrogate pair, which only an escape can write.
    """

    def __init__(self, path: Path, number: int, value: dict[str, Any], escaped: bool) -> None:
        self.path = path
        self.number = number
        self.value = value
        self.escaped = escaped

    def fault(self, message: str) -> DataError:
        return DataError(f"{self.path}: line {self.number}: {message}")

    def _take(self, holder: Mapping[str, Any], key: str, kind: type, where: str) -> Any:
        if key not in holder:
            raise self.fault(f"has no {where}{key}")
        value = holder[key]
        if type(value) is not kind:  # a bool is no number
            raise self.fault(f"{where}{key} must be {KINDS[kind]}, got {_json(value)}")
        return value

    def text(self, holder: Mapping[str, Any], key: str, where: str = "") -> str:
        """Returns the text at a key; `where` names the holder in messages, such as `passage.`."""
        text: str = self._take(holder, key, str, where)
        if self.escaped:
            try:
                text.encode()
            except UnicodeEncodeError:
                raise self.fault(f"{where}{key} is not Unicode text (half a surrogate pair)") from None
        return text

    def number_at(self, holder: Mapping[str, Any], key: str, where: str = "") -> int:
        """Returns the whole number from 0 at a key."""
        number: int = self._take(holder, key, int, where)
        if not 0 <= number < MAX_NUMBER:
            raise self.fault(f"{where}{key} must be a whole number from 0, got {_json(number)}")
        return number

    def id_at(self, holder: Mapping[str, Any], where: str = "") -> int:
        """Returns the number at `idx`, which AX-b writes as a text."""
        value = holder.get("idx")
        if type(value) is str and DIGITS.fullmatch(value):
            return int(value)
        return self.number_at(holder, "idx", where)

    def object_at(self, holder: Mapping[str, Any], key: str, where: str = "") -> dict[str, Any]:
        """Returns the object at a key."""
        found: dict[str, Any] = self._take(holder, key, dict, where)
        return found

    def objects_at(self, holder: Mapping[str, Any], key: str, where: str = "") -> list[dict[str, Any]]:
        """Returns the list of objects at a key."""
        found: list[Any] = self._take(holder, key, list, where)
        for value in found:
            if type(value) is not dict:
                raise self.fault(f"{where}{key} must hold objects, got {_json(value)}")
        return found

    def texts(self, holder: Mapping[str, Any], key: str, where: str = "") -> list[str]:
        """Returns the list of texts at a key."""
        found: list[Any] = self._take(holder, key, list, where)
        return [self.text({key: item}, key, where) for item in found]

    def label(
        self, holder: Mapping[str, Any], key: str, classes: tuple[str | bool | int, ...], split: str, where: str = ""
    ) -> int:
        """Returns the class index of the label at a key; -1 where a test file has none."""
        if key not in holder:
            if split == "test":
                return -1
            raise self.fault(f"has no {where}{key}; only a test file goes without")
        value = holder[key]
        if split == "test" and type(value) is int and value == -1:
            return -1  # some copies write the missing labels of a test file this way
        for index, known in enumerate(classes):
            if type(value) is type(known) and value == known:
                return index
        allowed = ", ".join(json.dumps(known) for known in classes)
        raise self.fault(f"unknown {where}{key} {_json(value)}; expected one of {allowed}")


class JsonFile:
    """A file: its lines' objects, and the file's hash in the summary once they are through.

    Args:
        shown: its path below the data directory.
        summary: what is told of it.
    """

    def __init__(self, shown: str, data_dir: Path, summary: Summary) -> None:
        self.shown = shown
        self.path = data_dir / shown
        self.summary = summary
        self._seen: dict[str, int] = {}

    def lines(self) -> Iterator[Line]:
        """Yields the lines' objects."""
        file = LineFile(self.path)
        rows = 0
        for raw in file.filled():
            rows += 1
            yield Line(self.path, file.line, self._object(file, raw), b"\\u" in raw)
        if not rows:
            raise file.fault("the file has no rows", 1)
        self.summary.files[self.shown] = file.sha256.hexdigest()

    def _object(self, file: LineFile, raw: bytes) -> dict[str, Any]:
        try:
            value = parse_json(file.text(raw))
        except ValueError as error:
            torn = "; the file ends inside this line" if file.torn else ""
            raise file.fault(f"not a JSON object ({line_fault(error)}){torn}") from None
        if type(value) is not dict:
            raise file.fault(f"expected a JSON object, got {_json(value)}")
        return value

    def new_id(self, line: Line, example_id: str) -> str:
        """Returns the id.

        Raises:
            DataError: an example before has it.
        """
        if example_id in self._seen:
            raise line.fault(f"idx {example_id} comes again; it came first on line {self._seen[example_id]}")
        self._seen[example_id] = line.number
        return example_id


def read_json_lines(
    spec: TaskSpec, split: str, data_dir: Path, summary: Summary, with_labels: bool
) -> Iterator[Example]:
    """Yields a split's examples in file order, and fills `summary`; an example's id is its `idx`.

    In a task that is not handed in, it may be any text, or without any `idx` in the file the row's number.
    """
    source = spec.source
    assert isinstance(source, JsonLines)
    file = JsonFile(listed_files(spec, split, data_dir)[0], data_dir, summary)
    reference = getattr(spec.answer, "field", "")
    has_ids: bool | None = None
    for row, line in enumerate(file.lines()):
        features: dict[str, Any] = {}
        for feature, key in source.fields.items():
            if feature == reference and split == "test" and key not in line.value:
                features[feature] = None
            else:
                features[feature] = line.text(*holder_of(line, key))
        for feature, key in source.numbers.items():
            features[feature] = line.number_at(*holder_of(line, key))
        for feature, key in source.lists.items():
            absent = feature == reference and split == "test" and key not in line.value
            features[feature] = [] if absent else line.texts(*holder_of(line, key))
        if source.classes:
            features["label"] = line.label(line.value, source.label, source.classes, split)
        if spec.submission is None:
            if has_ids is not None and has_ids != ("idx" in line.value):
                has = f"has {'no' if has_ids else 'an'} idx, unlike the lines before"
                raise line.fault(f"{has}; all lines must have one, or none")
            has_ids = "idx" in line.value
        yield Example(file.new_id(line, _id(spec, line, row)), features, _slices(line, source))


def _slices(line: Line, source: JsonLines) -> dict[str, str]:
    """Returns what a line has under the keys that scores are divided by, as texts."""
    found = {}
    for name, key in source.slices.items():
        if key.partition(".")[0] in line.value:
            holder, last, where = holder_of(line, key)
            simple = isinstance(holder.get(last), bool | int | float)
            found[name] = json.dumps(holder[last]) if simple else line.text(holder, last, where)
    return found


def _id(spec: TaskSpec, line: Line, row: int) -> str:
    """Returns a line's id."""
    if spec.submission is None:
        if "idx" not in line.value:
            return str(row)
        if type(line.value["idx"]) is str and line.value["idx"].isprintable():
            return line.text(line.value, "idx")
    return str(line.id_at(line.value))


def read_wsc(spec: TaskSpec, split: str, data_dir: Path, summary: Summary, with_labels: bool) -> Iterator[Example]:
    """Yields WSC's examples with corrected spans; see `read_json_lines`."""
    for example in read_json_lines(spec, split, data_dir, summary, with_labels):
        yield replace(example, features=correct_spans(example.features))


def holder_of(line: Line, key: str) -> tuple[Mapping[str, Any], str, str]:
    """Returns the object that a key such as `target.span1_text` stands in, the key there, and where that is."""
    *outer, last = key.split(".")
    holder: Mapping[str, Any] = line.value
    where = ""
    for name in outer:
        holder = line.object_at(holder, name, where)
        where += f"{name}."
    return holder, last, where
