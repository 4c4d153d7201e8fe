"""`t5eval.compare`: two runs or prediction files side by side, or a run beside published scores."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from keras_model.files.atomic import replacing
from t5eval.api.arguments import Data, PathName, names_of, splits_of, text_of
from t5eval.comparison.compare import choose_data, choose_splits, compare_all, compare_published, mistakes_of
from t5eval.comparison.groups import GroupedSplit, compare_groups, corrected_groups
from t5eval.comparison.mistakes import CommonMistakes
from t5eval.comparison.published import AgainstPublished, require_published
from t5eval.comparison.sides import Side
from t5eval.comparison.slices import all_slices, corrected_slices
from t5eval.comparison.splits import INTERVAL, RANDOMISATION, SplitComparison, corrected, count_corrected
from t5eval.data import DataSource
from t5eval.metrics.over_seeds import METHOD
from t5eval.runs.seed_groups import SeedGroup, seed_groups
from t5eval.support.data_frames import Table
from task_specs import TaskSpec
from task_specs.support.errors import UserError

OF_SLICES = "Holm, over the same scores of all slices"


@dataclass(frozen=True)
class Comparison(Table):
    """What two runs, or prediction files, differ in.

    Attributes:
        a: one side.
        b: the other.
        splits: the comparison of each split.
        data_dir: where the examples come from, as `--data-dir` says it.
        left_out: `TASK SPLIT: REASON` of what is not compared.
    """

    COLUMNS = ("task", "split", "score", "a", "b", "difference", "ci95_low", "ci95_high", "p", "p_holm", "n", "sound")

    a: Side
    b: Side
    splits: tuple[SplitComparison, ...]
    data_dir: str
    left_out: tuple[str, ...]

    @property
    def sound(self) -> bool:
        """Whether both sides answered the same examples, asked in the same way."""
        return not any(one.faults for one in self.splits)

    def to_json(self) -> dict[str, Any]:
        """Returns what `t5eval compare --json` prints."""
        results: dict[str, dict[str, Any]] = {}
        for one in self.splits:
            results.setdefault(one.task, {})[one.split] = one.to_json()
        slices = all_slices(self.splits)
        return {
            "a": _side(self.a),
            "b": _side(self.b),
            "data_dir": self.data_dir,
            "sound": self.sound,
            "methods": {
                "interval": INTERVAL,
                "p": f"{RANDOMISATION}; McNemar's exact test where the score is a share of right answers",
                "correction": "Holm, over the scores that make up each task's leaderboard score",
                "corrected": count_corrected(self.splits),
                **({"correction_of_slices": OF_SLICES, "corrected_slices": count_corrected(slices)} if slices else {}),
            },
            "results": results,
            "left_out": list(self.left_out),
        }

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """Yields a row for each score of each split."""
        for one in self.splits:
            for name, score in one.scores.items():
                values = (score.a, score.b, score.difference, *(score.ci95 or (None, None)), score.p, score.p_holm)
                yield one.task, one.split, name, *values, one.n, not one.faults


@dataclass(frozen=True)
class ManyComparison(Table):
    """What several runs differ in from the first, and the mistakes that they have in common.

    Attributes:
        pairs: the first run with each other one; p-values are corrected over all of them.
        mistakes: task and split to which examples all have right, some, or none.
    """

    COLUMNS = ("run", *Comparison.COLUMNS)

    pairs: tuple[Comparison, ...]
    mistakes: Mapping[tuple[str, str], CommonMistakes]

    def to_json(self) -> dict[str, Any]:
        """Returns what `t5eval compare A B C --json` prints."""
        mistakes: dict[str, dict[str, Any]] = {}
        for (task, split), one in self.mistakes.items():
            mistakes.setdefault(task, {})[split] = one.to_json()
        return {"pairs": [pair.to_json() for pair in self.pairs], "mistakes": mistakes}

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """Yields a row for each score of each split of each pair."""
        for pair in self.pairs:
            yield from ((str(pair.b.path), *row) for row in pair.rows())


@dataclass(frozen=True)
class PublishedComparison(Table):
    """A run beside the published scores of a model.

    Attributes:
        a: the run, or a prediction file.
        model: the model's public name.
        scores: each pair of scores.
        data_dir: where the examples come from, as `--data-dir` says it.
        left_out: what is not compared, with the reason.
    """

    COLUMNS = ("task", "split", "score", "ours", "published", "difference", "inside", "comparable", "source")

    a: Side
    model: str
    scores: tuple[AgainstPublished, ...]
    data_dir: str
    left_out: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Returns what `t5eval compare --published MODEL --json` prints."""
        return {
            "a": _side(self.a),
            "published": self.model,
            "data_dir": self.data_dir,
            "scores": [pair.to_json() for pair in self.scores],
            "left_out": list(self.left_out),
        }

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """Yields a row for each pair of scores."""
        for p in self.scores:
            ours = p.ours.value if p.ours else None
            yield p.task, p.split, p.score, ours, p.published, p.difference, p.inside, not p.reasons, p.source


