"""Which command made what: `calls` in results.json, and the `call` of each split."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

SHARED = ("schema", "model", "dtype", "calls", "results", "benchmarks")
"""Keys of results.json that are the same for all commands that built a run, or no setting."""

Results = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""Task name to split to result."""


def settings_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the settings of one command from a document's top level."""
    return {key: value for key, value in document.items() if key not in SHARED}


def call_of(document: Mapping[str, Any], result: Mapping[str, Any]) -> Mapping[str, Any]:
    """Returns the settings of the command that made one result.

    Files of before these were recorded have those of the latest command only.
    """
    calls, number = document.get("calls"), result.get("call")
    if isinstance(calls, list) and type(number) is int and 0 <= number < len(calls):
        found = calls[number]
        if isinstance(found, Mapping):
            return found
    return settings_of(document)


def merged_settings(document: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a document's settings; one that its calls have differently is `ONE / ANOTHER`."""
    shared = {key: document[key] for key in document if key in SHARED and key not in ("calls", "results", "benchmarks")}
    calls = [call_of(document, result) for _, _, result in each(document["results"])]
    return {**shared, **_merged([*calls, settings_of(document)])}


def _merged(tables: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for key in dict.fromkeys(key for table in tables for key in table):
        values: list[Any] = []
        for value in (table.get(key) for table in tables):
            if value not in values:
                values.append(value)
        if len(values) > 1 and all(isinstance(value, Mapping) for value in values):
            merged[key] = _merged(values)
        else:
            merged[key] = values[0] if len(values) == 1 else " / ".join(map(_said, values))
    return merged


def _said(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def with_calls(
    before: Mapping[str, Any], settings: Mapping[str, Any], fresh: Results, merged: Results
) -> tuple[list[Mapping[str, Any]], dict[str, dict[str, dict[str, Any]]]]:
    """Returns the different calls that results were made by, and the results, each with the number of its call.

    Args:
        before: the document as it was.
        settings: the top level of the new one.
        fresh: the results that this command made.
        merged: these, and the older ones that stay.
    """
    calls: list[Mapping[str, Any]] = []
    numbered: dict[str, dict[str, dict[str, Any]]] = {}
    for task, split, result in each(merged):
        old = before["results"].get(task, {}).get(split)
        call = call_of(before, old) if old is not None else {}
        if split in fresh.get(task, {}):
            device = call.get("device")
            call = settings_of(settings)
            if call.get("device") is None and device is not None:
                call["device"] = device  # nothing was left to predict this time
        if call not in calls:
            calls.append(call)
        numbered.setdefault(task, {})[split] = {**result, "call": calls.index(call)}
    return calls, numbered


def each(results: Results) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Yields task, split and result of every split."""
    for task, splits in results.items():
        for split, result in splits.items():
            yield task, split, result
