"""`t5eval evaluate`: predict with a model and score, from where an earlier process stopped."""

import shlex
import sys
from collections.abc import Iterator
from typing import Any

import click

from t5eval.api.evaluate import Evaluation, evaluate
from t5eval.cli.names import complete_task_or_benchmark
from t5eval.cli.options import Spreading, data_dir_option, json_option, not_empty, print_result, warn, wrapped
from t5eval.cli.progress import SplitProgress
from t5eval.cli.score_table import averages_text, score_lines
from t5eval.evaluation.batches import DEFAULT_BATCH_TOKENS
from t5eval.predictors.answering import METHODS


@click.command(cls=Spreading)
@click.option("--model", required=True, metavar="M", help="The model, in one of the forms above.")
@click.option(
    "--task",
    "tasks",
    required=True,
    multiple=True,
    metavar="T...",
    shell_complete=complete_task_or_benchmark,
    help="Tasks, benchmarks, or all.",
)
@click.option("--split", "splits", multiple=True, metavar="S...", help="Only these splits. [every split but train]")
@data_dir_option
@click.option(
    "--out", callback=not_empty, required=True, metavar="RUN", help="The run's folder; an unfinished run is resumed."
)
@click.option(
    "--decode",
    type=click.Choice(METHODS),
    help="Generate greedily or with beam search (of 4), or rank the task's fixed answers. [what the task's row says]",
)
@click.option("--dtype", metavar="float32|bfloat16", help="Precision of the model's arithmetic. [float32]")
@click.option(
    "--vocab", metavar="FILE", help="The vocabulary, if not the checkpoint's: a SentencePiece model, or bytes."
)
@click.option("--strategy", metavar="NAME", help="none, mirrored[:N] or tpu[:ADDRESS], for a Keras T5. [none]")
@click.option(
    "--batch-tokens",
    type=click.IntRange(min=1),
    default=DEFAULT_BATCH_TOKENS,
    show_default=True,
    help="The most input tokens of a batch.",
)
@click.option("--limit", type=click.IntRange(min=1), help="Only the first N examples of each split.")
@json_option
def command(**asked: Any) -> None:
    """Predict TASKs with a model and score them.

    Predictions are stored as they are made: a run that was killed goes on where it stopped.

    \b
    --model may be
      PATH                   a T5 checkpoint of any format
      hf://OWNER/NAME[@REV]  a T5 repository at Hugging Face
      hf:FOLDER              a model that transformers runs
      keras_hub:PRESET       a model that KerasHub runs
      py:FILE.py:FUNCTION    what your function returns; also py:MODULE:FUNCTION
      best:RUN               for each task a training run's best checkpoint
      predictions:FILE       predictions that are there; also a run's folder
    """
    line = shlex.join(["t5eval", *sys.argv[1:]])
    done = evaluate(**asked, progress=SplitProgress, say=warn, command=line)
    for result in done.splits:
        warn(result.data.notes)
        warn(f"{result.score.task} {result.score.split}: {text}" for text, _ in result.cautions())
    print_result(done.to_json, lambda: _lines(done))


def _lines(done: Evaluation) -> Iterator[str]:
    scored = [result.score for result in done.splits if result.score.labelled]
    if scored:
        yield from score_lines(scored)
    yield from map(wrapped, averages_text(done.document["benchmarks"]))
    unlabelled = [f"{r.score.task} {r.score.split}" for r in done.splits if not r.score.labelled]
    if unlabelled:
        yield wrapped(f"predicted without labels to score against: {', '.join(unlabelled)}")
    yield f"predictions and results.json are in {done.run}"
