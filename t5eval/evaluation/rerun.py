"""Repeating a run: the same evaluation into a new folder, and what came out otherwise."""

import json
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import task_specs
from t5eval.data import data_source, open_split
from t5eval.evaluation.batches import Say
from t5eval.evaluation.settings import RunSettings
from t5eval.evaluation.splits import Displays, evaluate_splits
from t5eval.predictors.model_name import ModelOptions
from t5eval.predictors.open_predictor import open_predictor
from t5eval.predictors.predictor import Answering, Rank, Sample
from t5eval.prompts.asking import as_recorded, asking_of
from t5eval.runs.calls import call_of, each
from t5eval.runs.folder import locked, predictions_path, read_config, recorded
from t5eval.runs.origin import ASKED
from t5eval.runs.prediction import Prediction
from t5eval.runs.results import read_results
from t5eval.support.errors import RunError
from t5eval.support.plugin_record import LOADED
from t5eval.support.strategy import MULTIWORKER
from task_specs import Decode, TaskSpec
from task_specs.support.errors import SpecError

FIRST = 5
"""How many ids of differing predictions are named."""
ENVIRONMENT = ("versions", "checkout", "machine", "device")
OF_THE_MODEL = ("model", "dtype")
INPUTS = ("model_name", "strategy", "batch_tokens", "batch_rows", "bootstrap", "plugins")
OF_A_SPLIT = ("data", "specification", "decode", "limit", *ASKED)
ALSO_NUMBERS = ("n", "task_score", "unreadable", "missing", "unmapped", "truncated_inputs", "outputs_at_limit")


