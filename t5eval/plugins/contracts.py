"""Contracts of what plugins register, watched while it works: a fault names the plugin, the contract and the line."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from leaderboards import Leaderboard, RowFault, RowPerExample
from leaderboards.leaderboard import Rows
from t5eval.metrics import Metric
from t5eval.support.guard import Guard
from task_specs import Answer, Example, TextPair
from task_specs.errors import quoted


def guard_metric(metric: Metric) -> Metric:
    """Watches a metric's statistics, aggregate and value."""
    guard = Guard(f"metric {getattr(metric, 'name', '')!r}")
    statistics, aggregate, value = (guard.method(metric, name) for name in ("statistics", "aggregate", "value"))

    @functools.wraps(statistics)
    def checked_statistics(batch: Any) -> Any:
        rows = _numbers(guard, "statistics", statistics, batch)
        if rows.ndim != 2:
            raise guard.fault(f"statistics must have shape [examples, numbers], got {rows.shape}", statistics)
        if len(rows) > len(batch.examples):
            counts = f"{len(rows):,} rows for {len(batch.examples):,} examples"
            raise guard.fault(f"statistics gives {counts}; one for each, or for each group", statistics)
        if not np.isfinite(rows).all():
            raise guard.fault("statistics must be finite numbers", statistics)
        return rows

    @functools.wraps(aggregate)
    def checked_aggregate(totals: Any) -> Any:
        scores = _numbers(guard, "aggregate", aggregate, totals)
        wanted = np.shape(totals)[:-1]
        if scores.shape != wanted:
            shapes = f"shape {np.shape(totals)} into {wanted}, got {scores.shape}"
            raise guard.fault(f"aggregate must turn {shapes}", aggregate)
        return scores

    @functools.wraps(value)
    def checked_value(batch: Any, rows: Any) -> float:
        found = _numbers(guard, "value", value, batch, rows)
        if found.ndim:
            raise guard.fault(f"value must be one number, got shape {found.shape}", value)
        return float(found)

    for name, checked in (
        ("statistics", checked_statistics),
        ("aggregate", checked_aggregate),
        ("value", checked_value),
    ):
        setattr(metric, name, checked)
    return metric


def _numbers(guard: Guard, name: str, function: Callable[..., Any], *arguments: Any) -> Any:
    found = guard.call(name, function, *arguments)
    try:
        return np.asarray(found, dtype=np.float64)
    except (TypeError, ValueError):
        raise guard.fault(f"{name} must be numbers, got {quoted(found)}", function) from None


def guard_source(cls: Any) -> None:
    """Watches the examples that a source yields."""
    guard = Guard(f"source {getattr(cls, 'kind', '')!r}")
    examples = guard.method(cls, "examples")
    if not isinstance(cls.fields, Mapping):
        raise guard.fault(f"fields must map features to where they are from, got {cls.fields!r}")

    @functools.wraps(examples)
    def checked(self: Any, path: Path) -> Iterator[Example]:
        seen: set[str] = set()
        found = guard.call("examples", examples, self, path)
        try:
            rest = iter(found)
        except TypeError:
            raise guard.fault(f"examples must yield examples, got {type(found).__name__}", examples) from None
        while True:
            name = f"examples, of {path} after {len(seen):,} examples,"
            example = guard.call(name, next, rest, None)
            if example is None:
                return
            if not isinstance(example, Example):
                raise guard.fault(f"examples must yield task_specs.Example, got {type(example).__name__}", examples)
            if not isinstance(example.id, str) or example.id in seen:
                raise guard.fault(f"examples gives the id {quoted(example.id)} twice, or it is no text", examples)
            lacks = [field for field in cls.fields if not isinstance(example.features.get(field), str)]
            if lacks:
                raise guard.fault(f"example {example.id} lacks the texts {', '.join(lacks)}, its fields", examples)
            seen.add(example.id)
            yield example

    cls.examples = checked


