"""`t5eval compare`: two runs or prediction files side by side, or a run beside published scores."""

from __future__ import annotations

import click

from t5eval.api.compare import PublishedComparison, compare
from t5eval.cli.options import Spreading, data_dir_option, json_option, print_json, say, warn


@click.command(cls=Spreading)
@click.argument("a")
@click.argument("b", required=False)
@click.option("--published", metavar="MODEL", help="Instead of B: the paper's scores of t5-small, t5-base, ...")
@click.option("--task", "tasks", multiple=True, metavar="T...", help="Only these tasks or benchmarks.")
@click.option("--split", "wanted", multiple=True, metavar="S...", help="Only these splits.")
@data_dir_option
@click.option("--t5", is_flag=True, help="Also show T5's own variants of scores; the JSON document has them anyway.")
@click.option("--changes", metavar="FILE", help="Write each example whose predictions differ, one JSON object a line.")
@json_option
def command(
    a: str,
    b: str | None,
    published: str | None,
    tasks: tuple[str, ...],
    wanted: tuple[str, ...],
    data_dir: str | None,
    t5: bool,
    changes: str | None,
    as_json: bool,
) -> None:
    """Compare A and B, runs or prediction files, on the same examples: is the difference more than chance?

    Without --data-dir, the data is what A's run, or else B's, was made with. Name A and B before --task and --split.
    """
    found = compare(a, b, published=published, tasks=tasks, splits=wanted, data=data_dir, changes=changes)
    if isinstance(found, PublishedComparison):
        if as_json:
            print_json(found.to_json())
            return
        from t5eval.cli.comparison_text import published_lines

        warn(f"left out: {line}" for line in found.left_out)
        say("\n".join(published_lines(found.model, found.scores)))
        return
    for one in found.splits:
        warn(one.data.notes)
        for name, missing in one.missing.items():
            if missing:
                where = f"{one.task} {one.split}: {name} has no prediction for"
                warn(f"{where} {missing:,} of {one.n:,} examples; they count as wrong")
    if as_json:
        print_json(found.to_json())
        return
    from t5eval.cli.comparison_text import comparison_lines

    warn(f"left out: {line}" for line in found.left_out)
    sides = found.a, found.b
    for side in sides:
        model = side.results.get("model_name")
        say(f"{side.name}: {side.path}" + (f" ({model})" if model else ""))
    unrecorded = [side.name for side in sides if not side.recorded]
    say("\n".join(comparison_lines(found.splits, unrecorded, t5)))
