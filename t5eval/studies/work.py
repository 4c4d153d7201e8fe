"""Doing what is missing of a study, in any number of processes that see the folders: each takes a run nobody holds."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keras_model.files.atomic import Held, held
from t5eval.api.arguments import Silent
from t5eval.api.evaluate import evaluate
from t5eval.api.train import Display, train
from t5eval.evaluation.splits import Displays
from t5eval.studies.planned_runs import HELD_OUT_LOSS, Measure, Plan, PlannedRun
from t5eval.support.errors import RunError
from t5eval.support.files import write_json
from t5eval.support.stages import saved
from t5eval.support.strict_json import parse_json
from t5eval.support.tensorflow_import import begin_another_model
from t5eval.training.config import TrainConfig
from t5eval.training.held_out_loss import held_out_loss
from t5eval.training.mixture import drawn_tasks
from task_specs.support.errors import UserError

RESULT_FILE = "measured.json"
"""In a run's folder: what was measured of it; written last."""
CLAIM_FILE = ".claim"
"""In a run's folder: the lock of the process that trains and evaluates it, which goes with the process."""
LOOK_EVERY_SECONDS = 2.0
"""While other processes hold what is left."""


@dataclass(frozen=True)
class Worker:
    """How a process works on a study.

    Attributes:
        say: told what happens, a line at a time.
        display: opens the display of a training, given its number of steps.
        progress: opens the display of a split that is answered, given its name.
        wait: called while other processes hold all that is left.
    """

    say: Callable[[str], None] = lambda line: None
    display: Callable[[int], AbstractContextManager[Display]] = Silent
    progress: Displays = Silent
    wait: Callable[[], None] = lambda: time.sleep(LOOK_EVERY_SECONDS)


def measured_of(run: PlannedRun) -> Mapping[str, Any]:
    """Returns what was measured of a run, by measure; empty where it has not ended.

    Raises:
        RunError: the file is damaged.
    """
    return _result(run).get("measures", {})


def is_done(plan: Plan, run: PlannedRun) -> bool:
    """Returns whether a run was trained and everything of it measured."""
    result = _result(run)
    return bool(result) and all(measure.name in result["measures"] for measure in plan.measured[run.folder])


def work(plan: Plan, worker: Worker) -> None:
    """Does every run that is not done, as soon as those that it needs are; ends when all are, whoever did them.

    A run that fails ends none of the others that do not need it.

    Raises:
        UserError: runs failed; all are named.
    """
    failed: dict[Path, str] = {}
    waited = False
    while left := [run for run in plan.runs.values() if run.folder not in failed and not is_done(plan, run)]:
        for run in left:
            if any(parent.folder in failed for parent in run.parents):
                failed[run.folder] = f"{run.name}: what it needs failed"
                break
            if all(is_done(plan, parent) for parent in run.parents) and _take(plan, run, worker, failed):
                waited = False
                break
        else:
            if not waited:
                worker.say(f"waiting: other processes hold the rest, {len(left):,} of {len(plan.runs):,} runs")
                waited = True
            worker.wait()
    if failed:
        raise UserError(f"{len(failed):,} of {len(plan.runs):,} runs failed: {'; '.join(failed.values())}")


def _take(plan: Plan, run: PlannedRun, worker: Worker, failed: dict[Path, str]) -> bool:
    """Does a run unless another process holds it; returns whether anything has changed."""
    with contextlib.ExitStack() as stack:
        run.folder.mkdir(parents=True, exist_ok=True)
        try:
            stack.enter_context(held(run.folder / CLAIM_FILE))
        except Held:
            return False
        if is_done(plan, run):
            return True  # by another process, since we looked
        worker.say(_said(plan, run))
        try:
            with saved(f"{run.folder} has what was done of it, and the same command goes on from there"):
                _do(run, plan.measured[run.folder], worker)
        except UserError as error:
            failed[run.folder] = f"{run.name} (seed {run.seed}): {error}"
            worker.say(failed[run.folder])
    return True


def _do(run: PlannedRun, measures: list[Measure], worker: Worker) -> None:
    """Trains a run that this process holds, measures it, and writes down what came out."""
    begin_another_model()
    started, share = time.monotonic(), 0.0
    result = dict(_result(run))
    if run.table is not None and not result:
        trained = train(display=worker.display, **run.settings).result
        share = (trained.steps - trained.first_step) / trained.steps
    found = dict(result.get("measures", {}))
    missing = [measure for measure in measures if measure.name not in found]
    if tasks := list(dict.fromkeys(task for measure in missing for task in measure.tasks)):
        evaluation = evaluate(
            run.model,
            tasks,
            out=run.folder,
            data=run.trained[0].config.data_dir,
            splits="validation",
            decode="greedy",  # as in all of the paper's study (section 3.1.2), also where a row says beam search
            progress=worker.progress,
            say=worker.say,
        )
        for measure in missing:
            if measure.tasks:
                found[measure.name] = _value(evaluation.document, measure)
                if found[measure.name] is None:
                    worker.say(f"{run.name}: no {measure.name}: {_lacking(evaluation.document, measure)}")
    if HELD_OUT_LOSS in (measure.name for measure in missing):
        found[HELD_OUT_LOSS] = held_out_loss(run.folder / "model", run.config)
    if not result:
        result = {"run": run.name, "seed": run.seed, "tokens": round(share * tokens_of(run)), "seconds": None}
        result["seconds"] = round(time.monotonic() - started, 1)
    write_json(run.folder / RESULT_FILE, {**result, "measures": found})


