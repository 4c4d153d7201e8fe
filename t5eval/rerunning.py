"""Repeating a run: the same evaluation into a new folder, and what came out otherwise."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import task_specs
from t5eval.data import Split
from t5eval.errors import RunError, SpecError
from t5eval.evaluation import Progress, Say, evaluate_splits
from t5eval.plugin_record import LOADED
from t5eval.predictor import Answering, Predictor, Rank
from t5eval.results import read_results
from t5eval.run_folder import predictions_path
from t5eval.store import Prediction
from task_specs import Decode, TaskSpec

FIRST = 5
"""How many ids of differing predictions are named."""
ENVIRONMENT = ("versions", "checkout", "machine", "device")
INPUTS = ("model", "model_name", "dtype", "strategy", "batch_tokens", "batch_rows", "bootstrap", "plugins")
OF_A_SPLIT = ("data", "specification", "decode", "limit")
ALSO_NUMBERS = ("n", "task_score", "unreadable", "missing", "unmapped", "truncated_inputs", "outputs_at_limit")


def recorded_run(run: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Returns the settings that a run was evaluated with, and its results.

    Raises:
        RunError: one of them is not there, or damaged.
    """
    path = run / "config.toml"
    try:
        settings = tomllib.loads(path.read_text(encoding="utf-8")).get("evaluate")
    except FileNotFoundError:
        settings = None
    except (OSError, ValueError) as error:
        raise RunError(f"{path}: cannot be read: {error}") from None
    if not isinstance(settings, dict) or not isinstance(settings.get("model"), str):
        raise RunError(f"{path}: has no settings of `t5eval evaluate`, so there is nothing to repeat")
    results = read_results(run)
    if not results or not results["results"]:
        raise RunError(f"{run}: has no results yet; `t5eval evaluate` finishes it")
    return settings, results


def require_fresh(run: Path, out: Path) -> None:
    """Raises an error if a folder has predictions: they would be taken instead of made again.

    Raises:
        RunError: as said.
    """
    if out.resolve() == run.resolve() or (out / "predictions").exists() or (out / "results.json").exists():
        raise RunError(f"{out}: has predictions or results already; give another --out, or remove it")


def specs_of(settings: Mapping[str, Any], results: Mapping[str, Any]) -> dict[str, TaskSpec]:
    """Returns the tasks that a run has results of; those of TOML files as the settings name them.

    Raises:
        SpecError: a task is not there, or a plugin that it needs.
    """
    try:
        known = {spec.name: spec for spec in task_specs.resolve(settings.get("task", ()))}
        return {name: known.get(name) or task_specs.get(name) for name in results["results"]}
    except SpecError as error:
        lacks = [name for name in results.get("plugins", ()) if name not in LOADED]
        needed = f" The run was made with plugins that are not loaded: {', '.join(lacks)}." if lacks else ""
        raise SpecError(f"{error}{needed}") from None


def answering_of(decode: Mapping[str, Any]) -> Answering | None:
    """Returns the way of answering that results record, None where the model did not say one of ours."""
    if decode["method"] == "rank" and "choices" in decode:
        return Rank(tuple(decode["choices"]))
    if decode["method"] in ("greedy", "beam"):
        return Decode(decode["method"], decode.get("beam_size", 1), decode.get("alpha", 0.0))
    return None


def repeat(
    predictor: Predictor,
    splits: Mapping[tuple[str, str], Split],
    out: Path,
    before: Mapping[str, Any],
    said: Mapping[str, Any],
    progress: Callable[[str], AbstractContextManager[Progress]],
    say: Say,
) -> dict[str, Any]:
    """Evaluates each split as it was, into a folder that this process holds; returns the new results."""
    document: dict[str, Any] = {}
    for (task, split), opened in splits.items():
        old = before["results"][task][split]
        answering = answering_of(old["decode"])
        _, document = evaluate_splits(
            predictor, [opened], out, said, answerings={task: answering} if answering else None,
            batch_tokens=before["batch_tokens"], limit=old["limit"], progress=progress, say=say,
        )  # fmt: skip
    return document


def _flat(value: Any, name: str) -> dict[str, Any]:
    if isinstance(value, Mapping):
        return {k: v for key, part in value.items() for k, v in _flat(part, f"{name}.{key}").items()}
    return {name: value}


def _changes(old: Mapping[str, Any], new: Mapping[str, Any], keys: tuple[str, ...], prefix: str = "") -> list[Any]:
    a, b = ({k: v for key in keys for k, v in _flat(d.get(key), prefix + key).items()} for d in (old, new))
    return [{"what": k, "old": a.get(k), "new": b.get(k)} for k in dict.fromkeys([*a, *b]) if a.get(k) != b.get(k)]


def _texts(run: Path, task: str, split: str) -> dict[str, str]:
    path = predictions_path(run, task, split)
    try:
        lines = path.read_bytes().splitlines()
        return {p.id: p.text for p in map(Prediction.from_line, lines)}
    except (OSError, ValueError, KeyError, TypeError):
        raise RunError(f"{path}: cannot be read, so that predictions cannot be compared") from None


def differences(run: Path, out: Path, old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what differs between a run and its repetition, as JSON data; `equal` is of numbers and predictions."""
    inputs = _changes(old, new, INPUTS)
    results: dict[str, dict[str, Any]] = {}
    equal = True
    for task, splits in new["results"].items():
        for split, now in splits.items():
            was = old["results"][task][split]
            inputs += _changes(was, now, OF_A_SPLIT, f"{task} {split} ")
            a, b = _texts(run, task, split), _texts(out, task, split)
            ids = [i for i in dict.fromkeys([*a, *b]) if a.get(i) != b.get(i)]
            scores = {}
            for name in dict.fromkeys([*was["scores"], *now["scores"]]):
                x, y = (s["scores"].get(name, {}).get("value") for s in (was, now))
                scores[name] = {"old": x, "new": y, "difference": None if x is None or y is None else y - x}
            same = not ids and json.dumps(was["scores"]) == json.dumps(now["scores"])
            same = same and all(was.get(key) == now.get(key) for key in ALSO_NUMBERS)
            equal = equal and same
            results.setdefault(task, {})[split] = {
                "equal": same,
                "scores": scores,
                "predictions": {"n": len(b), "differ": len(ids), "first": ids[:FIRST]},
            }
    environment = _changes(old, new, ENVIRONMENT)
    return {"run": str(run), "out": str(out), "equal": equal, "environment": environment, "inputs": inputs,
            "results": results}  # fmt: skip
