"""`t5eval examples`: a split as text pairs."""

import json
from typing import Any

import click

from t5eval.api.tasks import examples_of_prompts
from t5eval.cli.names import complete_task
from t5eval.cli.options import asking_options, data_dir_option, print_document, split_option, warn
from t5eval.cli.task_options import one_task
from task_specs.texts.prompt import OWN


@click.command()
@one_task(complete_task)
@split_option()
@data_dir_option
@click.option("--limit", type=click.IntRange(min=1), help="Stop after this many examples.")
@asking_options(answers=False)
def command(**asked: Any) -> None:
    """Print TASK's split as UTF-8 JSON lines {"id", "inputs", "targets"}, in file order.

    With --prompt and --shots, the inputs are what a model is sent; with --chat, they are turns of a conversation. Of
    several prompts, one follows the other, and each line says its "prompt".
    """
    several = examples_of_prompts(**asked)
    for found in several:
        spec = found.split.spec
        named = {"prompt": spec.prompt or OWN} if len(several) > 1 else {}
        for pair, record in found.records():
            if pair.problem:
                warn(f"{spec.name} {found.split.split} {pair.id}: {pair.problem}")
            print_document(json.dumps({**record, **named}, ensure_ascii=False))
        warn(found.notes)
