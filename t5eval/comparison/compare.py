"""Comparing two runs, or two prediction files, over every split that both have; or a run with published scores."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import task_specs
from t5eval.comparison.mistakes import CommonMistakes, common_mistakes
from t5eval.comparison.published import AgainstPublished, against_published
from t5eval.comparison.settings import asked_otherwise, covered, differing, faults, side_faults
from t5eval.comparison.sides import Side
from t5eval.comparison.slices import compare_slices
from t5eval.comparison.splits import SplitComparison, compare_split
from t5eval.data import DataSource, Summary, available_splits, data_source, open_split
from t5eval.metrics import Batch, Scored
from t5eval.metrics.calibration import right_metric
from t5eval.prompts.asking import as_recorded
from t5eval.scoring.score import UNLABELLED, judge, judge_others, score_split
from t5eval.support.stages import each
from task_specs import Example, TaskSpec
from task_specs.support.errors import SpecError, UserError


def choose_data(option: str | None, sides: Sequence[Side]) -> DataSource:
    """Returns the data that is named, else the first that a run's configuration names, else the usual one.

    Raises:
        UserError: it is not there.
    """
    recorded = [side.data_dir for side in sides if side.data_dir]
    try:
        return data_source(option or (recorded[0] if recorded else None))
    except UserError as error:
        if option or not recorded:
            raise
        raise UserError(f"{error}, though {sides[0].path} was made with it; name the data with --data-dir") from None


def choose_splits(
    sides: Sequence[Side], tasks: Sequence[str], wanted: Sequence[str], data: DataSource
) -> tuple[list[tuple[TaskSpec, str]], list[str]]:
    """Returns the tasks and splits that every side has predictions for, and what is left out, with the reason.

    Args:
        sides: the sides, in the order of their names.
        tasks: tasks or benchmarks; all that a run has if empty.
        wanted: split names; every split if empty.

    Raises:
        UserError: nothing is left, or one side is a file and it is not said of which split.
    """
    runs = [side for side in sides if side.is_run]
    specs = {spec.name: spec for spec in task_specs.resolve(tasks)}
    if not runs and (len(specs) != 1 or len(wanted) != 1):
        raise UserError("a prediction file does not say what it answers: name one --task and one --split")
    found = _other_prompts(runs) or [pair for side in runs for pair in side.found]
    if not runs:
        found = [(name, split) for name in specs for split in wanted]
    chosen: list[tuple[TaskSpec, str]] = []
    left_out: list[str] = []
    for name, split in dict.fromkeys(found):
        row = name.partition("@")[0]
        if (specs and name not in specs and row not in specs) or (wanted and split not in wanted):
            continue
        without = [side.name for side in sides if not side.has(name, split)]
        if without:
            left_out.append(f"{name} {split}: {' and '.join(without)} has no predictions for it")
            continue
        try:
            spec = asked_of(sides[0], specs.get(row) or specs.get(name) or task_specs.get(row), name, split)
        except SpecError:
            left_out.append(f"{name} {split}: no such task is registered; name its TOML file with --task")
            continue
        if split in available_splits(spec, data) or (specs and wanted):
            chosen.append((spec, split))  # one that was named and is not there is an error, when it is opened
        else:
            left_out.append(f"{name} {split}: its data is not in {data.option}")
    if len(chosen) > 1 and len(runs) < len(sides):
        raise UserError(
            f"a prediction file answers one split, and {len(chosen)} are asked for; name --task and --split"
        )
    if not chosen:
        asked = f" ({'; '.join(left_out)})" if left_out else f"; {runs[0].path} has others" if runs else ""
        raise UserError(f"nothing to compare{asked}")
    return chosen, left_out


def _other_prompts(runs: Sequence[Side]) -> list[tuple[str, str]]:
    """Returns what two runs have of the same tasks and splits, where one has a task in one prompt, one in another.

    Each run is told what it has for the first one's prompt.
    """
    if len(runs) != 2:
        return []
    found = list(runs[0].found)
    rows = [_by_row(side) for side in runs]
    for key in rows[0]:
        mine, theirs = (names.get(key, []) for names in rows)
        if len(mine) == len(theirs) == 1 and mine != theirs:
            runs[1].stored_as[mine[0], key[1]] = theirs[0]
    stood_for = [(name, split) for (_, split), name in runs[1].stored_as.items()]
    return [*found, *(pair for pair in runs[1].found if pair not in stood_for)]


def _by_row(side: Side) -> dict[tuple[str, str], list[str]]:
    rows: dict[tuple[str, str], list[str]] = {}
    for name, split in side.found:
        rows.setdefault((name.partition("@")[0], split), []).append(name)
    return rows


def asked_of(side: Side, spec: TaskSpec, name: str, split: str) -> TaskSpec:
    """Returns a task as a side's record says that it was asked; as its name says where nothing is recorded."""
    return as_recorded(spec, {"prompt": name.partition("@")[2], **side.made_by(name, split)})


