"""`t5eval rerun`: repeat an evaluation, and say what differs."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import click

from t5eval.cli.options import data_dir_option, json_option, print_json, warn
from t5eval.cli.progress import SplitProgress
from t5eval.data import data_source, open_split
from t5eval.plugin_record import LOADED
from t5eval.rerunning import differences, recorded_run, repeat, require_fresh, specs_of
from t5eval.run_folder import locked, recorded
from t5eval.strategy import require_one_process


@click.command()
@click.argument("run")
@click.option("--out", metavar="NEW", help="The new run's folder. [RUN-rerun]")
@data_dir_option
@click.option("--model", metavar="M", help="The model, where it is not at its old place.")
@json_option
def command(run: str, out: str | None, data_dir: str | None, model: str | None, as_json: bool) -> None:
    """Repeat the evaluation of RUN into a new folder, and say what differs.

    Model and data are what RUN records, unless they are named.
    """
    from t5eval.predictors import ModelOptions, open_model

    old = Path(run)
    new = Path(out) if out else old.resolve().with_name(f"{old.resolve().name}-rerun")
    settings, before = recorded_run(old)
    require_fresh(old, new)
    specs = specs_of(settings, before)
    data = data_source(data_dir or settings.get("data_dir"))
    splits = {
        (task, split): open_split(specs[task], split, data, with_labels=True)
        for task, found in before["results"].items()
        for split in found
    }
    strategy = settings.get("strategy")
    if strategy is not None:
        require_one_process(strategy)
    options = ModelOptions(settings.get("dtype"), settings.get("vocab"), strategy)
    named = open_model(model or settings["model"], options)
    named.predictor.identity  # noqa: B018  (what cannot be read is said before a folder is made)
    config = {**settings, "model": named.name, "data_dir": data.option, "plugins": dict(LOADED)}
    said = {"command": shlex.join(["t5eval", *sys.argv[1:]]), "model_name": named.name, "strategy": strategy}
    with locked(new), recorded(new, "evaluate", config):
        after = repeat(named.predictor, splits, new, before, said, SplitProgress, warn)
    found = differences(old, new, before, after)
    if as_json:
        print_json(found)
        return
    for part in ("environment", "inputs"):
        for change in found[part]:
            click.echo(f"{part}: {change['what']}: {change['old']} | {change['new']}")
    for task, by_split in found["results"].items():
        for split, entry in by_split.items():
            for name, score in entry["scores"].items():
                click.echo(f"{task} {split} {name}: {score['old']} | {score['new']} (by {score['difference']})")
            predictions = entry["predictions"]
            first = f", the first being {', '.join(predictions['first'])}" if predictions["first"] else ""
            click.echo(f"{task} {split}: {predictions['differ']:,} of {predictions['n']:,} predictions differ{first}")
    click.echo(f"{'equal' if found['equal'] else 'NOT EQUAL'}; the new run is in {new}")
