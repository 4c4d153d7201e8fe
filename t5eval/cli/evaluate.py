"""`t5eval evaluate`: predict with a model and score, from where an earlier process stopped."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

import click

import task_specs
from t5eval import evaluation
from t5eval.answering import METHODS, choose_answering
from t5eval.cli.options import Spreading, console, data_dir_option, json_option, print_json, warn
from t5eval.cli.progress import SplitProgress
from t5eval.data import DataSource, Split, available_splits, data_source, open_split
from t5eval.errors import UserError
from t5eval.run_folder import locked, recorded
from t5eval.strategy import require_one_process
from task_specs import TaskSpec


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


@click.command(cls=Spreading)
@click.option("--model", required=True, metavar="M", help="The model, in one of the forms above.")
@click.option("--task", "tasks", required=True, multiple=True, metavar="T...", help="Tasks, benchmarks, or all.")
@click.option("--split", "wanted", multiple=True, metavar="S...", help="Only these splits. [every split but train]")
@data_dir_option
@click.option("--out", required=True, metavar="RUN", help="The run's folder; an unfinished run is resumed.")
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
    default=evaluation.DEFAULT_BATCH_TOKENS,
    show_default=True,
    help="The most input tokens of a batch.",
)
@click.option("--limit", type=click.IntRange(min=1), help="Only the first N examples of each split.")
@json_option
def command(
    model: str,
    tasks: tuple[str, ...],
    wanted: tuple[str, ...],
    data_dir: str | None,
    out: str,
    decode: str | None,
    dtype: str | None,
    vocab: str | None,
    strategy: str | None,
    batch_tokens: int,
    limit: int | None,
    as_json: bool,
) -> None:
    """Predict TASKs with a model and score them.

    Predictions are stored as they are made: a run that was killed goes on where it stopped.

    \b
    --model may be
      PATH                    a T5 checkpoint of any format
      hf://OWNER/NAME[@REV]   a T5 repository at Hugging Face
      hf:FOLDER               a model that transformers runs
      keras_hub:PRESET        a model that KerasHub runs
      py:FILE.py:FUNCTION     what your own function returns; also py:MODULE:FUNCTION
      best:RUN                for each task the best checkpoint of a training run
      predictions:FILE        predictions that are there already; also a run's folder
    """
    from t5eval.cli.tables import averages_text, score_table
    from t5eval.predictors import ModelOptions, open_model

    specs = task_specs.resolve(tasks)
    data = data_source(data_dir)
    splits, skipped = choose_splits(specs, data, wanted)
    for name in skipped:
        warn(f"{name} skipped: its data is not in {data.option}")
    groups = ("all", *task_specs.BENCHMARKS)
    alone = [row for name in tasks if name not in groups and isinstance(row := task_specs.find(name), TaskSpec)]
    answerings, kept = choose_answering(specs, decode, {spec.name for spec in alone})
    if kept:
        warn(f"no fixed answers to rank, so decoded as their rows say: {', '.join(kept)}")
    if strategy is not None:
        require_one_process(strategy)
    found_model = open_model(model, ModelOptions(dtype, vocab, strategy))
    found_model.predictor.identity  # noqa: B018  (what cannot be read is said before a run's folder is made)
    run = Path(out)
    settings = {
        "model": found_model.name,
        "dtype": dtype,
        "strategy": strategy,
        "vocab": str(Path(vocab).resolve()) if vocab and Path(vocab).is_file() else vocab,
        "decode": decode,
        "task": list(tasks),
        "split": list(wanted),
        "data_dir": data.option,
        "batch_tokens": batch_tokens,
        "limit": limit,
    }
    with locked(run), recorded(run, "evaluate", settings):
        command_line = shlex.join(["t5eval", *sys.argv[1:]])
        found, document = evaluation.evaluate_splits(
            found_model.predictor,
            splits,
            run,
            {"command": command_line, "model_name": found_model.name, "strategy": strategy},
            answerings=answerings,
            batch_tokens=batch_tokens,
            limit=limit,
            progress=SplitProgress,
            say=warn,
        )
    for result in found:
        warn(result.data.notes)
    if as_json:
        print_json(document)
        return
    output = console()
    scored = [result.score for result in found if result.score.labelled]
    if scored:
        output.print(score_table(scored))
    for line in averages_text(document["benchmarks"]):
        output.print(line)
    unlabelled = [f"{r.score.task} {r.score.split}" for r in found if not r.score.labelled]
    if unlabelled:
        output.print(f"predicted without labels to score against: {', '.join(unlabelled)}")
    output.print(f"predictions and results.json are in {run}")
