"""`t5eval evaluate`: predict with a model and score, from where an earlier process stopped."""

import shlex
import sys
from collections.abc import Iterator
from typing import Any

import click

from t5eval.api.evaluate import PURPOSES, Evaluation, evaluate
from t5eval.cli.decoding import decoding_options
from t5eval.cli.names import complete_dtype, complete_strategy, complete_task_or_benchmark
from t5eval.cli.options import (
    Spreading,
    asking_options,
    data_dir_option,
    json_option,
    mlflow_option,
    not_empty,
    print_result,
    runner_options,
    shard_option,
    splits_option,
    wandb_option,
    warn,
    wrapped,
)
from t5eval.cli.progress import RunProgress
from t5eval.cli.score_table import averages_text, score_lines
from t5eval.cli.task_options import several_tasks
from t5eval.evaluation.batches import DEFAULT_BATCH_TOKENS


def _price(context: click.Context, parameter: click.Parameter, value: str | None) -> tuple[float, float] | None:
    try:
        prices = [float(part) for part in value.split(",")] if value is not None else []
    except ValueError:
        prices = []
    if value is not None and (len(prices) != 2 or not all(0 <= price < float("inf") for price in prices)):
        raise click.BadParameter(f"write two numbers, as 0.15,0.60; got {value!r}", context, parameter)
    return (prices[0], prices[1]) if prices else None


@click.command(cls=Spreading)
@click.option("--model", required=True, metavar="M", help="The model, in one of the forms above.")
@several_tasks(complete_task_or_benchmark, "Tasks, benchmarks, or all.", required=True)
@splits_option("Only these splits. [those with labels, but train]")
@click.option(
    "--for",
    "purpose",
    type=click.Choice(PURPOSES),
    default=PURPOSES[0],
    show_default=True,
    help="Which splits: score, those with labels; submit, those whose answers a leaderboard takes.",
)
@data_dir_option
@click.option(
    "--out", callback=not_empty, required=True, metavar="RUN", help="The run's folder; an unfinished run is resumed."
)
@decoding_options
@click.option(
    "--dtype",
    metavar="float32|bfloat16",
    shell_complete=complete_dtype,
    help="Precision of the model's arithmetic. [float32]",
)
@click.option(
    "--vocab", metavar="FILE", help="The vocabulary, if not the checkpoint's: a SentencePiece model, or bytes."
)
@click.option(
    "--strategy",
    metavar="NAME",
    shell_complete=complete_strategy,
    help="none, mirrored[:N], multiworker or tpu[:ADDRESS], for a Keras T5. [none]",
)
@click.option(
    "--batch-tokens",
    type=click.IntRange(min=1),
    default=DEFAULT_BATCH_TOKENS,
    show_default=True,
    help="The most input tokens of a batch.",
)
@click.option(
    "--concurrency",
    type=click.IntRange(min=1),
    metavar="N",
    help="The most requests to a server at once; fewer while it is too busy. [16]",
)
@click.option(
    "--price",
    callback=_price,
    metavar="IN,OUT",
    help="What a server's million tokens cost, read and written: the results have the cost.",
)
@click.option("--limit", type=click.IntRange(min=1), help="Only the first N examples of each split.")
@asking_options(answers=True)
@runner_options("Answer")
@shard_option("answers")
@click.option("--tensorboard", is_flag=True, help="Tell TensorBoard the scores: RUN/logs/evaluation.")
@wandb_option
@mlflow_option
@json_option
def command(**asked: Any) -> None:
    """Predict TASKs with a model and score them.

    Predictions are stored as they are made: a run that was killed goes on where it stopped.

    \b
    --model may be
      PATH                   a T5 checkpoint of any format
      OWNER/NAME[@REV]       a T5 repository at Hugging Face; also hf://OWNER/NAME
      hf:FOLDER              what transformers runs; also hf:OWNER/NAME
      keras_hub:PRESET       a model that KerasHub runs
      openai:BASE_URL#MODEL  a model at a server that speaks OpenAI's form
      py:FILE.py:FUNCTION    what your function returns; also py:MODULE:FUNCTION
      best:RUN               for each task a training run's best checkpoint
      ensemble:A,B           several Keras T5s, their logits averaged
      predictions:FILE       predictions that are there; also a run's folder
    """
    line = shlex.join(["t5eval", *sys.argv[1:]])
    shown = RunProgress()
    done = evaluate(**asked, progress=shown.split, say=warn, plan=shown.plan, command=line)
    print_evaluation(done)


def print_evaluation(done: Evaluation) -> None:
    """Prints what an evaluation made, with what to know of it as warnings."""
    for result in done.splits:
        warn(result.data.notes)
        warn(f"{result.score.task} {result.score.split}: {text}" for text, _ in result.cautions())
    print_result(done.to_json, lambda: _lines(done))


def _lines(done: Evaluation) -> Iterator[str]:
    if done.shard is not None:
        for task, of_task in done.document["splits"].items():
            for split, found in of_task.items():
                done_or_not = f"{found['examples']:,} answers" if "examples" in found else found["unanswered"]
                yield wrapped(f"{task} {split}: {done_or_not}")
        yield wrapped(f"shard {done.shard} is in {done.run}; `t5eval merge` joins it with the others")
        return
    scored = [result.score for result in done.splits if result.score.labelled]
    if scored:
        yield from score_lines(scored)
    yield from map(wrapped, averages_text(done.document["benchmarks"]))
    unlabelled = [f"{r.score.task} {r.score.split}" for r in done.splits if not r.score.labelled]
    if unlabelled:
        yield wrapped(f"predicted without labels to score against: {', '.join(unlabelled)}")
    for result in done.splits:
        if result.cached:
            answers = result.score.share(result.cached, "answers")
            yield wrapped(f"{result.score.task} {result.score.split}: {answers} came from the cache")
        if (used := result.usage) is not None:
            cost = "" if result.cost is None else f", cost {result.cost:,.6g}"
            counts = f"{used.prompt_tokens:,} tokens read, {used.completion_tokens:,} written{cost}"
            yield f"{result.score.task} {result.score.split}: {counts}"
    yield f"predictions and results.json are in {done.run}"
