"""`t5eval show`: a task's whole row, or a mixture's shares."""

from typing import Any

import click

from t5eval.api.tasks import show
from t5eval.cli.names import complete_task_or_mixture
from t5eval.cli.options import data_dir_option, json_option, print_result, table_lines, wrapped
from t5eval.cli.task_options import one_task
from task_specs import TEXT, Mixture


def _lines(value: Any, indent: str = "") -> list[str]:
    """Returns a nested document as indented `key: value` lines.

    An example's texts are not broken, and a text of several lines, such as a prompt's, keeps them.
    """
    lines = []
    for key, item in value.items():
        if key == "example":
            lines += [f"{indent}{key}:", *(f"{indent}  {k}: {v}" for k, v in item.items())]
        elif isinstance(item, dict):
            lines += [f"{indent}{key}:", *_lines(item, indent + "  ")]
        elif isinstance(item, list) and item and isinstance(item[0], dict):
            lines.append(f"{indent}{key}:")
            lines += [wrapped(_plain(entry), indent + "  ", indent + "    ") for entry in item]
        elif isinstance(item, str) and "\n" in item:
            lines += [f"{indent}{key}:", *(wrapped(line, indent + "  ", indent + "    ") for line in item.split("\n"))]
        else:
            lines.append(wrapped(f"{key}: {_plain(item)}", indent, indent + "  "))
    return lines


def _plain(item: Any) -> str:
    """Returns a value on one line, without brackets."""
    if isinstance(item, dict):
        return ", ".join(f"{key} {_plain(part)}" for key, part in item.items())
    return ", ".join(map(_plain, item)) if isinstance(item, list) else str(item)


def _row_lines(document: dict[str, Any]) -> list[str]:
    return _lines({key: value for key, value in document.items() if value not in (None, "", [], {})})


def _mixture_lines(document: dict[str, Any]) -> list[str]:
    from rich.table import Table

    members = document.pop("members")
    shares = document.pop("shares")
    lines = _lines({key: value for key, value in document.items() if value not in (None, "", [])})
    table = Table("task", "train", "share", box=None, pad_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    for row in shares:
        size = "?" if row["train"] is None else f"{row['train']:,}"
        table.add_row(
            row["task"], size if row["train"] != 0 else "-", f"{100 * row['share']:.3f} %" if row["share"] else "-"
        )
    text = any(member["name"] == TEXT for member in members) and TEXT not in document["without"]
    return lines + table_lines(table) + ["and plain text, if a run has some: see t5eval train"] * text


@click.command()
@one_task(complete_task_or_mixture, metavar="TASK|MIXTURE")
@data_dir_option
@json_option
def command(task: str, data: str | None) -> None:
    """Print TASK's row: source, text format, answer, metrics, sizes, decoding, published scores.

    Of a MIXTURE, print the share of each task in what is drawn, for the official sizes.
    """
    found = show(task, data=data)
    lines = _mixture_lines if isinstance(found.row, Mixture) else _row_lines
    print_result(found.to_json, lambda: lines(found.to_json()))
