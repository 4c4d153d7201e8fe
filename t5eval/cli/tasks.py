"""`t5eval tasks`: every task."""

from __future__ import annotations

import click

import task_specs
from t5eval.cli.options import json_option, print_json, warn, wrapped
from task_specs import TaskSpec
from task_specs.plugins import load_installed

ROW = "{:<23} {:>8} {:>10} {:>8}  {}"


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
    """List every task: the sizes of its splits, and its metrics.

    With --json also aliases, T5's own variants of the metrics, and the file of a leaderboard's submission.
    """
    specs = task_specs.all_tasks()
    warn(load_installed())
    if as_json:
        print_json([summary(spec) for spec in specs])
        return
    click.echo(ROW.format("task", *task_specs.SPLITS, "metrics"))
    for spec in specs:
        sizes = [f"{spec.sizes[s]:,}" if s in spec.sizes else "-" for s in task_specs.SPLITS]
        metrics = ", ".join(name for name in spec.metrics if not name.endswith("_t5"))
        line = ROW.format(spec.name, *sizes, "")
        click.echo(wrapped(metrics, line, " " * len(ROW.format("", "", "", "", ""))))
    mixtures = ", ".join(mixture.name for mixture in task_specs.all_mixtures())
    click.echo("\n" + wrapped(f"mixtures (t5eval show MIXTURE): {mixtures}"))
