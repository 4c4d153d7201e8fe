"""Files of texts, predictions and references alike, in the forms that people have; each text with its id if it has one.

JSON lines, one JSON object of id to text, one JSON list (of texts or objects), CSV and TSV with a header, the sample
files of lm-evaluation-harness, or a text a line.
"""

import codecs
import csv
import io
import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from t5eval.support.errors import PredictionError
from t5eval.support.strict_json import line_fault, parse_json
from task_specs.support.errors import quoted

FORMATS = ("jsonl", "json", "csv", "tsv", "text")
STDIN = "-"
RECOGNISED_BY = 5  # lines at the start of a file
IDS = ("id", "idx", "index")
ROW = "doc_id"  # of lm-evaluation-harness: the number of the example in the split, whatever its id
RESPONSES = ("filtered_resps", "resps")  # of the same: a list for each request, of which generated texts have one


@dataclass(frozen=True)
class Kind:
    """What the texts of a file are.

    Attributes:
        name: what one is called.
        keys: under which keys an object has it, or a table its column, the likeliest first.
        sentences: whether a list under a key is the sentences of one text.
    """

    name: str
    keys: tuple[str, ...]
    sentences: bool = False


PREDICTION = Kind("prediction", ("prediction", "prediction_text", "generated_text", "hypothesis", "output", *RESPONSES))
REFERENCE = Kind("reference", ("reference", "highlights", "summary", "target", "targets", "prediction"), sentences=True)
KEYS = {*PREDICTION.keys, *REFERENCE.keys}


@dataclass(frozen=True, slots=True)
class Entry:
    """One text of a file.

    Attributes:
        line: where it stands; 0 in a JSON document.
        id: its id; None where the file has none, and its order counts.
        row: the number of its example in the split, where the file says that instead of an id.
    """

    line: int
    id: str | None
    text: str
    row: int | None = None

    @property
    def named(self) -> bool:
        """Whether the file says which example it is of."""
        return self.id is not None or self.row is not None


def at(path: Path, line: int) -> str:
    """Returns where an error is; a JSON document's entries (line 0) are named by their ids alone."""
    return f"{path}: line {line}" if line else str(path)


def read_bytes(path: Path) -> bytes:
    """Returns a file's bytes, those of standard input for `-`.

    Raises:
        PredictionError: it cannot be read.
    """
    if str(path) == STDIN:
        return sys.stdin.buffer.read()
    try:
        return path.read_bytes()
    except OSError as error:
        raise PredictionError(f"{path}: cannot be read: {error.strerror}") from None


def decoded(path: Path, data: bytes) -> str:
    """Returns the text of a file in UTF-8, or in UTF-16 with a byte order mark, which is taken off.

    Raises:
        PredictionError: it is neither.
    """
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        if wide:
            raise PredictionError(f"{path}: begins as UTF-16, and is not; save the file as UTF-8") from None
        line = error.object.count(b"\n", 0, error.start) + 1
        raise PredictionError(f"{path}: line {line}: not UTF-8") from None


def read_text(path: Path) -> str:
    """Returns a file's text; see `read_bytes` and `decoded`."""
    return decoded(path, read_bytes(path))


def entries(path: Path, text: str, kind: Kind, format: str | None = None) -> list[Entry]:
    """Returns the texts of a file: all with ids, or all without.

    Args:
        path: the file, for messages and for how its name ends.
        text: what stands in it.
        kind: what its texts are.
        format: one of `FORMATS`; recognised by content if None.

    Raises:
        PredictionError: a line is torn or has no text, an id is none, or only some have one.
    """
    match format or recognise(text, path.suffix, kind):
        case "jsonl":
            found = list(_json_lines(path, text, kind))
        case "json":
            found = list(_json_document(path, text, kind))
        case "text":
            found = [Entry(number, None, line) for number, line in enumerate(plain_lines(text), start=1)]
        case form:
            found = list(_table(path, text, kind, "\t" if form == "tsv" else ","))
    by_name = [entry.named for entry in found]
    if any(by_name) and not all(by_name):
        place = by_name.index(not by_name[0])
        what = "has no id, as the lines before have" if by_name[0] else "has an id, as no line before has"
        raise PredictionError(f"{at(path, found[place].line)}: {what}")
    return found


