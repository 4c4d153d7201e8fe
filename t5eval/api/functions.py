"""`t5eval.evaluate`, `score` and `submit`: what the commands of these names do, short of printing."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import task_specs
from t5eval.data import DataSource, Split, Summary, available_splits, data_source, open_split
from t5eval.evaluation.splits import DEFAULT_BATCH_TOKENS, Progress, Say, SplitResult, evaluate_splits
from t5eval.evaluation.start import held, open_predictor
from t5eval.predictors.answering import METHODS, choose_answering
from t5eval.predictors.predictor import Predictor
from t5eval.scoring.prediction_files import given_predictions
from t5eval.scoring.reference_files import given_texts
from t5eval.scoring.score import (
    SplitScore,
    judge,
    judge_values,
    reference_examples,
    require_labels,
    require_metrics,
    score_split,
)
from t5eval.scoring.score_frame import score_frame
from t5eval.scoring.sentence_marks import split_at_marks
from t5eval.submissions.submit import Submission, read_back
from t5eval.submissions.submit import submit as make_submission
from t5eval.support.plugin_record import LOADED
from t5eval.support.stages import stage
from task_specs import TaskSpec
from task_specs.errors import UserError

TOML = ".toml"  # the ending by which a task's file is told from a name

PathName = str | os.PathLike[str]
Data = PathName | None
"""What `--data-dir` takes: a folder, `tfds:[FOLDER]`, `hf:FOLDER_OR_NAME`; None for the environment's, else `tfds:`."""


