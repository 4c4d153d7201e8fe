"""A run as a report sees it: the results that stand in its folder, or scores of the predictions in it."""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from t5eval.data import DataSource, Summary, content_hashes, data_source, open_split
from t5eval.data.source import DATA_DIR_VARIABLE
from t5eval.evaluation.split_result import SplitResult
from t5eval.metrics.bootstrap import RESAMPLES, SEED
from t5eval.prompts.asking import recorded_task
from t5eval.reports.training_curves import TENSORBOARD_ALONE, Curve, only_tensorboard, read_curves
from t5eval.runs.calls import merged_settings
from t5eval.runs.folder import predictions_path, read_config
from t5eval.runs.origin import ASKED, Origin
from t5eval.runs.results import SCHEMA, benchmark_averages, library_versions, read_results
from t5eval.scoring.prediction_files import read_predictions, stored_probabilities
from t5eval.scoring.score import Score, SplitScore, judge, score_split
from t5eval.support.errors import RunError
from t5eval.support.stages import each
from task_specs.support.errors import SpecError, UserError

Key = tuple[str, str]
"""A task's name and a split."""


@dataclass(frozen=True)
class Run:
    """A run's folder, read.

    Attributes:
        name: what the report calls it.
        averages: benchmark to split to its average or what is missing, as in results.json.
        settings: all that could have changed a number, as results.json has it beside the results.
        curves: the name of a number to its course in training.
        notes: what the reader should know of the folder.
        waiting: splits that are still being answered, to how many answers there are.
    """

    path: Path
    name: str
    results: Mapping[Key, SplitResult]
    averages: Mapping[str, Mapping[str, Any]]
    settings: Mapping[str, Any]
    curves: Mapping[str, Curve]
    notes: Sequence[str] = field(default=())
    waiting: Mapping[Key, int] = field(default_factory=dict)


def distinct_names(paths: Sequence[Path]) -> list[str]:
    """Returns a name for each folder: its last part, or its path where two would have the same name."""
    last = [path.resolve().name or str(path) for path in paths]
    return [name if last.count(name) == 1 else str(path) for name, path in zip(last, paths, strict=True)]


def recorded_source(run: Path) -> str | None:
    """Returns the `--data-dir` that the run was evaluated, or else trained with, None if it does not say."""
    try:
        config = read_config(run)
    except RunError:
        return None
    for command in ("evaluate", "train"):
        found: str | None = config.get(command, {}).get("data_dir")
        if found is not None:
            return found
    return None


def read_run(path: Path, name: str, data: DataSource | None, *, live: bool = False) -> Run:
    """Reads a run's folder.

    Where there is no results.json, the predictions are scored, as `t5eval score` would.

    Args:
        live: whether splits that are still being answered are shown, too, with the scores of what is there.

    Raises:
        RunError: there is no such folder, nothing to report in it, or its results cannot be read.
        UserError: there are predictions without results, and they or their data cannot be read.
    """
    if not path.is_dir():
        raise RunError(f"{path}: there is no such run folder")
    curves = read_curves(path / "logs")
    document = read_results(path)
    stored = stored_keys(path)
    done = document["results"] if document is not None else {}
    written = [key for key in stored if live and key[1] not in done.get(key[0], {}) and _is_store(path, key)]
    stored = [key for key in stored if key not in written]
    notes = [TENSORBOARD_ALONE] if only_tensorboard(path / "logs") else []
    if document is not None:
        found = _results(path / "results.json", document)
        averages = _averages(path / "results.json", document.get("benchmarks", {}))
        settings = merged_settings(document)
        if waiting := [f"{task} {split}" for task, split in stored if (task, split) not in found]:
            notes.append(f"predictions without results, an evaluation that has not ended: {', '.join(waiting)}")
    elif stored:
        found = _scored(path, stored, data)
        averages = benchmark_averages(_nested(found))
        settings = {
            "schema": SCHEMA,
            "command": "t5eval report",
            "bootstrap": {"resamples": RESAMPLES, "seed": SEED},
            "versions": library_versions(),
        }
        notes.append("without a results.json; the scores are computed from its predictions, whose origin is not known")
    elif curves or notes or written:
        found, averages, settings = {}, {}, {}
        notes += [] if written else ["trained, not evaluated"]
    else:
        raise RunError(f"{path}: nothing to report: no results.json, no predictions/TASK/SPLIT.jsonl, no training logs")
    so_far = _scored_so_far(path, written, data)
    answered = {key: _lines(predictions_path(path, *key)) for key in written}
    return Run(path, name, {**found, **so_far}, averages, settings, curves, tuple(notes), answered)


def _lines(path: Path) -> int:
    """Returns how many whole lines a file has."""
    with suppress(OSError):
        return path.read_bytes().count(b"\n")
    return 0


def _is_store(run: Path, key: Key) -> bool:
    """Returns whether an evaluation writes a split's predictions, which records beside them how it makes them."""
    return Origin(predictions_path(run, *key)).path.is_file()


