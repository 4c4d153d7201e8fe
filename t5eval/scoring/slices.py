"""Slices: examples of a split that have something in common, scored by themselves with the metrics of the whole."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from t5eval.metrics import Scored, metric_of
from t5eval.scoring.score import SplitScore, evaluation_pair, score_split
from task_specs import Example, TaskSpec
from task_specs.support.errors import did_you_mean

INPUT_WORDS = (16, 32, 64, 128, 256, 512)  # the last number of each bin
COUNTS = (0, 1, 2, 3, 5, 10, 20, 50)
ASKING = frozenset("what who whom whose when where which why how".split())
WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class _Seen:
    """One example, as slices see it.

    Attributes:
        features: its features.
        inputs: what the model read.
        truth: the true answer in words, None where there is none.
        label: the true class, empty where answers are none.
        siblings: the examples of its question or passage.
    """

    features: Mapping[str, Any]
    inputs: str
    truth: str | None
    label: str
    siblings: int


def _bin(number: int, ends: Sequence[int]) -> str:
    """Returns the bin that a number falls into, such as `17-32`."""
    start = 0
    for end in ends:
        if number <= end:
            return str(end) if start == end else f"{start}-{end}"
        start = end + 1
    return f"{start}+"


def _overlap(seen: _Seen) -> str:
    """Returns how many of the answer's different words stand in the input."""
    words = set(WORD.findall((seen.truth or "").lower()))
    if not words:
        return ""
    share = len(words & set(WORD.findall(seen.inputs.lower()))) / len(words)
    return "none" if not share else "all" if share == 1 else "half or more" if share >= 0.5 else "under half"


def _question_word(seen: _Seen) -> str:
    question = seen.features.get("question")
    if not isinstance(question, str):
        return ""
    return next((word for word in WORD.findall(question.lower()) if word in ASKING), "other")


COMPUTED: dict[str, Callable[[_Seen], str]] = {
    "input_length": lambda seen: _bin(len(seen.inputs.split()), INPUT_WORDS),
    "answer_length": lambda seen: "" if seen.truth is None else _bin(len(seen.truth.split()), COUNTS),
    "label": lambda seen: seen.label,
    "overlap": _overlap,
    "question_word": _question_word,
    "answerable": lambda seen: {True: "no", False: "yes"}.get(seen.features.get("is_impossible", ""), ""),
    "group_size": lambda seen: _bin(seen.siblings, COUNTS) if isinstance(seen.features.get("idx"), dict) else "",
}
"""What every example can be divided by, to the value that it stands under: empty where it has none."""


def _seen(spec: TaskSpec, examples: Sequence[Example], judged: Sequence[Scored]) -> Iterator[_Seen]:
    parents = [example.id.rpartition("/")[0] for example in examples]
    siblings = Counter(parents)
    classes = getattr(spec.answer, "classes", ())
    for example, said, parent in zip(examples, judged, parents, strict=True):
        gold = said.gold.value
        if isinstance(gold, tuple | list):  # of several true texts the first; none of a question without an answer
            truth = str(gold[0]) if gold else None
        else:
            truth = gold if isinstance(gold, str) else said.targets
        label = classes[gold] if classes and isinstance(gold, int) else ""
        inputs = evaluation_pair(spec, example).inputs
        yield _Seen(example.features, inputs, truth, label, siblings[parent])


def _values(spec: TaskSpec, examples: Sequence[Example], judged: Sequence[Scored]) -> dict[str, list[set[str]]]:
    """Returns the values that each example stands under, by what it is divided by."""
    seen = list(_seen(spec, examples, judged))
    found = {name: [set(filter(None, [value(one)])) for one in seen] for name, value in COMPUTED.items()}
    for name in dict.fromkeys(name for example in examples for name in example.slices):
        texts = (example.slices.get(name, "") for example in examples)
        found[name] = [{" ".join(part.split()) for part in text.split(";")} - {""} for text in texts]
    return {name: values for name, values in found.items() if any(values)}


