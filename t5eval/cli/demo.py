"""`t5eval demo`: the whole job on an embedded miniature suite, offline."""

import dataclasses
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from t5eval.cli.options import json_option, not_empty, print_result, table_lines
from t5eval.cli.progress import SplitProgress, StepProgress, duration
from t5eval.cli.score_table import number
from t5eval.demo.demo import STEPS, run_demo
from t5eval.demo.score_table import DemoRow
from t5eval.runs.folder import locked
from t5eval.submissions.submission import Submission


def demo_table(rows: Sequence[DemoRow]) -> object:
    """Returns the demo's result table, which fits into 80 columns."""
    from rich.table import Table

    table = Table("task", "split", "n", "score", "commonest", "", "unreadable", box=None)
    for column in (2, 3, 4, 6):
        table.columns[column].justify = "right"
    for row in rows:
        better = "better" if row.learned else "-"
        unreadable = str(row.unreadable)
        table.add_row(row.task, row.split, str(row.n), number(row.score), number(row.commonest), better, unreadable)
    return table


def _described(submission: Submission) -> list[str]:
    """Returns a line on the file, and one on each task of which answers had to be filled in."""
    lines = [f"submissions/{submission.path.name}: {submission.verdict.status}"]
    for task, (_, unreadable) in submission.filled.items():
        lines.append(f"  {task}: filled {unreadable:,} unreadable answers")
    lines += [f"  {task}: {n:,} answers are not in the passage" for task, n in submission.unmapped.items()]
    return [*lines, *(f"  {note}" for note in submission.notes)]


@click.command()
@click.option(
    "--out", callback=not_empty, default="t5eval-demo", show_default=True, metavar="RUN", help="The run's folder."
)
@json_option
def command(out: str) -> None:
    """Train a tiny Keras T5 on an embedded suite, score it, write a report and every kind of submission.

    The suite has GLUE, SuperGLUE, SQuAD, CNN/DailyMail and WMT in small, in the official files' layouts. Everything is
    offline, and done by the same functions as in real use. A run that was stopped goes on.
    """
    started = time.monotonic()
    run = Path(out)
    with locked(run), StepProgress(STEPS) as training:
        rows, submissions = run_demo(
            run, display=training, progress=lambda name: SplitProgress(name, show=False), say=training.say
        )
    seconds = time.monotonic() - started

    def document() -> dict[str, Any]:
        return {
            "run": str(run),
            "tasks": [{**dataclasses.asdict(row), "learned": row.learned} for row in rows],
            "submissions": [submission.to_json() for submission in submissions],
            "seconds": seconds,
        }

    def lines() -> Iterator[str]:
        yield from table_lines(demo_table(rows))
        better = sum(row.learned for row in rows)
        yield f"{better} of {len(rows)} tasks are better than always giving the commonest answer"
        yield ""
        for submission in submissions:
            yield from _described(submission)
        yield "report.html and report.md: every score, with the examples behind it"
        yield f"done in {duration(seconds)}; all of it is in {run}"

    print_result(document, lines)
