"""`t5eval view`: the explorer of runs, in a browser."""

import webbrowser
from contextlib import suppress
from typing import Any

import click

from t5eval.api.view import view
from t5eval.cli.options import data_dir_option
from t5eval.support.stages import note


@click.command()
@click.argument("folders", metavar="FOLDER...", nargs=-1, required=True)
@data_dir_option
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="The port. [a free one]")
@click.option("--open", "opened", is_flag=True, help="Open it in the browser.")
def command(opened: bool, **asked: Any) -> None:
    """Show the runs in and below FOLDERs in a browser, also while they are written.

    A small server on this machine alone gives them out to those who know the address, which it prints, and only reads.
    Ctrl-C ends it.
    """
    with view(**asked) as server:
        click.echo(server.address)
        note(f"{len(server.collection.found):,} runs; Ctrl-C ends")
        if opened:
            webbrowser.open(server.address)
        with suppress(KeyboardInterrupt):
            server.serve_forever()
