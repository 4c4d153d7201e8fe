"""Runs made up for tests of tables: a folder's results.json without predictions or data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import task_specs
from t5eval.runs.results import SCHEMA, benchmark_averages

Value = tuple[float | None, tuple[float, float] | None]


def split_entry(task: str, split: str, scores: Mapping[str, Value], **more: Any) -> dict[str, Any]:
    """Returns a split's entry in results.json, of all official examples unless `n` says otherwise.

    Args:
        scores: score name to value and interval.
        more: `n`, `unreadable`, `truncated_inputs`, `causes` and so on, and `notes` of the data.
    """
    spec = task_specs.get(task.partition("@")[0])
    n = more.pop("n", spec.sizes[split])
    values = [scores[name][0] for name in spec.task_score if name in scores]
    numbers = [value for value in values if value is not None]
    data = {
        "sha256": "0" * 64,
        "files": {},
        "examples": more.pop("examples", n),
        "dropped": 0,
        "labels": {},
        "notes": more.pop("notes", []),
    }
    return {
        "task": task,
        "split": split,
        "n": n,
        "labelled": True,
        "scores": {
            name: {"value": value, "ci95": list(ci95) if ci95 else None, "signature": f"{name}|n:{n}|t5eval:test"}
            for name, (value, ci95) in scores.items()
        },
        "task_score": sum(numbers) / len(numbers) if len(numbers) == len(spec.task_score) else None,
        "unreadable": 0,
        "missing": 0,
        "unreadable_reasons": {},
        "truncated_inputs": 0,
        "outputs_at_limit": 0,
        "limit": None,
        "decode": {"method": "greedy", "inputs": 512, "targets": 10},
        "data": data,
        **more,
    }


def write_run(folder: Path, *entries: dict[str, Any]) -> Path:
    """Writes a run's results.json; returns the folder."""
    results: dict[str, dict[str, Any]] = {}
    for entry in entries:
        results.setdefault(entry["task"], {})[entry["split"]] = entry
    folder.mkdir(parents=True, exist_ok=True)
    document = {"schema": SCHEMA, "model_name": "made up", "model": {"predictions": "0"}, "results": results}
    document["benchmarks"] = benchmark_averages(results)
    (folder / "results.json").write_text(json.dumps(document), encoding="utf-8")
    return folder
