"""What the explorer shows of a split's slices: the examples under each value, and what each run scores on them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from t5eval.reports.joined_examples import RunAnswers, SplitExamples
from t5eval.scoring.score import STRICT, score_split
from t5eval.scoring.slices import all_members

MOST_VALUES = 30
"""Of what examples are divided by, so many values are shown, those with the most examples."""


def slices_document(split: SplitExamples, runs: Mapping[str, RunAnswers]) -> dict[str, Any]:
    """Returns by what a split's examples can be divided, and the leaderboard's scores of each run on each part.

    Args:
        split: the split.
        runs: the runs, of which the first with labels says what is true of an example.

    Returns:
        `by`: name to its `values`, how many values `more` there are, and which of them each example stands under;
        `scores`: run to name to a list, for each value, of `n`, whether it is `few`, and score name to value and
        interval; None where the run has no such examples.
    """
    labelled = {name: run for name, run in runs.items() if run.labelled and run.judged}
    if not labelled:
        return {"by": {}, "scores": {}}
    first = next(iter(labelled.values()))
    examples = [split.examples[place] for place in first.places]
    members = all_members(first.spec, examples, first.judged)
    shown = {name: _largest(parts, first.places) for name, parts in members.items() if len(parts) > 1}
    return {
        "by": {
            name: {
                "values": list(parts),
                "more": len(members[name]) - len(parts),
                "of": _under([*parts.values()], len(split.examples)),
            }
            for name, parts in shown.items()
        },
        "scores": {
            name: {by: [_score(split, run, places) for places in parts.values()] for by, parts in shown.items()}
            for name, run in labelled.items()
        },
    }


def _largest(parts: Mapping[str, Sequence[int]], places: Sequence[int]) -> dict[str, list[int]]:
    """Returns the values with the most examples, in their order, with the examples' places in the split."""
    largest = set(sorted(parts, key=lambda value: -len(parts[value]))[:MOST_VALUES])
    return {value: [places[one] for one in part] for value, part in parts.items() if value in largest}


def kept_slices(found: Mapping[str, Any], kept: Sequence[int]) -> dict[str, Any]:
    """Returns the same of the examples at some places; scores are of all."""
    by = {name: {**one, "of": [one["of"][place] for place in kept]} for name, one in found["by"].items()}
    return {**found, "by": by}


def _under(parts: Sequence[Sequence[int]], count: int) -> list[Any]:
    """Returns for each example of the split its value's number; a list where it has several, None where it has none."""
    found: list[list[int]] = [[] for _ in range(count)]
    for number, part in enumerate(parts):
        for place in part:
            found[place].append(number)
    return [own[0] if len(own) == 1 else own or None for own in found]


def _score(split: SplitExamples, run: RunAnswers, places: Sequence[int]) -> dict[str, Any] | None:
    """Returns what a run scores on the examples at some places, None where it answered none of them."""
    judged = [run.judged[run.numbers[place]] for place in places if place in run.numbers]
    if not judged:
        return None
    found = score_split(replace(run.spec, metrics=run.spec.task_score), split.split, judged)
    scores = {name: [one.value, one.ci95] for name, one in found.scores.items() if not name.endswith(STRICT)}
    return {"n": found.n, "few": found.few, "scores": scores}
