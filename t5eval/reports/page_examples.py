"""A split's examples as a page holds them: the worst first, as many as fit, with why each was counted so."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from operator import or_
from typing import Any

from t5eval.metrics import Scored
from t5eval.reports.charts import said
from t5eval.reports.escaping import script_json, visible
from t5eval.reports.joined_examples import JudgedSplit, RunAnswers
from t5eval.reports.measures import ERROR, RIGHT
from task_specs import TaskSpec

PAGE_BYTES = 20_000_000
"""What all examples of a page may take: a browser opens it at once, and it can still be sent by mail."""
LONGEST = 2000
"""Characters of a text that a page shows; the rest is counted."""
LOW_SCORE = 50.0

WRONG, UNREADABLE, MISSING, TRUNCATED, AT_LIMIT, UNMAPPED, CHANGED, DIFFER = (1 << i for i in range(8))
FILTERS = {
    WRONG: "wrong",
    DIFFER: "runs differ",
    UNREADABLE: "unreadable",
    MISSING: "missing",
    TRUNCATED: "input cut",
    AT_LIMIT: "output at the length limit",
    UNMAPPED: "not in the passage",
    CHANGED: "T5's way of writing undone",
}


@dataclass(frozen=True)
class Answered:
    """What the run at a place of the report said of an example, shortened.

    Attributes:
        value: what it comes to, as shown; empty where that has no number.
        why: why it was counted so.
        flags: the sum of the filters that hold.
    """

    run: int
    prediction: str
    value: str
    why: str
    flags: int


@dataclass(frozen=True)
class Shown:
    """An example on the page, its texts shortened, with an answer for each run that gave one.

    The first target is what the model should have written; others are as right.
    """

    id: str
    input: str
    targets: Sequence[str]
    answers: Sequence[Answered]

    @cached_property
    def flags(self) -> int:
        """The filters that hold for any of the answers, or for all of them together."""
        differ = DIFFER if len({answer.prediction for answer in self.answers}) > 1 else 0
        return reduce(or_, (answer.flags for answer in self.answers), differ)

    def to_json(self) -> list[Any]:
        """Returns the example as the page's script reads it."""
        answers = [[a.run, a.prediction, a.value, a.why, a.flags] for a in self.answers]
        return [self.id, self.input, list(self.targets), answers, self.flags]


@dataclass(frozen=True)
class Examples:
    """The examples of a split that a page holds.

    Attributes:
        shown: the worst first.
        total: how many the split has.
        measured: what an answer's value is, empty where it has none.
        graded: whether that is a number and not just right or wrong.
        filters: bit to name and how many of the shown it holds for.
    """

    shown: Sequence[Shown]
    total: int
    measured: str
    graded: bool
    filters: Mapping[int, tuple[str, int]]


def ranked_examples(split: JudgedSplit) -> list[Shown]:
    """Returns a split's examples, the worst first.

    The worst has the lowest mean over the runs; of examples that are as bad, missing and unreadable answers come first.
    """
    runs = [(number, run) for number, run in enumerate(split.answers) if run is not None]
    ids = [key for key in split.inputs if any(key in run.places for _, run in runs)]
    order = sorted(ids, key=lambda key: _rank(key, [run for _, run in runs]))
    assert split.spec is not None
    return [_shown(split.spec, key, split.inputs[key], runs) for key in order]


def fitting(splits: Sequence[Sequence[Shown]], room: int) -> list[int]:
    """Returns how many of each split's examples a page holds: small splits whole, large ones an equal share each.

    Args:
        splits: each split's examples, those to keep first.
        room: bytes of JSON for all of them.
    """
    sizes = [[len(script_json(example.to_json()).encode()) + 1 for example in examples] for examples in splits]
    kept = [0] * len(splits)
    smallest_first = sorted(range(len(splits)), key=lambda number: sum(sizes[number]))
    for done, number in enumerate(smallest_first):
        share = room // (len(splits) - done)
        used = 0
        for size in sizes[number]:
            if used + size > share:
                break
            used += size
            kept[number] += 1
        room -= used
    return kept


