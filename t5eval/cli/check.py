"""`t5eval check`: is this file what the leaderboard takes?"""

import click

import leaderboards
from t5eval.api.check import check
from t5eval.cli.names import complete_leaderboard
from t5eval.cli.options import data_dir_option, json_option, print_result, spooled


@click.command()
@click.argument("leaderboard", shell_complete=complete_leaderboard)
@click.argument("file")
@data_dir_option
@json_option
def command(leaderboard: str, file: str, data: str | None) -> int:
    """Check FILE, a zip, folder or single file, as LEADERBOARD would; - is a zip on standard input.

    Without data the row counts are the leaderboard's own; with data, ids and counts are those of the data. Ends with
    status 0 only if the file is valid.
    """
    verdict = check(leaderboard, spooled(file, ".zip"), data=data)
    print_result(verdict.to_json, lambda: leaderboards.lines(verdict))
    return 0 if verdict.status.startswith("valid") else 2
