"""Predictions from files: JSON lines, one JSON object, or plain text, keyed by example id."""

from __future__ import annotations

import codecs
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from t5eval.runs.prediction import Prediction
from t5eval.support.errors import PredictionError
from t5eval.support.strict_json import line_fault, parse_json
from task_specs.errors import quoted

FORMATS = ("jsonl", "json", "text")
RECOGNISED_BY = 5  # lines at the start of a file
NAMED = 5  # so many ids stand in a message, then how many more


def read_predictions(
    path: Path, ids: Sequence[str], format: str | None = None, ignored: list[str] | None = None
) -> dict[str, str]:
    """Reads a prediction file.

    Args:
        path: the file.
        ids: the split's example ids in file order, which a plain file's lines stand for.
        format: `jsonl` (objects with `id` and `prediction`), `json` (one object, id to text, or a list of texts) or
            `text` (a line for each example); recognised by content if None.
        ignored: where ids that are none of the split's are put, instead of being an error.

    Returns:
        Example id to predicted text. Ids of the split may be missing.

    Raises:
        PredictionError: the file cannot be read, a line is torn, an id is unknown or comes twice, or a plain file
            has another number of lines than the split has examples.
    """
    text = read_text(path)
    match format or recognise(text):
        case "jsonl":
            return _of_the_split(path, _json_lines(path, text), ids, ignored)
        case "json":
            listed = json_list(text)
            if listed is not None:
                return _in_order(path, listed, ids)
            return _of_the_split(path, json_entries(path, text), ids, ignored)
        case _:
            return _plain(path, text, ids)


def stored_predictions(path: Path, unsaid: bool | None) -> dict[str, Prediction]:
    """Returns what the lines of a prediction file say besides the texts, by id; empty if it is not of JSON lines.

    Args:
        path: the file, which `read_predictions` has read.
        unsaid: what is known of a flag that a line leaves out.

    Raises:
        PredictionError: a flag, or the log-likelihoods of a ranked answer, are none.
    """
    text = read_text(path)
    if recognise(text) != "jsonl":
        return {}
    found: dict[str, Prediction] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            record = parse_json(line)
            try:
                prediction = Prediction.from_record({**record, "id": str(record["id"])}, unsaid)
            except (ValueError, KeyError, TypeError):
                raise PredictionError(
                    f"{path}: line {number}: truncated and hit_limit are true, false or null, and log_likelihoods "
                    f"stands with answer_tokens, a list of numbers each, got {quoted(line)}"
                ) from None
            found[prediction.id] = prediction
    return found


def given_predictions(
    given: str | os.PathLike[str] | Mapping[Any, str] | Iterable[str],
    ids: Sequence[str],
    format: str | None = None,
    ignored: list[str] | None = None,
) -> dict[str, str]:
    """Returns predictions as Python has them: a file's path, id to text, or the texts in the order of `ids`.

    Args:
        given: the predictions.
        ids: see `read_predictions`.
        format: see `read_predictions`; for a file.
        ignored: see `read_predictions`.

    Raises:
        PredictionError: as `read_predictions`; or `format` is no form of a file.
    """
    if format is not None and format not in FORMATS:
        raise PredictionError(f"format {format!r}: it is {', '.join(FORMATS)} or None")
    if isinstance(given, str | os.PathLike):
        return read_predictions(Path(given), ids, format, ignored)
    here = Path("predictions")
    if isinstance(given, Mapping):
        return _of_the_split(here, ((0, *entry(here, 0, i, text)) for i, text in given.items()), ids, ignored)
    return _in_order(here, list(given), ids)


def _in_order(here: Path, texts: Sequence[Any], ids: Sequence[str]) -> dict[str, str]:
    if len(texts) != len(ids):
        raise PredictionError(f"{here}: {len(texts):,} texts for {len(ids):,} examples; there is one for each")
    return dict(entry(here, 0, i, text) for i, text in zip(ids, texts, strict=True))


def _of_the_split(
    path: Path, found: Iterable[tuple[int, str, str]], ids: Sequence[str], ignored: list[str] | None
) -> dict[str, str]:
    known = set(ids)
    predictions: dict[str, str] = {}
    unknown: dict[str, int] = {}  # id to line
    for line, example_id, prediction in found:
        if example_id not in known:
            unknown.setdefault(example_id, line)
            continue
        if example_id in predictions:
            raise PredictionError(f"{_at(path, line)}: a second prediction for id {quoted(example_id)}")
        predictions[example_id] = prediction
    if ignored is not None:
        ignored += unknown
    elif unknown:
        raise PredictionError(_foreign(path, unknown, ids, len(known) - len(predictions)))
    return predictions


def _foreign(path: Path, unknown: Mapping[str, int], ids: Sequence[str], missing: int) -> str:
    """Returns what to say of ids that are none of the split's."""
    names = [quoted(example_id[:200]) for example_id in list(unknown)[:NAMED]]
    more = f" and {len(unknown) - NAMED:,} more" if len(unknown) > NAMED else ""
    run = f" run from {ids[0]!r} to {ids[-1]!r}" if ids else ""
    split = f"this split's {len(ids):,} ids{run}, and {missing:,} of them have no prediction here"
    way = "`t5eval score --ignore-unknown` leaves it out"
    if len(unknown) == 1:
        return f"{_at(path, next(iter(unknown.values())))}: unknown id {names[0]}; {split}; {way}"
    return (
        f"{path}: {len(unknown):,} unknown ids: {', '.join(names)}{more}; {split}; {way.replace('it out', 'them out')}"
    )


