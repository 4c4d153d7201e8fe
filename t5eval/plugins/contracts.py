"""Contracts of what plugins register, watched while it works: a fault names the plugin, the contract and the line.

Each method is replaced once, on registration, by one that also looks at what it returns. Looking at signatures instead
would not do: shapes and exceptions show only when the method runs, and metrics, formats and parsers are called from
scoring, comparing, reading, training and validating alike, so that no other place sees all that they return.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from leaderboards import Leaderboard, RowFault, RowPerExample
from leaderboards.leaderboard import Rows
from t5eval.metrics import Metric
from t5eval.support.guard import Breach, Check, Guard
from task_specs import Answer, Example, TextPair
from task_specs.support.errors import quoted

END = object()


def _returns(
    what: str, right: Callable[[Any], bool], shown: Callable[[Any], str] = lambda x: type(x).__name__
) -> Check:
    def check(found: Any, *arguments: Any, **named: Any) -> Any:
        if not right(found):
            raise Breach(f"must return {what}, got {shown(found)}")
        return found

    return check


def watch_metric(guard: Guard, metric: Metric) -> None:
    """Watches all that is asked of a metric."""
    guard.watch(metric, "statistics", _statistics)
    guard.watch(metric, "aggregate", _aggregate)
    guard.watch(metric, "value", _value)
    for name in ("of_row", "cautions", "unsuited", "examples", "details", "defined", "resample"):
        guard.watch(metric, name)


def _numbers(found: Any) -> Any:
    try:
        return np.asarray(found, dtype=np.float64)
    except (TypeError, ValueError):
        raise Breach(f"must be numbers, got {quoted(found)}") from None


def _statistics(found: Any, batch: Any) -> Any:
    rows = _numbers(found)
    if rows.ndim != 2:
        raise Breach(f"must have shape [examples, numbers], got {rows.shape}")
    if len(rows) > len(batch.examples):
        counts = f"{len(rows):,} rows for {len(batch.examples):,} examples"
        raise Breach(f"gives {counts}; one for each, or for each group")
    if not np.isfinite(rows).all():
        raise Breach("must be finite numbers")
    return rows


def _aggregate(found: Any, totals: Any) -> Any:
    scores = _numbers(found)
    wanted = np.shape(totals)[:-1]
    if scores.shape != wanted:
        raise Breach(f"must turn shape {np.shape(totals)} into {wanted}, got {scores.shape}")
    return scores


def _value(found: Any, batch: Any, rows: Any) -> float:
    value = _numbers(found)
    if value.ndim:
        raise Breach(f"must be one number, got shape {value.shape}")
    return float(value)


def watch_source(guard: Guard, cls: Any) -> None:
    """Watches the examples that a source yields."""
    if not hasattr(cls, "examples"):
        raise guard.fault("it has no examples, which its contract asks for")
    if not isinstance(cls.fields, Mapping):
        raise guard.fault(f"fields must map features to where they are from, got {cls.fields!r}")
    guard.watch(cls, "examples", lambda found, source, path: _examples(guard, cls, found, path))


def _examples(guard: Guard, cls: Any, found: Any, path: Path) -> Iterator[Example]:
    seen: set[str] = set()
    advance = guard.watched(next, lambda *_: f"examples, of {path} after {len(seen):,} examples,")
    if not isinstance(found, Iterable):
        raise guard.fault(f"examples must yield examples, got {type(found).__name__}", cls.examples)
    rest = iter(found)
    while (example := advance(rest, END)) is not END:
        if not isinstance(example, Example):
            raise guard.fault(f"examples must yield task_specs.Example, got {type(example).__name__}", cls.examples)
        if not isinstance(example.id, str) or example.id in seen:
            raise guard.fault(f"examples gives the id {quoted(example.id)} twice, or it is no text", cls.examples)
        lacks = [field for field in cls.fields if not isinstance(example.features.get(field), str)]
        if lacks:
            raise guard.fault(f"example {example.id} lacks the texts {', '.join(lacks)}, its fields", cls.examples)
        seen.add(example.id)
        yield example


def watch_text(guard: Guard, cls: Any) -> None:
    """Watches the pairs that a text format makes."""
    guard.watch(cls, "pairs", _pairs, name=lambda text, example, *_, **named: f"pairs of example {example.id}")
    _require_texts(guard, cls, "fields")


def _pairs(found: Any, text: Any, example: Example, answer: Any, *, training: bool) -> Iterator[TextPair]:
    pairs = list(found)
    for pair in pairs:
        if not isinstance(pair, TextPair) or not all(isinstance(t, str) for t in (pair.inputs, pair.targets)):
            raise Breach(f"must be task_specs.TextPair of two texts, got {quoted(repr(pair))}")
    if not training and len(pairs) != 1:
        raise Breach(f"must be one to evaluate, got {len(pairs)}")
    return iter(pairs)


def watch_answer(guard: Guard, cls: Any) -> None:
    """Watches what an answer parser takes for target, truth and answer."""
    answer = "a task_specs.Answer"
    guard.watch(cls, "target", _returns("a text", lambda found: isinstance(found, str)))
    guard.watch(cls, "gold", _returns(f"{answer} or None", lambda found: isinstance(found, Answer | None)))
    parse = _returns(answer, lambda found: isinstance(found, Answer))
    guard.watch(cls, "parse", parse, name=lambda parser, text, *_: f"parse of {quoted(text)}")
    _require_texts(guard, cls, "choices")


def _require_texts(guard: Guard, cls: Any, name: str) -> None:
    value = getattr(cls, name, ())
    if isinstance(value, str | list):
        raise guard.fault(f"{name} must be a tuple of texts, got {value!r}")


def watch_leaderboard(guard: Guard, board: Leaderboard) -> None:
    """Watches how a leaderboard writes and reads its files."""
    suffix = getattr(board, "suffix", None)
    if not isinstance(suffix, str) or not suffix.startswith("."):
        raise guard.fault(f"suffix must be how its files' names end, such as '.csv', got {suffix!r}")

    def watch(name: str, what: str, right: Callable[[Any], bool], *allowed: type[Exception]) -> None:
        check = _returns(what, right, lambda found: quoted(repr(found)))
        guard.watch(board, name, check, passing=lambda error: isinstance(error, allowed))

    watch("render", "the file's bytes and a number", lambda found: _is_pair(found, bytes, int))
    watch("parse", "a leaderboards.leaderboard.Rows", lambda found: isinstance(found, Rows))
    if isinstance(board, RowPerExample):
        watch("write_row", "one line of text", _is_line, ValueError)
        watch("read_row", "an id and a text", lambda found: _is_pair(found, str, str), RowFault)


def _is_pair(found: Any, *kinds: type) -> bool:
    return isinstance(found, Sequence) and len(found) == 2 and all(map(isinstance, found, kinds))


def _is_line(found: Any) -> bool:
    return isinstance(found, str) and "\n" not in found and "\r" not in found
