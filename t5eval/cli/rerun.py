"""`t5eval rerun`: repeat an evaluation, and say what differs."""

import shlex
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from t5eval.cli.options import data_dir_option, json_option, not_empty, print_result, warn
from t5eval.cli.progress import SplitProgress
from t5eval.evaluation.rerun import rerun
from t5eval.support.visible import one_line


@click.command()
@click.argument("run")
@click.option("--out", callback=not_empty, metavar="NEW", help="The new run's folder. [RUN-rerun]")
@data_dir_option
@click.option("--model", metavar="M", help="The model, where it is not at its old place.")
@json_option
def command(run: str, out: str | None, data: str | None, model: str | None) -> None:
    """Repeat the evaluation of RUN into a new folder, and say what differs.

    Model and data are what RUN records, unless they are named.
    """
    old = Path(run)
    new = Path(out) if out else old.resolve().with_name(f"{old.resolve().name}-rerun")
    line = shlex.join(["t5eval", *sys.argv[1:]])
    found = rerun(old, new, data_dir=data, model=model, command=line, progress=SplitProgress, say=warn)
    # One line each, whatever a results.json from elsewhere names: none may look like the verdict.
    print_result(lambda: found, lambda: map(one_line, _lines(found, new)))


def _lines(found: Mapping[str, Any], new: Path) -> Iterator[str]:
    for part in ("environment", "inputs"):
        for change in found[part]:
            yield f"{part}: {change['what']}: {change['old']} | {change['new']}"
    for task, by_split in found["results"].items():
        for split, entry in by_split.items():
            for name, score in entry["scores"].items():
                by = f" (by {score['difference']})" if score["difference"] else ""
                yield f"{task} {split} {name}: {score['old']} | {score['new']}{by}"
            for change in entry["numbers"]:
                yield f"{task} {split} {change['what']}: {change['old']} | {change['new']}"
            predictions = entry["predictions"]
            first = f", the first being {', '.join(predictions['first'])}" if predictions["first"] else ""
            yield f"{task} {split}: {predictions['differ']:,} of {predictions['n']:,} predictions differ{first}"
    yield f"{'equal' if found['equal'] else 'NOT EQUAL'}; the new run is in {new}"
