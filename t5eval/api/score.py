"""`t5eval.score`: scores of predictions, or of a submission, for one split."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import task_specs
from t5eval.api.arguments import Data, PathName, names_of, text_of
from t5eval.data import Split, Summary, content_hashes, data_source, open_split
from t5eval.data.split import split_name
from t5eval.metrics import Scored
from t5eval.prompts.asking import Asking
from t5eval.runs.origin import Origin
from t5eval.runs.results import benchmark_averages
from t5eval.scoring.prediction_files import given_predictions, stored_probabilities
from t5eval.scoring.reference_files import References, given_references
from t5eval.scoring.score import (
    SplitScore,
    judge,
    judge_values,
    oddities,
    reference_examples,
    require_labels,
    require_metrics,
    score_split,
)
from t5eval.scoring.score_frame import ScoreTable
from t5eval.scoring.sentence_marks import split_at_marks
from t5eval.scoring.slices import sliced
from t5eval.scoring.text_files import STDIN
from t5eval.submissions.read_back import read_back
from t5eval.support.errors import MissingFile, PredictionError
from t5eval.support.stages import stage
from task_specs import Benchmark, Example, TaskSpec
from task_specs.answers.labels import Label, Text
from task_specs.support.errors import UserError, quoted, some


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


@dataclass(frozen=True)
class FolderScoring(ScoreTable):
    """What `score` found in a folder of predictions.

    Attributes:
        splits: what it found of each split.
        left_out: what is not scored, and why, a line each.
    """

    splits: tuple[Scoring, ...]
    left_out: tuple[str, ...]

    @property
    def notes(self) -> list[str]:
        """What a user should know of data, answers, and what is left out, a line each."""
        named = ((f"{one.score.task} {one.score.split}", one.notes) for one in self.splits)
        return [*(f"{name}: {note}" for name, notes in named for note in notes), *self.left_out]

    def to_json(self) -> dict[str, Any]:
        """Returns what `t5eval score --json` prints, in the form of results.json."""
        results: dict[str, dict[str, Any]] = {}
        for one in self.splits:
            results.setdefault(one.score.task, {})[one.score.split] = one.to_json()
        return {"results": results, "benchmarks": benchmark_averages(results), "left_out": list(self.left_out)}

    def split_scores(self) -> list[SplitScore]:
        """Returns the scores of `splits`."""
        return [one.score for one in self.splits]


@dataclass(frozen=True)
class _Asked:
    """How texts are read and scored, whatever they are compared with."""

    format: str | None
    sentence_marks: bool
    ignore_unknown: bool
    tokenize: str | None
    metrics: tuple[str, ...]
    asking: Asking
    by: tuple[str, ...]
    lenient: bool = False  # whether a split may lack some of `by`

    def of(self, spec: TaskSpec) -> TaskSpec:
        """Returns a row with the scores and the tokenizer that are asked for."""
        if not isinstance(spec.answer, Text):
            for option, given in (("--tokenize", self.tokenize), ("--sentence-marks", self.sentence_marks)):
                if given:
                    kind = spec.answer.kind
                    raise UserError(f"{spec.name}: {option} is for free texts, its answers are of kind {kind!r}")
        elif self.tokenize is not None:
            spec = replace(spec, answer=replace(spec.answer, tokenizer=self.tokenize))
        spec = replace(spec, metrics=tuple(dict.fromkeys((*spec.metrics, *self.metrics))))
        require_metrics(spec)
        return spec


def score(
    task: PathName,
    predictions: PathName | Mapping[Any, str] | Iterable[str] | None = None,
    *,
    data: Data = None,
    split: str | None = None,
    references: References | None = None,
    submission: PathName | None = None,
    format: str | None = None,
    tokenize: str | None = None,
    metrics: str | Sequence[str] = (),
    sentence_marks: bool = False,
    ignore_unknown: bool = False,
    prompt: str | None = None,
    filters: Sequence[str] = (),
    by: str | Sequence[str] = (),
) -> Scoring | FolderScoring:
    """Scores predictions for a task's split, or a submission made for it, with 95 % intervals.

    Args:
        task: a task, or a task file; with a folder of predictions also a benchmark, a mixture or `all`.
        predictions: a file, the texts in the order of the split's file, or example id to text; or a folder that holds
            `TASK/SPLIT.jsonl` of each, as a run's does.
        data: where the examples are.
        split: the split; of a folder all that are there if None.
        references: true texts, or a file of them, instead of `data` and `split`; for free texts. They are read as
            predictions are; a JSON list of sentences is one text too. Several sets are a list of `Path`s or mappings.
        submission: a leaderboard's file, instead of predictions.
        format: the form of a file of predictions (`jsonl`, `json`, `csv`, `tsv`, `text`), if not by its content.
        tokenize: BLEU's tokenizer, by sacrebleu's name, if not the row's.
        metrics: scores besides the row's, such as `ter`, by name.
        sentence_marks: take `<t>`, `</t>` and `<q>` in predictions and references for the ends of sentences.
        ignore_unknown: leave out predictions whose ids are none of the split's, as official scripts do.
        prompt: the prompt that the predictions answer, by its name or file; the task's own form if None.
        filters: what is done to a text before it is read, in order; what the prompt says if empty.
        by: what to divide the examples by, each part being scored too: `input_length`, a column that the row declares.

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
    split = split if split is None else split_name(split)
    asking = Asking((prompt,) if prompt else (), filters=tuple(filters) or None)
    asked = _Asked(
        format, sentence_marks, ignore_unknown, tokenize, tuple(names_of(metrics)), asking, tuple(names_of(by))
    )
    if isinstance(predictions, str | os.PathLike) and os.path.isdir(predictions) and references is None:
        if submission is not None:
            raise UserError("two things to score: name --predictions, or a --submission")
        return _score_folder(os.fspath(task), Path(predictions), split, data, asked)
    name = os.fspath(task)
    if name in task_specs.BENCHMARKS and isinstance(task_specs.find(name), Benchmark):
        raise UserError(f"{name!r} is a benchmark: --predictions is then a folder that holds TASK/SPLIT.jsonl of each")
    spec, *others = asking.tasks([task_specs.get(name)])
    if others:
        raise UserError(f"--prompt {prompt}: predictions answer one prompt, and these are {1 + len(others)}")
    if (predictions is None) == (submission is None):
        given = "nothing to score" if predictions is None else "two things to score"
        raise UserError(f"{given}: name a file of --predictions, or a --submission")
    if ignore_unknown and predictions is None:
        raise UserError("--ignore-unknown is for --predictions; a submission has the split's ids, no others")
    if references is not None:
        if by:
            raise UserError("--by divides a split of a task's data; --references are only the true texts of one")
        if split or data:
            raise UserError("--references takes the place of --split and --data-dir; give one or the other")
        if predictions is None:
            raise UserError("--submission is for a split of a task's data; with --references name --predictions")
        return _score_texts(asked.of(spec), predictions, references, asked)
    if split is None:
        raise UserError("nothing to score against: name a --split, or a file of --references")
    row = asked.of(spec)
    opened, examples = _labelled(spec, split, data)
    if predictions is not None:
        return _score_split(row, spec, opened, examples, predictions, asked)
    judged = judge_values(row, examples, read_back(Path(submission or ""), row, [example.id for example in examples]))
    return Scoring(_divided(row, split, examples, judged, asked, oddities(row, judged)), opened.summary)


