"""`t5eval submit`: a leaderboard submission from a run's predictions."""

from typing import Any

import click

import leaderboards
from t5eval.api.submit import submit
from t5eval.cli.names import complete_leaderboard, complete_prompt, complete_task
from t5eval.cli.options import data_dir_option, json_option, not_empty, print_result
from t5eval.submissions.submission import Submission


def describe(submission: Submission) -> list[str]:
    """Returns what was written, a line for each file and for all that a user must know of it."""
    lines = [f"{name}: {rows:,} rows" for name, rows in submission.files.items()]
    lines += [
        f"{name}: {n:,} numbers clipped to the leaderboard's range" for name, n in submission.clipped.items() if n
    ]
    for task, (missing, unreadable) in submission.filled.items():
        lines.append(f"{task}: filled {missing:,} missing and {unreadable:,} unreadable answers")
    lines += [
        f"{task}: {n:,} answers are not in the passage and stand as they are" for task, n in submission.unmapped.items()
    ]
    lines += submission.notes
    lines += [f"{task}: left out, {reason}" for task, reason in submission.left_out.items()]
    return [*lines, f"{submission.path}: {leaderboards.lines(submission.verdict)[-1]}"]


@click.command()
@click.argument("leaderboard", shell_complete=complete_leaderboard)
@click.option("--run", required=True, metavar="RUN", help="Folder that holds predictions/TASK/SPLIT.jsonl.")
@data_dir_option
@click.option("--out", callback=not_empty, required=True, metavar="FILE", help="The file to write.")
@click.option("--fill", multiple=True, metavar="[TASK=]LABEL", help="Fill missing and unreadable answers; repeatable.")
@click.option("--partial", is_flag=True, help="Leave out incomplete tasks instead of refusing.")
@click.option(
    "--task",
    metavar="TASK",
    shell_complete=complete_task,
    help="Which task, where a submission is of one of several (squad, wmt).",
)
@click.option("--system", metavar="NAME", help="The system's name in WMT's SGML and XML. [the run's]")
@click.option("--prompt", metavar="NAME", shell_complete=complete_prompt, help="The answers to this prompt. [t5]")
@json_option
def command(**asked: Any) -> None:
    """Write LEADERBOARD's submission from a run's predictions.

    Refuses incomplete or unreadable answers unless --fill or --partial says what to do with them.
    """
    submission = submit(**asked)
    print_result(submission.to_json, lambda: describe(submission))
