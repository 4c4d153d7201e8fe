"""Files of references: in every form that predictions have, or JSON that keeps the breaks between sentences."""

import hashlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from t5eval.scoring.prediction_files import entry, json_entries, plain_lines, read_text
from t5eval.support.errors import PredictionError
from t5eval.support.strict_json import line_fault, parse_json
from task_specs.errors import quoted

KEYS = ("reference", "highlights", "summary", "prediction")


def given_references(
    given: str | os.PathLike[str] | Mapping[Any, str] | Iterable[str],
) -> tuple[dict[str, str], dict[str, str]]:
    """Returns texts, or a file's, by id; and the file's name and SHA-256, if it is one.

    A list of sentences is one text.

    Raises:
        PredictionError: the file cannot be read, a text is none, or an id comes twice.
    """
    if isinstance(given, str | os.PathLike):
        path = Path(given)
        return reference_texts(path, read_text(path)), {str(path): hashlib.sha256(path.read_bytes()).hexdigest()}
    here = Path("references")
    pairs = given.items() if isinstance(given, Mapping) else enumerate(given)
    return dict(entry(here, 0, i, "\n".join(text) if isinstance(text, list) else text) for i, text in pairs), {}


def reference_texts(path: Path, text: str) -> dict[str, str]:
    """Returns the references of a file's text by id, their number from 0 where they have none.

    One JSON object is of id to text, one JSON list is of texts. A file whose first line is a JSON list or object is
    JSON lines: each is a list of a text's sentences, or an object with such a list or a text under one of `KEYS`, and
    an `id` if it has one. Any other file has a text a line.

    Raises:
        PredictionError: a line of JSON lines is none, or has no text; an id comes twice, or is not in every line.
    """
    lines = plain_lines(text)
    whole = _parsed(text)
    if isinstance(whole, list) and len(whole) > 1 and all(map(_is_text, whole)):
        return {str(i): _joined(str(path), part) for i, part in enumerate(whole)}
    if isinstance(whole, dict) and not whole.keys() & set(KEYS):
        return _each_once(path, json_entries(path, text))
    if not lines or not _is_json(lines[0]):
        return {str(i): line for i, line in enumerate(lines)}
    found: dict[str, str] = {}
    named: bool | None = None
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        where = f"{path}: line {number}"
        example_id, reference = _reference(where, line)
        if named is not None and named != (example_id is not None):
            raise PredictionError(
                f"{where}: {'has no id, as the lines before have' if named else 'has an id, as no line before has'}"
            )
        named = example_id is not None
        key = str(len(found)) if example_id is None else example_id
        if key in found:
            raise PredictionError(f"{where}: a second reference for id {quoted(key)}")
        found[key] = reference
    return found


def _each_once(path: Path, entries: Iterable[tuple[int, str, str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for _, example_id, text in entries:
        if example_id in found:
            raise PredictionError(f"{path}: a second reference for id {quoted(example_id)}")
        found[example_id] = text
    return found


def _parsed(text: str) -> Any:
    """Returns what a file or line that is one JSON document holds, None for any other; of equal names the last."""
    if not text.lstrip().startswith(("[", "{")):
        return None
    try:
        return parse_json(text, dict)
    except ValueError:
        return None


def _is_text(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and all(isinstance(part, str) for part in value))


def _is_json(line: str) -> bool:
    value = _parsed(line)
    return isinstance(value, dict) or (isinstance(value, list) and _is_text(value))


def _reference(where: str, line: str) -> tuple[str | None, str]:
    """Returns a line's id, None if it has none, and its text."""
    try:
        found: Any = parse_json(line)
    except ValueError as error:
        raise PredictionError(f"{where}: not JSON, as the first line is ({line_fault(error)})") from None
    example_id = None
    if isinstance(found, dict):
        if "id" in found:
            example_id, _ = entry(Path(where), 0, found["id"], "")
        found = next((found[key] for key in KEYS if key in found), None)
    if not _is_text(found):
        raise PredictionError(
            f"{where}: expected a list of sentences, or an object with one of {', '.join(KEYS)}, got {quoted(line)}"
        )
    return example_id, _joined(where, found)


def _joined(where: str, found: str | list[str]) -> str:
    text = found if isinstance(found, str) else "\n".join(found)
    try:
        text.encode()
    except UnicodeEncodeError:
        raise PredictionError(f"{where}: not Unicode text (half a surrogate pair)") from None
    return text
