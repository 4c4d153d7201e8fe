"""`t5eval validate`: does a task's row fit its data?"""

import os

import click

from t5eval.cli.names import complete_task
from t5eval.cli.options import Spreading, data_dir_option, json_option, print_result, splits_option
from t5eval.cli.score_table import number
from t5eval.cli.task_options import one_task
from t5eval.data import data_source
from t5eval.data.source import DATA_DIR_VARIABLE
from t5eval.data.split import split_name
from t5eval.scoring.row_check import SplitValidation, Validation, validate


@click.command(cls=Spreading)
@one_task(complete_task)
@data_dir_option
@splits_option("Only these splits. [every one at hand]")
@click.option("--limit", type=click.IntRange(min=0), default=3, show_default=True, help="Pairs shown of each split.")
@json_option
def command(task: str, data: str | None, splits: tuple[str, ...], limit: int) -> int:
    """Check TASK, a name or a TOML file, and its data: sizes, pairs, targets read back, scores of true answers.

    Without --data-dir or T5EVAL_DATA_DIR only the row is checked. Ends with status 0 only if there is no fault.
    """
    source = data_source(data) if data or splits or os.environ.get(DATA_DIR_VARIABLE) else None
    found = validate(task, source, tuple(map(split_name, splits)), limit)
    print_result(found.to_json, lambda: _lines(found))
    return 2 if found.faults else 0


def _lines(found: Validation) -> list[str]:
    lines = [found.task]
    for split in found.splits:
        lines += ["", *_split_lines(split)]
    if found.notes or found.faults:
        lines += ["", *(f"note: {note}" for note in found.notes), *(f"fault: {fault}" for fault in found.faults)]
    count = len(found.faults)
    return [*lines, "", f"invalid: {count} fault{'s' if count > 1 else ''}" if count else "valid"]


def _split_lines(found: SplitValidation) -> list[str]:
    lines = [f"{found.split}: {found.n:,} examples"]
    for pair in found.pairs:
        lines += [f"  {pair.id}", f"    inputs:  {_line(pair.inputs)}", f"    targets: {_line(pair.targets)}"]
        lines.append(f"    read as: {pair.read_as}")
    if any(found.labels.values()):
        lines.append(f"  labels: {', '.join(f'{name} {count:,}' for name, count in found.labels.items())}")
    if found.commonest is not None:
        share = f"{found.commonest_count:,} examples"
        lines.append(f"  scores of the true targets: {_scores(found.gold)}")
        lines.append(f"  of the commonest, {_line(found.commonest)!r} ({share}): {_scores(found.commonest_scores)}")
    return [*lines, *(f"  note: {note}" for note in found.notes)]


def _scores(scores: dict[str, float | None]) -> str:
    return ", ".join(f"{name} {number(value)}" for name, value in scores.items())


def _line(text: str) -> str:
    """Returns a text as one line."""
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
