"""`t5eval score`: scores of a file of predictions."""

from __future__ import annotations

import click

from t5eval.api.score import score
from t5eval.cli.names import complete_task
from t5eval.cli.options import data_dir_option, json_option, print_json, say, split_option, warn
from t5eval.scoring.prediction_files import FORMATS


@click.command()
@click.argument("task", shell_complete=complete_task)
@split_option(required=False)
@data_dir_option
@click.option(
    "--references",
    metavar="FILE",
    help="True texts, a line or a JSON list of sentences each, instead of --split and --data-dir.",
)
@click.option("--predictions", metavar="FILE", help="JSON lines, one JSON object, or plain text.")
@click.option("--submission", metavar="FILE", help="A submission made for this split, instead of --predictions.")
@click.option("--format", "file_format", type=click.Choice(FORMATS), help="The file's form, if not by its content.")
@click.option("--sentence-marks", is_flag=True, help="Take <t>, </t> and <q> for the ends of sentences.")
@json_option
def command(
    task: str,
    split: str | None,
    data_dir: str | None,
    references: str | None,
    predictions: str | None,
    submission: str | None,
    file_format: str | None,
    sentence_marks: bool,
    as_json: bool,
) -> None:
    """Score predictions for TASK's split, or a submission made for it, with 95 % intervals."""
    found = score(
        task,
        predictions,
        data=data_dir,
        split=split,
        references=references,
        submission=submission,
        format=file_format,
        sentence_marks=sentence_marks,
    )
    warn(found.notes)
    if as_json:
        print_json(found.to_json())
    else:
        from t5eval.cli.score_table import score_lines

        say("\n".join(score_lines([found.score])))
