"""`t5eval.score`: scores of predictions, or of a submission, for one split."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import task_specs
from t5eval.api.arguments import Data, PathName, text_of
from t5eval.data import Summary, content_hashes, data_source, open_split
from t5eval.runs.origin import Origin
from t5eval.scoring.prediction_files import given_predictions
from t5eval.scoring.reference_files import given_references
from t5eval.scoring.score import (
    SplitScore,
    judge,
    judge_values,
    oddities,
    reference_examples,
    require_labels,
    score_split,
)
from t5eval.scoring.score_frame import ScoreTable
from t5eval.scoring.sentence_marks import split_at_marks
from t5eval.submissions.read_back import read_back
from t5eval.support.stages import stage
from task_specs import Example, TaskSpec
from task_specs.errors import UserError, quoted, some

Texts = PathName | Mapping[Any, str] | Iterable[str]
"""A file, texts by id, or texts in order."""


@dataclass(frozen=True)
class Scoring(ScoreTable):
    """What `score` found.

    Attributes:
        score: the scores, with their intervals and signatures.
        data: what was read of the split.
        origin: what the record beside a file of predictions says against scoring it so, a line each.
    """

    score: SplitScore
    data: Summary
    origin: tuple[str, ...] = ()

    @property
    def notes(self) -> list[str]:
        """What a user should know of the data and of the answers, a line each."""
        cautions = (
            f"{text} ({why[0]}{', ...' if len(why) > 1 else ''})" if why else text
            for text, why in self.score.cautions()
        )
        return [*self.origin, *self.data.notes, *cautions]

    def to_json(self) -> dict[str, Any]:
        """Returns what `t5eval score --json` prints."""
        return {**self.score.to_json(), "data": self.data.to_json()}

    def split_scores(self) -> list[SplitScore]:
        """Returns the scores, as of one split."""
        return [self.score]


def score(
    task: PathName,
    predictions: Texts | None = None,
    *,
    data: Data = None,
    split: str | None = None,
    references: Texts | None = None,
    submission: PathName | None = None,
    format: str | None = None,
    sentence_marks: bool = False,
    ignore_unknown: bool = False,
) -> Scoring:
    """Scores predictions for a task's split, or a submission made for it, with 95 % intervals.

    Args:
        task: a task, or a task file.
        predictions: a file, the texts in the order of the split's file, or example id to text.
        data: where the examples are.
        split: the split.
        references: true texts, or a file of them, instead of `data` and `split`; for free texts. They are read as
            predictions are; a JSON list of sentences is one text too.
        submission: a leaderboard's file, instead of predictions.
        format: the form of a file of predictions (`jsonl`, `json`, `text`), if not by its content.
        sentence_marks: take `<t>`, `</t>` and `<q>` in predictions and references for the ends of sentences.
        ignore_unknown: leave out predictions whose ids are none of the split's, as official scripts do.

    Raises:
        UserError: there is nothing to score or to score against, or predictions do not belong to the split.

    >>> import t5eval
    >>> found = t5eval.score("glue/rte", ["entailment"] * 80, data=t5eval.suite_folder(), split="validation")
    >>> found.score.scores["accuracy"].value
    50.0
    >>> t5eval.score("glue/rte", {"0": "perhaps"}, data=t5eval.suite_folder(), split="validation").notes[-2]
    '79 of 80 examples (98.8 %) have no prediction and count as wrong'
    >>> found = t5eval.score("wmt14/en-de", ["Das ist ein Haus ."], references=["Das ist ein Haus ."])
    >>> round(found.to_json()["task_score"], 2)
    100.0
    """
    spec = task_specs.get(os.fspath(task))
    if (predictions is None) == (submission is None):
        given = "nothing to score" if predictions is None else "two things to score"
        raise UserError(f"{given}: name a file of --predictions, or a --submission")
    if ignore_unknown and predictions is None:
        raise UserError("--ignore-unknown is for --predictions; a submission has the split's ids, no others")
    if references is None:
        against = _of_split(spec, split, data, predictions)
    elif split or data:
        raise UserError("--references takes the place of --split and --data-dir; give one or the other")
    elif submission is not None:
        raise UserError("--submission is for a split of a task's data; with --references name --predictions")
    else:
        against = _of_references(spec, references, sentence_marks)
    ids = [example.id for example in against.examples]
    notes: list[str] = []
    if submission is not None:
        judged = judge_values(spec, against.examples, read_back(Path(submission), spec, ids))
        notes += oddities(spec, judged)
    else:
        assert predictions is not None
        ignored: list[str] = []
        found = given_predictions(predictions, ids, format, ignored if ignore_unknown else None)
        if ignored:
            names = some([quoted(name[:200]) for name in ignored])
            notes.append(f"{len(ignored):,} predictions of unknown ids are ignored: {names}")
        if sentence_marks:
            found = {example_id: split_at_marks(text) for example_id, text in found.items()}
        with stage("reading the answers"):
            judged = judge(spec, against.examples, found)
    scored = score_split(spec, against.split, judged)
    return Scoring(replace(scored, causes=(*notes, *scored.causes)), against.data, against.origin)


@dataclass(frozen=True)
class _Against:
    """What predictions are scored against, and what the record beside them says of it."""

    split: str
    examples: Sequence[Example]
    data: Summary
    origin: tuple[str, ...] = ()


def _of_references(spec: TaskSpec, references: Texts, sentence_marks: bool) -> _Against:
    texts, files = given_references(references)
    if sentence_marks:
        texts = {example_id: split_at_marks(text) for example_id, text in texts.items()}
    examples = reference_examples(spec, texts)
    if not examples:
        raise UserError(f"{next(iter(files), 'references')}: holds no references; it has one a line")
    return _Against("references", examples, Summary(files=files, examples=len(examples)))


def _of_split(spec: TaskSpec, split: str | None, data: Data, predictions: Texts | None) -> _Against:
    if split is None:
        raise UserError("nothing to score against: name a --split, or a file of --references")
    opened = open_split(spec, split, data_source(text_of(data)), with_labels=True)
    with stage("reading the data"):
        examples = list(opened)
    require_labels(spec, split, examples)
    if not isinstance(predictions, str | os.PathLike):
        return _Against(split, examples, opened.summary)
    origin = Origin(Path(predictions))
    recorded = (origin.fault(spec.name, split, content_hashes(opened)), origin.caution(spec.fingerprint))
    said = tuple(f"{os.fspath(predictions)}: {line}" for line in recorded if line)
    return _Against(split, examples, opened.summary, said)
