"""results.json: every score of a run, with all that could change a number."""

import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from t5eval.runs.calls import with_calls
from t5eval.runs.origin import UNSAID
from t5eval.runs.results_schema import fault_of
from t5eval.support.errors import RunError
from t5eval.support.files import write_json
from t5eval.support.strict_json import parse_json
from t5eval.support.version import __version__
from task_specs import BENCHMARKS, Benchmark, get
from task_specs.support.toml_text import require_plain

SCHEMA = 1
LIBRARIES = (
    "numpy",
    "scipy",
    "scikit-learn",
    "sacrebleu",
    "rouge-score",
    "rouge-score-rs",
    "sentencepiece",
    "tensorflow",
    "keras",
    "tensorflow-datasets",
    "datasets",
)


def library_versions() -> dict[str, str]:
    """Returns the versions of Python and of the libraries that predictions and scores rest on."""
    versions = {"python": platform.python_version(), "t5eval": __version__}
    for name in LIBRARIES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = "absent"
    return versions


def average(benchmark: Benchmark, split: str, results: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Returns a leaderboard's average over one split, or what is missing from it.

    A column counts only if its tasks were scored on every official example: a mean over fewer tasks, or over a part of
    one, is another number, and is not shown as the average.

    Args:
        results: task name to split to result, as in results.json.

    Returns:
        `average` (None while anything is missing), `missing` (task name to the reason), `columns` (the column's
        tasks, joined by `+`, to its score).
    """
    columns: dict[str, float] = {}
    missing: dict[str, str] = {}
    for tasks in benchmark.average:
        scores = []
        for task in tasks:
            reason = _why_missing(results.get(task, {}).get(split), get(task).sizes.get(split))
            if reason:
                missing[task] = reason
            else:
                scores.append(results[task][split]["task_score"])
        if len(scores) == len(tasks):
            columns["+".join(tasks)] = sum(scores) / len(scores)
    complete = len(columns) == len(benchmark.average)
    return {
        "average": sum(columns.values()) / len(columns) if complete else None,
        "missing": missing,
        "columns": columns,
    }


def _why_missing(result: Mapping[str, Any] | None, official: int | None) -> str:
    if result is None:
        return "not evaluated"
    if not result["labelled"]:
        return "unlabelled"
    if official is not None and result["n"] != official:
        return f"{result['n']:,} of {official:,} examples"
    if result["task_score"] is None:
        return "its score is undefined"
    return ""


def benchmark_averages(results: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Returns for each benchmark and split that has a scored task its average or what is missing."""
    averages: dict[str, dict[str, Any]] = {}
    for benchmark in BENCHMARKS.values():
        members = [task for column in benchmark.average for task in column]
        scored = {s for task in members for s, result in results.get(task, {}).items() if result["labelled"]}
        if scored:
            averages[benchmark.name] = {split: average(benchmark, split, results) for split in sorted(scored)}
    return averages


def read_results(run: Path, *, whole: bool = False) -> dict[str, Any] | None:
    """Returns a run's results, None if it has none yet. What it says has the types of the published schema.

    Args:
        whole: whether every key that the schema requires must be there; else a reader has to do with what is.

    Raises:
        RunError: the file is damaged, of another schema, or does not follow it.
    """
    path = run / "results.json"
    if not path.exists():
        return None
    try:
        document = parse_json(path.read_bytes())
        require_plain(document)
        schema = document["schema"]
        fault = fault_of(document, whole) if schema == SCHEMA else ""
    except OSError as error:
        raise RunError(f"{path}: cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError):
        raise RunError(f"{path}: not a results file; remove it, and the scores are computed anew") from None
    if schema != SCHEMA:
        raise RunError(f"{path}: has schema {str(schema)[:60]}, this t5eval writes {SCHEMA}; give another --out")
    if fault:
        raise RunError(
            f"{path}: not a results file; remove it, and the scores are computed anew: it cannot be read, since {fault}"
        )
    found: dict[str, Any] = document
    return found


def require_same_model(run: Path, before: Mapping[str, Any] | None, model: Any) -> None:
    """Raises a RunError if a run already has results of another model: its averages would mix the two."""
    if before and before["results"] and _whole(before.get("model")) != _whole(model):
        raise RunError(
            f"{run / 'results.json'}: holds results of another model; give another --out, or remove this file and "
            f"{run / 'predictions'}"
        )


def _whole(model: Any) -> Any:
    return {**UNSAID, **model} if isinstance(model, Mapping) else model


def write_results(run: Path, settings: Mapping[str, Any], results: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Writes results.json, keeping what the run already has of other tasks and splits.

    Args:
        settings: model identity, decoding, versions, device, command line: everything that could change a number.
        results: task name to split to result.

    Returns:
        The whole document.

    Raises:
        RunError: what is there cannot be read, or is of another model.
    """
    before = read_results(run) or {"results": {}}
    require_same_model(run, before, settings.get("model"))
    try:
        merged: dict[str, dict[str, Any]] = {task: dict(splits) for task, splits in before["results"].items()}
        for task, splits in results.items():
            merged.setdefault(task, {}).update(splits)
        averages = benchmark_averages(merged)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise RunError(
            f"{run / 'results.json'}: not a results file ({error!r}); remove it, and the scores are computed anew"
        ) from None
    calls, numbered = with_calls(before, settings, results, merged)
    if settings.get("device") is None and "device" in before:
        settings = {**settings, "device": before["device"]}  # nothing was left to predict this time
    document = {"schema": SCHEMA, **settings, "calls": calls, "results": numbered, "benchmarks": averages}
    write_json(run / "results.json", document)
    return document
