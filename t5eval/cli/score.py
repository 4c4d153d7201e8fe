"""`t5eval score`: scores of a file of predictions."""

from __future__ import annotations

from pathlib import Path

import click

import task_specs
from t5eval import scoring
from t5eval.cli.options import console, data_dir_option, json_option, print_json, split_option, warn
from t5eval.data import data_dir_from, open_split
from t5eval.predictions import FORMATS, read_predictions


@click.command()
@click.argument("task")
@split_option()
@data_dir_option
@click.option("--predictions", required=True, metavar="FILE", help="JSON lines, one JSON object, or plain text.")
@click.option("--format", "file_format", type=click.Choice(FORMATS), help="The file's form, if not by its content.")
@json_option
def command(
    task: str, split: str, data_dir: str | None, predictions: str, file_format: str | None, as_json: bool
) -> None:
    """Score predictions for TASK's split, with 95 % intervals."""
    spec = task_specs.get(task)
    opened = open_split(spec, split, data_dir_from(data_dir), with_labels=True)
    examples = list(opened)
    scoring.require_labels(spec, split, examples)
    found = read_predictions(Path(predictions), [example.id for example in examples], file_format)
    result = scoring.score(spec, split, scoring.judge(spec, examples, found))
    warn(opened.summary.notes)
    if result.missing:
        warn(f"{result.missing:,} of {result.n:,} examples have no prediction and count as wrong")
    if result.unreadable:
        warn(f"{result.unreadable:,} of {result.n:,} answers are unreadable ({next(iter(result.reasons))}, ...)")
    if result.unmapped:
        share = 100 * result.unmapped / result.n
        warn(f"{result.unmapped:,} of {result.n:,} answers ({share:.1f} %) are not in the passage; scored as they are")
    if as_json:
        print_json({**result.to_json(), "data": opened.summary.to_json()})
    else:
        from t5eval.cli.tables import score_table

        console().print(score_table([result]))
