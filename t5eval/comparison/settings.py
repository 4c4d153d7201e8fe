"""Which settings differ between two sides, and what that does to a comparison."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from t5eval.data import Summary
from t5eval.runs.origin import ASKED
from task_specs import TaskSpec

Effect = Literal["the point", "may matter", "not sound"]
# Another model is what a comparison is about; what is not named here may move a score without being the model.
POINT = ("model", "model hash", "code hash", "predictions hash")
UNSOUND = {
    "data": "the examples are not known to be the same",
    "specification": "the inputs, or the reading of answers, are not the same",
    "limit": "one side answered other examples",
}


@dataclass(frozen=True)
class Differing:
    """A setting that differs.

    Attributes:
        setting: its name.
        a: what A has, None where it has no such setting.
        b: what B has.
        effect: `the point` (another model), `may matter` (a score may move by it), or `not sound`.
    """

    setting: str
    a: Any
    b: Any
    effect: Effect


def effect_of(setting: str) -> Effect:
    """Returns what a difference in a setting does to a comparison."""
    return "not sound" if setting in UNSOUND else "the point" if setting in POINT else "may matter"


def differing(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[Differing]:
    """Returns the settings that differ, in the order of A's; none if either side records nothing."""
    if not a or not b:
        return []
    asked = [key for key in ASKED if a.get(key) != b.get(key)]
    if asked:  # it is named how they were asked; the task's specification, and a prompt's text, differ by that
        follow = ("specification", *(("prompt_form",) if "prompt" in asked else ()))
        a, b = ({key: value for key, value in side.items() if key not in follow} for side in (a, b))
    return [
        Differing(setting, a.get(setting), b.get(setting), effect_of(setting))
        for setting in dict.fromkeys([*a, *b])
        if a.get(setting) != b.get(setting)
    ]


def covered(limit: int | None, examples: int) -> int:
    """Returns how many of a split's examples were predicted under a limit."""
    return examples if limit is None else min(limit, examples)


def side_faults(name: str, spec: TaskSpec, data: Summary, made_by: Mapping[str, Any]) -> list[str]:
    """Returns what is wrong with a split's predictions, whatever they are compared with.

    Args:
        name: what the side is called.
        spec: the task, as it is read now.
        data: what was read now.
        made_by: what made the predictions, empty where it is not recorded.
    """
    found = []
    if made_by.get("data", data.fingerprint) != data.fingerprint:
        found.append(f"{name} was predicted on other data than is read now (another content hash)")
    if made_by.get("specification", spec.fingerprint) != spec.fingerprint:
        found.append(f"{name} was predicted under another specification of the task; {UNSOUND['specification']}")
    return found


def asked_otherwise(made_by: Mapping[str, Any]) -> list[str]:
    """Returns how a split was asked otherwise than the paper's models were, in one line; none if it was not."""
    how = [f"{key} {made_by[key]}" for key in ASKED if key in made_by]
    return [f"ours was asked with {', '.join(how)}, which the published model was not"] if how else []


def faults(
    specs: Mapping[str, TaskSpec], data: Summary, a: Mapping[str, Any], b: Mapping[str, Any], missing: Mapping[str, int]
) -> list[str]:
    """Returns why a split's comparison is not sound: one line for each reason, none if it is.

    Args:
        specs: side to the task as it was asked, and is read now.
        data: what was read now.
        a: what made A's predictions, empty where it is not recorded.
        b: what made B's.
        missing: side to how many of the compared examples it has no prediction for.
    """
    found = []
    for side, made_by in (("A", a), ("B", b)):
        found += side_faults(side, specs[side], data, made_by)
        if made_by and missing[side]:
            found.append(f"{side} is unfinished: {missing[side]:,} examples have no prediction and count as wrong")
    if a and b and a.get("data") != b.get("data"):
        found.append(f"A and B were predicted on different data; {UNSOUND['data']}")
    first, second = (covered(made_by.get("limit"), data.examples) for made_by in (a, b))
    if first != second:
        found.append(
            f"A has {first:,} and B {second:,} of {data.examples:,} examples (--limit): compared on the first "
            f"{min(first, second):,}"
        )
    return found
