"""What the explorer shows of a split's slices: the examples under each value, and what each run scores on them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from t5eval.reports.joined_examples import RunAnswers, SplitExamples
from t5eval.scoring.score import STRICT, SplitScore
from t5eval.scoring.slices import slice_members, slice_names, sliced

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
    names = slice_names(first.spec, examples, first.judged)
    members, _ = slice_members(first.spec, split.split, examples, first.judged, names)
    values = {name: _largest(parts) for name, parts in members.items() if len(parts) > 1}
    return {
        "by": {
            name: {
                "values": shown,
                "more": len(members[name]) - len(shown),
                "of": _under([members[name][value] for value in shown], first.places, len(split.examples)),
            }
            for name, shown in values.items()
        },
        "scores": {name: _scores(split, run, values) for name, run in labelled.items()},
    }


def _largest(parts: Mapping[str, Sequence[int]]) -> list[str]:
    """Returns the values with the most examples, in their order."""
    largest = set(sorted(parts, key=lambda value: -len(parts[value]))[:MOST_VALUES])
    return [value for value in parts if value in largest]


def kept_slices(found: Mapping[str, Any], kept: Sequence[int]) -> dict[str, Any]:
    """Returns the same of the examples at some places; scores are of all."""
    by = {name: {**one, "of": [one["of"][place] for place in kept]} for name, one in found["by"].items()}
    return {**found, "by": by}


def _under(parts: Sequence[Sequence[int]], places: Sequence[int], count: int) -> list[Any]:
    """Returns for each example of the split its value's number; a list where it has several, None where it has none."""
    found: list[list[int]] = [[] for _ in range(count)]
    for number, part in enumerate(parts):
        for one in part:
            found[places[one]].append(number)
    return [own[0] if len(own) == 1 else own or None for own in found]


def _scores(split: SplitExamples, run: RunAnswers, values: Mapping[str, Sequence[str]]) -> dict[str, list[Any]]:
    headline = replace(run.spec, metrics=run.spec.task_score)
    examples = [split.examples[place] for place in run.places]
    found, _ = sliced(headline, split.split, examples, run.judged, list(values))
    return {name: [_score(found.get(name, {}).get(value)) for value in shown] for name, shown in values.items()}


def _score(part: SplitScore | None) -> dict[str, Any] | None:
    if part is None:
        return None
    scores = {name: [one.value, one.ci95] for name, one in part.scores.items() if not name.endswith(STRICT)}
    return {"n": part.n, "few": part.few, "scores": scores}
