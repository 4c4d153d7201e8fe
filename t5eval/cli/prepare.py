"""`t5eval prepare`: format and tokenise once, into records that training reads."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

import task_specs
from t5eval.cli.names import complete_any
from t5eval.cli.options import Spreading, data_dir_option, json_option, print_json, warn, wrapped
from t5eval.cli.progress import SplitProgress
from t5eval.data import data_source
from t5eval.preparation.beam import RUNNERS, on_beam
from t5eval.preparation.task_records import in_processes, task_records
from t5eval.preparation.text_data import OBJECTIVES, TextData
from t5eval.preparation.text_records import text_records
from t5eval.support.stages import timed
from task_specs.errors import UserError

if TYPE_CHECKING:
    from keras_model.data.records import RecordSet
    from keras_model.tokenizers.tokenizer import Tokenizer


def _tokenizer(vocab: str) -> Tokenizer:
    from keras_model.tokenizers.loading import load_tokenizer

    try:
        folder = vocab if Path(vocab).is_dir() else ""
        return load_tokenizer(folder, None if folder else vocab)
    except ValueError as error:
        raise UserError(str(error)) from None


@click.command(cls=Spreading)
@click.option(
    "--task",
    multiple=True,
    metavar="T...",
    shell_complete=complete_any,
    help="Tasks, benchmarks or mixtures.",
)
@click.option("--text", multiple=True, metavar="FILE...", help="Instead of tasks: text files, a document a line.")
@click.option("--objective", type=click.Choice(OBJECTIVES), help=f"What is made of text.  [default: {OBJECTIVES[0]}]")
@click.option("--inputs", type=int, metavar="N", help="Tokens of a source made of text.  [default: 512]")
@click.option("--seed", type=click.IntRange(min=0), help="What is made of text follows from it.  [default: 0]")
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
    text: tuple[str, ...],
    objective: str | None,
    inputs: int | None,
    seed: int | None,
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

    With --text, FOLDER gets the examples of an objective; a training configuration names it as `prepared` under
    [train.text], and has the same files, objective, inputs and seed.

    The records do not depend on the number of processes, nor on the runner. A folder without manifest.json is not
    complete; the next preparation into it removes what is there.
    """
    if runner and workers:
        raise UserError("--workers counts processes of this machine; on Beam it is the runner's option that does")
    if runner_option and not runner:
        raise UserError("--runner-option needs --runner")
    if bool(task) == bool(text):
        raise UserError("name either --task or --text; each has a folder of its own")
    if text:
        if runner:
            raise UserError("--runner prepares tasks; text is prepared by one process of this machine")
        given = {"files": text, "objective": objective, "inputs": inputs}
        table = {key: value for key, value in given.items() if value is not None}
        wanted = text_records(TextData.from_table(table), _tokenizer(vocab), seed or 0, SplitProgress)
    else:
        if objective or inputs or seed is not None:
            raise UserError("--objective, --inputs and --seed are of --text")
        specs = [spec for spec in task_specs.resolve(task) if split in spec.source.splits]
        if not specs:
            raise UserError(f"{', '.join(task)}: no {split} split")
        make = on_beam(runner, runner_option) if runner else in_processes(workers, SplitProgress)
        wanted = task_records(specs, split, data_source(data_dir), _tokenizer(vocab), make)
    with timed("preparing"):
        found, were_there = wanted.prepare_or_keep(Path(out))
    sets = list(found.values())
    for made in sets:
        warn(made.about.get("data", {}).get("notes", ()))
    if as_json:
        made_sets = {made.name: {"records": len(made), **made.about} for made in sets}
        print_json({"path": out, "new": not were_there, "sets": made_sets})
        return
    if were_there:
        click.echo(f"{out} holds these records already; their hashes are right")
    for made in sets:
        click.echo(wrapped(_line(made)))


def _line(made: RecordSet) -> str:
    """Returns what became of a split, or of plain text, in one line."""
    about = made.about
    line = (
        f"{made.name}: {len(made):,} records, {about['tokens']['inputs']:,} and {about['tokens']['targets']:,} tokens"
    )
    if "truncated" in about:
        cut, left_out = about["truncated"], sum(about["left_out"].values())
        line += f", {cut['inputs']:,} inputs and {cut['targets']:,} targets cut, {left_out:,} left out"
    return line
