"""`t5eval study`: the runs of a grid, each once, and the table of what came out."""

from collections.abc import Iterator
from typing import Any

import click

from t5eval.cli.options import data_dir_option, json_option, not_empty, print_result
from t5eval.cli.progress import SplitProgress, StepProgress
from t5eval.studies.study import Study, study
from t5eval.studies.work import Worker
from t5eval.support.stages import note
from t5eval.support.visible import one_line

ROW = "{:<44} {:>5} {:>9} {:>15}  {}"


@click.command()
@click.argument("file")
@click.option("--size", metavar="NAME", help="One of the file's sizes, such as tiny.  [default: the file's]")
@click.option("--out", callback=not_empty, metavar="FOLDER", help="Where the table goes.  [default: the file's]")
@data_dir_option
@click.option("--dry-run", is_flag=True, help="List the runs with their tokens, and check them; train nothing.")
@json_option
def command(file: str, dry_run: bool, **asked: Any) -> None:
    """Train, evaluate and compare what FILE describes: runs that differ in one thing or a few, over seeds.

    Each run is done once, and what is there is not done again. The same command, in several processes or on several
    machines that see the folders, shares the work; a process that was killed left a run that the next one goes on with.
    """
    worker = Worker(say=lambda line: note(one_line(line)), display=StepProgress, progress=SplitProgress)
    found = study(file, dry_run=dry_run, worker=worker, **asked)
    print_result(found.to_json, lambda: _listed(found) if dry_run else [found.table.markdown().removesuffix("\n")])


def _listed(found: Study) -> Iterator[str]:
    """Yields a line for each run, and their sum."""
    yield ROW.format("run", "seed", "steps", "tokens, at most", "state").rstrip()
    runs = found.runs()
    for run in runs:
        folder = run["folder"].rpartition("/")[2]
        yield ROW.format(folder, run["seed"], f"{run['steps']:,}", f"{run['tokens']:,}", run["state"])
    todo = [run for run in runs if run["state"] != "done"]
    cells = f"{len(found.file.cells):,} cells over {len(found.file.seeds):,} seeds"
    yield f"{cells}: {len(runs):,} runs, {sum(run['tokens'] for run in runs):,} tokens at most, padding included"
    yield f"left: {len(todo):,} runs, {sum(run['tokens'] for run in todo):,} tokens"
