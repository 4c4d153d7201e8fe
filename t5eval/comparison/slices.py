"""Two systems on the parts of a split: each slice compared as the whole is, corrected for how many slices there are."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from t5eval.comparison.splits import SplitComparison, compare_split, corrected
from t5eval.metrics import Scored
from t5eval.scoring.slices import slice_members
from task_specs import Example, TaskSpec


def compare_slices(
    spec: TaskSpec,
    split: str,
    examples: Sequence[Example],
    a: Sequence[Scored],
    b: Sequence[Scored],
    by: Sequence[str],
) -> tuple[dict[str, dict[str, SplitComparison]], dict[str, str]]:
    """Compares two systems' judged answers under each value of what the examples are to be divided by.

    Args:
        examples: the examples that both answered.
        a: one system's answers to them, labelled.
        b: the other's, in the same order.
        by: the names to slice by; see `t5eval.scoring.slices`.

    Returns:
        The comparisons, by name and value, and for each name that the examples have nothing under, a line that says so.
    """
    members, faults = slice_members(spec, split, examples, a, by)
    found = {
        name: {
            value: compare_split(spec, split, [a[i] for i in places], [b[i] for i in places])
            for value, places in values.items()
        }
        for name, values in members.items()
    }
    return found, faults


def all_slices(comparisons: Sequence[SplitComparison]) -> list[SplitComparison]:
    """Returns the slices of all splits, whatever they are by."""
    return [part for one in comparisons for values in one.slices.values() for part in values.values()]


def corrected_slices(
    comparisons: Sequence[SplitComparison], headline: Mapping[str, Sequence[str]]
) -> list[SplitComparison]:
    """Returns the comparisons, their slices with Holm's correction over the headline scores of all slices.

    Args:
        headline: task name to the scores that make up the leaderboard's score of the task.
    """
    done = iter(corrected(all_slices(comparisons), headline))
    return [
        replace(one, slices={name: {v: next(done) for v in values} for name, values in one.slices.items()})
        for one in comparisons
    ]
