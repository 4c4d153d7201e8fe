"""What the explorer shows of several runs side by side: the first against each other one, and which is the best."""

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from t5eval.comparison.compare import choose_data, choose_splits, compare_all
from t5eval.comparison.sides import Side
from t5eval.comparison.splits import Contrast, SplitComparison, corrected
from t5eval.reports import overview
from t5eval.reports.explorer.baselines import published_scores
from t5eval.reports.explorer.run_documents import identified, known_task
from t5eval.reports.reported_run import Run
from task_specs.support.errors import UserError

LEVEL = 0.05


@dataclass(frozen=True)
class _Paired:
    """Two runs compared, by their places among the runs."""

    a: int
    b: int
    splits: Sequence[SplitComparison]
    left_out: Sequence[str]


def comparison_document(runs: Sequence[Run], data: str | None, *, tested: bool = True) -> dict[str, Any]:
    """Returns the scores of two or more runs, and how each differs from the first one's.

    Of more than two runs, only the scores are tested that make up the leaderboards'.

    Args:
        runs: the runs; the others are compared with the first.
        data: `--data-dir`; what the runs were made with if None.
        tested: whether differences are tested, which takes much longer than all the rest.
    """
    faults: list[str] = []
    places = range(1, len(runs)) if tested else ()
    pairs = [pair for b in places if (pair := _paired(runs, 0, b, data, faults, headline=len(runs) > 2))]
    rows = [row for row in overview.score_rows(runs) if any(score and score.value is not None for score in row.scores)]
    best = _best_pairs(runs, rows, pairs, data) if tested else {}
    return {
        "runs": [run.name for run in runs],
        "tested": tested,
        "rows": [_row(row, pairs, best) for row in rows],
        "averages": [
            {"benchmark": row.benchmark, "split": row.split, "values": list(row.values)}
            for row in overview.average_rows(runs)
        ],
        "pairs": [_pair_document(runs, pair) for pair in pairs],
        "settings": [[row.name, list(row.values)] for row in overview.setting_rows(runs) if row.differs],
        "versions": [[row.name, list(row.values)] for row in overview.setting_rows(runs, "versions") if row.differs],
        "faults": faults,
    }


def _sides(runs: Sequence[Run], a: int, b: int) -> tuple[Side, Side]:
    return Side("A", runs[a].path), Side("B", runs[b].path)


def _paired(
    runs: Sequence[Run],
    a: int,
    b: int,
    data: str | None,
    faults: list[str],
    *,
    headline: bool,
    tasks: Sequence[str] = (),
) -> _Paired | None:
    """Compares two runs on all that both have, or on some tasks; what cannot be compared is put into `faults`."""
    try:
        sides = _sides(runs, a, b)
        source = choose_data(data, sides)
        chosen, left_out = choose_splits(sides, tasks, (), source)
        unlabelled: list[str] = []
        compared = list(compare_all(*sides, chosen, source, unlabelled, headline=headline))
    except UserError as error:
        faults.append(f"{runs[a].name} and {runs[b].name}: {error}")
        return None
    return _Paired(a, b, compared, [*left_out, *(f"{name}: it has no labels" for name in unlabelled)])


def _headline(pairs: Sequence[_Paired]) -> dict[str, Sequence[str]]:
    names = {one.task: list(one.scores) for pair in pairs for one in pair.splits}
    return {task: overview.headline_scores(task, scores) for task, scores in names.items()}


def _corrected(pairs: Sequence[_Paired]) -> list[_Paired]:
    """Returns the pairs with Holm's correction over the headline scores of all of them."""
    splits = iter(corrected([one for pair in pairs for one in pair.splits], _headline(pairs)))
    return [_Paired(pair.a, pair.b, [next(splits) for _ in pair.splits], pair.left_out) for pair in pairs]


def _best_pairs(
    runs: Sequence[Run], rows: Sequence[overview.ScoreRow], pairs: list[_Paired], data: str | None
) -> dict[tuple[str, str, str], tuple[int, int, Contrast]]:
    """Returns, by task, split and score, the best run, the next one, and the paired test between the two.

    The tests are corrected for how many they are. `pairs` is given Holm's correction, too.
    """
    wanted: dict[tuple[int, int], list[overview.ScoreRow]] = {}
    for row in rows:
        order = sorted(
            (place for place, score in enumerate(row.scores) if score is not None and score.value is not None),
            key=lambda place: -(row.scores[place].value or 0.0),  # type: ignore[union-attr]
        )
        if row.headline and len(order) > 1:
            wanted.setdefault((order[0], order[1]), []).append(row)
    there = {(pair.a, pair.b): pair for pair in pairs}
    found: list[tuple[tuple[str, str, str], int, int, SplitComparison]] = []
    for (best, second), of in wanted.items():
        pair = there.get((best, second)) or there.get((second, best))
        if pair is None:
            tasks = list(dict.fromkeys(row.task for row in of))
            pair = _paired(runs, best, second, data, [], headline=True, tasks=tasks)
        splits = {(one.task, one.split): one for one in pair.splits} if pair else {}
        for row in of:
            if (one := splits.get((row.task, row.split))) is not None and row.name in one.scores:
                found.append(((row.task, row.split, row.name), best, second, one))
    pairs[:] = _corrected(pairs)
    tested = [_only(one, key[2]) for key, _, _, one in found]
    done = corrected(tested, {one.task: [name for other in tested for name in other.scores] for one in tested})
    marks = zip(found, done, strict=True)
    return {key: (best, second, one.scores[key[2]]) for (key, best, second, _), one in marks}


def _only(one: SplitComparison, name: str) -> SplitComparison:
    return replace(one, scores={name: one.scores[name]})


def _row(
    row: overview.ScoreRow, pairs: Sequence[_Paired], best: dict[tuple[str, str, str], tuple[int, int, Contrast]]
) -> dict[str, Any]:
    values = [score.value if score else None for score in row.scores]
    numbers = [value for value in values if value is not None]
    first, second, contrast = best.get((row.task, row.split, row.name), (None, None, None))
    spread = statistics.stdev(numbers) if len(numbers) > 1 else None
    return {
        **identified(row),
        "values": values,
        "ci95": [list(score.ci95) if score and score.ci95 else None for score in row.scores],
        "mean": statistics.fmean(numbers),
        "deviation": spread,
        "against_first": dict(_against_first(row, pairs)),
        "best": None
        if contrast is None
        else {
            "run": first,
            "next": second,
            "p_holm": contrast.p_holm,
            "more_than_chance": contrast.p_holm is not None and contrast.p_holm < LEVEL,
        },
        "published": _published(row),
    }


def _published(row: overview.ScoreRow) -> list[dict[str, Any]]:
    spec = known_task(row.task)
    return published_scores(spec, row.name) if spec else []


def _against_first(row: overview.ScoreRow, pairs: Sequence[_Paired]) -> Iterator[tuple[int, dict[str, Any]]]:
    for pair in pairs:
        for one in pair.splits:
            contrast = one.scores.get(row.name)
            if (one.task, one.split) == (row.task, row.split) and contrast is not None:
                yield pair.b, contrast.to_json()


def _pair_document(runs: Sequence[Run], pair: _Paired) -> dict[str, Any]:
    return {
        "a": runs[pair.a].name,
        "b": runs[pair.b].name,
        "left_out": list(pair.left_out),
        "splits": [
            {
                "task": one.task,
                "split": one.split,
                "n": one.n,
                "changes": one.changes.to_json(),
                "faults": list(one.faults),
                "settings": [vars(setting) for setting in one.settings],
            }
            for one in pair.splits
        ],
    }
