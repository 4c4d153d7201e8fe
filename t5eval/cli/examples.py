"""`t5eval examples`: a split as text pairs."""

import json
from typing import Any

import click

from t5eval.api.tasks import examples, pair_record
from t5eval.cli.names import complete_task
from t5eval.cli.options import data_dir_option, print_document, split_option, warn


@click.command()
@click.argument("task", shell_complete=complete_task)
@split_option()
@data_dir_option
@click.option("--limit", type=click.IntRange(min=1), help="Stop after this many examples.")
def command(**asked: Any) -> None:
    """Print TASK's split as UTF-8 JSON lines {"id", "inputs", "targets"}, in file order."""
    found = examples(**asked)
    for pair in found:
        if pair.problem:
            warn(f"{found.split.spec.name} {found.split.split} {pair.id}: {pair.problem}")
        print_document(json.dumps(pair_record(pair), ensure_ascii=False))
    warn(found.notes)
