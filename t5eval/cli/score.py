"""`t5eval score`: scores of a file of predictions."""

from __future__ import annotations

import hashlib
from pathlib import Path

import click

import task_specs
from t5eval import scoring
from t5eval.cli.names import complete_task
from t5eval.cli.options import console, data_dir_option, json_option, print_json, split_option, warn
from t5eval.data import Summary, data_source, open_split
from t5eval.errors import UserError
from t5eval.predictions import FORMATS, plain_lines, read_predictions, read_text
from t5eval.stages import stage
from t5eval.submission import read_back
from task_specs import Example, TaskSpec


def _references(spec: TaskSpec, path: Path) -> tuple[list[Example], Summary]:
    """Returns a file's lines as examples, and what was read."""
    text = read_text(path)
    examples = scoring.reference_examples(spec, plain_lines(text))
    if not examples:
        raise UserError(f"{path}: holds no references; it has one a line")
    return examples, Summary(files={str(path): hashlib.sha256(path.read_bytes()).hexdigest()}, examples=len(examples))


@click.command()
@click.argument("task", shell_complete=complete_task)
@split_option(required=False)
@data_dir_option
@click.option(
    "--references", metavar="FILE", help="True texts, one a line, instead of --split and --data-dir; for free texts."
)
@click.option("--predictions", metavar="FILE", help="JSON lines, one JSON object, or plain text.")
@click.option("--submission", metavar="FILE", help="A submission made for this split, instead of --predictions.")
@click.option("--format", "file_format", type=click.Choice(FORMATS), help="The file's form, if not by its content.")
@json_option
def command(
    task: str,
    split: str | None,
    data_dir: str | None,
    references: str | None,
    predictions: str | None,
    submission: str | None,
    file_format: str | None,
    as_json: bool,
) -> None:
    """Score predictions for TASK's split, or a submission made for it, with 95 % intervals."""
    spec = task_specs.get(task)
    if (predictions is None) == (submission is None):
        given = "nothing to score" if predictions is None else "two things to score"
        raise UserError(f"{given}: name a file of --predictions, or a --submission")
    if references is not None:
        if split or data_dir:
            raise UserError("--references takes the place of --split and --data-dir; give one or the other")
        split, (examples, data) = "references", _references(spec, Path(references))
    elif split is None:
        raise UserError("nothing to score against: name a --split, or a file of --references")
    else:
        opened = open_split(spec, split, data_source(data_dir), with_labels=True)
        with stage("reading the data"):
            examples = list(opened)
        scoring.require_labels(spec, split, examples)
        data = opened.summary
    if predictions is not None:
        found = read_predictions(Path(predictions), [example.id for example in examples], file_format)
        judged = scoring.judge(spec, examples, found)
    elif references is not None:
        raise UserError("--submission is for a split of a task's data; with --references name --predictions")
    else:
        assert submission is not None
        values = read_back(Path(submission), spec, split, data_source(data_dir))
        judged = scoring.judge_values(spec, examples, values)
    with stage("scoring"):
        result = scoring.score(spec, split, judged)
    warn(data.notes)
    if result.missing:
        warn(f"{result.missing:,} of {result.n:,} examples have no prediction and count as wrong")
    if result.unreadable:
        warn(f"{result.unreadable:,} of {result.n:,} answers are unreadable ({next(iter(result.reasons))}, ...)")
    if result.unmapped:
        share = 100 * result.unmapped / result.n
        warn(f"{result.unmapped:,} of {result.n:,} answers ({share:.1f} %) are not in the passage; scored as they are")
    if as_json:
        print_json({**result.to_json(), "data": data.to_json()})
    else:
        from t5eval.cli.tables import score_table

        console().print(score_table([result]))
