"""A split's examples with what every run said of them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from t5eval.data import DataSource, open_split
from t5eval.metrics import Scored
from t5eval.prompts.asking import recorded_task
from t5eval.reports.measures import Measure, measure
from t5eval.reports.reported_run import Key, Run
from t5eval.runs.folder import predictions_path
from t5eval.scoring.prediction_files import read_predictions
from t5eval.scoring.score import evaluation_pair, judge
from t5eval.scoring.text_files import read_text
from task_specs import TaskSpec
from task_specs.support.errors import UserError


@dataclass(frozen=True)
class RunAnswers:
    """What one run said.

    Attributes:
        judged: its answers, in file order; under a limit the first ones only.
        truncated: ids of inputs that were cut.
        at_limit: ids of outputs that ended at the length limit.
        labelled: whether there was something to judge by.
        measure: what each answer comes to, None where that has no number.
    """

    judged: Sequence[Scored]
    truncated: frozenset[str]
    at_limit: frozenset[str]
    labelled: bool
    measure: Measure | None

    @cached_property
    def places(self) -> Mapping[str, int]:
        """Where the answer to each id stands in `judged`."""
        return {example.id: place for place, example in enumerate(self.judged)}


@dataclass(frozen=True)
class JudgedSplit:
    """A split's examples with what every run said of them.

    Attributes:
        spec: the task; None where it is not known here.
        inputs: id to the text that a model reads, in file order.
        answers: one for each run of the report, None where the run has none, or its data was other.
        notes: why something is not there.
    """

    spec: TaskSpec | None
    inputs: Mapping[str, str]
    answers: Sequence[RunAnswers | None]
    notes: Sequence[str]


def judge_split(key: Key, runs: Sequence[Run], data: DataSource) -> JudgedSplit:
    """Joins the runs' predictions of a split with its examples, and judges them as scoring does."""
    task, split = key
    answers: list[RunAnswers | None] = [None] * len(runs)
    spec: TaskSpec | None = None
    try:
        spec = recorded_task(task, next((run.results[key].asked for run in runs if key in run.results), {}))
        opened = open_split(spec, split, data, with_labels=True)
        examples = list(opened)
    except UserError as error:
        return JudgedSplit(spec, {}, answers, [f"no examples are shown: {error}"])
    notes = []
    for place, run in enumerate(runs):
        result, path = run.results.get(key), predictions_path(run.path, task, split)
        if result is None:
            continue
        try:
            if result.data.fingerprint != opened.summary.fingerprint:
                raise UserError("the data at hand is not what it was scored on")
            if not path.exists():
                raise UserError(f"{path.relative_to(run.path)} is not there")
            texts = read_predictions(path, [example.id for example in examples])
        except UserError as error:
            notes.append(f"{run.name}: its examples are not shown: {error}")
            continue
        judged = judge(recorded_task(task, result.asked), examples[: result.limit], texts)
        missing = sum(answer.missing for answer in judged)
        unreadable = sum(not answer.answer.readable for answer in judged if not answer.missing)
        if (missing, unreadable) != (result.score.missing, result.score.unreadable):
            notes.append(f"{run.name}: its examples are not shown: {path.relative_to(run.path)} is not what was scored")
            continue
        labelled, flags = result.score.labelled, _flags(read_text(path))
        answers[place] = RunAnswers(judged, *flags, labelled, measure(spec, judged) if labelled else None)
    pairs = (evaluation_pair(spec, example) for example in examples)
    return JudgedSplit(spec, {pair.id: pair.inputs for pair in pairs}, answers, notes)


def _flags(text: str) -> tuple[frozenset[str], frozenset[str]]:
    """Returns the ids of a prediction file's truncated inputs, and of its outputs that ended at the length limit."""
    marked: dict[str, set[str]] = {"truncated": set(), "hit_limit": set()}
    for line in text.split("\n"):
        if any(f'"{name}"' in line for name in marked):
            try:
                record = json.loads(line)
            except (ValueError, RecursionError):  # a line of plain text
                continue
            if isinstance(record, dict) and "id" in record:
                for name, ids in marked.items():
                    if record.get(name) is True:
                        ids.add(str(record["id"]))
    return frozenset(marked["truncated"]), frozenset(marked["hit_limit"])