def guard_text(cls: Any) -> None:
    """Watches the pairs that a text format makes."""
    guard = Guard(f"text {getattr(cls, 'kind', '')!r}")
    pairs = guard.method(cls, "pairs")
    _require_texts(guard, cls, "fields")

    @functools.wraps(pairs)
    def checked(self: Any, example: Example, answer: Any, *, training: bool) -> Iterator[TextPair]:
        name = f"pairs of example {example.id}"
        found = guard.call(name, lambda: list(pairs(self, example, answer, training=training)))
        for pair in found:
            if not isinstance(pair, TextPair) or not all(isinstance(t, str) for t in (pair.inputs, pair.targets)):
                raise guard.fault(f"{name} must be task_specs.TextPair of two texts, got {quoted(repr(pair))}", pairs)
        if not training and len(found) != 1:
            raise guard.fault(f"{name} must be one to evaluate, got {len(found)}", pairs)
        return iter(found)

    cls.pairs = checked


def guard_answer(cls: Any) -> None:
    """Watches what an answer parser takes for target, truth and answer."""
    guard = Guard(f"answer {getattr(cls, 'kind', '')!r}")
    target, gold, parse = (guard.method(cls, name) for name in ("target", "gold", "parse"))
    _require_texts(guard, cls, "choices")

    @functools.wraps(target)
    def checked_target(self: Any, features: Any) -> str:
        text = guard.call("target", target, self, features)
        if not isinstance(text, str):
            raise guard.fault(f"target must return a text, got {type(text).__name__}", target)
        return text

    @functools.wraps(gold)
    def checked_gold(self: Any, features: Any, targets: str) -> Answer | None:
        answer = guard.call("gold", gold, self, features, targets)
        if answer is not None and not isinstance(answer, Answer):
            raise guard.fault(f"gold must return a task_specs.Answer or None, got {type(answer).__name__}", gold)
        return answer

    @functools.wraps(parse)
    def checked_parse(self: Any, text: str, features: Any, targets: str) -> Answer:
        answer = guard.call(f"parse of {quoted(text)}", parse, self, text, features, targets)
        if not isinstance(answer, Answer):
            kind = type(answer).__name__
            raise guard.fault(f"parse of {quoted(text)} must return a task_specs.Answer, got {kind}", parse)
        return answer

    cls.target, cls.gold, cls.parse = checked_target, checked_gold, checked_parse


def _require_texts(guard: Guard, cls: Any, name: str) -> None:
    value = getattr(cls, name, ())
    if isinstance(value, str | list):
        raise guard.fault(f"{name} must be a tuple of texts, got {value!r}")


def guard_made(cls: Any, part: str) -> None:
    """Watches how a source, text format or answer parser checks what a row says of it."""
    check = cls.__dict__.get("__post_init__")
    if check is not None:
        guard = Guard(f"{part} {getattr(cls, 'kind', '')!r}")
        cls.__post_init__ = functools.wraps(check)(lambda self: guard.call("__post_init__", check, self))


def guard_leaderboard(board: Leaderboard) -> None:
    """Watches how a leaderboard writes and reads its files."""
    guard = Guard(f"leaderboard {board.name!r}")
    suffix = getattr(board, "suffix", None)
    if not isinstance(suffix, str) or not suffix.startswith("."):
        raise guard.fault(f"suffix must be how its files' names end, such as '.csv', got {suffix!r}")
    _watch(guard, board, "render", lambda found: _is_pair(found, bytes, int), "the file's bytes and a number")
    _watch(guard, board, "parse", lambda found: isinstance(found, Rows), "a leaderboards.leaderboard.Rows")
    if isinstance(board, RowPerExample):
        _watch(guard, board, "write_row", lambda row: _is_line(row), "one line of text", ValueError)
        _watch(guard, board, "read_row", lambda found: _is_pair(found, str, str), "an id and a text", RowFault)


def _watch(
    guard: Guard, owner: Any, name: str, right: Callable[[Any], bool], what: str, *passing: type[Exception]
) -> None:
    function = guard.method(owner, name)

    @functools.wraps(function)
    def checked(*arguments: Any) -> Any:
        found = guard.call(name, function, *arguments, passing=passing)
        if not right(found):
            raise guard.fault(f"{name} must return {what}, got {quoted(repr(found))}", function)
        return found

    setattr(owner, name, checked)


def _is_pair(found: Any, first: type, second: type) -> bool:
    return (
        isinstance(found, Sequence) and len(found) == 2 and isinstance(found[0], first) and isinstance(found[1], second)
    )


def _is_line(found: Any) -> bool:
    return isinstance(found, str) and "\n" not in found and "\r" not in found
