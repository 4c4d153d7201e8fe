"""From predictions to scores: parse each answer, compute the task's metrics with their intervals."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from t5eval.data import Split
from t5eval.metrics import Batch, Metric, Scored, metric_of
from t5eval.metrics.calibration import Calibration, calibration_error, calibration_of
from t5eval.metrics.metric import Floats
from t5eval.metrics.no_answer import Answering, no_answer_scores
from t5eval.runs.prediction import Prediction
from t5eval.scoring.text_cautions import text_cautions, untranslated_texts
from t5eval.support.errors import PredictionError
from t5eval.support.stages import each, stage
from t5eval.support.version import version_and_commit
from task_specs import Answer, Example, TaskSpec, TextPair
from task_specs.answers.filters import filtered
from task_specs.answers.labels import Number, Text
from task_specs.answers.squad import ContextSpan
from task_specs.records import FrozenDict
from task_specs.support.errors import UserError

READABLE = "_readable"  # suffix of a score over the readable answers alone
AS_WRITTEN = "_as_written"  # suffix of a score of texts as they stand, T5's way of writing not undone
UNKNOWN_MARKS = ("⁇", "<unk>")  # what SentencePiece writes for the unknown id, and other libraries
UNKNOWN_MARK = re.compile("|".join(UNKNOWN_MARKS))
STRICT = "_strict"  # suffix of a score of the texts as they stand, where filters were applied before reading
FEW = 30  # fewer examples say little
UNLABELLED = Answer(None, None, "the split has no labels")


@dataclass(frozen=True)
class Score:
    """One number with what it takes to trust it.

    Attributes:
        value: in percent, unrounded; None where it is undefined.
        ci95: the 95 % interval, made as the signature says; None where undefined.
        signature: every choice behind the number.
    """

    value: float | None
    ci95: tuple[float, float] | None
    signature: str

    def to_json(self) -> dict[str, Any]:
        """Returns the score as JSON data."""
        return {"value": self.value, "ci95": list(self.ci95) if self.ci95 else None, "signature": self.signature}


@dataclass(frozen=True)
class SplitScore:
    """The scores of one split of one task.

    Attributes:
        task: the task's name.
        split: the split.
        n: its examples.
        labelled: whether there was something to score against.
        scores: score name to score, in the row's order.
        task_score: the leaderboard's score of the task, None where a part of it is undefined.
        unreadable: predictions that say nothing that counts, those missing left out.
        missing: examples without a prediction, counted as wrong.
        unmapped: predictions that were not found in the passage of which an answer is a piece; scored as they are.
        changed: predictions in which T5's way of writing was undone before they were scored.
        out_of_range: numbers outside the range of the true ones; scored as they are.
        unknown_pieces: predictions with a mark for what their vocabulary lacks, ` ⁇ ` or `<unk>`.
        reasons: the commonest reasons why answers were unreadable, with their counts.
        causes: what went wrong with many texts at once, and what to know of the metrics; a line each.
        slices: what the examples are divided by, to its values, to the scores of the examples under each.
        calibration: how confidence goes with right answers; None where no confidence is known.
        no_answer: how probabilities of no answer serve, by score; empty where they are not known.
    """

    task: str
    split: str
    n: int
    labelled: bool
    scores: Mapping[str, Score]
    task_score: float | None
    unreadable: int
    missing: int
    unmapped: int
    changed: int
    out_of_range: int
    unknown_pieces: int
    reasons: Mapping[str, int]
    causes: Sequence[str] = ()
    slices: Mapping[str, Mapping[str, "SplitScore"]] = FrozenDict()
    calibration: Calibration | None = None
    no_answer: Mapping[str, Answering] = FrozenDict()

    @property
    def few(self) -> bool:
        """Whether there are too few examples to say much."""
        return self.n < FEW

    def to_json(self) -> dict[str, Any]:
        """Returns the scores as JSON data."""
        return {
            "task": self.task,
            "split": self.split,
            "n": self.n,
            "labelled": self.labelled,
            "scores": {name: score.to_json() for name, score in self.scores.items()},
            "task_score": self.task_score,
            "unreadable": self.unreadable,
            "missing": self.missing,
            "unmapped": self.unmapped,
            "changed": self.changed,
            "out_of_range": self.out_of_range,
            "unknown_pieces": self.unknown_pieces,
            "unreadable_reasons": dict(self.reasons),
            **({"no_answer": {k: one.to_json() for k, one in self.no_answer.items()}} if self.no_answer else {}),
            **({"calibration": self.calibration.to_json()} if self.calibration else {}),
            "causes": list(self.causes),
            **({"slices": {name: _slices_json(values) for name, values in self.slices.items()}} if self.slices else {}),
        }

    def share(self, count: int, what: str) -> str:
        """Returns a number of the examples in words: `3 of 80 answers (3.8 %)`."""
        share = 100 * count / self.n if self.n else 0.0
        return f"{count:,} of {self.n:,} {what} ({f'{share:.1f}' if share >= 0.1 else 'under 0.1'} %)"

    def cautions(self) -> Iterator[tuple[str, Sequence[str]]]:
        """Yields what to know of the answers before quoting the scores, with its reasons."""
        if self.missing:
            yield f"{self.share(self.missing, 'examples')} have no prediction and count as wrong", ()
        if self.unreadable:
            reasons = [f"{count:,} × {reason}" for reason, count in self.reasons.items()]
            yield f"{self.share(self.unreadable, 'answers')} are unreadable", reasons
        if self.unmapped:
            yield f"{self.share(self.unmapped, 'answers')} are not in the passage; scored as they are", ()
        if self.changed:
            beside = ", ".join(name for name in self.scores if name.endswith(AS_WRITTEN))
            yield (
                f"{self.share(self.changed, 'answers')} are scored without T5's way of writing them"
                f"{beside and f'; as they stand: {beside}'}",
                (),
            )
        if self.out_of_range:
            yield f"{self.share(self.out_of_range, 'answers')} are out of range; scored as they are", ()
        if self.unknown_pieces:
            marks = " or ".join(UNKNOWN_MARKS)
            yield (
                f"{self.share(self.unknown_pieces, 'answers')} have {marks}, which stand for what a vocabulary lacks",
                (),
            )
        yield from ((cause, ()) for cause in self.causes)


def _slices_json(values: Mapping[str, SplitScore]) -> dict[str, Any]:
    """Returns the slices under one name as JSON data; one of few examples says so."""
    return {
        value: {
            "n": one.n,
            "scores": {name: score.to_json() for name, score in one.scores.items()},
            **({"few": True} if one.few else {}),
        }
        for value, one in values.items()
    }


def evaluation_pair(spec: TaskSpec, example: Example) -> TextPair:
    """Returns the one text pair that an example has in evaluation."""
    (pair,) = spec.pairs(example)
    return pair


def reference_examples(
    spec: TaskSpec, references: Iterable[str] | Mapping[str, str | tuple[str, ...]]
) -> list[Example]:
    """Returns examples that have nothing but true texts: texts are compared without their inputs.

    Args:
        references: the texts by id, or numbered from 0; several of an example are a tuple.

    Raises:
        UserError: the task's answers are no free texts.
    """
    if not isinstance(spec.answer, Text):
        raise UserError(
            f"{spec.name}: its answers are of kind {spec.answer.kind!r}, which its data is needed for; --references is "
            f"for free texts, such as translations and summaries"
        )
    unknown = dict.fromkeys(spec.text.fields, "")
    texts = references if isinstance(references, Mapping) else {str(i): text for i, text in enumerate(references)}
    return [Example(i, {**unknown, spec.answer.field: text}) for i, text in texts.items()]


def require_labels(spec: TaskSpec, split: str, examples: Iterable[Example]) -> None:
    """Raises an error that points to `t5eval submit` if an example has no label.

    Raises:
        PredictionError: as said.
    """
    for example in examples:
        if spec.answer.gold(example.features, evaluation_pair(spec, example).targets) is None:
            apart = getattr(spec.source, "labels", {}).get(split)
            absent = f" ({apart.file}, which holds them, is not there)" if apart else ""
            raise PredictionError(
                f"{spec.name} {split} has no labels here (example {example.id}){absent}, so it cannot be scored; "
                f"`t5eval submit {spec.benchmark}` writes what the leaderboard scores"
            )


def has_labels(split: Split) -> bool:
    """Returns whether the first example of a split, which was opened with labels, has one."""
    spec = split.spec
    first = next(iter(split), None)
    return first is not None and spec.answer.gold(first.features, evaluation_pair(spec, first).targets) is not None


def judge(
    spec: TaskSpec,
    examples: Iterable[Example],
    predictions: Mapping[str, str],
    stored: Mapping[str, Prediction] = FrozenDict(),
) -> list[Scored]:
    """Reads every example's answer.

    Args:
        examples: the split's examples.
        predictions: example id to predicted text; an example without one counts as answered by empty text.
        stored: example id to the whole prediction, as far as it says more than its text: what was probable.
    """
    judged = []
    for example in examples:
        targets = evaluation_pair(spec, example).targets
        gold = spec.answer.gold(example.features, targets) or UNLABELLED
        judged.append(_judged(spec, example, targets, gold, predictions.get(example.id), stored.get(example.id)))
    return judged


def judge_others(
    spec: TaskSpec,
    judged: Iterable[Scored],
    predictions: Mapping[str, str],
    stored: Mapping[str, Prediction] = FrozenDict(),
) -> list[Scored]:
    """Reads others' answers to examples that were judged by the same row: what is true of them is told already.

    Args:
        judged: what `judge` returned.
        predictions: see `judge`.
        stored: see `judge`.
    """
    return [_judged(spec, e, e.targets, e.gold, predictions.get(e.id), stored.get(e.id)) for e in judged]


def _judged(
    spec: TaskSpec,
    example: Example | Scored,
    targets: str,
    gold: Answer,
    given: str | None,
    more: Prediction | None,
) -> Scored:
    text, missing, features = given or "", given is None, example.features
    confidence, no_answer = (more.confidence, more.no_answer) if more else (None, None)
    filtering = spec.filters and not missing
    answer = UNLABELLED if filtering else spec.answer.parse(text, features, targets)
    said = Scored(
        example.id, features, targets, text, answer, gold, missing, confidence=confidence, no_answer=no_answer
    )
    return _read(spec, said) if filtering else said


def _read_strictly(spec: TaskSpec, said: Scored) -> Scored:
    """Reads an answer as it was written."""
    text = said.prediction if said.written is None else said.written
    answer = spec.answer.parse(text, said.features, said.targets)
    return replace(said, prediction=text, answer=answer, written=None)


def _read(spec: TaskSpec, said: Scored) -> Scored:
    """Reads what the task's filters leave of an answer; where they find nothing, it is unreadable."""
    wordings = getattr(spec.answer, "wordings", None)
    possible = spec.answer.choices if wordings is None else wordings(said.features)
    text, fault = filtered(said.prediction, spec.filters, possible)
    answer = spec.answer.parse(text, said.features, said.targets)
    if fault:
        # A free text is compared as it is, and nothing of it is left; no class, number or statement is made of that.
        answer = replace(answer, value="" if isinstance(spec.answer, Text) else None, reason=fault)
    return replace(said, prediction=text, answer=answer, written=said.prediction)


