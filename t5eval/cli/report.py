"""`t5eval report`: what a run, or several, came to, as Markdown, a page and tables."""

from typing import Any

import click

from t5eval.api.report import report
from t5eval.cli.options import data_dir_option, json_option, not_empty, print_result, warn


@click.command()
@click.argument("runs", metavar="RUN...", nargs=-1, required=True)
@data_dir_option
@click.option("--out", callback=not_empty, metavar="FOLDER", help="Where report.md and report.html go. [the first RUN]")
@click.option("--latex", metavar="FILE", help="Also a LaTeX table of the overview.")
@click.option("--csv", metavar="FILE", help="Also a table of all scores for spreadsheets.")
@json_option
def command(**asked: Any) -> None:
    """Write report.md and report.html of a run, or of several side by side.

    A RUN is a folder of evaluate, train or demo, or any that holds predictions/TASK/SPLIT.jsonl. The page shows the
    worst examples, with what they were counted as, if the data is at hand: from --data-dir, else from where the run
    was evaluated on.
    """
    written = report(**asked)
    warn(written.notes)
    print_result(written.to_json, lambda: map(str, written.files))