def _labelled(spec: TaskSpec, split: str, data: Data) -> tuple[Split, list[Example]]:
    """Returns a split that has labels, and its examples."""
    opened = open_split(spec, split, data_source(text_of(data)), with_labels=True)
    with stage("reading the data"):
        examples = list(opened)
    if not (isinstance(spec.answer, Label) and opened.summary.labels.total() == len(examples)):  # all were counted
        require_labels(spec, split, examples)
    return opened, examples


def _score_split(
    row: TaskSpec, spec: TaskSpec, opened: Split, examples: Sequence[Example], predictions: Any, asked: _Asked
) -> Scoring:
    """Scores predictions of a split.

    Args:
        row: the task's row with what is asked for.
        spec: the task's row as it stands.
        opened: the split.
        examples: its examples.
        predictions: see `score`.
        asked: how they are read.
    """
    said: tuple[str, ...] = ()
    if isinstance(predictions, str | os.PathLike) and os.fspath(predictions) != STDIN:
        origin = Origin(Path(predictions))
        read = replace(spec, filters=tuple(origin.made_by.get("filters", ())))  # predictions are stored before these
        recorded = (
            origin.fault(spec.name, opened.split, content_hashes(opened)),
            origin.caution(read.fingerprint),
            origin.part(len(examples)),
        )
        said = tuple(f"{os.fspath(predictions)}: {line}" for line in recorded if line)
    return Scoring(_scored(row, opened.split, examples, predictions, asked), opened.summary, said)


