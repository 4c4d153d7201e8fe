"""`t5eval show`: a task's whole row, or a mixture's shares."""

from __future__ import annotations

import dataclasses
import os
from typing import Any

import click

import task_specs
from t5eval.cli.names import complete_task_or_mixture
from t5eval.cli.options import console, data_dir_option, json_option, print_json, wrapped
from t5eval.cli.tasks import summary
from t5eval.data import available_splits, data_source, open_split
from t5eval.data.source import DATA_DIR_VARIABLE
from t5eval.scoring.score import evaluation_pair
from task_specs import TEXT, Benchmark, Mixture, TaskSpec


def _example(spec: TaskSpec, data_dir: str | None) -> dict[str, str] | None:
    """Returns one formatted example, None where no data is at hand."""
    if not data_dir and not os.environ.get(DATA_DIR_VARIABLE):
        return None
    source = data_source(data_dir)
    for split in sorted(available_splits(spec, source), key=["validation", "train", "test"].index):
        pair = evaluation_pair(spec, next(iter(open_split(spec, split, source))))
        return {"split": split, "id": pair.id, "inputs": pair.inputs, "targets": pair.targets}
    return None


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


def _mixture_document(mixture: Mixture) -> dict[str, Any]:
    """Returns a mixture's row, and of each of its tasks the size and the share of what is drawn."""
    sizes = {spec.name: spec.training_size for spec in task_specs.tasks_of(mixture)}
    return {
        "name": mixture.name,
        "aliases": list(mixture.aliases),
        "rates": mixture.rates,
        "limit": mixture.limit,
        "temperature": mixture.temperature,
        "note": mixture.note,
        "members": [dataclasses.asdict(member) for member in mixture.members],
        "shares": [
            {"task": task, "train": sizes[task], "share": share} for task, share in task_specs.shares(mixture).items()
        ],
    }


def _print_mixture(document: dict[str, Any]) -> None:
    from rich.table import Table

    members = document.pop("members")
    shares = document.pop("shares")
    click.echo("\n".join(_lines({key: value for key, value in document.items() if value not in (None, "", [])})))
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
        click.echo("and plain text, if a run has some: see t5eval train")


@click.command()
@click.argument("task", metavar="TASK|MIXTURE", shell_complete=complete_task_or_mixture)
@data_dir_option
@json_option
def command(task: str, data_dir: str | None, as_json: bool) -> None:
    """Print TASK's row: source, text format, answer, metrics, sizes, decoding, published scores.

    Of a MIXTURE, print the share of each task in what is drawn, for the official sizes.
    """
    row = task_specs.find(task)
    if isinstance(row, Mixture):
        mixture = _mixture_document(row)
        if as_json:
            print_json(mixture)
        else:
            _print_mixture(mixture)
        return
    spec = task_specs.get(task) if isinstance(row, Benchmark) else row
    document = {**summary(spec), **spec.to_dict()}
    # What the schema leaves out as a default is still true of the task.
    document["decode"] = {
        "method": spec.decode.method,
        "beam_size": spec.decode.beam_size,
        "alpha": spec.decode.alpha,
    }
    document["aliases"] = list(spec.aliases)
    document["task_score"] = list(spec.task_score)
    document["example"] = _example(spec, data_dir)
    if as_json:
        print_json(document)
    else:
        click.echo("\n".join(_lines({k: v for k, v in document.items() if v is not None})))
