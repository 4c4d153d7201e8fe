"""`t5eval examples`: a split as text pairs."""

from __future__ import annotations

import itertools
import json

import click

import task_specs
from t5eval.cli.names import complete_task
from t5eval.cli.options import data_dir_option, split_option, warn
from t5eval.data import data_source, open_split


@click.command()
@click.argument("task", shell_complete=complete_task)
@split_option()
@data_dir_option
@click.option("--limit", type=click.IntRange(min=1), help="Stop after this many examples.")
def command(task: str, split: str, data_dir: str | None, limit: int | None) -> None:
    """Print TASK's split as UTF-8 JSON lines {"id", "inputs", "targets"}, in file order."""
    spec = task_specs.get(task)
    opened = open_split(spec, split, data_source(data_dir))
    pairs = (pair for example in opened for pair in spec.pairs(example, training=split == "train"))
    for pair in itertools.islice(pairs, limit):
        if pair.problem:
            warn(f"{spec.name} {split} {pair.id}: {pair.problem}")
        record = {"id": pair.id, "inputs": pair.inputs, "targets": pair.targets}
        click.echo(json.dumps(record, ensure_ascii=False))
    warn(opened.summary.notes)
