"""`t5eval merge`: the shards of several jobs become what one process would have made."""

import shlex
import sys

import click

from t5eval.api.evaluate import Evaluation
from t5eval.api.merge import merge
from t5eval.cli.evaluate import print_evaluation
from t5eval.cli.options import data_dir_option, json_option, not_empty
from t5eval.cli.prepare import print_preparation


@click.command()
@click.argument("runs", metavar="FOLDER...", nargs=-1, required=True)
@click.option("--out", callback=not_empty, required=True, metavar="RUN", help="The folder of the whole.")
@data_dir_option
@json_option
def command(runs: tuple[str, ...], out: str, data: str | None) -> None:
    """Join the shards that `evaluate --shard I/N` or `prepare --shard I/N` left in FOLDERs, all N of them.

    RUN is then what one process would have made. Runs are scored here, on the data that the shards record unless
    --data-dir names it; the model is not needed.
    """
    made = merge(runs, out=out, data=data, command=shlex.join(["t5eval", *sys.argv[1:]]))
    if isinstance(made, Evaluation):
        print_evaluation(made)
    else:
        print_preparation(made)