def _whole(spec: TaskSpec, judged: Sequence[Scored], values: Iterable[set[str]]) -> list[set[str]]:
    """Returns the values with those of all that an example is judged together with, so that no group is cut."""
    metrics = [metric_of(spec, name) for name in spec.metrics]
    groups = [next((g for m in metrics if (g := m.together(e.id)) != e.id), e.id) for e in judged]
    shared: defaultdict[str, set[str]] = defaultdict(set)
    for group, own in zip(groups, values, strict=True):
        shared[group] |= own
    return [shared[group] for group in groups]


def slice_members(
    spec: TaskSpec, split: str, examples: Sequence[Example], judged: Sequence[Scored], by: Sequence[str]
) -> tuple[dict[str, dict[str, list[int]]], dict[str, str]]:
    """Divides examples by what they have in common, whatever was said of them.

    Args:
        examples: the split's examples.
        judged: the same with what was said of each.
        by: the names, of a column that the row declares or of `COMPUTED`.

    Returns:
        The places in `examples`, by name and value, and for each name that they have nothing under, a line that says
        so.
    """
    found = _values(spec, examples, judged) if by else {}
    faults: dict[str, str] = {}
    for name in dict.fromkeys(by):
        if name not in found:
            empty = " (a column that this data lacks)" if name in getattr(spec.source, "slices", ()) else ""
            has = f"it has {', '.join(found)}.{did_you_mean(name, list(found))}"
            faults[name] = f"{spec.name} {split} has no {name!r} to slice by{empty}; {has}"
    return _divided(spec, judged, {name: found[name] for name in dict.fromkeys(by) if name in found}), faults


def all_members(
    spec: TaskSpec, examples: Sequence[Example], judged: Sequence[Scored]
) -> dict[str, dict[str, list[int]]]:
    """Divides examples by everything that they can be divided by, as `slice_members` does."""
    return _divided(spec, judged, _values(spec, examples, judged))


def _divided(
    spec: TaskSpec, judged: Sequence[Scored], found: Mapping[str, Sequence[set[str]]]
) -> dict[str, dict[str, list[int]]]:
    divided: dict[str, dict[str, list[int]]] = {}
    for name, own in found.items():
        members: defaultdict[str, list[int]] = defaultdict(list)
        for place, values in enumerate(_whole(spec, judged, own)):
            for value in values:
                members[value].append(place)
        order = sorted(members, key=lambda value: (_number(value), -len(members[value]), value))
        divided[name] = {value: members[value] for value in order}
    return divided


def sliced(
    spec: TaskSpec, split: str, examples: Sequence[Example], judged: Sequence[Scored], by: Sequence[str]
) -> tuple[dict[str, dict[str, SplitScore]], list[str]]:
    """Scores the examples under each value of what they are to be divided by; see `slice_members`.

    Returns:
        The scores, by name and value, and a line for each name that the examples have nothing under.
    """
    members, faults = slice_members(spec, split, examples, judged, by)
    return {
        name: {value: score_split(spec, split, [judged[i] for i in places]) for value, places in values.items()}
        for name, values in members.items()
    }, list(faults.values())


def declared_slices(
    spec: TaskSpec, split: str, examples: Sequence[Example], judged: Sequence[Scored]
) -> dict[str, dict[str, SplitScore]]:
    """Scores the examples by the columns that the row declares, as far as the data has them; see `sliced`."""
    there = [name for name in getattr(spec.source, "slices", ()) if any(e.slices.get(name) for e in examples)]
    return sliced(spec, split, examples, judged, there)[0]


def _number(value: str) -> float:
    """Returns the number that a value begins with, for bins to stand in their order; infinity where there is none."""
    digits = re.match(r"[0-9]{1,9}(?=[-+]|$)", value)
    return int(digits[0]) if digits else float("inf")
