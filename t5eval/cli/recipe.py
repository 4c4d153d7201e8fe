"""`t5eval recipe`: the paper's settings, ready for `t5eval train --config`."""

import tomllib
from pathlib import Path

import click

from t5eval.cli.names import complete_recipe
from t5eval.cli.options import STDIO, json_option, not_empty, print_result
from t5eval.cli.task_options import one_task
from t5eval.support.files import write_text
from task_specs.support.errors import UserError


@click.command()
@one_task(complete_recipe, name="name", metavar="TASK|BENCHMARK|MIXTURE|pretrain")
@click.option("--out", callback=not_empty, metavar="FILE", help="Where to write it, instead of printing it.")
@json_option
def command(name: str, out: str | None) -> None:
    """Print the T5 paper's settings for fine-tuning on a task, benchmark or mixture, as a file for t5eval train.

    `pretrain` prints those of pre-training on plain text: the baseline's, and in comments what T5 v1.1 does otherwise.
    """
    from t5eval.training.recipes import recipe

    text = recipe(name)
    out = None if out == STDIO else out
    if out is not None:
        if Path(out).exists():
            raise UserError(f"{out} is there already; name a new file")
        write_text(Path(out), text)
    table = tomllib.loads(text)["train"]
    *places, last = [key for key in ("model", "vocab", "data_dir", "out") if key in table]
    filled = f"{out}: fill in {', '.join(places)} and {last}, or give them as flags to t5eval train --config {out}"
    print_result(
        lambda: {**tomllib.loads(text), "toml": text, "path": out},
        lambda: [text.removesuffix("\n") if out is None else filled],
    )
