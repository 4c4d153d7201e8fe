"""Groups of runs as lines of text: spreads over seeds, and differences from the first group."""

from collections.abc import Iterator, Sequence

from t5eval.cli.comparison_text import p_value, signed
from t5eval.cli.options import wrapped
from t5eval.cli.score_table import interval
from t5eval.comparison.groups import GroupedSplit, GroupScore
from t5eval.comparison.splits import T5
from t5eval.metrics.over_seeds import METHOD
from t5eval.runs.seed_groups import SeedGroup

ROW = "  {:<3} {:>7} {:>6} {:>3} {:>7} {:>7}  {:>7} {:<16} {:>6} {:>6}"
HEAD = ROW.format("", "mean", "sd", "n", "least", "most", "diff.", "95 % interval", "p", "Holm")


def group_lines(groups: Sequence[SeedGroup], splits: Sequence[GroupedSplit], t5: bool) -> Iterator[str]:
    """Yields the whole comparison; T5's own variants of scores if asked."""
    for letter, group in zip(_letters(), groups, strict=False):
        seeds = ", ".join("?" if seed is None else str(seed) for seed in group.seeds)
        yield wrapped(f"{letter}: seeds {seeds}: {', '.join(map(str, group.runs))}")
    yield HEAD
    for split in splits:
        yield f"{split.task} {split.split}, {split.n:,} examples"
        for name, score in split.scores.items():
            if t5 or T5 not in name:
                yield f"  {name}"
                yield from _score_lines(score)
    yield ""
    yield wrapped(f"differences are from A: {METHOD}")
    if any(one for split in splits for score in split.scores.values() for one in score.best):
        yield wrapped("*: within two standard deviations (A's, over its seeds) of the best")
    faulty = [split for split in splits if split.faults]
    for split in faulty:
        for fault in split.faults:
            yield wrapped(f"NOT SOUND: {split.task} {split.split}: {fault}")
    if alone := [letter for letter, group in zip(_letters(), groups, strict=False) if len(group.runs) == 1]:
        yield wrapped(f"of {', '.join(alone)} there is one seed, whose chance is in no interval and no p-value")


def _score_lines(score: GroupScore) -> Iterator[str]:
    differences = {one.group: one for one in score.differences}
    for place, (letter, spread) in enumerate(zip(_letters(), score.spreads, strict=False)):
        if spread is None:
            yield f"  {letter}   undefined"
            continue
        deviation = "" if spread.deviation is None else f"{spread.deviation:.2f}"
        numbers = f"{spread.mean:.2f}", deviation, spread.n, f"{spread.minimum:.2f}", f"{spread.maximum:.2f}"
        beside = differences.get(place)
        tests = ("", "", "", "")
        if beside is not None:
            tests = signed(beside.difference), interval(beside.ci95), p_value(beside.p), p_value(beside.p_holm)
        yield ROW.format(letter + "*" * score.best[place], *numbers, *tests).rstrip()


def _letters() -> Iterator[str]:
    """Yields A to Z, and numbers from there on."""
    yield from map(chr, range(ord("A"), ord("Z") + 1))
    number = 27
    while True:
        yield str(number)
        number += 1
