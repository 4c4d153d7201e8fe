"""From a run's predictions to a leaderboard's file: every answer read, every gap named, nothing guessed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import leaderboards
from t5eval.data import DataSource, Summary, as_source, open_split
from t5eval.data.submission_extras import KEPT
from t5eval.runs.folder import predictions_path
from t5eval.scoring.prediction_files import read_predictions
from t5eval.scoring.score import judge
from t5eval.support.data_frames import frame
from t5eval.support.errors import MissingFile, PredictionError
from t5eval.support.stages import each, stage
from task_specs import Answer, Example, TaskSpec
from task_specs.errors import UserError, did_you_mean


@dataclass(frozen=True)
class Fill:
    """What stands in for answers that are missing or unreadable, because the user said so.

    Attributes:
        everywhere: a label for every task that needs one, None for none.
        by_task: a label for single tasks.
    """

    everywhere: str | None = None
    by_task: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, options: Sequence[str], tasks: Sequence[TaskSpec]) -> Fill:
        """Reads `LABEL` and `TASK=LABEL` options.

        Raises:
            UserError: a task is not one of the leaderboard's, or is given two labels.
        """
        everywhere: str | None = None
        by_task: dict[str, str] = {}
        names = {name: spec.name for spec in tasks for name in (spec.name, *spec.aliases)}
        for option in options:
            task, equals, label = option.partition("=")
            if not equals:
                if everywhere is not None:
                    raise UserError(f"--fill {option}: {everywhere!r} already fills every task; use --fill TASK=LABEL")
                everywhere = option
            elif task not in names:
                raise UserError(f"--fill {option}: no task {task!r} here.{did_you_mean(task, list(names))}")
            elif names[task] in by_task:
                raise UserError(f"--fill {option}: {task} is given two labels")
            else:
                by_task[names[task]] = label
        return cls(everywhere, by_task)

    def label(self, spec: TaskSpec) -> str | None:
        """Returns the label for a task, None if it has none."""
        return self.by_task.get(spec.name, self.everywhere)

    def value(self, spec: TaskSpec) -> Any:
        """Returns the value that a task's label stands for: a class by its name or as the leaderboard spells it.

        Raises:
            UserError: the label is not one of the task's.
        """
        label = self.label(spec)
        assert label is not None
        labels = tuple(map(str, getattr(spec.submission, "labels", ())))
        spellings = (getattr(spec.answer, "classes", ()), labels)
        for names in spellings:
            if label in names:
                return names.index(label)
        if not any(spellings):
            answer: Answer = spec.answer.parse(label, {}, "")
            if answer.readable:
                return answer.value
        allowed = dict.fromkeys(name for names in spellings for name in names)
        raise UserError(
            f"--fill {label} is no answer of {spec.name}; its labels are {', '.join(allowed) or 'numbers'}. "
            f"Use --fill {spec.name}=LABEL"
        )


@dataclass(frozen=True)
class TaskAnswers:
    """One task's answers, ready for its file.

    Attributes:
        answers: example id to value, for every example of the split.
        filled_missing: how many examples had no prediction and were filled.
        filled_unreadable: how many predictions were unreadable and were filled.
        unmapped: how many answers are not in the passage of which they should be a piece; they stand as they are.
        data: what was read of the split.
    """

    answers: Mapping[str, Any]
    filled_missing: int
    filled_unreadable: int
    unmapped: int
    data: Summary


@dataclass(frozen=True)
class Submission:
    """What was written.

    Attributes:
        path: the file.
        files: file name to rows.
        clipped: file name to how many numbers were clipped to the leaderboard's range.
        filled: task name to (missing, unreadable) answers that were filled.
        unmapped: task name to how many answers are not in the passage of which they should be a piece.
        left_out: task name to the reason why its file is not there.
        notes: what else was changed in the answers for the file's sake.
        verdict: what `t5eval check` says of the file, with the data at hand.
    """

    path: Path
    files: Mapping[str, int]
    clipped: Mapping[str, int]
    filled: Mapping[str, tuple[int, int]]
    unmapped: Mapping[str, int]
    left_out: Mapping[str, str]
    notes: Sequence[str]
    verdict: leaderboards.Verdict

    def to_json(self) -> dict[str, Any]:
        """Returns what `t5eval submit --json` prints."""
        return {
            "path": str(self.path),
            "status": self.verdict.status,
            "files": dict(self.files),
            "clipped": dict(self.clipped),
            "filled": {task: {"missing": m, "unreadable": u} for task, (m, u) in self.filled.items()},
            "unmapped": dict(self.unmapped),
            "left_out": dict(self.left_out),
            "notes": list(self.notes),
        }

    def to_pandas(self) -> Any:
        """Returns a data frame with a row for each file: its name, rows and clipped numbers.

        Raises:
            MissingPackage: pandas is not installed.
        """
        rows = [(name, n, self.clipped.get(name, 0)) for name, n in self.files.items()]
        return frame(rows, ("file", "rows", "clipped"))


class _Incomplete(Exception):
    """Why a task has no file."""


def _task_answers(spec: TaskSpec, run: Path, source: DataSource, fill: Fill, official_counts: bool) -> TaskAnswers:
    """Reads a task's answers.

    Raises:
        _Incomplete: the data or an answer is not there, or cannot be read, and nothing was said to fill it.
        UserError: what is there is damaged.
    """
    assert spec.submission is not None
    split = spec.submission.split
    try:
        opened = open_split(spec, split, source)
        examples = list(opened)
    except MissingFile as error:
        raise _Incomplete(str(error)) from None
    official = spec.sizes.get(split)
    if official_counts and official is not None and len(examples) != official:
        raise _Incomplete(f"its {split} data has {len(examples):,} of the leaderboard's {official:,} rows")
    path = predictions_path(run, spec.name, split)
    if not path.is_file():
        raise _Incomplete(f"there are no predictions ({path})")
    predictions = read_predictions(path, [example.id for example in examples], "jsonl")
    return _read_answers(spec, examples, predictions, fill, opened.summary)


def _read_answers(
    spec: TaskSpec, examples: Sequence[Example], predictions: Mapping[str, str], fill: Fill, data: Summary
) -> TaskAnswers:
    judged = judge(spec, examples, predictions)
    missing = sum(e.missing for e in judged)
    unreadable = [e for e in judged if not e.missing and not e.answer.readable]
    if (missing or unreadable) and fill.label(spec) is None:
        reasons = [f"{missing:,} of {len(judged):,} examples have no prediction"] if missing else []
        if unreadable:
            first = unreadable[0]
            reasons.append(f"{len(unreadable):,} answers are unreadable (id {first.id}: {first.answer.reason})")
        raise _Incomplete(f"{' and '.join(reasons)}; --fill {spec.name}=LABEL fills them")
    stand_in = fill.value(spec) if missing or unreadable else None
    return TaskAnswers(
        answers={e.id: stand_in if e.missing or not e.answer.readable else e.answer.value for e in judged},
        filled_missing=missing,
        filled_unreadable=len(unreadable),
        unmapped=sum(not e.answer.mapped and not e.missing for e in judged),
        data=data,
    )


def _tasks(leaderboard: leaderboards.Leaderboard, run: Path, task: str | None) -> Sequence[TaskSpec]:
    """Returns the tasks that a submission is of: all; or those, or the one version, that the run has predictions of.

    Raises:
        UserError: the run has predictions of several versions or of none, or `task` is not one of them.
    """
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
) -> Submission:
    """Writes a leaderboard's submission from a run's predictions, and checks what was written.

    Args:
        name: the leaderboard.
        run: a folder that holds `predictions/TASK/SPLIT.jsonl`.
        data: where the examples come from: it says which examples there are.
        out: the file to write.
        fill: `LABEL` or `TASK=LABEL` for answers that are missing or unreadable.
        partial: leave out the tasks that are incomplete, instead of refusing.
        official_counts: refuse data that has other numbers of rows than the leaderboard's.
        task: which task, where a submission is of one; None for the one that the run has predictions of.
        system: the system's name, for forms that have a place for it; None for the run's.

    Raises:
        UserError: a task is incomplete and `partial` does not allow it, or no task is complete.
    """
    leaderboard = leaderboards.get(name)
    if out.resolve() == Path.cwd():
        raise UserError(f"--out {str(out)!r}: names the current folder; name a file, or a folder of its own")
    if not (run / "predictions").is_dir():
        raise PredictionError(f"--run {run}: there is no folder predictions/ in it")
    tasks = _tasks(leaderboard, run, task)
    filling = Fill.parse(fill, tasks)
    source = as_source(data)
    for spec in tasks:
        if reason := source.unsubmittable(spec):
            raise UserError(f"no {name} submission was written: {reason}")
    complete: dict[str, TaskAnswers] = {}
    left_out: dict[str, str] = {}
    for spec in each(tasks, "reading the answers", "tasks"):
        try:
            complete[spec.name] = _task_answers(spec, run, source, filling, official_counts)
        except _Incomplete as reason:
            left_out[spec.name] = str(reason)
    if left_out and not partial:
        reasons = "; ".join(f"{task}: {reason}" for task, reason in left_out.items())
        count = f"{len(left_out)} of {len(tasks)} tasks {'is' if len(left_out) == 1 else 'are'} incomplete: "
        way = ". --partial leaves them out, for a file that the leaderboard will not take" if complete else ""
        raise UserError(f"no {name} submission was written, {count if len(tasks) > 1 else ''}{reasons}{way}")
    if not complete:
        first = next(iter(left_out.items()))
        raise UserError(f"no {name} submission was written, no task is complete ({first[0]}: {first[1]})")
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
        notes=written.notes,
        verdict=verdict,
    )


def read_back(path: Path, spec: TaskSpec, split: str, source: DataSource) -> dict[str, Any]:
    """Returns a task's answers from a submission that was made for a split: example id to value.

    Raises:
        UserError: the task has no file in a submission, this one lacks it, or a file has a fault.
    """
    leaderboard = leaderboards.of_task(spec)
    if leaderboard is None or spec.submission is None:
        raise UserError(f"{spec.name} has no file in any leaderboard's submission; score its --predictions")
    ids: dict[str, list[str]] = {}
    for other in leaderboard.tasks:
        # The other files of the archive were made from the same split, so that is what they must hold.
        if other == spec or not (leaderboard.one_task or leaderboard.independent):
            try:
                ids[other.name] = [example.id for example in open_split(other, split, source)]
            except UserError:
                continue
    values = leaderboard.read(path, ids)
    if spec.name not in values:
        raise UserError(f"{path}: {spec.submission.file} is not in it, so there is nothing of {spec.name} to score")
    return values[spec.name]


def data_ids(name: str, source: DataSource) -> dict[str, list[str]]:
    """Returns the example ids of a leaderboard's tasks whose test data is at hand, by task name."""
    ids: dict[str, list[str]] = {}
    for spec in each(leaderboards.get(name).tasks, "reading the data's ids", "tasks"):
        assert spec.submission is not None
        try:
            ids[spec.name] = [example.id for example in open_split(spec, spec.submission.split, source)]
        except MissingFile:
            continue
    return ids
