"""`t5eval score`: scores of a file of predictions."""

from __future__ import annotations

from typing import Any

import click

from t5eval.api.score import score
from t5eval.cli.names import complete_task
from t5eval.cli.options import Spreading, data_dir_option, filter_option, json_option, print_result, split_option, warn
from t5eval.cli.score_table import score_lines
from t5eval.scoring.prediction_files import FORMATS


@click.command(cls=Spreading)
@click.argument("task", shell_complete=complete_task)
@split_option(required=False)
@data_dir_option
@click.option(
    "--references",
    metavar="FILE",
    help="True texts, in any form of --predictions, instead of --split and --data-dir.",
)
@click.option("--predictions", metavar="FILE", help="JSON lines, one JSON object, or plain text.")
@click.option("--submission", metavar="FILE", help="A submission made for this split, instead of --predictions.")
@click.option("--format", type=click.Choice(FORMATS), help="The file's form, if not by its content.")
@click.option("--sentence-marks", is_flag=True, help="Take <t>, </t> and <q> for the ends of sentences.")
@click.option("--ignore-unknown", is_flag=True, help="Leave out predictions whose ids are none of the split's.")
@click.option("--prompt", metavar="NAME", help="The prompt that the predictions answer, or a file of it. [t5]")
@filter_option
@json_option
def command(**asked: Any) -> None:
    """Score predictions for TASK's split, or a submission made for it, with 95 % intervals."""
    found = score(**asked)
    warn(found.notes)
    print_result(found.to_json, lambda: score_lines([found.score]))
