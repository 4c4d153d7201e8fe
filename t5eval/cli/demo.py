"""`t5eval demo`: the whole job on an embedded miniature suite, offline."""

from __future__ import annotations

import time
from pathlib import Path

import click

from t5eval.cli.options import console
from t5eval.cli.progress import SplitProgress, StepProgress, duration
from t5eval.demo.run import STEPS, DemoRow, run_demo
from t5eval.run_folder import locked


def demo_table(rows: list[DemoRow]) -> object:
    """Returns the demo's result table."""
    from rich.table import Table

    from t5eval.cli.tables import number

    table = Table("task", "n", "score", "commonest answer", "", "unreadable", box=None)
    for column in (1, 2, 3, 5):
        table.columns[column].justify = "right"
    for row in rows:
        better = "better" if row.learned else "not better"
        table.add_row(row.task, str(row.n), number(row.score), number(row.majority), better, str(row.unreadable))
    return table


@click.command()
@click.option("--out", default="t5eval-demo", show_default=True, metavar="RUN", help="The run's folder.")
def command(out: str) -> None:
    """Train a tiny Keras T5 on an embedded suite in GLUE's layout, score it, and write a GLUE submission.

    Everything is offline, and done by the same functions as in real use. A run that was stopped goes on.
    """
    from t5eval.cli.submit import describe

    started = time.monotonic()
    run = Path(out)
    with locked(run), StepProgress(STEPS) as training:
        rows, submission = run_demo(
            run, display=training, progress=lambda name: SplitProgress(name, show=False), say=training.say
        )
    output = console()
    output.print(demo_table(rows))
    better = sum(row.learned for row in rows)
    output.print(f"{better} of {len(rows)} tasks are better than always giving the commonest answer")
    output.print()
    for line in describe(submission):
        output.print(line)
    output.print(f"done in {duration(time.monotonic() - started)}; model, predictions and results.json are in {run}")
