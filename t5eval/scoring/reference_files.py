"""Files of references: a text a line, or JSON lines that keep the breaks between a text's sentences."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from t5eval.scoring.prediction_files import entry, plain_lines, read_text
from t5eval.support.errors import PredictionError
from t5eval.support.strict_json import line_fault, parse_json
from task_specs.errors import quoted

KEYS = ("reference", "highlights", "summary")


def given_texts(given: str | os.PathLike[str] | Iterable[str]) -> tuple[list[str], dict[str, str]]:
    """Returns texts, or a file's; and the file's name and SHA-256, if it is one. A list of sentences is one text.

    Raises:
        PredictionError: the file cannot be read, or a text is none.
    """
    if isinstance(given, str | os.PathLike):
        path = Path(given)
        return reference_texts(path, read_text(path)), {str(path): hashlib.sha256(path.read_bytes()).hexdigest()}
    here = Path("references")
    whole = ("\n".join(text) if isinstance(text, list) else text for text in given)
    return [entry(here, 0, i, text)[1] for i, text in enumerate(whole)], {}


def reference_texts(path: Path, text: str) -> list[str]:
    """Returns the references of a file's text.

    A file whose first line is a JSON list or object is JSON lines: each is a list of a text's sentences, or an object
    with such a list or a text under one of `KEYS`. Any other file has a text a line.

    Raises:
        PredictionError: a line of JSON lines is none, or has no text; names the line.
    """
    lines = plain_lines(text)
    if not lines or not _is_json(lines[0]):
        return lines
    return [_reference(f"{path}: line {number}", line) for number, line in enumerate(lines, start=1) if line.strip()]


def _is_json(line: str) -> bool:
    try:
        value = parse_json(line)
    except ValueError:
        return False
    return isinstance(value, dict) or (isinstance(value, list) and all(isinstance(part, str) for part in value))


def _reference(where: str, line: str) -> str:
    try:
        found: Any = parse_json(line)
    except ValueError as error:
        raise PredictionError(f"{where}: not JSON, as the first line is ({line_fault(error)})") from None
    if isinstance(found, dict):
        found = next((found[key] for key in KEYS if key in found), None)
    if isinstance(found, list) and all(isinstance(sentence, str) for sentence in found):
        found = "\n".join(found)
    if not isinstance(found, str):
        raise PredictionError(
            f"{where}: expected a list of sentences, or an object with one of {', '.join(KEYS)}, got {quoted(line)}"
        )
    try:
        found.encode()
    except UnicodeEncodeError:
        raise PredictionError(f"{where}: not Unicode text (half a surrogate pair)") from None
    return found