def held_examples(split: JudgedSplit, ranked: Sequence[Shown], kept: int) -> Examples:
    """Returns the first `kept` of a split's ranked examples, with what a page says of them."""
    measures = [run.measure for run in split.answers if run is not None and run.measure is not None]
    graded = bool(measures) and measures[0].kind != RIGHT
    names = {**FILTERS, WRONG: f"score below {LOW_SCORE:.0f}"} if graded else FILTERS
    shown = ranked[:kept]
    counts = {bit: sum(bool(example.flags & bit) for example in shown) for bit in FILTERS}
    filters = {bit: (name, counts[bit]) for bit, name in names.items() if counts[bit]}
    return Examples(shown, len(ranked), measures[0].name if measures else "", graded, filters)


def _rank(key: str, runs: Sequence[RunAnswers]) -> tuple[float, int]:
    badness, unread = [], 0
    for run, place in [(run, run.places[key]) for run in runs if key in run.places]:
        unread += not run.judged[place].answer.readable or run.judged[place].missing
        if run.measure is not None:
            badness.append(run.measure.badness(place))
    return -(statistics.fmean(badness) if badness else 0.0), -unread


def _shown(spec: TaskSpec, key: str, text: str, runs: Sequence[tuple[int, RunAnswers]]) -> Shown:
    answered = [(number, run, run.places[key]) for number, run in runs if key in run.places]
    answers = [_answered(spec, number, run, place) for number, run, place in answered]
    _, last, place = answered[-1]
    judged, targets = last.judged[place], []
    if last.labelled:
        more = judged.gold.value if isinstance(judged.gold.value, tuple | list) else ()
        targets = [judged.targets, *map(str, more)]
    return Shown(visible(key), shortened(text), [shortened(t) for t in dict.fromkeys(targets)], answers)


def _answered(spec: TaskSpec, number: int, run: RunAnswers, place: int) -> Answered:
    judged = run.judged[place]
    value = run.measure.values[place] if run.measure is not None else None
    flags, shown = 0, ""
    if judged.missing:
        flags |= MISSING
    elif not judged.answer.readable:
        flags |= UNREADABLE
    elif not judged.answer.mapped:
        flags |= UNMAPPED
    elif judged.answer.changed:
        flags |= CHANGED
    if value is not None and run.measure is not None:
        if run.measure.kind != ERROR and value < LOW_SCORE:
            flags |= WRONG
        shown = ("right" if value else "wrong") if run.measure.kind == RIGHT else said(round(value, 2))
    if judged.id in run.truncated:
        flags |= TRUNCATED
    if judged.id in run.at_limit:
        flags |= AT_LIMIT
    return Answered(number, shortened(judged.prediction), shown, shortened(why(spec, judged, run)), flags)


def why(spec: TaskSpec, judged: Scored, run: RunAnswers) -> str:
    """Returns why an answer was counted as it was."""
    answer = judged.answer
    if judged.missing:
        return "no prediction: counted as wrong" if run.labelled else "no prediction"
    if not answer.readable:
        return f"unreadable: {answer.reason}"
    sides = [answer, judged.gold] if run.labelled else [answer]
    read: list[str] = []
    if classes := getattr(spec.answer, "classes", ()):
        read = [classes[side.value] for side in sides]
    elif isinstance(answer.value, int) and isinstance(answer.t5, str):  # one of the example's own candidates
        read = [str(side.t5) for side in sides]
    elif isinstance(answer.value, int | float):
        read = [f"{side.value:g}" for side in sides if isinstance(side.value, int | float)]
    if read:
        return f"read as {'; true is '.join(read)}"
    if not answer.mapped:
        return "not found in the passage: compared as it is"
    if answer.value != judged.prediction:
        return f"read as {answer.value or 'no answer'}"
    return "compared as it is" if run.labelled else ""


def shortened(text: str) -> str:
    """Returns the first `LONGEST` characters of a text, and how many more there are; none invisible."""
    rest = len(text) - LONGEST
    return visible(text if rest <= 0 else f"{text[:LONGEST]} … (and {rest:,} more characters)")