@dataclass(frozen=True)
class GroupComparison(Table):
    """What several runs came to, those that differ by seed alone as one group, each beside the first one.

    Attributes:
        groups: the groups, in the order of their first runs.
        splits: of each split that all runs have, what each group has.
        data_dir: where the examples come from, as `--data-dir` says it.
        left_out: `TASK SPLIT: REASON` of what is not compared.
    """

    COLUMNS = (
        "task", "split", "score", "group", "mean", "deviation", "n", "minimum", "maximum",
        "difference", "ci95_low", "ci95_high", "p", "p_holm",
    )  # fmt: skip

    groups: tuple[SeedGroup, ...]
    splits: tuple[GroupedSplit, ...]
    data_dir: str
    left_out: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Returns what `t5eval compare --json` prints of more than two runs."""
        results: dict[str, dict[str, Any]] = {}
        for one in self.splits:
            results.setdefault(one.task, {})[one.split] = one.to_json()
        return {
            "groups": [
                {"name": group.name, "runs": [str(run) for run in group.runs], "seeds": list(group.seeds)}
                for group in self.groups
            ],
            "data_dir": self.data_dir,
            "sound": not any(one.faults for one in self.splits),
            "methods": {
                "difference": METHOD,
                "correction": "Holm, over all groups and the scores that make up each task's leaderboard score",
            },
            "results": results,
            "left_out": list(self.left_out),
        }

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """Yields a row for each score of each split and group that has it."""
        for one in self.splits:
            for name, score in one.scores.items():
                differences = {each.group: each for each in score.differences}
                for place, (group, spread) in enumerate(zip(self.groups, score.spreads, strict=True)):
                    if spread is None:
                        continue
                    beside = differences.get(place)
                    tests = (None,) * 5
                    if beside:
                        tests = (beside.difference, *(beside.ci95 or (None, None)), beside.p, beside.p_holm)
                    yield one.task, one.split, name, group.name, *vars(spread).values(), *tests


def compare(
    a: PathName,
    b: PathName | None = None,
    *others: PathName,
    published: str | None = None,
    tasks: str | Sequence[PathName] = (),
    splits: str | Sequence[str] = (),
    data: Data = None,
    changes: PathName | None = None,
    by: str | Sequence[str] = (),
) -> Comparison | ManyComparison | GroupComparison | PublishedComparison:
    """Compares two runs, or prediction files, on the same examples: is the difference more than chance?

    Of more than two runs those that differ by seed alone are one group, and each group is compared with the first.

    Args:
        a: a run's folder, or a prediction file.
        b: the other one.
        others: more of them; each is compared with `a`, as `b` is.
        published: instead of `b`, the paper's scores of `t5-small`, `t5-base` and so on.
        tasks: only these tasks or benchmarks.
        splits: only these splits.
        data: where the examples are; what `a`, or else `b`, was made with, if None.
        changes: a file to write, with each example whose predictions differ, one JSON object a line.
        by: what to divide the examples by, each part being compared too: `input_length`, a column of the row.

    Returns:
        A `Comparison`; with `others`, a `ManyComparison`, or a `GroupComparison` where some runs differ by seed alone;
        with `published`, a `PublishedComparison`.

    Raises:
        UserError: nothing can be compared, or a side or the data cannot be read.

    >>> import pathlib, tempfile
    >>> import t5eval
    >>> a, b = (pathlib.Path(tempfile.mkdtemp()) / name for name in ("a.txt", "b.txt"))
    >>> _ = a.write_text("entailment\\n" * 80), b.write_text("not_entailment\\n" * 80)
    >>> found = t5eval.compare(a, b, tasks="glue/rte", splits="validation", data=t5eval.suite_folder())
    >>> found.splits[0].scores["accuracy"].difference
    0.0
    >>> found.sound
    True
    """
    names, wanted = names_of(tasks), splits_of(splits)
    if (b is None) == (published is None):
        raise UserError("compare A with one thing: a second run or prediction file, or --published MODEL")
    if others and (changes or published):
        raise UserError("--changes and --published are for one comparison: name A and B alone")
    if published is not None and changes:
        raise UserError("--changes is for two runs: no predictions are published")
    if published is not None and by:
        raise UserError("--by is for two runs: nothing is published of slices")
    if others:
        paths = [Path(path) for path in (a, b or a, *others)]
        groups = seed_groups(paths) if all(path.is_dir() for path in paths) else []
        if any(len(group.runs) > 1 for group in groups):
            if by:
                raise UserError("--by is for single runs, and some of these differ by seed alone: name one of each")
            return _of_groups(groups, names, wanted, text_of(data))
        return _compare_many(paths, names, wanted, text_of(data), names_of(by))
    sides = [Side(name, Path(path)) for name, path in (("A", a), ("B", b)) if path is not None]
    if published is not None:
        require_published(published)
    source = choose_data(text_of(data), sides)
    chosen, left_out = choose_splits(sides, names, wanted, source)
    unlabelled: list[str] = []
    if published is not None:
        pairs = tuple(compare_published(sides[0], published, chosen, source, unlabelled))
        left_out += _without_labels(unlabelled, bool(pairs))
        for spec in dict.fromkeys(spec for spec, _ in chosen):
            if not any(row.model == published for row in spec.published):
                left_out.append(f"{spec.name}: nothing is published")
        if not pairs:
            raise UserError(f"nothing to compare: {'; '.join(left_out)}")
        return PublishedComparison(sides[0], published, pairs, source.option, tuple(left_out))
    (found,) = _corrected([_compared(sides[0], sides[1], chosen, left_out, source, names_of(by))], chosen)
    if changes:
        _write_changes(Path(changes), found.splits)
    return found


def _compared(
    a: Side,
    b: Side,
    chosen: Sequence[tuple[TaskSpec, str]],
    left_out: Sequence[str],
    source: DataSource,
    by: Sequence[str],
) -> Comparison:
    """Compares two sides, without correction for how many p-values there are."""
    unlabelled: list[str] = []
    compared = tuple(compare_all(a, b, chosen, source, unlabelled, by=by))
    left = (*left_out, *_without_labels(unlabelled, bool(compared)), *_without_slices(compared, by))
    return Comparison(a, b, compared, source.option, left)


def _corrected(found: Sequence[Comparison], chosen: Sequence[tuple[TaskSpec, str]]) -> list[Comparison]:
    """Returns comparisons with Holm's correction over the p-values of all of them."""
    headline = {spec.name: spec.task_score for spec, _ in chosen}
    splits = [one for pair in found for one in pair.splits]
    done = iter(corrected_slices(corrected(splits, headline), headline))
    return [replace(pair, splits=tuple(next(done) for _ in pair.splits)) for pair in found]


