"""SQuAD's JSON files: articles, their paragraphs, and the questions to each paragraph."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from t5eval.support.errors import DataError
from task_specs import Example, TaskSpec
from task_specs.errors import quoted
from task_specs.sources.squad import SquadJson

if TYPE_CHECKING:
    from t5eval.data.summary import Summary

MAX_BYTES = 256 << 20
_NAMES = {str: "text", list: "a list", dict: "an object", int: "a whole number", bool: "true or false"}


def squad_files(spec: TaskSpec, split: str, data_dir: Path) -> list[str]:
    """Returns the path that a split needs, relative to the data directory."""
    return [f"{spec.source.folder}/{name}" for name in spec.source.paths(split).values()]


def read_squad(spec: TaskSpec, split: str, data_dir: Path, summary: Summary, with_labels: bool) -> Iterator[Example]:
    """Yields a split's questions in file order under their ids, and fills `summary`.

    The document is one JSON object and is parsed as a whole (250 MB of memory for the largest, the training set of
    version 2.0); an article is let go once its questions are through.

    Raises:
        DataError: the file is damaged, of another version, or is not SQuAD's; the message names file and place.
    """
    source = spec.source
    assert isinstance(source, SquadJson)
    (shown,) = squad_files(spec, split, data_dir)
    document = _Document(data_dir / shown, source.version)
    articles = document.load(summary, shown)
    seen: set[str] = set()
    for number in range(len(articles)):
        article, articles[number] = articles[number], None
        for example in document.questions(article, f"data[{number}]"):
            if example.id in seen:
                raise DataError(f"{document.path}: a second question with id {quoted(example.id)}")
            seen.add(example.id)
            yield example
    if not seen:
        raise DataError(f"{document.path}: holds no question")


class _Document:
    """One file, and the words for what is wrong in it."""

    def __init__(self, path: Path, version: str) -> None:
        self.path = path
        self.version = version
        self.escapes = False  # whether a text may hold half a surrogate pair, which is not Unicode text

    def load(self, summary: Summary, shown: str) -> list[Any]:
        """Returns the document's articles; its version has been checked."""
        try:
            with self.path.open("rb") as file:
                raw = file.read(MAX_BYTES + 1)
        except OSError as error:
            raise DataError(f"{self.path}: cannot be read: {error.strerror}") from None
        if len(raw) > MAX_BYTES:
            raise DataError(f"{self.path}: has more than {MAX_BYTES:,} bytes; SQuAD's largest file has 42 million")
        summary.files[shown] = hashlib.sha256(raw).hexdigest()
        self.escapes = b"\\ud" in raw or b"\\uD" in raw
        try:
            whole = json.loads(raw.decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            raise DataError(f"{self.path}: line {_line(raw, error.start)}: not UTF-8") from None
        except json.JSONDecodeError as error:
            cut = "; the file ends too early" if error.pos >= len(error.doc.rstrip()) - 1 else ""
            raise DataError(
                f"{self.path}: line {error.lineno} column {error.colno}: not JSON ({error.msg}){cut}"
            ) from None
        except (ValueError, RecursionError) as error:
            raise DataError(f"{self.path}: not JSON that can be read: {error}") from None
        if not isinstance(whole, dict) or not isinstance(whole.get("data"), list):
            raise DataError(f"{self.path}: expected an object with the list `data`, as SQuAD's files are")
        self._check_version(whole.get("version"))
        articles: list[Any] = whole["data"]
        return articles

    def _check_version(self, found: Any) -> None:
        # SQuAD writes "1.1" and "v2.0".
        if isinstance(found, str) and found.removeprefix("v") == self.version:
            return
        said = "has no version" if found is None else f"says it is version {quoted(found)}"
        raise DataError(
            f"{self.path}: {said}; this task reads SQuAD {self.version}, and its results would not be comparable"
        )

    def _get(self, record: Any, key: str, kind: type, where: str) -> Any:
        """Returns a record's entry after checking its type."""
        if not isinstance(record, dict):
            raise DataError(f"{self.path}: {where}: expected an object, got {quoted(repr(record))}")
        if key not in record:
            raise DataError(f"{self.path}: {where}: has no {key!r}; its keys are {quoted(', '.join(map(str, record)))}")
        value: Any = record[key]
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise DataError(f"{self.path}: {where}.{key}: expected {_NAMES[kind]}, got {quoted(repr(value))}")
        if self.escapes and isinstance(value, str):
            try:
                value.encode()
            except UnicodeEncodeError:
                raise DataError(
                    f"{self.path}: {where}.{key}: not Unicode text (half a surrogate pair): {quoted(repr(value))}"
                ) from None
        return value

    def questions(self, article: Any, where: str) -> Iterator[Example]:
        """Yields an article's questions."""
        title = self._get(article, "title", str, where)
        for i, paragraph in enumerate(self._get(article, "paragraphs", list, where)):
            place = f"{where}.paragraphs[{i}]"
            context = self._get(paragraph, "context", str, place)
            for j, question in enumerate(self._get(paragraph, "qas", list, place)):
                yield self._question(question, f"{place}.qas[{j}]", title, context)

    def _question(self, question: Any, where: str, title: str, context: str) -> Example:
        example_id = self._get(question, "id", str, where)
        if self.version == "1.1" and isinstance(question, dict) and "answers" not in question:
            answers = []  # as in a test file: there to be predicted, not to be scored
        else:
            answers = self._get(question, "answers", list, where)
        features = {
            "id": example_id,
            "title": title,
            "context": context,
            "question": self._get(question, "question", str, where),
            "answers": {
                "text": [self._get(a, "text", str, f"{where}.answers[{i}]") for i, a in enumerate(answers)],
                "answer_start": [
                    self._get(a, "answer_start", int, f"{where}.answers[{i}]") for i, a in enumerate(answers)
                ],
            },
        }
        if self.version == "2.0":
            impossible = self._get(question, "is_impossible", bool, where)
            if impossible == bool(answers):
                raise DataError(
                    f"{self.path}: {where}: is_impossible is {str(impossible).lower()} with {len(answers)} answers"
                )
            features["is_impossible"] = impossible
        return Example(example_id, features)


def _line(raw: bytes, position: int) -> int:
    return raw.count(b"\n", 0, position) + 1
