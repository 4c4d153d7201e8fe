"""`t5eval check`: is this file what the leaderboard takes?"""

from __future__ import annotations

import os
from pathlib import Path

import click

import leaderboards
from t5eval.cli.names import complete_leaderboard
from t5eval.cli.options import data_dir_option, json_option, print_json
from t5eval.data import data_source
from t5eval.data.source import DATA_DIR_VARIABLE
from t5eval.submissions.submit import data_ids
from t5eval.support.stages import stage


@click.command()
@click.argument("leaderboard", shell_complete=complete_leaderboard)
@click.argument("file")
@data_dir_option
@json_option
def command(leaderboard: str, file: str, data_dir: str | None, as_json: bool) -> int:
    """Check FILE, a zip, folder or single file, as LEADERBOARD would.

    Without data the row counts are the leaderboard's own; with data, ids and counts are those of the data. Ends with
    status 0 only if the file is valid.
    """
    board = leaderboards.get(leaderboard)
    ids = None
    if data_dir or os.environ.get(DATA_DIR_VARIABLE):
        ids = data_ids(leaderboard, data_source(data_dir))
    with stage("checking the submission"):
        verdict = board.check(Path(file), ids)
    if as_json:
        print_json(
            {
                "status": verdict.status,
                "faults": [{"file": f.file, "line": f.line, "message": f.message} for f in verdict.faults],
                "fault_count": verdict.fault_count,
                "files": dict(verdict.files),
                "absent": list(verdict.absent),
                "notes": list(verdict.notes),
            }
        )
    else:
        click.echo("\n".join(leaderboards.lines(verdict)))
    return 0 if verdict.status.startswith("valid") else 2
