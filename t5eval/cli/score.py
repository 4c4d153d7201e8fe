"""`t5eval score`: scores of a file of predictions."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from t5eval.api.score import FolderScoring, Scoring, score
from t5eval.cli.names import complete_metric, complete_prompt, complete_slice, complete_task_or_benchmark
from t5eval.cli.options import (
    Spreading,
    data_dir_option,
    filter_option,
    json_option,
    print_result,
    split_option,
    warn,
    wrapped,
)
from t5eval.cli.score_table import averages_text, score_lines, slice_lines
from t5eval.cli.task_options import one_task
from t5eval.scoring.text_files import FORMATS
from task_specs.answers.labels import TOKENIZERS


@click.command(cls=Spreading)
@one_task(complete_task_or_benchmark)
@split_option(required=False)
@data_dir_option
@click.option(
    "--references",
    multiple=True,
    metavar="FILE...",
    help="True texts, in any form of --predictions, instead of --split and --data-dir; several files if there are "
    "several of each.",
)
@click.option(
    "--predictions", metavar="FILE", help="JSON, JSON lines, CSV or plain text; - for standard input; or a folder."
)
@click.option("--submission", metavar="FILE", help="A submission made for this split, instead of --predictions.")
@click.option("--format", type=click.Choice(FORMATS), help="The file's form, if not by its content.")
@click.option("--tokenize", type=click.Choice(TOKENIZERS), help="BLEU's tokenizer, if not the row's.")
@click.option(
    "--metric",
    "metrics",
    multiple=True,
    metavar="NAME...",
    shell_complete=complete_metric,
    help="Scores besides the row's, such as ter.",
)
@click.option(
    "--by",
    multiple=True,
    metavar="NAME...",
    shell_complete=complete_slice,
    help="Scores by slice too, such as input_length or label.",
)
@click.option("--sentence-marks", is_flag=True, help="Take <t>, </t> and <q> for the ends of sentences.")
@click.option("--ignore-unknown", is_flag=True, help="Leave out predictions whose ids are none of the split's.")
@click.option(
    "--prompt",
    metavar="NAME",
    shell_complete=complete_prompt,
    help="The prompt that the predictions answer, or a file of it. [t5]",
)
@filter_option
@json_option
def command(references: tuple[str, ...], **asked: Any) -> None:
    """Score predictions for TASK's split, or a submission made for it, with 95 % intervals.

    With a folder of predictions, TASK may be a benchmark: what TASK/SPLIT.jsonl below it holds is scored.
    """
    found = score(**asked, references=[Path(name) for name in references] or None)
    warn(found.notes)
    print_result(found.to_json, lambda: _lines(found))


def _lines(found: Scoring | FolderScoring) -> Iterator[str]:
    yield from score_lines(found.split_scores())
    for one in found.split_scores():
        yield from slice_lines(one)
    if isinstance(found, FolderScoring):
        yield from map(wrapped, averages_text(found.to_json()["benchmarks"]))
