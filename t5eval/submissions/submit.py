"""From a run's predictions to a leaderboard's file: every answer read, every gap named, nothing guessed."""

from collections.abc import Sequence
from pathlib import Path

import leaderboards
from t5eval.data import DataSource, as_source
from t5eval.data.submission_extras import KEPT
from t5eval.runs.folder import predictions_path
from t5eval.runs.origin import require_one_model
from t5eval.submissions.answers import Incomplete, TaskAnswers, task_answers
from t5eval.submissions.fill import Fill
from t5eval.submissions.submission import Submission
from t5eval.support.errors import PredictionError
from t5eval.support.stages import each, stage
from task_specs import TaskSpec
from task_specs.support.errors import UserError


def submit(
    name: str,
    run: Path,
    data: DataSource | Path,
    out: Path,
    *,
    fill: Sequence[str] = (),
    partial: bool = False,
    official_counts: bool = True,
    task: str | None = None,
    system: str | None = None,
    prompt: str | None = None,
) -> Submission:
    """Writes a leaderboard's submission from a run's predictions, and checks what was written; see `t5eval.submit`."""
    leaderboard = leaderboards.get(name)
    if out.resolve() == Path.cwd():
        raise UserError(f"--out {str(out)!r}: names the current folder; name a file, or a folder of its own")
    if not (run / "predictions").is_dir():
        raise PredictionError(f"--run {run}: there is no folder predictions/ in it")
    tasks = _chosen_tasks(leaderboard, run, task)
    filling = Fill.parse(fill, tasks)
    source = as_source(data)
    for spec in tasks:
        if reason := source.unsubmittable(spec):
            raise UserError(f"no {name} submission was written: {reason}")
    complete: dict[str, TaskAnswers] = {}
    left_out: dict[str, str] = {}
    for spec in each(tasks, "reading the answers", "tasks"):
        try:
            complete[spec.name] = task_answers(spec, run, source, filling, official_counts, prompt)
        except Incomplete as reason:
            left_out[spec.name] = str(reason)
    if left_out and not partial:
        reasons = "; ".join(f"{task}: {reason}" for task, reason in left_out.items())
        count = f"{len(left_out)} of {len(tasks)} tasks {'is' if len(left_out) == 1 else 'are'} incomplete: "
        way = ". --partial leaves them out, for a file that the leaderboard will not take" if complete else ""
        raise UserError(f"no {name} submission was written, {count if len(tasks) > 1 else ''}{reasons}{way}")
    if not complete:
        first = next(iter(left_out.items()))
        raise UserError(f"no {name} submission was written, no task is complete ({first[0]}: {first[1]})")
    require_one_model({task: found.origin for task, found in complete.items()})
    answers = {task: found.answers for task, found in complete.items()}
    keep = leaderboard.keeps(out, answers)
    kept = {
        s.name: KEPT[keep](s, s.submission.split, source) for s in tasks if keep and s.name in answers and s.submission
    }
    with stage("writing the submission"):
        written = leaderboard.write_keeping(out, answers, kept, system or run.resolve().name)
    with stage("checking the submission"):
        verdict = leaderboard.check(out, {task: list(found.answers) for task, found in complete.items()})
    if verdict.faults:
        if out.is_file():
            out.unlink()
        fault = verdict.faults[0]
        raise UserError(
            f"--out {out}: what was written there does not pass `t5eval check {name}` ({fault.file}: {fault.message}); "
            f"give an empty folder, or a file with the ending of the leaderboard's"
        )
    return Submission(
        path=out,
        files=written.files,
        clipped=written.clipped,
        filled={
            task: (found.filled_missing, found.filled_unreadable)
            for task, found in complete.items()
            if found.filled_missing or found.filled_unreadable
        },
        unmapped={task: found.unmapped for task, found in complete.items() if found.unmapped},
        left_out=left_out,
        notes=(*written.notes, *(f"{task}: {found.caution}" for task, found in complete.items() if found.caution)),
        verdict=verdict,
    )


def _chosen_tasks(leaderboard: leaderboards.Leaderboard, run: Path, task: str | None) -> Sequence[TaskSpec]:
    """Returns the tasks that a submission is of: all; or those, or the one version, that the run has predictions of."""
    names = ", ".join(spec.name for spec in leaderboard.tasks)
    if not (leaderboard.one_task or leaderboard.independent):
        if task is not None:
            raise UserError(f"--task {task}: a {leaderboard.name} submission is of all its tasks; leave --task out")
        return leaderboard.tasks
    if task is not None:
        chosen = [spec for spec in leaderboard.tasks if task in (spec.name, *spec.aliases)]
        if not chosen:
            raise UserError(f"--task {task}: not a task of {leaderboard.name}, which has {names}")
        return chosen
    paths = {
        spec.name: predictions_path(run, spec.name, spec.submission.split)
        for spec in leaderboard.tasks
        if spec.submission
    }
    present = [spec for spec in leaderboard.tasks if paths[spec.name].is_file()]
    if not present:
        places = " or ".join(str(path) for path in list(paths.values())[:3])
        raise PredictionError(f"--run {run}: there are no predictions for {leaderboard.name} in it ({places})")
    if len(present) > 1 and leaderboard.one_task:
        raise UserError(
            f"--run {run}: holds predictions of {' and '.join(spec.name for spec in present)}, and a "
            f"{leaderboard.name} submission is of one of them; choose it with --task"
        )
    return present