def recognise(text: str, suffix: str = "", kind: Kind = PREDICTION) -> str:
    """Returns which of `FORMATS` a file's text has.

    Args:
        suffix: how its name ends: a table of one column is known by that alone.
        kind: what its texts are: a list of sentences on the first line makes references JSON lines.
    """
    start = text.lstrip()
    head = start.split("\n", RECOGNISED_BY)[:RECOGNISED_BY]
    # Any of the first lines will do: a file whose first line is damaged must not pass as plain text.
    if any(_is_record(line) for line in head):
        return "jsonl"
    if start.startswith("["):
        return _recognise_list(start, kind)
    if start.startswith("{"):
        first = head[0].strip()
        # A brace alone may begin a plain prediction; a brace and a quoted key is meant as JSON, even if it is broken.
        if start[1:].lstrip()[:1] not in ('"', "}"):
            return "text"
        key = first.split(":", 1)[0]
        return "jsonl" if '"prediction"' in first or any(f'"{name}"' in key for name in (*IDS, ROW)) else "json"
    columns = header(head[0], "\t" if "\t" in head[0] else ",")
    if KEYS & {*columns} and (len(columns) > 1 or suffix in (".csv", ".tsv")):
        return "tsv" if "\t" in head[0] or (len(columns) == 1 and suffix == ".tsv") else "csv"
    return "text"


def _recognise_list(start: str, kind: Kind) -> str:
    """Returns the format of a text that begins as a JSON list."""
    if start[1:].lstrip().startswith("{"):
        return "json"
    try:
        whole = parse_json(start)
    except ValueError:
        lines = [line for line in start.split("\n") if line.strip()]
        return "jsonl" if all(map(_is_sentences, lines[:1] if kind.sentences else lines)) else "text"
    # A list of one text is what a line of plain text looks like.
    listed = isinstance(whole, list) and (len(whole) > 1 or any(isinstance(part, list) for part in whole))
    if listed:
        return "json" if all(map(_is_text, whole)) else "text"
    return "jsonl" if kind.sentences and _is_sentences(start) else "text"


def header(line: str, delimiter: str) -> list[str]:
    """Returns the names in a table's first line in lower case, none where it is no line of names."""
    names = [name.strip().strip('"').lower() for name in line.split(delimiter)]
    right = len({*names}) == len(names) and all(name.replace(" ", "_").isidentifier() for name in names)
    return names if right else []


def _is_record(line: str) -> bool:
    """Returns whether a line is a JSON object with a text under one of `KEYS`."""
    try:
        record = json.loads(line) if line.lstrip().startswith("{") else None
    except (ValueError, RecursionError):
        return False
    return isinstance(record, dict) and not KEYS.isdisjoint(record)


def _is_sentences(line: str) -> bool:
    try:
        return isinstance(found := parse_json(line), list) and _is_text(found)
    except ValueError:
        return False


def _is_text(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and all(isinstance(part, str) for part in value))


def plain_lines(text: str) -> list[str]:
    """Returns a plain file's lines: ended by a newline alone (CRLF is taken as one), the last one's being optional."""
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    return [line.removesuffix("\r") for line in lines]


def _json_lines(path: Path, text: str, kind: Kind) -> Iterator[Entry]:
    lines = text.split("\n")
    filters: set[str] = set()
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            record = parse_json(line, _record)
        except ValueError as error:
            torn = "; the file ends inside this line" if number == len(lines) else ""
            raise PredictionError(f"{path}: line {number}: not a JSON object ({line_fault(error)}){torn}") from None
        yield _entry(path, number, record, kind, line)
        if isinstance(record, dict) and ROW in record:
            filters.add(str(record.get("filter")))
            if len(filters) > 1:
                raise PredictionError(f"{path}: line {number}: another filter's answers; keep the lines of one filter")