def labelled_splits(
    splits: Sequence[tuple[TaskSpec, str]], data: DataSource, doing: str, unlabelled: list[str]
) -> Iterator[tuple[TaskSpec, str, list[Example], list[Scored], Summary]]:
    """Yields each split's task, name, examples, the same judged without answers, and what was read; one without labels
    is named in `unlabelled`."""
    for spec, split in each(splits, doing, "splits"):
        opened = open_split(spec, split, data, with_labels=True)
        examples = list(opened)
        blank = judge(spec, examples, {})
        if examples and not any(example.gold is UNLABELLED for example in blank):
            yield spec, split, examples, blank, opened.summary
        else:
            unlabelled.append(f"{spec.name} {split}")


def compare_all(
    a: Side,
    b: Side,
    splits: Sequence[tuple[TaskSpec, str]],
    data: DataSource,
    unlabelled: list[str],
    *,
    headline: bool = False,
    by: Sequence[str] = (),
) -> Iterator[SplitComparison]:
    """Yields the comparison of one split after another, without correction for their number.

    Args:
        unlabelled: is given the names of splits that have no labels, which nothing is yielded for.
        headline: whether only the scores are compared that make up the leaderboard's.
        by: what to divide the examples by, each part being compared too.

    Raises:
        PredictionError: a side's predictions cannot be read, or are not of these examples.
    """
    for spec, split, examples, blank, summary in labelled_splits(splits, data, "comparing", unlabelled):
        made_by = a.made_by(spec.name, split), b.made_by(spec.name, split)
        asked = {side.name: asked_of(side, spec, spec.name, split) for side in (a, b)}
        count = min(covered(made.get("limit"), len(examples)) for made in made_by)
        first, second = (judged_of(side, asked[side.name], spec, split, examples, blank, count) for side in (a, b))
        comparison = compare_split(spec, split, first, second, headline=headline)
        slices, unsliced = compare_slices(spec, split, examples[:count], first, second, by)
        yield replace(
            comparison,
            faults=faults(asked, summary, *made_by, comparison.missing),
            settings=differing(*(_settings(side, spec, split, len(examples)) for side in (a, b))),
            data=summary,
            slices=slices,
            unsliced=unsliced,
        )


def mistakes_of(
    sides: Sequence[Side], splits: Sequence[tuple[TaskSpec, str]], data: DataSource
) -> dict[tuple[str, str], CommonMistakes]:
    """Returns which examples several sides have right, by task and split; without those that are not right or wrong.

    Raises:
        PredictionError: a side's predictions cannot be read, or are not of these examples.
    """
    found = {}
    for spec, split, examples, blank, _ in labelled_splits(splits, data, "counting mistakes", []):
        count = min(covered(side.made_by(spec.name, split).get("limit"), len(examples)) for side in sides)
        asked = [asked_of(side, spec, spec.name, split) for side in sides]
        said = [judged_of(*pair, spec, split, examples, blank, count) for pair in zip(sides, asked, strict=True)]
        batches = [Batch(one, tuple(getattr(spec.answer, "classes", ()))) for one in said]
        if right := right_metric(spec, batches[0]):
            shares = [right.aggregate(right.statistics(batch)) for batch in batches]
            found[spec.name, split] = common_mistakes(batches, shares)
    return found


def judged_of(
    side: Side,
    asked: TaskSpec,
    spec: TaskSpec,
    split: str,
    examples: Sequence[Example],
    blank: Sequence[Scored],
    count: int,
) -> list[Scored]:
    """Returns a side's answers to the first `count` examples, judged.

    Args:
        blank: the examples without answers, from `labelled_splits`, for a side that was asked as the row says.
    """
    texts = side.predictions(spec.name, split, [example.id for example in examples])
    stored = side.probabilities(spec.name, split)
    if asked == spec:
        return judge_others(spec, blank[:count], texts, stored)
    return judge(asked, examples[:count], texts, stored)


def _settings(side: Side, spec: TaskSpec, split: str, examples: int) -> dict[str, Any]:
    settings = side.settings(spec.name, split)
    if covered(settings.get("limit"), examples) == examples and "limit" in settings:
        settings["limit"] = None  # a limit above the split's size is none
    return settings


def compare_published(
    side: Side, model: str, splits: Sequence[tuple[TaskSpec, str]], data: DataSource, unlabelled: list[str]
) -> Iterator[AgainstPublished]:
    """Yields a run's scores beside the published ones of a model, for every split that has labels.

    Args:
        model: the model's public name.
        unlabelled: is given the names of splits that have no labels, which nothing is yielded for.

    Raises:
        PredictionError: the predictions cannot be read, or are not of these examples.
    """
    published = [(spec, split) for spec, split in splits if any(row.model == model for row in spec.published)]
    for spec, split, examples, blank, summary in labelled_splits(published, data, "scoring", unlabelled):
        made_by = side.made_by(spec.name, split)
        judged = judged_of(side, spec, spec, split, examples, blank, covered(made_by.get("limit"), len(examples)))
        ours = score_split(spec, split, judged)
        yield from against_published(
            spec, model, ours, [*side_faults("ours", spec, summary, made_by), *asked_otherwise(made_by)]
        )