def _compare_many(
    paths: Sequence[Path], names: Sequence[str], wanted: Sequence[str], data: str | None, by: Sequence[str]
) -> ManyComparison:
    """Compares the first of some runs with each other one."""
    first, *others = (Side("A" if not place else "B", path) for place, path in enumerate(paths))
    source = choose_data(data, [first, *others])
    of_pairs = [(other, *choose_splits([first, other], names, wanted, source)) for other in others]
    found = [_compared(first, other, chosen, left_out, source, by) for other, chosen, left_out in of_pairs]
    every = [pair for _, chosen, _ in of_pairs for pair in chosen]
    shared = [pair for pair in dict.fromkeys(every) if all(pair in chosen for _, chosen, _ in of_pairs)]
    return ManyComparison(tuple(_corrected(found, every)), mistakes_of([first, *others], shared, source))


def _of_groups(
    groups: Sequence[SeedGroup], names: Sequence[str], wanted: Sequence[str], data: str | None
) -> GroupComparison:
    """Compares groups of runs that differ by seed alone, each with the first."""
    runs = [run.resolve() for group in groups for run in group.runs]
    if len(set(runs)) < len(runs):
        raise UserError("a run is named twice; compare each with the others once")
    sides = [[Side(str(run), run) for run in group.runs] for group in groups]
    every = [side for group in sides for side in group]
    source = choose_data(data, every)
    chosen, left_out = choose_splits(every, names, wanted, source)
    unlabelled: list[str] = []
    found = list(compare_groups(sides, chosen, source, unlabelled))
    left_out += _without_labels(unlabelled, bool(found))
    headline = {spec.name: spec.task_score for spec, _ in chosen}
    return GroupComparison(tuple(groups), tuple(corrected_groups(found, headline)), source.option, tuple(left_out))


def _without_labels(unlabelled: Sequence[str], others: bool) -> list[str]:
    """Returns the splits that are left out for want of labels."""
    if unlabelled and not others:
        raise UserError(f"nothing to compare: {', '.join(unlabelled)} has no labels here; `t5eval submit` is for these")
    return [f"{name}: it has no labels here" for name in unlabelled]


def _without_slices(compared: Sequence[SplitComparison], by: Sequence[str]) -> list[str]:
    """Returns a line for each name that a split cannot be divided by; one that none can be divided by is an error."""
    for name in by:
        if not any(name in one.slices for one in compared):
            raise UserError(compared[0].unsliced[name])
    return [line for one in compared for line in one.unsliced.values()]


def _side(side: Side) -> dict[str, Any]:
    return {"path": str(side.path), "model": side.results.get("model_name"), "recorded": side.recorded}


def _write_changes(path: Path, compared: Sequence[SplitComparison]) -> None:
    with replacing(path) as temporary, temporary.open("wb") as file:
        for one in compared:
            for record in one.changed:
                file.write(json.dumps(record, ensure_ascii=False, allow_nan=False).encode("utf-8") + b"\n")