def judge_values(spec: TaskSpec, examples: Iterable[Example], values: Mapping[str, Any]) -> list[Scored]:
    """Judges answers that were read from a submission instead of from texts: as they stand, nothing undone.

    Args:
        examples: the split's examples.
        values: example id to class index, number or text, for every example.
    """
    judged = []
    for blank in judge(spec, examples, {}):
        value = values[blank.id]
        judged.append(replace(blank, prediction=str(value), answer=Answer(value, value), missing=False))
    return judged


def oddities(spec: TaskSpec, judged: Sequence[Scored]) -> list[str]:
    """Returns a line for each thing that the data shows to be odd about several texts of a submission."""
    if isinstance(spec.answer, Text):
        return list(untranslated_texts(spec, judged))
    if not isinstance(spec.answer, ContextSpan):
        return []
    found = Counter(spec.answer.oddity(e.prediction, e.features) for e in judged)
    total = found.total()
    return [f"{count:,} of {total:,} answers {what}" for what, count in found.most_common() if what]


def score_split(spec: TaskSpec, split: str, judged: Sequence[Scored], *, intervals: bool = True) -> SplitScore:
    """Computes a task's metrics over judged examples, each with its signature; none if unlabelled.

    Args:
        intervals: whether each score has its interval, which takes longer than all the rest.
    """
    labelled = bool(judged) and all(e.gold is not UNLABELLED for e in judged)
    scores: dict[str, Score] = {}
    calibration, no_answer = None, {}
    if labelled:
        batch = Batch(judged, tuple(getattr(spec.answer, "classes", ())))
        scores = _scores(spec, batch, intervals, f"{spec.name} {split}")
        if error := calibration_error(spec, batch):
            calibration = calibration_of(error, batch)
        no_answer = no_answer_scores(spec, batch)
        if spec.filters:
            plain = replace(spec, filters=())
            strict = Batch([_read_strictly(spec, e) for e in judged], batch.classes)
            beside = _scores(plain, strict, intervals, f"{spec.name} {split} without filters")
            scores |= {name + STRICT: score for name, score in beside.items()}
    return SplitScore(
        task=spec.name,
        split=split,
        n=len(judged),
        labelled=labelled,
        scores=scores,
        task_score=task_score(spec, {name: score.value for name, score in scores.items()}),
        unreadable=sum(not e.answer.readable and not e.missing for e in judged),
        missing=sum(e.missing for e in judged),
        unmapped=sum(not e.answer.mapped and not e.missing for e in judged),
        changed=sum(e.answer.changed and not e.missing for e in judged),
        out_of_range=_out_of_range(spec, judged),
        unknown_pieces=sum(UNKNOWN_MARK.search(e.prediction) is not None for e in judged),
        causes=tuple(text_cautions(spec, judged)) if labelled and isinstance(spec.answer, Text) else (),
        reasons=dict(Counter(e.answer.reason for e in judged if e.answer.reason and not e.missing).most_common(5)),
        calibration=calibration,
        no_answer=no_answer,
    )


