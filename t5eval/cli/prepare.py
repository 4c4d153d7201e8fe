"""`t5eval prepare`: format and tokenise once, into records that training reads."""

from collections.abc import Iterator
from typing import Any

import click

from t5eval.api.prepare import Preparation, prepare
from t5eval.cli.names import complete_any, complete_split
from t5eval.cli.options import (
    Spreading,
    data_dir_option,
    json_option,
    not_empty,
    print_result,
    runner_options,
    shard_option,
    warn,
    workers_option,
    wrapped,
)
from t5eval.cli.progress import SplitProgress
from t5eval.cli.task_options import several_tasks
from t5eval.preparation.text_data import OBJECTIVES


@click.command(cls=Spreading)
@several_tasks(complete_any, "Tasks, benchmarks or mixtures.")
@click.option("--text", multiple=True, metavar="FILE...", help="Instead of tasks: text files, a document a line.")
@click.option("--objective", type=click.Choice(OBJECTIVES), help=f"What is made of text.  [default: {OBJECTIVES[0]}]")
@click.option("--noise-density", type=float, metavar="R", help="Share of a text that is noise.  [the objective's]")
@click.option("--mean-span", type=float, metavar="N", help="Mean length of a run of noise.  [the objective's]")
@click.option("--held-out", type=float, metavar="R", help="Share of the documents to validate on.  [default: 0]")
@click.option("--limit-tokens", type=int, metavar="N", help="Only the first N tokens of the text.")
@click.option("--inputs", type=int, metavar="N", help="Tokens of a source made of text.  [default: 512]")
@click.option("--seed", type=click.IntRange(min=0), help="What is made of text follows from it.  [default: 0]")
@click.option(
    "--split",
    metavar="SPLIT",
    default="train",
    show_default=True,
    shell_complete=complete_split,
    help="train or validation (also dev, val).",
)
@data_dir_option
@click.option("--vocab", required=True, metavar="V", help="SentencePiece model, model folder, OWNER/NAME, or `bytes`.")
@click.option(
    "--out", callback=not_empty, required=True, metavar="FOLDER", help="Where the records go; a folder of their own."
)
@workers_option
@runner_options("Prepare")
@shard_option("records")
@json_option
def command(**asked: Any) -> None:
    """Format and tokenise TASKs once, into FOLDER, which `t5eval train --prepared` takes.

    With --text, FOLDER gets the examples of an objective; a training configuration names it as `prepared` under
    [train.text], and has the same files, seed and settings of the text.

    The records do not depend on the number of processes, nor on the runner. A folder without manifest.json is not
    complete; the next preparation into it removes what is there.
    """
    print_preparation(prepare(**asked, progress=SplitProgress))


def print_preparation(made: Preparation) -> None:
    """Prints what was prepared, with what to know of the data as warnings."""
    warn(made.notes)
    print_result(made.to_json, lambda: _lines(made))


def _lines(made: Preparation) -> Iterator[str]:
    if not made.new:
        yield f"{made.path} holds these records already; their hashes are right"
    for one in made.sets.values():
        tokens = one.about["tokens"]
        line = f"{one.name}: {len(one):,} records, {tokens['inputs']:,} and {tokens['targets']:,} tokens"
        if "truncated" in one.about:  # not of plain text, which is cut where an objective says
            cut = one.about["truncated"]
            line += f", {cut['inputs']:,} inputs and {cut['targets']:,} targets cut"
            line += f", {sum(one.about['left_out'].values()):,} left out"
        yield wrapped(line)
