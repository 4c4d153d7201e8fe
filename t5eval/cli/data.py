"""`t5eval data`: datasets for `--data-dir`."""

from __future__ import annotations

from pathlib import Path

import click

import task_specs
from t5eval.cli.names import complete_task_or_benchmark
from t5eval.cli.options import json_option, print_json, say
from t5eval.data.tfds import PREFIX, TfdsData, default_folder
from t5eval.data.tfds_build import build
from t5eval.support.stages import note
from task_specs.errors import UserError


@click.group()
def command() -> None:
    """Prepare data for --data-dir."""


@command.command("build")
@click.argument("tasks", nargs=-1, required=True, metavar="TASK...", shell_complete=complete_task_or_benchmark)
@click.option(
    "--manual-dir",
    required=True,
    metavar="DIR",
    help="Folder of the archives, or of glue/, super_glue/, ... that hold them.",
)
@click.option("--data-dir", metavar="tfds:[FOLDER]", default="tfds:", show_default=True, help="Where datasets go.")
@click.option("--version", metavar="X.Y.Z", help="Version of the dataset. [what TensorFlow Datasets builds]")
@json_option
def build_command(tasks: tuple[str, ...], manual_dir: str, data_dir: str, version: str | None, as_json: bool) -> None:
    """Build TASKs' datasets for TensorFlow Datasets from downloaded archives, without a network.

    Of WMT, dev.tgz makes the validation and test sets; its training corpora are left to TensorFlow Datasets itself.
    """
    if not data_dir.startswith(PREFIX):
        raise UserError(f"--data-dir {data_dir}: datasets are built for TensorFlow Datasets; write tfds:{data_dir}")
    folder = data_dir.removeprefix(PREFIX)
    data = TfdsData(Path(folder) if folder else default_folder())
    specs = task_specs.resolve(tasks)
    found = build(specs, Path(manual_dir), data, version=version, say=note)
    if as_json:
        datasets = [{"name": built.dataset.name, "splits": built.sizes, "new": built.new} for built in found]
        print_json({"data_dir": data.option, "datasets": datasets})
        return
    for built in found:
        sizes = ", ".join(f"{split} {size:,}" for split, size in built.sizes.items())
        say(f"{built.dataset.name}: {sizes}" + ("" if built.new else " (was there)"))
    say(f"--data-dir {data.option} reads them")
