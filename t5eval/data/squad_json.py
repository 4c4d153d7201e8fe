"""SQuAD's JSON files: articles, their paragraphs, and the questions to each paragraph."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from t5eval.data.json_lines import listed_files
from t5eval.data.streamed_json import JsonStream
from t5eval.data.summary import Summary
from t5eval.support.errors import DataError
from task_specs import Example, TaskSpec
from task_specs.sources.squad import SquadJson
from task_specs.support.errors import quoted

MAX_BYTES = 256 << 20
_NAMES = {str: "text", list: "a list", dict: "an object", int: "a whole number", bool: "true or false"}


def read_squad(spec: TaskSpec, split: str, data_dir: Path, summary: Summary, with_labels: bool) -> Iterator[Example]:
    """Yields a split's questions in file order under their ids, and fills `summary`.

    The document is read twice, piece by piece, so that no more than a paragraph of it is in memory: first as a whole,
    since its version may stand at its end and an article's title after its paragraphs, then for its questions.

    Raises:
        DataError: the file is damaged, of another version, or is not SQuAD's; the message names file and place.
    """
    source = spec.source
    assert isinstance(source, SquadJson)
    (shown,) = listed_files(spec, split, data_dir)
    document = _Document(data_dir / shown, source.version)
    titles = document.titles(summary, shown)
    seen: set[str] = set()
    for example in document.questions(titles):
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

    @contextmanager
    def _open(self) -> Iterator[JsonStream]:
        try:
            with self.path.open("rb") as file:
                yield JsonStream(file, self.path, MAX_BYTES)
        except OSError as error:
            raise DataError(f"{self.path}: cannot be read: {error.strerror}") from None

    def titles(self, summary: Summary, shown: str) -> list[str]:
        """Returns the articles' titles after checking that the document is JSON, of the version, and has articles."""
        found: list[str] | None = None
        version: Any = None
        with self._open() as stream:
            if stream.peek() != "{":
                stream.value()
                raise self._no_document()
            for key in stream.members():
                if key == "data" and stream.peek() == "[":
                    found = [self._title(stream, f"data[{number}]") for number in stream.items()]
                else:
                    value = stream.value()
                    version = value if key == "version" else version
            stream.end()
            summary.files[shown] = stream.sha256.hexdigest()
        if found is None:
            raise self._no_document()
        self._check_version(version)
        return found

    def _no_document(self) -> DataError:
        return DataError(f"{self.path}: expected an object with the list `data`, as SQuAD's files are")

    def _title(self, stream: JsonStream, where: str) -> str:
        """Returns the title of the article at the cursor."""
        article: Any = {}
        if stream.peek() == "{":
            for key in stream.members():
                if key == "paragraphs" and stream.peek() == "[":
                    article[key] = []
                    for i in stream.items():
                        self._get(stream.value(), "context", str, f"{where}.paragraphs[{i}]")
                else:
                    article[key] = stream.value()
        else:
            article = stream.value()
        title: str = self._get(article, "title", str, where)
        self._get(article, "paragraphs", list, where)
        return title

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
        if isinstance(value, str):
            try:
                value.encode()
            except UnicodeEncodeError:
                raise DataError(
                    f"{self.path}: {where}.{key}: not Unicode text (half a surrogate pair): {quoted(repr(value))}"
                ) from None
        return value

    def questions(self, titles: Sequence[str]) -> Iterator[Example]:
        """Yields the questions of all articles."""
        with self._open() as stream:
            for key in stream.members():
                if key != "data":
                    stream.value()
                    continue
                for number, title in zip(stream.items(), titles, strict=False):
                    for part in stream.members():
                        if part != "paragraphs":
                            stream.value()
                            continue
                        for i in stream.items():
                            yield from self._paragraph(stream.value(), f"data[{number}].paragraphs[{i}]", title)

    def _paragraph(self, paragraph: Any, where: str, title: str) -> Iterator[Example]:
        context = self._get(paragraph, "context", str, where)
        for j, question in enumerate(self._get(paragraph, "qas", list, where)):
            yield self._question(question, f"{where}.qas[{j}]", title, context)

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
