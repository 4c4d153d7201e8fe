"""A split's examples with what a run said of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from t5eval.data import DataSource, open_split
from t5eval.metrics import Batch, Scored
from t5eval.metrics.calibration import right_metric
from t5eval.metrics.metric import Floats
from t5eval.prompts.asking import recorded_task
from t5eval.reports.measures import Measure, measure
from t5eval.reports.reported_run import Key, Run
from t5eval.runs.folder import predictions_path
from t5eval.runs.prediction import Prediction
from t5eval.scoring.prediction_files import read_predictions, stored_predictions
from t5eval.scoring.score import evaluation_pair, judge
from task_specs import Example, TaskSpec
from task_specs.support.errors import UserError


@dataclass(frozen=True)
class SplitExamples:
    """The examples of a split, in file order.

    Attributes:
        spec: the task as it was asked.
        examples: what the data has.
        fingerprint: the data's hash.
    """

    spec: TaskSpec
    split: str
    examples: Sequence[Example]
    fingerprint: str

    @cached_property
    def inputs(self) -> Sequence[str]:
        """The text that a model reads, of each example."""
        return [evaluation_pair(self.spec, example).inputs for example in self.examples]

    @cached_property
    def words(self) -> Sequence[int]:
        """How many words each input has."""
        return [len(text.split()) for text in self.inputs]

    @cached_property
    def places(self) -> Mapping[str, int]:
        """Where each id stands in `examples`."""
        return {example.id: place for place, example in enumerate(self.examples)}


@dataclass(frozen=True)
class RunAnswers:
    """What one run said of a split.

    Attributes:
        spec: the task as the run was asked it.
        judged: its answers, in file order; under a limit the first ones only.
        places: where the example of each stands in the split.
        stored: what the store says beside the texts, by id; empty of files that are no store.
        labelled: whether there was something to judge by.
        measure: what each answer comes to, None where that has no number.
        choices: the answers that were ranked, empty where none were or they are not known.
    """

    spec: TaskSpec
    judged: Sequence[Scored]
    places: Sequence[int]
    stored: Mapping[str, Prediction]
    labelled: bool
    measure: Measure | None
    choices: Sequence[str]

    @cached_property
    def batch(self) -> Batch:
        """The answers as metrics take them."""
        return Batch(self.judged, tuple(getattr(self.spec.answer, "classes", ())))

    @cached_property
    def right(self) -> Floats | None:
        """Which answers are right, 1 or 0, shape [judged]; None where they are not labelled, or not right or wrong."""
        metric = right_metric(self.spec, self.batch) if self.labelled and self.judged else None
        return None if metric is None else metric.statistics(self.batch)[:, 0]

    @cached_property
    def numbers(self) -> Mapping[int, int]:
        """Which of `judged` each place's is."""
        return {place: number for number, place in enumerate(self.places)}


def open_examples(key: Key, asked: Mapping[str, Any], data: DataSource) -> SplitExamples:
    """Reads a split's examples.

    Args:
        asked: how a run was asked, as its result records it.

    Raises:
        UserError: the task is not known here, or its data is not there.
    """
    task, split = key
    spec = recorded_task(task, asked)
    opened = open_split(spec, split, data, with_labels=True)
    examples = list(opened)
    return SplitExamples(spec, split, examples, opened.summary.fingerprint)


def answers_of(run: Run, key: Key, split: SplitExamples) -> RunAnswers:
    """Joins a run's predictions with a split's examples, and judges them as scoring does.

    Raises:
        UserError: they cannot be shown: the data or the predictions are not those that were scored.
    """
    result, path = run.results[key], predictions_path(run.path, *key)
    if result.data.fingerprint != split.fingerprint:
        raise UserError("the data at hand is not what it was scored on")
    if not path.exists():
        raise UserError(f"{path.relative_to(run.path)} is not there")
    texts = read_predictions(path, [example.id for example in split.examples])
    spec = recorded_task(key[0], result.asked)
    examples = split.examples[: result.limit]
    if key in run.waiting:
        examples = [example for example in examples if example.id in texts]
    stored = stored_predictions(path, None)
    judged = judge(spec, examples, texts, stored)
    missing = sum(answer.missing for answer in judged)
    unreadable = sum(not answer.answer.readable for answer in judged if not answer.missing)
    if key not in run.waiting and (missing, unreadable) != (result.score.missing, result.score.unreadable):
        raise UserError(f"{path.relative_to(run.path)} is not what was scored")
    labelled = result.score.labelled
    return RunAnswers(
        spec=spec,
        judged=judged,
        places=[split.places[answer.id] for answer in judged],
        stored=stored,
        labelled=labelled,
        measure=measure(spec, judged) if labelled and judged else None,
        choices=tuple(result.decode.get("choices", ())),
    )