def _out_of_range(spec: TaskSpec, judged: Iterable[Scored]) -> int:
    if not isinstance(spec.answer, Number):
        return 0
    low, high = spec.answer.low, spec.answer.high
    return sum(not low <= e.answer.value <= high for e in judged if e.answer.readable)


def task_score(spec: TaskSpec, values: Mapping[str, float | None]) -> float | None:
    """Returns the leaderboard's score of a task, None where a part of it is undefined.

    Args:
        values: score name to score.
    """
    parts = [values.get(name) for name in spec.task_score]
    numbers = [part for part in parts if part is not None]
    return sum(numbers) / len(numbers) if len(numbers) == len(parts) else None


def require_metrics(spec: TaskSpec) -> None:
    """Raises an error if one of a task's metrics is unknown or does not suit its answers.

    Raises:
        UserError: as said.
    """
    for name in spec.metrics:
        fault = metric_of(spec, name).unsuited(tuple(getattr(spec.answer, "classes", ())))
        if fault:
            raise UserError(f"{spec.name}: metric {name!r} does not suit its answers: {fault}")


def metrics_of(spec: TaskSpec, *batches: Batch) -> list[tuple[str, Metric]]:
    """Returns the scores of answers: the row's, and how well they are calibrated, where confidences are known.

    Args:
        batches: one system's answers, or several systems' to the same examples.
    """
    found = [(name, metric_of(spec, name)) for name in spec.metrics]
    error = calibration_error(spec, *batches)
    return [*found, (error.name, error)] if error else found


