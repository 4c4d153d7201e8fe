"""A JSON document that holds a list of examples, read one after the other, every fault named with its place."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from t5eval.data.json_lines import Line, holder_of, listed_files
from t5eval.data.streamed_json import JsonStream
from t5eval.data.summary import Summary
from t5eval.support.errors import DataError
from task_specs import Example, TaskSpec
from task_specs.sources.json_document import JsonDocument
from task_specs.support.errors import quoted

MAX_BYTES = 8 << 30  # TriviaQA's training questions, with what was found for each, have 3 GB


class _Item(Line):
    """One object of the list; a fault names its place."""

    def __init__(self, path: Path, number: int, value: dict[str, Any], items: str) -> None:
        super().__init__(path, number, value, escaped=True)
        self.items = items

    def fault(self, message: str) -> DataError:
        return DataError(f"{self.path}: {self.items}[{self.number}]: {message}")


def read_json_document(
    spec: TaskSpec, split: str, data_dir: Path, summary: Summary, with_labels: bool
) -> Iterator[Example]:
    """Yields a split's examples in the document's order, and fills `summary`.

    Raises:
        DataError: the file is damaged, or an example lacks something; the message names file and place.
    """
    source = spec.source
    assert isinstance(source, JsonDocument)
    (shown,) = listed_files(spec, split, data_dir)
    path = data_dir / shown
    seen: set[str] = set()
    try:
        with path.open("rb") as file:
            stream = JsonStream(file, path, MAX_BYTES)
            for number, value in enumerate(_values(stream, path, source.items)):
                if not isinstance(value, dict):
                    raise DataError(f"{path}: {source.items}[{number}]: expected an object, got {quoted(repr(value))}")
                item = _Item(path, number, value, source.items)
                example_id = item.text(*holder_of(item, source.id)) if source.id else str(number)
                if example_id in seen or not example_id.isprintable():
                    raise item.fault(f"{source.id} {quoted(example_id)} comes again, or is no id")
                seen.add(example_id)
                yield Example(example_id, _features(spec, split, source, item))
            summary.files[shown] = stream.sha256.hexdigest()
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from None
    if not seen:
        raise DataError(f"{path}: holds no example")


def _values(stream: JsonStream, path: Path, items: str) -> Iterator[Any]:
    """Yields what the list holds, and reads the document to its end."""
    found = False
    if not items:
        found = stream.peek() == "["
        yield from (stream.value() for _ in stream.items()) if found else ()
    elif stream.peek() == "{":
        for key in stream.members():
            if key == items and stream.peek() == "[":
                found = True
                yield from (stream.value() for _ in stream.items())
            else:
                stream.value()
    if not found:
        raise DataError(f"{path}: expected {f'an object with the list {items!r}' if items else 'a list of objects'}")
    stream.end()


def _features(spec: TaskSpec, split: str, source: JsonDocument, item: _Item) -> dict[str, Any]:
    """Returns an item's features; those that an answer needs are None or empty where a test file goes without."""
    answer = (getattr(spec.answer, "field", ""), getattr(spec.answer, "written", ""))

    def absent(feature: str, key: str) -> bool:
        return split == "test" and feature in answer and key.partition(".")[0] not in item.value

    features: dict[str, Any] = {}
    for feature, key in source.fields.items():
        features[feature] = None if absent(feature, key) else item.text(*holder_of(item, key)).strip()
    for feature, key in source.lists.items():
        if absent(feature, key):
            features[feature] = []
        elif feature in source.patterns:
            matches = re.finditer(source.patterns[feature], item.text(*holder_of(item, key)))
            features[feature] = [next((group for group in match.groups() if group), "") for match in matches]
        else:
            features[feature] = [text.strip() for text in item.texts(*holder_of(item, key))]
    return features
