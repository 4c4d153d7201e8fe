"""`t5eval tasks`: every task."""

from __future__ import annotations

import click

import task_specs
from t5eval.cli.options import console, json_option, print_json, warn
from task_specs import TaskSpec
from task_specs.installed import load_installed


def summary(spec: TaskSpec) -> dict[str, object]:
    """Returns a task's line of `t5eval tasks --json`."""
    return {
        "name": spec.name,
        "aliases": list(spec.aliases),
        "benchmark": spec.benchmark,
        "splits": dict(spec.sizes),
        "metrics": list(spec.metrics),
        "submission": spec.submission.file if spec.submission else None,
    }


@click.command()
@json_option
def command(as_json: bool) -> None:
    """List every task: its splits, metrics and submission file."""
    specs = task_specs.all_tasks()
    warn(load_installed())
    if as_json:
        print_json([summary(spec) for spec in specs])
        return
    from rich.table import Table

    table = Table("task", "train", "validation", "test", "metrics", "submission", box=None, pad_edge=False)
    table.columns[0].no_wrap = True
    table.columns[4].overflow = "fold"
    for column in table.columns[1:4]:
        column.justify = "right"
    for spec in specs:
        sizes = [f"{spec.sizes[s]:,}" if s in spec.sizes else "-" for s in task_specs.SPLITS]
        metrics = ", ".join(spec.metrics)
        table.add_row(spec.name, *sizes, metrics, spec.submission.file if spec.submission else "-")
    console().print(table)
    mixtures = ", ".join(mixture.name for mixture in task_specs.all_mixtures())
    click.echo(f"\nmixtures (t5eval show MIXTURE): {mixtures}")