def _record(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Returns an object of JSON lines as a dict; an id or a text may not come twice, as one would be lost."""
    keys = [key for key, _ in pairs]
    for key in ("id", *KEYS):
        if keys.count(key) > 1:
            raise ValueError(f"the key {key!r} comes twice")
    return dict(pairs)


def _json_document(path: Path, text: str, kind: Kind) -> Iterator[Entry]:
    """Yields the entries of one JSON object of id to text, or of one JSON list of texts or objects."""
    pairs: list[tuple[str, Any]] = []

    def keep(found: list[tuple[str, Any]]) -> dict[str, Any]:
        # Called for inner objects first and for the outermost last; a plain dict would hide repeated ids.
        pairs[:] = found
        return dict(found)

    try:
        whole = parse_json(text, keep if not text.lstrip().startswith("[") else _record)
    except ValueError as error:
        raise PredictionError(f"{path}: not one JSON object: {error}") from None
    if isinstance(whole, list) and whole and all(isinstance(part, dict | str | list) for part in whole):
        yield from (_entry(path, 0, part, kind, json.dumps(part, ensure_ascii=False)) for part in whole)
    elif isinstance(whole, dict):
        yield from (named(path, 0, example_id, value, kind) for example_id, value in pairs)
    else:
        raise PredictionError(f"{path}: expected one JSON object of id to text, got {type(whole).__name__}")


def _entry(path: Path, line: int, found: Any, kind: Kind, shown: str) -> Entry:
    """Returns what one line, or one part of a list, holds: an object, a text or its sentences."""
    if isinstance(found, str) and not line:
        return named(path, line, None, found, kind)
    if isinstance(found, list) and found and _is_text(found):
        return named(path, line, None, "\n".join(found), kind)
    key = next((key for key in kind.keys if key in found), None) if isinstance(found, dict) else None
    if key is None:
        raise PredictionError(f"{at(path, line)}: expected an object with id and {kind.name}, got {quoted(shown)}")
    value = _response(path, line, found[key]) if key in RESPONSES else found[key]
    if kind.sentences and isinstance(value, list) and _is_text(value):
        value = "\n".join(value)
    row = found.get(ROW)
    if "id" not in found and isinstance(row, int) and not isinstance(row, bool):
        return Entry(line, None, named(path, line, row, value, kind).text, row)
    example_id = next((found[name] for name in IDS if name in found), None)
    return named(path, line, example_id, value, kind, required="id" in found)


def _response(path: Path, line: int, found: Any) -> Any:
    """Returns the one generated text in a list of responses."""
    while isinstance(found, list) and len(found) == 1:
        found = found[0]
    if not isinstance(found, str):
        where = at(path, line)
        raise PredictionError(f"{where}: no generated text, but such as log-likelihoods: {quoted(found)}")
    return found


def _table(path: Path, text: str, kind: Kind, delimiter: str) -> Iterator[Entry]:
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        first = delimiter.join(next(rows, []))
        names = header(first, delimiter)
        column = next((names.index(key) for key in kind.keys if key in names), None)
        if column is None:
            keys = ", ".join(key for key in kind.keys if key not in RESPONSES)
            raise PredictionError(f"{path}: line 1: expected a header with one of {keys}, got {quoted(first)}")
        id_column = next((names.index(name) for name in (*IDS, ROW) if name in names), None)
        for row in rows:
            if row and len(row) != len(names):
                raise PredictionError(f"{path}: line {rows.line_num}: {len(row)} columns, the header has {len(names)}")
            if row:
                yield named(path, rows.line_num, None if id_column is None else row[id_column], row[column], kind)
    except csv.Error as error:
        raise PredictionError(f"{path}: line {rows.line_num}: not a table as spreadsheets save it: {error}") from None


def named(path: Path, line: int, example_id: Any, value: Any, kind: Kind, required: bool = False) -> Entry:
    """Returns an entry whose id and text are ones.

    Args:
        path: the file, for messages.
        line: see `Entry`.
        example_id: a text or a whole number; None where there is none.
        value: the text.
        kind: what it is.
        required: whether an id of None is a fault.

    Raises:
        PredictionError: one of them is not.
    """
    where = at(path, line)
    whole = isinstance(example_id, str | int) and not isinstance(example_id, bool)
    if not whole and (required or example_id is not None):
        raise PredictionError(f"{where}: an id is a string or a whole number, got {quoted(repr(example_id))}")
    what = f"the {kind.name} for id {quoted(str(example_id))}" if whole else f"the {kind.name}"
    if not isinstance(value, str):
        raise PredictionError(f"{where}: {what} must be a string, got {quoted(repr(value))}")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise PredictionError(f"{where}: {what} is not Unicode text (half a surrogate pair)") from None
    return Entry(line, str(example_id) if whole else None, value)


def each_once(path: Path, found: Iterable[tuple[int, str, str]], kind: Kind) -> dict[str, str]:
    """Returns texts by id.

    Args:
        path: the file, for messages.
        found: line, id and text of each.
        kind: what they are.

    Raises:
        PredictionError: an id comes twice.
    """
    texts: dict[str, str] = {}
    for line, example_id, text in found:
        if example_id in texts:
            raise PredictionError(f"{at(path, line)}: a second {kind.name} for id {quoted(example_id)}")
        texts[example_id] = text
    return texts