def _scored_so_far(run: Path, keys: Sequence[Key], data: DataSource | None) -> dict[Key, SplitResult]:
    """Scores the answers that are there of splits that are still being answered, if they can be read yet."""
    found = {}
    if data is None:
        return {}
    for task, split in keys:
        path = predictions_path(run, task, split)
        with suppress(UserError):
            asked = Origin(path).made_by
            spec = recorded_task(task, asked)
            opened = open_split(spec, split, data, with_labels=True)
            examples = list(opened)
            texts = read_predictions(path, [example.id for example in examples])
            judged = judge(spec, [e for e in examples if e.id in texts], texts, stored_probabilities(path))
            score = score_split(spec, split, judged, intervals=False)  # which would be drawn anew with each batch
            told = {name: asked[name] for name in ASKED if name in asked}
            found[task, split] = SplitResult(score, opened.summary, None, None, None, {}, asked=told)
    return found


def stored_keys(run: Path) -> list[Key]:
    """Returns the task and split of every file of predictions."""
    folder = run / "predictions"
    paths = sorted(folder.rglob("*.jsonl"))
    return [(path.parent.relative_to(folder).as_posix(), path.stem) for path in paths]


def _scored(run: Path, stored: Sequence[Key], data: DataSource | None) -> dict[Key, SplitResult]:
    """Scores every file of predictions."""
    if data is None:
        raise RunError(
            f"{run}: has predictions and no results.json; name the data to score them against with --data-dir, or "
            f"evaluate first"
        )
    found = {}
    for task, split in each(stored, "scoring the predictions", "splits"):
        path = predictions_path(run, task, split)
        try:
            spec = recorded_task(task, Origin(path).made_by)
        except SpecError as error:
            raise RunError(f"{path}: {error}") from None
        opened = open_split(spec, split, data, with_labels=True)
        examples = list(opened)
        Origin(path).require(task, split, content_hashes(opened))
        texts = read_predictions(path, [example.id for example in examples])
        score = score_split(spec, split, judge(spec, examples, texts, stored_probabilities(path)))
        found[spec.name, split] = SplitResult(score, opened.summary, None, None, None, {})
    return found


def _nested(found: Mapping[Key, SplitResult]) -> dict[str, dict[str, Any]]:
    nested: dict[str, dict[str, Any]] = {}
    for (task, split), result in found.items():
        nested.setdefault(task, {})[split] = result.to_json()
    return nested


def _results(path: Path, document: Mapping[str, Any]) -> dict[Key, SplitResult]:
    """Returns the results in a document."""
    found = {}
    for task, splits in document["results"].items():
        try:
            for split, entry in splits.items():
                found[task, split] = _result(task, split, entry)
        except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
            raise RunError(f"{path}: the result of {task} cannot be read ({error!r}); evaluate it anew") from None
    return found


def _result(task: str, split: str, entry: Mapping[str, Any]) -> SplitResult:
    """Returns a result from its JSON data.

    Raises:
        AttributeError, KeyError, TypeError, ValueError: it is not one.
    """
    scores = {
        name: Score(score["value"], tuple(score["ci95"]) if score["ci95"] else None, score["signature"])
        for name, score in entry["scores"].items()
    }
    same = ("n", "labelled", "task_score", "unreadable", "missing")
    later = (
        "unmapped",
        "changed",
        "out_of_range",
        "unknown_pieces",
    )  # files of before they were counted do not say them
    counts = {name: entry[name] for name in same} | {name: entry.get(name, 0) for name in later}
    reasons, causes = entry.get("unreadable_reasons", {}), tuple(entry.get("causes", ()))
    data = {name: entry["data"][name] for name in ("files", "examples", "dropped", "notes")}
    return SplitResult(
        score=SplitScore(task, split, scores=scores, reasons=reasons, causes=causes, **counts),
        data=Summary(labels=Counter(entry["data"]["labels"]), **data),
        truncated=entry.get("truncated_inputs"),
        hit_limit=entry.get("outputs_at_limit"),
        limit=entry.get("limit"),
        decode=entry.get("decode", {}),
        cached=entry.get("cached", 0),
        repetitions={name: found["values"] for name, found in entry.get("repetitions", {}).items()},
        asked={name: entry[name] for name in (*ASKED, "input_tokens", "shots_dropped") if name in entry},
    )


def _averages(path: Path, benchmarks: Any) -> dict[str, dict[str, Any]]:
    try:
        return {
            name: {split: {key: entry[key] for key in ("average", "missing")} for split, entry in splits.items()}
            for name, splits in benchmarks.items()
        }
    except (AttributeError, KeyError, TypeError) as error:
        raise RunError(f"{path}: its benchmarks cannot be read ({error!r}); evaluate a task anew") from None


def source_of(option: str | None, runs: Sequence[Path]) -> tuple[DataSource | None, str]:
    """Returns where the examples are, and if nowhere, why.

    Args:
        option: `--data-dir`, None if it was not given.
        runs: the runs' folders; what one of them was evaluated with is taken if nothing else is named.

    Raises:
        UserError: what was named is not there.
    """
    if option or os.environ.get(DATA_DIR_VARIABLE):
        return data_source(option), ""
    for run in runs:
        named = recorded_source(run)
        if named is not None:
            try:
                return data_source(named), ""
            except UserError as error:
                return None, f"the data that the run was evaluated on is not at hand ({error})"
    return None, "the runs do not say where their data is; name it with --data-dir"