def _score_texts(row: TaskSpec, predictions: Any, references: Any, asked: _Asked) -> Scoring:
    """Scores texts against true ones."""
    texts, files = given_references(references)
    if STDIN in files and predictions == STDIN:
        raise UserError("--references and --predictions are both -; standard input is one of them")
    if asked.sentence_marks:
        texts = {example_id: tuple(map(split_at_marks, true)) for example_id, true in texts.items()}
    examples = reference_examples(row, texts)
    if not examples:
        where = next(iter(files), "references")
        raise UserError(f"{where}: holds no references; it has one a line")
    return Scoring(
        _scored(row, "references", examples, predictions, asked), Summary(files=files, examples=len(examples))
    )


def _scored(row: TaskSpec, split: str, examples: Sequence[Example], predictions: Any, asked: _Asked) -> SplitScore:
    """Reads predictions and scores them."""
    notes: list[str] = []
    ignored: list[str] = []
    ids = [example.id for example in examples]
    found = given_predictions(predictions, ids, asked.format, ignored if asked.ignore_unknown else None)
    if ignored:
        names = some([quoted(example_id[:200]) for example_id in ignored])
        notes.append(f"{len(ignored):,} predictions of unknown ids are ignored: {names}")
    if asked.sentence_marks:
        found = {example_id: split_at_marks(text) for example_id, text in found.items()}
    with stage("reading the answers"):
        of_file = isinstance(predictions, str | os.PathLike) and os.fspath(predictions) != STDIN
        judged = judge(row, examples, found, stored_probabilities(Path(predictions)) if of_file else {})
    del found  # a million take 40 MB
    return _divided(row, split, examples, judged, asked, notes)


def _divided(
    row: TaskSpec,
    split: str,
    examples: Sequence[Example],
    judged: Sequence[Scored],
    asked: _Asked,
    notes: Iterable[str],
) -> SplitScore:
    """Scores what was judged, as a whole and by slice, and adds notes."""
    slices, faults = sliced(row, split, examples, judged, asked.by)
    if faults and not asked.lenient:
        raise UserError(faults[0])
    scored = score_split(row, split, judged)
    return replace(scored, causes=(*notes, *faults, *scored.causes), slices=slices)


def _score_folder(name: str, folder: Path, split: str | None, data: Data, asked: _Asked) -> FolderScoring:
    """Scores the predictions of every task that a name stands for, as far as a folder has them."""
    base = folder / "predictions" if (folder / "predictions").is_dir() else folder
    found: list[Scoring] = []
    left_out: list[str] = []
    absent: list[str] = []
    for spec in asked.asking.tasks(task_specs.resolve([name])):
        row = asked.of(spec)
        splits = [one for one in spec.source.splits if split in (None, one)]
        files = {one: path for one in splits if (path := base / spec.name / f"{one}.jsonl").is_file()}
        if not files:
            absent.append(spec.name)
        for one, path in files.items():
            try:
                opened, examples = _labelled(spec, one, data)
            except (PredictionError, MissingFile) as error:
                if split:
                    raise
                task = f"{spec.name} {one}"
                left_out.append(f"{task} is left out: {str(error).removeprefix(task).strip()}")
                continue
            found.append(_score_split(row, spec, opened, examples, path, replace(asked, lenient=True)))
    if absent:
        left_out.append(f"left out, without a file {base}/TASK/{split or 'SPLIT'}.jsonl: {', '.join(absent)}")
    if not found:
        raise UserError(f"{folder}: nothing to score; {'; '.join(left_out)}")
    if asked.by and not any(one.score.slices for one in found):
        raise UserError(f"--by {' '.join(asked.by)}: no split in {folder} has any of these")
    return FolderScoring(tuple(found), tuple(left_out))
