"""`t5eval examples`: a split as text pairs."""

import json
from typing import Any

import click

from t5eval.api.tasks import examples
from t5eval.cli.names import complete_task
from t5eval.cli.options import asking_options, data_dir_option, print_document, split_option, warn


@click.command()
@click.argument("task", shell_complete=complete_task)
@split_option()
@data_dir_option
@click.option("--limit", type=click.IntRange(min=1), help="Stop after this many examples.")
@asking_options(answers=False)
def command(**asked: Any) -> None:
    """Print TASK's split as UTF-8 JSON lines {"id", "inputs", "targets"}, in file order.

    With --prompt and --shots, the inputs are what a model is sent; with --chat, they are turns of a conversation.
    """
    found = examples(**asked)
    for pair, record in found.records():
        if pair.problem:
            warn(f"{found.split.spec.name} {found.split.split} {pair.id}: {pair.problem}")
        print_document(json.dumps(record, ensure_ascii=False))
    warn(found.notes)
