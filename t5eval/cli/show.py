"""`t5eval show`: a task's whole row, or a mixture's shares."""

from __future__ import annotations

from typing import Any

import click

from t5eval.api.tasks import show
from t5eval.cli.names import complete_task_or_mixture
from t5eval.cli.options import console, data_dir_option, json_option, print_json, say, wrapped
from task_specs import TEXT, Mixture


def _lines(value: Any, indent: str = "") -> list[str]:
    """Returns a nested document as indented `key: value` lines; an example's texts are not broken."""
    lines = []
    for key, item in value.items():
        if key == "example":
            lines += [f"{indent}{key}:", *(f"{indent}  {k}: {v}" for k, v in item.items())]
        elif isinstance(item, dict):
            lines += [f"{indent}{key}:", *_lines(item, indent + "  ")]
        elif isinstance(item, list) and item and isinstance(item[0], dict):
            lines.append(f"{indent}{key}:")
            lines += [wrapped(_plain(entry), indent + "  ", indent + "    ") for entry in item]
        else:
            lines.append(wrapped(f"{key}: {_plain(item)}", indent, indent + "  "))
    return lines


def _plain(item: Any) -> str:
    """Returns a value on one line, without brackets."""
    if isinstance(item, dict):
        return ", ".join(f"{key} {_plain(part)}" for key, part in item.items())
    return ", ".join(map(_plain, item)) if isinstance(item, list) else str(item)


def _print_mixture(document: dict[str, Any]) -> None:
    from rich.table import Table

    members = document.pop("members")
    shares = document.pop("shares")
    say("\n".join(_lines({key: value for key, value in document.items() if value not in (None, "", [])})))
    table = Table("task", "train", "share", box=None, pad_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    for row in shares:
        size = "?" if row["train"] is None else f"{row['train']:,}"
        table.add_row(
            row["task"], size if row["train"] != 0 else "-", f"{100 * row['share']:.3f} %" if row["share"] else "-"
        )
    console().print(table)
    if any(member["name"] == TEXT for member in members):
        say("and plain text, if a run has some: see t5eval train")


@click.command()
@click.argument("task", metavar="TASK|MIXTURE", shell_complete=complete_task_or_mixture)
@data_dir_option
@json_option
def command(task: str, data_dir: str | None, as_json: bool) -> None:
    """Print TASK's row: source, text format, answer, metrics, sizes, decoding, published scores.

    Of a MIXTURE, print the share of each task in what is drawn, for the official sizes.
    """
    found = show(task, data=data_dir)
    document = found.to_json()
    if as_json:
        print_json(document)
    elif isinstance(found.row, Mixture):
        _print_mixture(document)
    else:
        say("\n".join(_lines({k: v for k, v in document.items() if v is not None})))
