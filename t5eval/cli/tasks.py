"""`t5eval tasks`: every task."""

from collections.abc import Iterator

import click

import task_specs
from t5eval.api.tasks import Tasks, tasks
from t5eval.cli.options import json_option, print_result, warn, wrapped

ROW = "{:<23} {:>8} {:>10} {:>8}  {}"


@click.command()
@json_option
def command() -> None:
    """List every task: the sizes of its splits, and its metrics.

    With --json also aliases, T5's own variants of the metrics, and the file of a leaderboard's submission.
    """
    found = tasks()
    warn(found.notes)
    print_result(found.to_json, lambda: _lines(found))


def _lines(found: Tasks) -> Iterator[str]:
    yield ROW.format("task", *task_specs.SPLITS, "metrics")
    for spec in found.specs:
        sizes = [f"{spec.sizes[s]:,}" if s in spec.sizes else "-" for s in task_specs.SPLITS]
        metrics = ", ".join(name for name in spec.metrics if not name.endswith("_t5"))
        line = ROW.format(spec.name, *sizes, "")
        yield wrapped(metrics, line, " " * len(ROW.format("", "", "", "", "")))
    mixtures = ", ".join(mixture.name for mixture in task_specs.all_mixtures())
    yield "\n" + wrapped(f"mixtures (t5eval show MIXTURE): {mixtures}")
