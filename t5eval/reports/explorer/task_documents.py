"""What the explorer shows of a task's split: what it is, and what one run's answers to it come to."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any
from zlib import crc32

from t5eval.metrics.bootstrap import interval95
from t5eval.metrics.calibration import calibration_error, calibration_of
from t5eval.metrics.no_answer import no_answer_scores
from t5eval.reports.distributions import confusion, histogram, length_parts, means_by_length
from t5eval.reports.explorer.example_documents import FILTERS, flags_of
from t5eval.reports.joined_examples import RunAnswers, SplitExamples
from t5eval.reports.measures import ERROR, RIGHT
from t5eval.reports.training_curves import thinned

NO_CLASS, NO_ANSWER = -1, -2
"""What stands for an unreadable answer and for a missing one among class indices."""
MOST_POINTS = 300  # of a curve: more than its pixels show


def split_document(split: SplitExamples, kept: Sequence[int]) -> dict[str, Any]:
    """Returns what is true of a split, whichever run answers it.

    Args:
        split: the split.
        kept: the places of the examples that can be looked at; columns are of these.
    """
    spec = split.spec
    return {
        "note": spec.note,
        "classes": list(getattr(spec.answer, "classes", ())),
        "text": spec.answer.kind == "text",
        "n": len(split.examples),
        "filters": list(FILTERS),
        "kept": list(kept),
        "words": [split.words[place] for place in kept],
    }


def answers_document(split: SplitExamples, run: RunAnswers, kept: Sequence[int]) -> dict[str, Any]:
    """Returns what a run's answers to a split come to: charts over all of them, and columns to filter and sort by."""
    measure = run.measure
    return {
        "labelled": run.labelled,
        "measure": {"name": measure.name, "kind": measure.kind} if measure else None,
        "confusion": _confusion(run),
        "histogram": _histogram(run),
        "lengths": _lengths(split, run),
        "calibration": _calibration(run),
        "no_answer": _no_answer(run),
        "columns": columns(run, kept),
    }


def _confusion(run: RunAnswers) -> dict[str, Any] | None:
    classes = tuple(getattr(run.spec.answer, "classes", ()))
    if not classes:
        return None
    found = asdict(confusion(run.judged, classes, run.labelled))
    return {**found, "classes": len(classes)}


def _histogram(run: RunAnswers) -> list[list[float]] | None:
    if run.measure is None or run.measure.kind == RIGHT:
        return None
    values = [value for value in run.measure.values if value is not None]
    if not values:
        return None
    high = max(values) or 1.0 if run.measure.kind == ERROR else 100.0
    return [[bar.low, bar.high, bar.count] for bar in histogram(values, high)]


def _lengths(split: SplitExamples, run: RunAnswers) -> list[dict[str, Any]] | None:
    if run.measure is None:
        return None
    words = [split.words[place] for place in run.places]
    parts = length_parts(words)
    means = means_by_length(parts, words, run.measure.values, run.measure.kind == RIGHT)
    return [{**asdict(part), **asdict(mean)} for part, mean in zip(parts, means, strict=True)]


def _calibration(run: RunAnswers) -> dict[str, Any] | None:
    """Returns how confidence goes with right answers, with the calibration error and its interval."""
    error = calibration_error(run.spec, run.batch) if run.labelled else None
    if error is None:
        return None
    statistics = error.statistics(run.batch)
    return {
        **calibration_of(error, run.batch).to_json(),
        "ece": error.value(run.batch, statistics),
        "ci95": interval95(error, statistics),
    }


def _no_answer(run: RunAnswers) -> list[dict[str, Any]]:
    """Returns how probabilities of no answer serve, a score each."""
    found = no_answer_scores(run.spec, run.batch) if run.labelled else {}
    return [
        {"score": name, **one.to_json(), "points": thinned(list(one.points), MOST_POINTS)}
        for name, one in found.items()
    ]


def columns(run: RunAnswers, kept: Sequence[int]) -> dict[str, list[Any]]:
    """Returns what examples are filtered and sorted by, None where a run did not answer one.

    `value` is what the answer comes to; `gold` and `said` are numbers or class indices, of which `NO_CLASS` and
    `NO_ANSWER` are none; `answer` tells equal predictions from different ones; `confidence` is the share of the
    likelihood, in percent; `right` is 1 or 0, where `value` does not say it.
    """
    names = ("value", "flags", "gold", "said", "answer", "confidence", "right")
    table: dict[str, list[Any]] = {name: [] for name in names}
    for place in kept:
        number = run.numbers.get(place)
        row = (None,) * len(names) if number is None else _row(run, number)
        for name, value in zip(names, row, strict=True):
            table[name].append(value)
    return {name: values for name, values in table.items() if any(value is not None for value in values)}


def _row(run: RunAnswers, number: int) -> tuple[Any, ...]:
    judged, spec = run.judged[number], run.spec
    value = run.measure.values[number] if run.measure else None
    gold = judged.gold.value if run.labelled and _is_number(judged.gold.value) else None
    said = judged.answer.value if judged.answer.readable and _is_number(judged.answer.value) else None
    if said is None and tuple(getattr(spec.answer, "classes", ())):
        said = NO_ANSWER if judged.missing else NO_CLASS
    return (
        value,
        flags_of(run, number),
        gold,
        said,
        crc32(judged.prediction.encode("utf-8", errors="replace")) if not judged.missing else NO_ANSWER,
        None if judged.confidence is None else round(100 * judged.confidence, 6),
        None if run.right is None or (run.measure and run.measure.kind == RIGHT) else int(run.right[number]),
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
