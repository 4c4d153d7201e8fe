"""Predictions from files, keyed by example id."""

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from t5eval.runs.prediction import NO_ANSWER, PROBABILITIES, Prediction
from t5eval.scoring.text_files import (
    FORMATS,
    PREDICTION,
    Entry,
    at,
    each_once,
    entries,
    named,
    plain_lines,
    read_text,
    recognise,
)
from t5eval.support.errors import PredictionError
from t5eval.support.strict_json import parse_json
from task_specs.support.errors import quoted

NAMED = 5  # so many ids stand in a message, then how many more
LABEL = 40  # characters; what is shorter may be a class's name, which many examples have


def read_predictions(
    path: Path, ids: Sequence[str], format: str | None = None, ignored: list[str] | None = None
) -> dict[str, str]:
    """Reads a prediction file.

    Args:
        ids: the split's example ids in file order, which a plain file's lines stand for.
        format: one of `FORMATS`; recognised by content if None.
        ignored: where ids that are none of the split's are put, instead of being an error.

    Returns:
        Example id to predicted text. Ids of the split may be missing.

    Raises:
        PredictionError: the file cannot be read, a line is torn, an id is unknown or comes twice, or a plain file
            has another number of lines than the split has examples.
    """
    text = read_text(path)
    form = format or recognise(text, path.suffix)
    if form == "text":
        # Of a million labels few are different, and one of each is kept.
        lines = [sys.intern(line) if len(line) < LABEL else line for line in plain_lines(text)]
        return _in_order(path, lines, ids, "lines", "a plain file has a line for each")
    found = entries(path, text, PREDICTION, form)
    if found and not any(entry.named for entry in found):
        texts = [entry.text for entry in found]
        return _in_order(path, texts, ids, "texts" if form == "json" else "lines", "without ids there is one for each")
    return _of_the_split(path, found, ids, ignored)


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
        record = parse_json(line) if line.strip() else None
        if isinstance(record, dict) and {"id", "prediction"} <= record.keys():
            try:
                prediction = Prediction.from_record({**record, "id": str(record["id"])}, unsaid)
            except (ValueError, KeyError, TypeError):
                raise PredictionError(
                    f"{path}: line {number}: truncated and hit_limit are true, false or null, log_likelihoods stands "
                    f"with answer_tokens, a list of numbers each, log_likelihood is at most 0 and {NO_ANSWER} from 0 "
                    f"to 1, got {quoted(line)}"
                ) from None
            found[prediction.id] = prediction
    return found


def stored_probabilities(path: Path) -> dict[str, Prediction]:
    """Returns what the lines of a prediction file say, by id; empty if none says how probable anything was.

    Raises:
        PredictionError: as `stored_predictions`.
    """
    text = read_text(path)
    return stored_predictions(path, None) if any(key in text for key in PROBABILITIES) else {}


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
        found = [named(here, 0, i, text, PREDICTION, required=True) for i, text in given.items()]
        return _of_the_split(here, found, ids, ignored)
    texts = [named(here, 0, None, text, PREDICTION).text for text in given]
    return _in_order(here, texts, ids, "texts", "there is one for each")


def _of_the_split(path: Path, found: Sequence[Entry], ids: Sequence[str], ignored: list[str] | None) -> dict[str, str]:
    known = set(ids)
    rows = dict(enumerate(ids))
    told = [(e.line, str(e.id if e.row is None else rows.get(e.row, e.row)), e.text) for e in found]
    unknown: dict[str, int] = {}  # id to line
    for line, example_id, _ in told:
        if example_id not in known:
            unknown.setdefault(example_id, line)
    predictions = each_once(path, (entry for entry in told if entry[1] in known), PREDICTION)
    if ignored is not None:
        ignored += unknown
    elif unknown:
        raise PredictionError(_foreign(path, unknown, ids, len(known) - len(predictions)))
    return predictions


def _in_order(path: Path, found: Sequence[str], ids: Sequence[str], what: str, rule: str) -> dict[str, str]:
    if len(found) != len(ids):
        raise PredictionError(f"{path}: {len(found):,} {what} for {len(ids):,} examples; {rule}")
    return dict(zip(ids, found, strict=True))


def _foreign(path: Path, unknown: Mapping[str, int], ids: Sequence[str], missing: int) -> str:
    """Returns what to say of ids that are none of the split's."""
    names = [quoted(example_id[:200]) for example_id in list(unknown)[:NAMED]]
    more = f" and {len(unknown) - NAMED:,} more" if len(unknown) > NAMED else ""
    run = f" run from {ids[0]!r} to {ids[-1]!r}" if ids else ""
    split = f"this split's {len(ids):,} ids{run}, and {missing:,} of them have no prediction here"
    way = "`t5eval score --ignore-unknown` leaves it out"
    if len(unknown) == 1:
        return f"{at(path, next(iter(unknown.values())))}: unknown id {names[0]}; {split}; {way}"
    return (
        f"{path}: {len(unknown):,} unknown ids: {', '.join(names)}{more}; {split}; {way.replace('it out', 'them out')}"
    )