def recorded_run(run: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Returns the settings that a run was evaluated with, and its results.

    Raises:
        RunError: one of them is not there, or damaged.
    """
    path = run / "config.toml"
    settings = read_config(run).get("evaluate")
    if settings is None or "model" not in settings:
        raise RunError(f"{path}: has no settings of `t5eval evaluate`, so there is nothing to repeat")
    results = read_results(run, whole=True)
    if not results or not results["results"]:
        raise RunError(f"{run}: has no results yet; `t5eval evaluate` finishes it")
    return settings, results


def require_fresh(run: Path, out: Path) -> None:
    """Raises a RunError if a folder has predictions: they would be taken instead of made again."""
    if out.resolve() == run.resolve() or (out / "predictions").exists() or (out / "results.json").exists():
        raise RunError(f"{out}: has predictions or results already; give another --out, or remove it")


def specs_of(settings: Mapping[str, Any], results: Mapping[str, Any]) -> dict[str, TaskSpec]:
    """Returns the rows that a run has results of, by name; those of TOML files from where results or settings say.

    Raises:
        SpecError: a task is not known here, its file is gone, or a plugin that it needs is not loaded.
    """
    try:
        known = {spec.name: spec for spec in task_specs.resolve(settings.get("task", ()))}
        for task, _, result in each(results["results"]):
            file, row = call_of(results, result).get("task_files", {}).get(task), task.partition("@")[0]
            if row not in known:
                known[row] = task_specs.get(file or row)
        return known
    except SpecError as error:
        lacks = [name for name in results.get("plugins", ()) if name not in LOADED]
        needed = f" The run was made with plugins that are not loaded: {', '.join(lacks)}." if lacks else ""
        raise SpecError(f"{error}{needed}") from None


def answering_of(decode: Mapping[str, Any]) -> Answering | None:
    """Returns the way of answering that results record, None where the model did not say one of ours."""
    if decode["method"] == "rank" and "choices" in decode:
        return Rank(tuple(decode["choices"]))
    if decode["method"] == "sample":
        return Sample(**{f.name: decode[f.name] for f in fields(Sample) if f.init and f.name in decode})
    if decode["method"] in ("greedy", "beam"):
        return Decode(decode["method"], decode.get("beam_size", 1), decode.get("alpha", 0.0))
    return None


def rerun(
    run: Path,
    out: Path,
    *,
    data_dir: str | None,
    model: str | None,
    command: str,
    progress: Displays,
    say: Say,
) -> dict[str, Any]:
    """Evaluates each split of a run once more, as it was, into a new folder; returns what differs, as JSON data.

    Args:
        data_dir: where the data is, None for what the run records.
        model: the model's name, None for what the run records.
        command: what the new results.json says made it.
        progress: opens the display of a split, given its name.
        say: told of batches that memory does not hold.

    Raises:
        UserError: there is nothing to repeat, or model, data or a task is gone.
    """
    settings, before = recorded_run(run)
    require_fresh(run, out)
    specs = specs_of(settings, before)
    data = data_source(data_dir or settings.get("data_dir"))
    asked_tasks = [(as_recorded(specs[t.partition("@")[0]], old), s, old) for t, s, old in each(before["results"])]
    splits = [(open_split(spec, s, data, with_labels=True), old) for spec, s, old in asked_tasks]
    strategy = settings.get("strategy")
    if strategy == MULTIWORKER:
        raise RunError(
            f"{run}: several workers made it; repeat it by the same command on all of them, with another --out"
        )
    options = ModelOptions(
        **{name: settings.get(name) for name in ("dtype", "vocab", "strategy", "concurrency", "generation")}
    )
    opened = open_predictor(model or settings["model"], options)
    asked = {**settings, "model": opened.name, "data_dir": data.option, "plugins": dict(LOADED)}
    with locked(out), recorded(out, "evaluate", asked):
        for split, old in splits:
            call, answering = call_of(before, old), answering_of(old["decode"])
            as_it_was = RunSettings(
                command=command,
                model_name=opened.name,
                strategy=strategy,
                answering={split.spec.name: answering} if answering else {},
                max_new_tokens=old["decode"].get("max_new_tokens"),
                batch_tokens=call["batch_tokens"],
                limit=old["limit"],
                price=old.get("usage", {}).get("price"),
                task_files=call.get("task_files", {}),
                asking=asking_of(old),
            )
            evaluate_splits(opened.predictor, [split], out, as_it_was, progress=progress, say=say)
        after = read_results(out)
    assert after is not None
    return differences(run, out, before, after)


def _flat(value: Any, name: str) -> dict[str, Any]:
    if isinstance(value, Mapping):
        return {k: v for key, part in value.items() for k, v in _flat(part, f"{name}.{key}").items()}
    return {name: value}


def _changes(
    old: Mapping[str, Any], new: Mapping[str, Any], keys: tuple[str, ...], prefix: str = ""
) -> list[dict[str, Any]]:
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
    environment, inputs = {}, {}
    of_splits: list[dict[str, Any]] = []
    results: dict[str, dict[str, Any]] = {}
    for task, split, now in each(new["results"]):
        was, name = old["results"][task][split], f"{task} {split}"
        before, after = call_of(old, was), call_of(new, now)
        environment[name] = _changes(before, after, ENVIRONMENT)
        inputs[name] = _changes(before, after, INPUTS)
        of_splits += _changes(was, now, OF_A_SPLIT, f"{name} ")
        results.setdefault(task, {})[split] = _compared(run, out, was, now)
    return {
        "run": str(run),
        "out": str(out),
        "equal": all(entry["equal"] for _, _, entry in each(results)),
        "environment": _merged(environment),
        "inputs": [*_changes(old, new, OF_THE_MODEL), *_merged(inputs), *of_splits],
        "results": results,
    }


def _compared(run: Path, out: Path, was: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what became of one split's numbers and predictions."""
    a, b = (_texts(folder, now["task"], now["split"]) for folder in (run, out))
    ids = [i for i in dict.fromkeys([*a, *b]) if a.get(i) != b.get(i)]
    scores, numbers = {}, _changes(was, now, ALSO_NUMBERS)
    for name in dict.fromkeys([*was["scores"], *now["scores"]]):
        x, y = (s["scores"].get(name, {}) for s in (was, now))
        first, second = x.get("value"), y.get("value")
        scores[name] = {
            "old": first,
            "new": second,
            "difference": None if first is None or second is None else second - first,
        }
        numbers += _changes(x, y, ("ci95", "signature"), f"{name} ")
    return {
        "equal": not ids and not numbers and json.dumps(was["scores"]) == json.dumps(now["scores"]),
        "scores": scores,
        "numbers": numbers,
        "predictions": {"n": len(b), "differ": len(ids), "first": ids[:FIRST]},
    }


def _merged(by_split: Mapping[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Returns the changes of several splits; one that all of them have is said once, without their names."""
    found: dict[str, tuple[dict[str, Any], list[str]]] = {}
    for split, changes in by_split.items():
        for change in changes:
            found.setdefault(json.dumps(change), (change, []))[1].append(split)
    merged = []
    for change, splits in found.values():
        names = [""] if len(splits) == len(by_split) else [f"{split} " for split in splits]
        merged += [{**change, "what": f"{name}{change['what']}"} for name in names]
    return merged