def _scores(spec: TaskSpec, batch: Batch, intervals: bool, title: str) -> dict[str, Score]:
    from t5eval.metrics.bootstrap import score_intervals95

    require_metrics(spec)
    written = as_written(batch)
    scores: dict[str, Score] = {}
    defined: dict[str, tuple[Metric, Floats]] = {}

    read = {"filters": ",".join(spec.filters)} if spec.filters else {}

    def add(name: str, metric: Metric, batch: Batch, **choices: str) -> None:
        statistics = metric.statistics(batch)
        value = metric.value(batch, statistics)
        finite = math.isfinite(value)
        scores[name] = Score(value if finite else None, None, _signed(metric, batch, **choices, **read))
        if finite:
            defined[name] = metric, statistics

    for name, metric in each(metrics_of(spec, batch), f"{title}: scoring", "metrics"):
        if metric.defined(batch):
            add(name, metric, batch)
            if metric.as_written and written:
                add(name + AS_WRITTEN, metric, written, text="as written")
            continue
        scores[name] = Score(None, None, _signed(metric, batch, **read))
        readable = batch.readable()
        if metric.defined(readable):
            add(name + READABLE, metric, readable, subset="readable")
    if not intervals:
        return scores
    with stage(f"{title}: intervals"):
        for name, ci95 in zip(defined, score_intervals95(list(defined.values())), strict=True):
            scores[name] = replace(scores[name], ci95=ci95)
    return scores


def as_written(batch: Batch) -> Batch | None:
    """Returns the examples with their texts as they stand, None if none was changed."""
    if not any(e.answer.changed for e in batch.examples):
        return None
    texts = [
        replace(e, answer=replace(e.answer, value=e.prediction)) if e.answer.changed else e for e in batch.examples
    ]
    return Batch(texts, batch.classes)


def _signed(metric: Metric, batch: Batch, **choices: str) -> str:
    return signature(metric, metric.examples(batch), metric.details(batch), **choices)


def signature(metric: Metric, n: int, details: Mapping[str, str], **choices: str) -> str:
    """Returns every choice behind a score, as `name|key:value|...`: what lies with the examples, then the metric's."""
    from t5eval.metrics.bootstrap import interval_name

    parts = {"n": str(n), **details, **metric.choices, **choices}
    parts["ci"] = interval_name(metric)
    parts["t5eval"] = version_and_commit()
    return "|".join([metric.name, *(f"{key}:{value}" for key, value in parts.items())])
