"""`t5eval report`: what a run, or several, came to, as Markdown, a page and tables."""

from typing import Any

import click

from t5eval.api.report import report
from t5eval.cli.names import complete_metric, complete_task_or_benchmark
from t5eval.cli.options import Spreading, data_dir_option, json_option, not_empty, print_result, warn


@click.command(cls=Spreading)
@click.argument("runs", metavar="RUN...", nargs=-1, required=True)
@data_dir_option
@click.option("--out", callback=not_empty, metavar="FOLDER", help="Where report.md and report.html go. [the first RUN]")
@click.option("--latex", metavar="FILE", help="Also a LaTeX table of the overview.")
@click.option("--csv", metavar="FILE", help="Also a table of all scores for spreadsheets.")
@click.option(
    "--tasks",
    "--task",
    "tasks",
    multiple=True,
    metavar="T...",
    shell_complete=complete_task_or_benchmark,
    help="Tasks and benchmarks that the tables have. [all]",
)
@click.option(
    "--metrics",
    "--metric",
    "metrics",
    multiple=True,
    metavar="NAME...",
    shell_complete=complete_metric,
    help="Scores that the tables have. [the leaderboards']",
)
@click.option(
    "--digits",
    type=click.IntRange(0, 10),
    default=2,
    show_default=True,
    help="Digits behind the point in the tables; --csv rounds nothing.",
)
@click.option("--hub-card", is_flag=True, help="Also a model card and the Hugging Face hub's records of scores.")
@click.option("--push", callback=not_empty, metavar="OWNER/NAME", help="Send these to the model's repository there.")
@json_option
def command(**asked: Any) -> None:
    """Write report.md and report.html of a run, or of several side by side.

    A RUN is a folder of evaluate, train or demo, or any that holds predictions/TASK/SPLIT.jsonl. The page shows the
    worst examples, with what they were counted as, if the data is at hand: from --data-dir, else from where the run
    was evaluated on. Name the RUNs before --tasks and --metrics, which take several values.
    """
    written = report(**asked)
    warn(written.notes)
    sent = [f"sent to the hub: {written.commit}"] if written.commit else []
    print_result(written.to_json, lambda: [*map(str, written.files), *sent])
