"""`t5eval prepare`: format and tokenise once, into records that training reads."""

from __future__ import annotations

from pathlib import Path

import click

import task_specs
from t5eval import preparation
from t5eval.cli.names import complete_any
from t5eval.cli.options import Spreading, data_dir_option, json_option, print_json, warn, wrapped
from t5eval.cli.progress import SplitProgress
from t5eval.data import data_source, open_split
from t5eval.errors import UserError
from t5eval.preparation_beam import RUNNERS, on_beam
from t5eval.prepared_records import prepare_or_keep
from t5eval.stages import timed


@click.command(cls=Spreading)
@click.option(
    "--task",
    multiple=True,
    required=True,
    metavar="T...",
    shell_complete=complete_any,
    help="Tasks, benchmarks or mixtures.",
)
@click.option(
    "--split", type=click.Choice(["train", "validation"]), default="train", show_default=True, help="What to prepare."
)
@data_dir_option
@click.option(
    "--vocab", required=True, metavar="V", help="SentencePiece model, model folder with a tokenizer, or `bytes`."
)
@click.option("--out", required=True, metavar="FOLDER", help="Where the records go; a folder of their own.")
@click.option("--workers", type=click.IntRange(min=1), metavar="N", help="Processes.  [default: one per core]")
@click.option("--runner", type=click.Choice(list(RUNNERS)), help="Prepare on Apache Beam instead.")
@click.option(
    "--runner-option", multiple=True, metavar="KEY=VALUE", help="An option of Beam or its runner; repeatable."
)
@json_option
def command(
    task: tuple[str, ...],
    split: str,
    data_dir: str | None,
    vocab: str,
    out: str,
    workers: int | None,
    runner: str | None,
    runner_option: tuple[str, ...],
    as_json: bool,
) -> None:
    """Format and tokenise TASKs once, into FOLDER, which `t5eval train --prepared` takes.

    The records do not depend on the number of processes, nor on the runner. A folder without manifest.json is not
    complete; the next preparation into it removes what is there.
    """
    from keras_model.tokenizer_files import load_tokenizer

    if runner and workers:
        raise UserError("--workers counts processes of this machine; on Beam it is the runner's option that does")
    if runner_option and not runner:
        raise UserError("--runner-option needs --runner")
    specs = [spec for spec in task_specs.resolve(task) if split in spec.source.splits]
    if not specs:
        raise UserError(f"{', '.join(task)}: no {split} split")
    data = data_source(data_dir)
    splits = [open_split(spec, split, data) for spec in specs]
    try:
        folder = vocab if Path(vocab).is_dir() else ""
        tokenizer = load_tokenizer(folder, None if folder else vocab)
    except ValueError as error:
        raise UserError(str(error)) from None
    make = on_beam(runner, runner_option) if runner else preparation.in_processes(workers, SplitProgress)
    with timed("preparing"):
        sets, were_there = prepare_or_keep(splits, tokenizer, Path(out), make)
    for made in sets.values():
        warn(made.about["data"]["notes"])
    if as_json:
        made_sets = {made.name: {"records": len(made), **made.about} for made in sets.values()}
        print_json({"path": out, "new": not were_there, "sets": made_sets})
        return
    if were_there:
        click.echo(f"{out} holds these records already; their hashes are right")
    for made in sets.values():
        about = made.about
        left_out = sum(about["left_out"].values())
        click.echo(
            wrapped(
                f"{made.name}: {len(made):,} records, "
                f"{about['tokens']['inputs']:,} and {about['tokens']['targets']:,} tokens, "
                f"{about['truncated']['inputs']:,} inputs and {about['truncated']['targets']:,} targets cut, "
                f"{left_out:,} left out"
            )
        )