def _value(document: Mapping[str, Any], measure: Measure) -> float | None:
    """Returns a measure from an evaluation's results; None where it is undefined or incomplete."""
    if len(measure.columns) > 1:
        columns = document["benchmarks"][measure.name]["validation"]["columns"]
        scores = [columns.get("+".join(column)) for column in measure.columns]
        return None if None in scores else sum(scores) / len(scores)
    result = document["results"][measure.tasks[0]]["validation"]
    value = result["scores"][measure.score]["value"] if measure.score else result["task_score"]
    return None if value is None else float(value)


def _lacking(document: Mapping[str, Any], measure: Measure) -> str:
    """Returns why a measure has no value."""
    missing = document["benchmarks"].get(measure.name, {}).get("validation", {}).get("missing", {})
    return "; ".join(f"{task}: {why}" for task, why in missing.items() if task in measure.tasks) or "it is undefined"


def tokens_of(run: PlannedRun) -> int:
    """Returns how many places a training's batches have in all, source and target, padding included: at the most."""
    return 0 if run.table is None else run.config.settings.steps * _places(run.config)


def _places(config: TrainConfig) -> int:
    settings = config.settings
    if settings.packing:
        return settings.batch_size * sum(settings.packing)
    if settings.batch_tokens:
        return settings.batch_tokens
    text = config.text_data
    lengths = [spec.lengths for spec in drawn_tasks(config.mixture, with_text=text is not None)]
    longest = [max((getattr(each, side) for each in lengths), default=0) for side in ("inputs", "targets")]
    if text:
        longest = [max(longest[0], text.inputs), max(longest[1], text.inputs)]
    return settings.batch_size * sum(longest)


@dataclass(frozen=True)
class Standing:
    """How far a study is.

    Attributes:
        done: runs that are done.
        runs: of how many.
        tokens: of the trainings that are done.
        of_tokens: of all trainings.
        seconds_left: how long one process needs for the rest, at the rate of the runs that are done; None if unknown.
    """

    done: int
    runs: int
    tokens: int
    of_tokens: int
    seconds_left: float | None


def standing(plan: Plan) -> Standing:
    """Returns how far a study is, whoever did it."""
    finished = [run for run in plan.runs.values() if is_done(plan, run)]
    tokens, of_tokens = (sum(map(tokens_of, runs)) for runs in (finished, plan.runs.values()))
    results = [_result(run) for run in finished]
    trained, seconds = (sum(result.get(key) or 0 for result in results) for key in ("tokens", "seconds"))
    left = (of_tokens - tokens) * seconds / trained if trained else None
    return Standing(len(finished), len(plan.runs), tokens, of_tokens, left)


def _said(plan: Plan, run: PlannedRun) -> str:
    now = standing(plan)
    share = f"{now.tokens / now.of_tokens:.0%} of the tokens" if now.of_tokens else "no training"
    left = f", about {_minutes(now.seconds_left)} left for one process" if now.seconds_left is not None else ""
    return f"run {now.done + 1:,} of {now.runs:,}, {share} done{left}: {run.name}, seed {run.seed}, in {run.folder}"


def _minutes(seconds: float) -> str:
    hours, minutes = divmod(math.ceil(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def _result(run: PlannedRun) -> Mapping[str, Any]:
    path = run.folder / RESULT_FILE
    try:
        found = parse_json(path.read_bytes())
        if not isinstance(found, dict) or not isinstance(found.get("measures"), dict):
            raise ValueError("it has no measures")
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise RunError(
            f"{path}: cannot be read ({error}); remove it, and what was measured is measured again"
        ) from None
    return found


def states(plan: Plan) -> list[tuple[PlannedRun, str]]:
    """Returns each run with where it stands: done, held by a process, begun, or to do."""
    return [(run, _state(plan, run)) for run in plan.runs.values()]


def _state(plan: Plan, run: PlannedRun) -> str:
    if is_done(plan, run):
        return "done"
    if not run.folder.exists():
        return "to do"
    try:
        with held(run.folder / CLAIM_FILE):
            return "begun"
    except Held as owner:
        return f"held by process {owner}"
