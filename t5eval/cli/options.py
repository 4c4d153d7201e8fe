"""Options that several commands share, and how they print."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from typing import Any

import click

data_dir_option = click.option(
    "--data-dir",
    metavar="DATA",
    help="Folder that holds glue/ and the other benchmarks, or tfds:[FOLDER], or hf:FOLDER_OR_NAME. "
    "[T5EVAL_DATA_DIR, else tfds:]",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


def split_option(required: bool = True) -> Callable[..., Any]:
    """Returns the --split option."""
    return click.option("--split", required=required, metavar="SPLIT", help="train, validation or test.")


def print_json(document: Any) -> None:
    """Prints one JSON document on stdout: no NaN, no ASCII escapes."""
    click.echo(json.dumps(document, ensure_ascii=False, allow_nan=False, indent=2))


def warn(messages: Iterable[str] | str) -> None:
    """Prints warnings on stderr."""
    for message in [messages] if isinstance(messages, str) else messages:
        click.echo(f"warning: {message}", err=True)


def console(stderr: bool = False) -> Any:
    """Returns a rich console; where the stream is not a terminal, tables are as wide as they need to be."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    return Console(file=stream, highlight=False, width=None if stream.isatty() else 200)