def read_text(path: Path) -> str:
    """Returns a file's text, its byte order mark taken off.

    Raises:
        PredictionError: it cannot be read or is not UTF-8.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise PredictionError(f"{path}: cannot be read: {error.strerror}") from None
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise PredictionError(f"{path}: line 1: not UTF-8 but UTF-16; save the file as UTF-8")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise PredictionError(f"{path}: line {line}: not UTF-8") from None


def recognise(text: str) -> str:
    """Returns which of `FORMATS` a file's text has."""
    start = text.lstrip()
    head = start.split("\n", RECOGNISED_BY)[:RECOGNISED_BY]
    # Any of the first lines will do: a file whose first line is damaged must not pass as plain text.
    if any(_is_record(line) for line in head):
        return "jsonl"
    if not start.startswith("{"):
        # A list of one text is what a line of plain text looks like.
        return "json" if len(json_list(text) or ()) > 1 else "text"
    first = head[0].strip()
    # A brace alone may begin a plain prediction; a brace and a quoted key is meant as JSON, even if it is broken.
    if start[1:].lstrip()[:1] not in ('"', "}"):
        return "text"
    return "jsonl" if '"prediction"' in first or '"id"' in first.split(":", 1)[0] else "json"


def _is_record(line: str) -> bool:
    """Returns whether a line is a JSON object with an id and a prediction."""
    try:
        record = json.loads(line) if line.lstrip().startswith("{") else None
    except (ValueError, RecursionError):
        return False
    return isinstance(record, dict) and {"id", "prediction"} <= record.keys()


def plain_lines(text: str) -> list[str]:
    """Returns a plain file's lines: ended by a newline alone (CRLF is taken as one), the last one's being optional."""
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    return [line.removesuffix("\r") for line in lines]


def _at(path: Path, line: int) -> str:
    """Returns where an error is; a JSON object's entries (line 0) are named by their ids alone."""
    return f"{path}: line {line}" if line else str(path)


def _plain(path: Path, text: str, ids: Sequence[str]) -> dict[str, str]:
    lines = plain_lines(text)
    if len(lines) != len(ids):
        raise PredictionError(
            f"{path}: {len(lines):,} lines for {len(ids):,} examples; a plain file has a line for each"
        )
    return dict(zip(ids, lines, strict=True))


def _json_lines(path: Path, text: str) -> Iterator[tuple[int, str, str]]:
    lines = text.split("\n")
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            record = parse_json(line, _record)
        except ValueError as error:
            torn = "; the file ends inside this line" if number == len(lines) else ""
            raise PredictionError(f"{path}: line {number}: not a JSON object ({line_fault(error)}){torn}") from None
        if not isinstance(record, dict) or "id" not in record or "prediction" not in record:
            raise PredictionError(
                f"{path}: line {number}: expected an object with id and prediction, got {quoted(line)}"
            )
        yield number, *entry(path, number, record["id"], record["prediction"])


def _record(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Returns an object of JSON lines as a dict; `id` and `prediction` may not come twice, as one would be lost."""
    keys = [key for key, _ in pairs]
    for key in ("id", "prediction"):
        if keys.count(key) > 1:
            raise ValueError(f"the key {key!r} comes twice")
    return dict(pairs)


def json_list(text: str) -> list[str] | None:
    """Returns the texts of a file that is one JSON list of texts, None for any other."""
    if not text.lstrip().startswith("["):
        return None
    try:
        found = parse_json(text)
    except ValueError:
        return None
    return found if isinstance(found, list) and found and all(isinstance(part, str) for part in found) else None


def json_entries(path: Path, text: str) -> Iterator[tuple[int, str, str]]:
    """Yields the entries of a file that is one JSON object of id to text, each with line 0."""
    pairs: list[tuple[str, Any]] = []

    def keep(found: list[tuple[str, Any]]) -> dict[str, Any]:
        # Called for inner objects first and for the outermost last; a plain dict would hide repeated ids.
        pairs[:] = found
        return dict(found)

    try:
        whole = parse_json(text, keep)
    except ValueError as error:
        raise PredictionError(f"{path}: not one JSON object: {error}") from None
    if not isinstance(whole, dict):
        raise PredictionError(f"{path}: expected one JSON object of id to text, got {type(whole).__name__}")
    for example_id, prediction in pairs:
        yield 0, *entry(path, 0, example_id, prediction)


def entry(path: Path, line: int, example_id: Any, prediction: Any) -> tuple[str, str]:
    where = _at(path, line)
    if isinstance(example_id, bool) or not isinstance(example_id, str | int):
        raise PredictionError(f"{where}: an id is a string or a whole number, got {quoted(repr(example_id))}")
    if not isinstance(prediction, str):
        raise PredictionError(
            f"{where}: the prediction for id {quoted(str(example_id))} must be a string, got {quoted(repr(prediction))}"
        )
    try:
        prediction.encode()
    except UnicodeEncodeError:
        raise PredictionError(
            f"{where}: the prediction for id {quoted(str(example_id))} is not Unicode text (half a surrogate pair)"
        ) from None
    return str(example_id), prediction
