"""`t5eval compare`: two runs or prediction files side by side, or a run beside published scores."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from t5eval.api.compare import Comparison, GroupComparison, ManyComparison, PublishedComparison, compare
from t5eval.cli.comparison_text import common_lines, comparison_lines, published_lines
from t5eval.cli.group_text import group_lines
from t5eval.cli.names import complete_published, complete_slice, complete_task_or_benchmark
from t5eval.cli.options import (
    STDIO,
    Spreading,
    data_dir_option,
    json_option,
    print_result,
    splits_option,
    spooled,
    warn,
)


@click.command(cls=Spreading)
@click.argument("a")
@click.argument("b", required=False)
@click.argument("others", nargs=-1, metavar="[OTHERS]...")
@click.option(
    "--published",
    metavar="MODEL",
    shell_complete=complete_published,
    help="Instead of B: the paper's scores of t5-small, t5-base, ...",
)
@click.option(
    "--task",
    "tasks",
    multiple=True,
    metavar="T...",
    shell_complete=complete_task_or_benchmark,
    help="Only these tasks or benchmarks.",
)
@splits_option("Only these splits.")
@data_dir_option
@click.option("--t5", is_flag=True, help="Also show T5's own variants of scores; the JSON document has them anyway.")
@click.option(
    "--by",
    multiple=True,
    metavar="NAME...",
    shell_complete=complete_slice,
    help="Compare by slice too, such as input_length or label.",
)
@click.option("--changes", metavar="FILE", help="Write each example whose predictions differ, a JSON object a line.")
@json_option
def command(a: str, b: str | None, others: tuple[str, ...], t5: bool, changes: str | None, **asked: Any) -> None:
    """Compare A and B, runs or prediction files, on the same examples: is the difference more than chance?

    OTHERS are compared with A, too, and the mistakes counted that all of them have in common. Runs that differ by their
    seed alone are a group, whose mean and spread are printed; each group is then compared with the first.

    - is a prediction file on standard input. --changes - prints the changes, and nothing else on standard output.

    Without --data-dir, the data is what A's run, or else B's, was made with.
    """
    if [a, b, *others].count(STDIO) > 1:
        raise click.UsageError("two of the files are -; standard input is one of them")
    with tempfile.TemporaryDirectory(prefix="t5eval-") as folder:
        file = Path(folder, "changes.jsonl") if changes == STDIO else changes
        more = [spooled(path) for path in others]
        found = compare(spooled(a), None if b is None else spooled(b), *more, changes=file, **asked)
        changed = file.read_text(encoding="utf-8").split("\n")[:-1] if isinstance(file, Path) else None
    pairs = found.pairs if isinstance(found, ManyComparison) else [found] if isinstance(found, Comparison) else []
    warn(dict.fromkeys(line for pair in pairs for line in _cautions(pair)))
    print_result(found.to_json, lambda: _lines(found, t5) if changed is None else changed)


def _cautions(found: Comparison) -> Iterator[str]:
    for one in found.splits:
        yield from one.data.notes
        for side in (found.a, found.b):
            if missing := one.missing[side.name]:
                where = f"{one.task} {one.split}: {side.name} has no prediction for"
                yield f"{where} {missing:,} of {one.n:,} examples; they count as wrong"


def _lines(found: Comparison | ManyComparison | GroupComparison | PublishedComparison, t5: bool) -> Iterator[str]:
    if isinstance(found, ManyComparison):
        for pair in found.pairs:
            yield from (*_lines(pair, t5), "")
        yield from common_lines(found.mistakes, 1 + len(found.pairs))
        return
    warn(f"left out: {line}" for line in found.left_out)
    if isinstance(found, PublishedComparison):
        yield from published_lines(found.model, found.scores)
        return
    if isinstance(found, GroupComparison):
        yield from group_lines(found.groups, found.splits, t5)
        return
    sides = found.a, found.b
    for side in sides:
        model = side.results.get("model_name")
        yield f"{side.name}: {side.path}" + (f" ({model})" if model else "")
    yield from comparison_lines(found.splits, [side.name for side in sides if not side.recorded], t5)