@dataclass(frozen=True)
class Evaluation:
    """What `evaluate` made.

    Attributes:
        run: the run's folder, which holds the predictions and results.json.
        splits: the result of each split, in the order of the tasks.
        skipped: `TASK SPLIT` of what was asked for and is not in the data.
        document: the whole of results.json, earlier results of the run included.
    """

    run: Path
    splits: tuple[SplitResult, ...]
    skipped: tuple[str, ...]
    document: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Returns what `t5eval evaluate --json` prints."""
        return dict(self.document)

    def to_pandas(self) -> Any:
        """Returns a data frame with a row for each score of `splits`; `score_frame.SCORES` are its columns.

        Raises:
            MissingPackage: pandas is not installed.
        """
        return score_frame(result.score for result in self.splits)


@dataclass(frozen=True)
class Scoring:
    """What `score` found.

    Attributes:
        score: the scores, with their intervals and signatures.
        data: what was read of the split.
    """

    score: SplitScore
    data: Summary

    @property
    def notes(self) -> list[str]:
        """What a user should know of the data and of the answers, a line each."""
        cautions = (
            f"{text} ({why[0]}{', ...' if len(why) > 1 else ''})" if why else text
            for text, why in self.score.cautions()
        )
        return [*self.data.notes, *cautions]

    def to_json(self) -> dict[str, Any]:
        """Returns what `t5eval score --json` prints."""
        return {**self.score.to_json(), "data": self.data.to_json()}

    def to_pandas(self) -> Any:
        """Returns a data frame with a row for each score; `score_frame.SCORES` are its columns.

        Raises:
            MissingPackage: pandas is not installed.
        """
        return score_frame([self.score])


def _warn(line: str) -> None:
    warnings.warn(line, stacklevel=3)


def evaluate(
    model: PathName | Predictor,
    tasks: PathName | Sequence[PathName],
    *,
    out: PathName,
    data: Data = None,
    splits: str | Sequence[str] | None = None,
    limit: int | None = None,
    decode: str | None = None,
    dtype: str | None = None,
    vocab: PathName | None = None,
    strategy: str | None = None,
    batch_tokens: int = DEFAULT_BATCH_TOKENS,
    progress: Callable[[str], AbstractContextManager[Progress]] | None = None,
    say: Say = _warn,
    command: str | None = None,
) -> Evaluation:
    """Predicts tasks with a model and scores them; a run that was killed goes on where it stopped.

    Args:
        model: a name as `--model` takes it (`docs/models.md`), or a predictor of your own.
        tasks: a task, a benchmark, a task file or `all`, or several of them.
        out: the run's folder.
        data: where the examples are.
        splits: one or several; every split but train that is there if None.
        limit: only the first examples of each split.
        decode: `greedy`, `beam` or `rank`; what the task's row says if None.
        dtype: `float32` or `bfloat16`; for a model's name only, as are the next two.
        vocab: a vocabulary other than the checkpoint's.
        strategy: `none`, `mirrored[:N]` or `tpu[:ADDRESS]`.
        batch_tokens: the most input tokens of a batch.
        progress: opens the display of a split, given its name; it is called with (examples done, in all).
        say: told what was skipped and the like; a Python warning if not given.
        command: what results.json says made it; this call if None.

    Raises:
        UserError: the model, a task, the data or the run does not fit what was asked.

    >>> import tempfile
    >>> import t5eval
    >>> from t5eval.demo.demo import suite_folder  # every benchmark in miniature, made up for the demo
    >>> class AlwaysYes(t5eval.Predictor):
    ...     identity = {"model": "says entailment"}
    ...     def prepare(self, texts, max_tokens):
    ...         return [t5eval.Prepared(text, len(text.split()), truncated=False) for text in texts]
    ...     def generate(self, batch, max_new_tokens, decode):
    ...         return [t5eval.Generation("entailment", hit_limit=False) for _ in batch]
    >>> out = tempfile.mkdtemp()
    >>> run = t5eval.evaluate(AlwaysYes(), "glue/rte", data=suite_folder(), out=out, splits="validation")
    >>> run.splits[0].score.scores["accuracy"].value
    50.0
    >>> run.to_json()["results"]["glue/rte"]["validation"]["n"]
    80
    """
    for name, number in (("batch_tokens", batch_tokens), ("limit", limit)):
        if number is not None and number < 1:
            raise UserError(f"{name} {number}: it is 1 or more")
    if decode is not None and decode not in METHODS:
        raise UserError(f"decode {decode!r}: it is {', '.join(METHODS)} or None")
    names, wanted = _several(tasks), _several(splits)
    specs = task_specs.resolve(names)
    source = data_source(_text(data))
    chosen, skipped = choose_splits(specs, source, wanted)
    for name in skipped:
        say(f"{name} skipped: its data is not in {source.option}")
    groups = ("all", *task_specs.BENCHMARKS)
    rows = {name: row for name in names if name not in groups and isinstance(row := task_specs.find(name), TaskSpec)}
    files = {row.name: os.path.abspath(name) for name, row in rows.items() if name.endswith(TOML)}
    for spec in specs:
        require_metrics(spec)  # what is not there is said before a run's folder is made
    answerings, kept = choose_answering(specs, decode, {spec.name for spec in rows.values()})
    if kept:
        say(f"no fixed answers to rank, so decoded as their rows say: {', '.join(kept)}")
    predictor, model_name = open_predictor(model, dtype, _text(vocab), strategy)
    run = Path(out)
    settings = {
        "model": model_name,
        "dtype": dtype,
        "strategy": strategy,
        "vocab": str(Path(vocab).resolve()) if vocab and Path(vocab).is_file() else _text(vocab),
        "decode": decode,
        "task": [os.path.abspath(name) if name.endswith(TOML) else name for name in names],
        "split": wanted,
        "data_dir": source.option,
        "batch_tokens": batch_tokens,
        "limit": limit,
        "plugins": dict(LOADED),
    }
    said = {"command": command or _call(settings, run), "model_name": model_name, "strategy": strategy}
    with held(run, settings):
        found, document = evaluate_splits(
            predictor,
            chosen,
            run,
            {**said, "task_files": files},
            answerings=answerings,
            batch_tokens=batch_tokens,
            limit=limit,
            say=say,
            **({} if progress is None else {"progress": progress}),
        )
    return Evaluation(run, tuple(found), tuple(skipped), document)


def score(
    task: PathName,
    predictions: PathName | Mapping[Any, str] | Iterable[str] | None = None,
    *,
    data: Data = None,
    split: str | None = None,
    references: PathName | Iterable[str] | None = None,
    submission: PathName | None = None,
    format: str | None = None,
    sentence_marks: bool = False,
) -> Scoring:
    """Scores predictions for a task's split, or a submission made for it, with 95 % intervals.

    Args:
        task: a task, or a task file.
        predictions: a file, the texts in the order of the split's file, or example id to text.
        data: where the examples are.
        split: the split.
        references: true texts, or a file of them, instead of `data` and `split`; for free texts. A text is a line of
            the file, or a JSON list of sentences.
        submission: a leaderboard's file, instead of predictions.
        format: the form of a file of predictions (`jsonl`, `json`, `text`), if not by its content.
        sentence_marks: take `<t>`, `</t>` and `<q>` in predictions and references for the ends of sentences.

    Raises:
        UserError: there is nothing to score or to score against, or predictions do not belong to the split.

    >>> import t5eval
    >>> from t5eval.demo.demo import suite_folder
    >>> found = t5eval.score("glue/rte", ["entailment"] * 80, data=suite_folder(), split="validation")
    >>> found.score.scores["accuracy"].value
    50.0
    >>> t5eval.score("glue/rte", {"0": "perhaps"}, data=suite_folder(), split="validation").notes[-2]
    '79 of 80 examples (98.8 %) have no prediction and count as wrong'
    >>> found = t5eval.score("wmt14/en-de", ["Das ist ein Haus ."], references=["Das ist ein Haus ."])
    >>> round(found.to_json()["task_score"], 2)
    100.0
    """
    spec = task_specs.get(os.fspath(task))
    if (predictions is None) == (submission is None):
        given = "nothing to score" if predictions is None else "two things to score"
        raise UserError(f"{given}: name a file of --predictions, or a --submission")
    if references is not None:
        if split or data:
            raise UserError("--references takes the place of --split and --data-dir; give one or the other")
        texts, files = given_texts(references)
        if sentence_marks:
            texts = [split_at_marks(text) for text in texts]
        split, examples = "references", reference_examples(spec, texts)
        if not examples:
            where = next(iter(files), "references")
            raise UserError(f"{where}: holds no references; it has one a line")
        summary = Summary(files=files, examples=len(examples))
    elif split is None:
        raise UserError("nothing to score against: name a --split, or a file of --references")
    else:
        opened = open_split(spec, split, data_source(_text(data)), with_labels=True)
        with stage("reading the data"):
            examples = list(opened)
        require_labels(spec, split, examples)
        summary = opened.summary
    if predictions is not None:
        found = given_predictions(predictions, [example.id for example in examples], format)
        if sentence_marks:
            found = {example_id: split_at_marks(text) for example_id, text in found.items()}
        with stage("reading the answers"):
            judged = judge(spec, examples, found)
    elif references is not None:
        raise UserError("--submission is for a split of a task's data; with --references name --predictions")
    else:
        assert submission is not None
        values = read_back(Path(submission), spec, split, data_source(_text(data)))
        judged = judge_values(spec, examples, values)
    return Scoring(score_split(spec, split, judged), summary)


def submit(
    leaderboard: str,
    run: PathName,
    *,
    out: PathName,
    data: Data = None,
    fill: str | Sequence[str] = (),
    partial: bool = False,
    official_counts: bool = True,
    task: str | None = None,
    system: str | None = None,
) -> Submission:
    """Writes a leaderboard's submission from a run's predictions, and checks what was written.

    Args:
        leaderboard: its name, as `t5eval submit` takes it.
        run: a folder that holds `predictions/TASK/SPLIT.jsonl`.
        out: the file to write.
        data: where the examples are.
        fill: `LABEL` or `TASK=LABEL` for answers that are missing or unreadable.
        partial: leave out incomplete tasks instead of refusing.
        official_counts: refuse data that has other numbers of rows than the leaderboard's.
        task: which task, where a submission is of one of several.
        system: the system's name in WMT's SGML and XML; the run's if None.

    Raises:
        UserError: a task is incomplete, or what was asked does not fit the leaderboard.

    >>> import json, pathlib, tempfile
    >>> import t5eval
    >>> from t5eval.demo.demo import suite_folder
    >>> run = pathlib.Path(tempfile.mkdtemp())
    >>> (run / "predictions/glue/rte").mkdir(parents=True)
    >>> lines = [json.dumps({"id": str(i), "prediction": "entailment"}) for i in range(80)]
    >>> _ = (run / "predictions/glue/rte/test.jsonl").write_text("\\n".join(lines))
    >>> made = t5eval.submit(
    ...     "glue", run, data=suite_folder(), out=run / "glue.zip", partial=True, official_counts=False
    ... )
    >>> made.files
    {'RTE.tsv': 80}
    """
    return make_submission(
        leaderboard,
        Path(run),
        data_source(_text(data)),
        Path(out),
        fill=_several(fill),
        partial=partial,
        official_counts=official_counts,
        task=task,
        system=system,
    )


def choose_splits(specs: Sequence[TaskSpec], data: DataSource, wanted: Sequence[str]) -> tuple[list[Split], list[str]]:
    """Returns the splits to evaluate, and what is skipped because it is not there.

    Args:
        specs: the tasks.
        data: where examples come from.
        wanted: split names; every split but train if empty.

    Raises:
        UserError: nothing is left to evaluate, or no task has a wanted split.
    """
    chosen: list[Split] = []
    skipped: list[str] = []
    for split in wanted:
        if not any(split in spec.source.splits for spec in specs):
            raise UserError(f"--split {split}: no task asked for has it")
    for spec in specs:
        at_hand = available_splits(spec, data)
        for split in wanted or [s for s in spec.source.splits if s != "train"]:
            if split in at_hand:
                chosen.append(open_split(spec, split, data, with_labels=True))
            elif split in spec.source.splits:
                skipped.append(f"{spec.name} {split}")
    if not chosen:
        raise UserError(f"nothing to evaluate: no data of {', '.join(skipped)} is in {data.option}")
    return chosen, skipped


def _text(name: PathName | None) -> str | None:
    return None if name is None else os.fspath(name)


def _several(names: PathName | Sequence[PathName] | None) -> list[str]:
    """Returns one name, or several, as a list."""
    several = [names] if isinstance(names, str | os.PathLike) else names or []
    return [os.fspath(name) for name in several]


def _call(settings: Mapping[str, Any], run: Path) -> str:
    """Returns the call that results.json says made it, without what was left as it is."""
    given = {"out": str(run), "data": settings["data_dir"], "splits": settings["split"] or None}
    given |= {name: settings[name] for name in ("limit", "decode", "dtype", "vocab", "strategy")}
    options = "".join(f", {name}={value!r}" for name, value in given.items() if value is not None)
    return f"t5eval.evaluate({settings['model']!r}, {settings['task']!r}{options})"
