"""`t5eval compare`: two runs or prediction files side by side, or a run beside published scores."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from t5eval.cli.options import Spreading, data_dir_option, json_option, print_json, warn
from t5eval.comparison.compare import choose_data, choose_splits, compare_all, compare_published
from t5eval.comparison.published import require_published
from t5eval.comparison.sides import Side
from t5eval.comparison.splits import INTERVAL, RANDOMISATION, SplitComparison, corrected
from t5eval.support.files import replacing
from task_specs import TaskSpec
from task_specs.errors import UserError


def _side(side: Side) -> dict[str, Any]:
    return {"path": str(side.path), "model": side.results.get("model_name"), "recorded": side.recorded}


def _document(
    a: Side, b: Side, compared: Sequence[SplitComparison], data: str, left_out: Sequence[str]
) -> dict[str, Any]:
    results: dict[str, dict[str, Any]] = {}
    for one in compared:
        results.setdefault(one.task, {})[one.split] = one.to_json()
    headline = [c for one in compared for c in one.scores.values() if c.p_holm is not None]
    return {
        "a": _side(a),
        "b": _side(b),
        "data_dir": data,
        "sound": not any(one.faults for one in compared),
        "methods": {
            "interval": INTERVAL,
            "p": f"{RANDOMISATION}; McNemar's exact test where the score is a share of right answers",
            "correction": "Holm, over the scores that make up each task's leaderboard score",
            "corrected": len(headline),
        },
        "results": results,
        "left_out": list(left_out),
    }


def _write_changes(path: Path, compared: Sequence[SplitComparison]) -> None:
    with replacing(path) as file:
        for one in compared:
            for record in one.changed:
                file.write(json.dumps(record, ensure_ascii=False, allow_nan=False).encode("utf-8") + b"\n")


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
    if (b is None) == (published is None):
        raise UserError("compare A with one thing: a second run or prediction file, or --published MODEL")
    if b is None:
        assert published is not None
        if changes:
            raise UserError("--changes is for two runs: no predictions are published")
        _compare_published(Side("A", Path(a)), published, tasks, wanted, data_dir, as_json)
        return
    sides = Side("A", Path(a)), Side("B", Path(b))
    data = choose_data(data_dir, sides)
    splits, left_out = choose_splits(sides, tasks, wanted, data)
    unlabelled: list[str] = []
    compared = list(compare_all(*sides, splits, data, unlabelled))
    left_out += _without_labels(unlabelled, bool(compared))
    compared = corrected(compared, {spec.name: spec.task_score for spec, _ in splits})
    for one in compared:
        warn(one.data.notes)
        for name, missing in one.missing.items():
            if missing:
                where = f"{one.task} {one.split}: {name} has no prediction for"
                warn(f"{where} {missing:,} of {one.n:,} examples; they count as wrong")
    if changes:
        _write_changes(Path(changes), compared)
    if as_json:
        print_json(_document(*sides, compared, data.option, left_out))
        return
    from t5eval.cli.comparison_text import comparison_lines

    warn(f"left out: {line}" for line in left_out)
    for side in sides:
        model = side.results.get("model_name")
        click.echo(f"{side.name}: {side.path}" + (f" ({model})" if model else ""))
    unrecorded = [side.name for side in sides if not side.recorded]
    click.echo("\n".join(comparison_lines(compared, unrecorded, t5)))


def _without_labels(unlabelled: Sequence[str], others: bool) -> list[str]:
    """Returns the splits that are left out for want of labels.

    Raises:
        UserError: there is no other split.
    """
    if unlabelled and not others:
        raise UserError(f"nothing to compare: {', '.join(unlabelled)} has no labels here; `t5eval submit` is for these")
    return [f"{name}: it has no labels here" for name in unlabelled]


def _compare_published(
    side: Side, model: str, tasks: Sequence[str], wanted: Sequence[str], data_dir: str | None, as_json: bool
) -> None:
    require_published(model)
    data = choose_data(data_dir, [side])
    splits, left_out = choose_splits([side], tasks, wanted, data)
    unlabelled: list[str] = []
    pairs = list(compare_published(side, model, splits, data, unlabelled))
    left_out += _without_labels(unlabelled, bool(pairs))
    left_out += [f"{spec.name}: nothing is published" for spec in _unpublished(model, [spec for spec, _ in splits])]
    if not pairs:
        raise UserError(f"nothing to compare: {'; '.join(left_out)}")
    if as_json:
        scores = [pair.to_json() for pair in pairs]
        print_json(
            {"a": _side(side), "published": model, "data_dir": data.option, "scores": scores, "left_out": left_out}
        )
        return
    from t5eval.cli.comparison_text import published_lines

    warn(f"left out: {line}" for line in left_out)
    click.echo("\n".join(published_lines(model, pairs)))


def _unpublished(model: str, specs: Sequence[TaskSpec]) -> list[TaskSpec]:
    return [s for s in dict.fromkeys(specs) if not any(row.model == model for row in s.published)]
