"""`t5eval data`: datasets for `--data-dir`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

import task_specs
from t5eval.api.clean import SUMMARY_FILE, clean
from t5eval.api.vocabulary import Vocabulary, train_vocabulary
from t5eval.cli.names import complete_task_or_benchmark
from t5eval.cli.options import (
    Spreading,
    data_dir_option,
    json_option,
    not_empty,
    print_result,
    runner_options,
    workers_option,
    wrapped,
)
from t5eval.cli.task_options import several_tasks
from t5eval.data.downloads import get
from t5eval.data.holdings import holdings
from t5eval.data.source import DATA_DIR_VARIABLE, data_source
from t5eval.data.tfds import PREFIX, TfdsData, default_folder
from t5eval.data.tfds_build import build
from t5eval.preparation.cleaning.rules import RULES
from t5eval.support.beam_runners import RUNNERS
from t5eval.support.stages import note, saved, stage
from task_specs.support.errors import UserError


@click.group()
def command() -> None:
    """Fetch, list and build what --data-dir names."""


@command.command("get", cls=Spreading, short_help="Fetch the official files of TASKs or benchmarks.")
@several_tasks(complete_task_or_benchmark, "Tasks or benchmarks.", required=True)
@click.option(
    "--to",
    "--out",
    "folder",
    envvar=DATA_DIR_VARIABLE,
    default="data",
    callback=not_empty,
    metavar="FOLDER",
    help="The data directory. [T5EVAL_DATA_DIR, else data]",
)
@json_option
def get_command(tasks: tuple[str, ...], folder: str) -> None:
    """Fetch the official files of TASKs or benchmarks, from where their makers offer them.

    What is there already is left as it is, and a command that was stopped goes on where it was. T5EVAL_MIRROR names an
    address that has the same files under HOST/PATH.
    """
    kept = f"what came is kept in {folder}, and the same command goes on from there"
    with stage("fetching", "bytes") as advance, saved(kept):
        found = get(task_specs.resolve(tasks), Path(folder), say=note, advance=advance)

    def document() -> dict[str, Any]:
        files = [
            {"url": f.download.url, "sha256": f.sha256, "checked": bool(f.download.sha256), "files": list(f.files),
             "new": f.new}
            for f in found
        ]  # fmt: skip
        return {"data_dir": str(Path(folder).resolve()), "downloads": files}

    def lines() -> Iterator[str]:
        for fetched in found:
            unchecked = (
                "" if fetched.download.sha256 else f" (no hash is known for it; this one's SHA-256 is {fetched.sha256})"
            )
            yield f"{', '.join(fetched.files)}{'' if fetched.new else ' (was there)'}{unchecked}"
        yield f"--data-dir {folder} reads them"

    print_result(document, lines)


@command.command("list", cls=Spreading, short_help="Show which splits are at hand, and how many examples.")
@several_tasks(complete_task_or_benchmark, "Tasks or benchmarks. [all]")
@data_dir_option
@json_option
def list_command(tasks: tuple[str, ...], data: str | None) -> None:
    """Show which splits of TASKs are at hand, with their examples against the official counts."""
    held = holdings(task_specs.resolve(tasks or ["all"]), data_source(data))
    print_result(lambda: {"splits": [entry.to_json() for entry in held]}, lambda: (entry.line() for entry in held))


@command.command("build", cls=Spreading, short_help="Build TensorFlow Datasets from downloaded archives.")
@several_tasks(complete_task_or_benchmark, "Tasks or benchmarks.", required=True)
@click.option(
    "--manual-dir",
    required=True,
    metavar="DIR",
    help="Folder of the archives, or of glue/, super_glue/, ... that hold them.",
)
@click.option("--data-dir", metavar="tfds:[FOLDER]", default="tfds:", show_default=True, help="Where datasets go.")
@click.option("--version", metavar="X.Y.Z", help="Version of the dataset. [what TensorFlow Datasets builds]")
@json_option
def build_command(tasks: tuple[str, ...], manual_dir: str, data_dir: str, version: str | None) -> None:
    """Build TASKs' datasets for TensorFlow Datasets from downloaded archives, without a network.

    Of WMT, dev.tgz makes the validation and test sets; its training corpora are left to TensorFlow Datasets itself.
    """
    if not data_dir.startswith(PREFIX):
        raise UserError(f"--data-dir {data_dir}: datasets are built for TensorFlow Datasets; write tfds:{data_dir}")
    folder = data_dir.removeprefix(PREFIX)
    data = TfdsData(Path(folder) if folder else default_folder())
    specs = task_specs.resolve(tasks)
    found = build(specs, Path(manual_dir), data, version=version, say=note)

    def document() -> dict[str, Any]:
        datasets = [{"name": built.dataset.name, "splits": built.sizes, "new": built.new} for built in found]
        return {"data_dir": data.option, "datasets": datasets}

    def lines() -> Iterator[str]:
        for built in found:
            sizes = ", ".join(f"{split} {size:,}" for split, size in built.sizes.items())
            yield f"{built.dataset.name}: {sizes}" + ("" if built.new else " (was there)")
        yield f"--data-dir {data.option} reads them"

    print_result(document, lines)


@command.command("clean", cls=Spreading, short_help="Apply C4's rules to text.")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--out", required=True, callback=not_empty, metavar="FOLDER", help="Where the text goes; a new folder.")
@click.option("--without", multiple=True, metavar="RULE...", help=f"Rules that do not hold, of {', '.join(RULES)}.")
@click.option(
    "--duplicates",
    type=click.Choice(["lines", "sentences"]),
    default="lines",
    show_default=True,
    help="What is kept once in the whole set: lines, as in C4, or three sentences in a row, as its paper says.",
)
@click.option("--bad-words", metavar="FILE", help="A word a line: pages that have one are left out.")
@workers_option
@runner_options("Clean", [name for name in RUNNERS if name != "dask"])
@json_option
def clean_command(**asked: Any) -> None:
    """Apply C4's rules to the pages of FILEs: of text with a page a line, JSON lines, WET or WARC.

    FOLDER gets JSON lines with `text`, `url` and `timestamp`, which [train.text] and `t5eval prepare --text` take, and
    what each rule took away. The result depends on neither the order of FILEs nor on the number of processes.
    """
    made = clean(**asked)

    def lines() -> Iterator[str]:
        counts = made.counts
        yield f"{counts['pages/read']:,} pages read, {counts.get('pages/kept', 0):,} kept"
        for name, meaning in RULES.items():
            found = [
                f"{counts[f'{k}/{name}']:,} {k}" for k in ("pages", "lines", "sentences") if f"{k}/{name}" in counts
            ]
            if found:
                yield f"  {name}: {', '.join(found)}  ({meaning})"
        yield wrapped(f"{made.path}: {len(made.shards)} shards, and the counts in {SUMMARY_FILE}")

    print_result(made.to_json, lines)


@command.command("vocabulary", cls=Spreading, short_help="Train a SentencePiece vocabulary on text.")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--out", required=True, callback=not_empty, metavar="FILE", help="Where the SentencePiece model goes.")
@click.option("--size", type=click.IntRange(min=1), default=32_000, show_default=True, help="Pieces.")
@click.option("--sentinels", type=click.IntRange(min=1), default=100, show_default=True, help="Sentinels besides.")
@click.option(
    "--rates", type=float, multiple=True, metavar="R...", help="How much is read of each FILE, against the others."
)
@click.option(
    "--characters", type=click.IntRange(min=1), default=100_000_000, show_default=True, help="The most that are read."
)
@json_option
def vocabulary_command(**asked: Any) -> None:
    """Train a SentencePiece vocabulary on FILEs: text with a document a line, or JSON lines.

    T5's was trained on ten parts of English and one each of German, French and Romanian: --rates 10 1 1 1. Reading ends
    where the first FILE does.
    """
    made: Vocabulary = train_vocabulary(**asked)

    def lines() -> Iterator[str]:
        for file, characters in zip(asked["files"], made.characters, strict=True):
            yield f"{file}: {characters:,} characters"
        yield f"{made.path}: {made.pieces:,} pieces and {made.sentinels:,} sentinels"

    print_result(made.to_json, lines)
