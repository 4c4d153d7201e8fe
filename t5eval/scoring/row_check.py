"""Checking a task's row against data: its pairs, its targets read back, its metrics on true answers."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import task_specs
from t5eval.data import DataSource, Split, available_splits, open_split
from t5eval.metrics import metric_of
from t5eval.scoring.score import evaluation_pair, judge, require_metrics, score_split
from t5eval.support.stages import each
from task_specs import Answer, Example, TaskSpec, TextPair, read_toml
from task_specs.plugins import load_installed
from task_specs.support.errors import SpecError, UserError, quoted
from task_specs.toml_faults import read_row_faults

ROUNDED = 99.0  # what a score of rounded true numbers must reach, in percent


@dataclass(frozen=True)
class ShownPair:
    """One formatted example, and what its target is read as."""

    id: str
    inputs: str
    targets: str
    read_as: str


@dataclass
class SplitValidation:
    """What was found in one split.

    Attributes:
        split: its name.
        n: its examples.
        pairs: the first text pairs; of a training split, those to train on.
        labels: class name to examples.
        gold: score name to the score of the true targets, None where undefined.
        commonest: the commonest target.
        commonest_count: how many examples have it.
        commonest_scores: score name to the score of answering it always.
        notes: what is worth knowing and no fault.
    """

    split: str
    n: int = 0
    pairs: list[ShownPair] = field(default_factory=list)
    labels: dict[str, int] = field(default_factory=dict)
    gold: dict[str, float | None] = field(default_factory=dict)
    commonest: str | None = None
    commonest_count: int = 0
    commonest_scores: dict[str, float | None] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


@dataclass
class Validation:
    """What was found of a task: valid if there are no faults."""

    task: str
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    splits: list[SplitValidation] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Returns it as JSON data."""
        return {"status": "invalid" if self.faults else "valid", **asdict(self)}


def validate(
    name: str, data: DataSource | None = None, splits: Sequence[str] = (), limit: int | None = 3
) -> Validation:
    """Checks a task's row and, if there is data, every split of it that is at hand.

    Args:
        name: a task's name, or the path of a TOML file.
        data: where examples come from; None checks the row alone.
        splits: only these splits, which must then be at hand.
        limit: how many pairs of each split to keep.
    """
    try:
        spec = read_toml(Path(name)) if name.endswith(".toml") else task_specs.get(name)
    except SpecError as error:
        return Validation(name, _faults_of_row(name) or [str(error)])
    found = Validation(spec.name)
    if name.endswith(".toml"):
        load_installed()
        found.faults += [f"{name}: {fault}" for fault in task_specs.collisions(spec)]
    try:
        require_metrics(spec)
    except UserError as error:
        found.faults.append(str(error))
        return found
    if data is None:
        found.notes.append("no data was named, so only the row is checked; --data-dir names it")
        return found
    at_hand = available_splits(spec, data)
    for split in spec.source.splits:
        if not splits and at_hand and split not in at_hand:
            found.notes.append(f"{split} is not at hand, and not checked")
    for split in each(list(splits or at_hand or spec.source.splits), "checking the data", "splits"):
        try:
            opened = open_split(spec, split, data, with_labels=True)
            result, faults = _validate_split(opened, limit)
        except UserError as error:
            found.faults.append(str(error))
            continue
        found.splits.append(result)
        found.faults += [f"{split}: {fault}" for fault in faults]
    return found


def _faults_of_row(name: str) -> list[str]:
    """Returns every fault of a TOML file's keys, with its line; none if it is no TOML file that can be read."""
    try:
        _, faults = read_row_faults(Path(name))
    except SpecError:
        return []
    return [f"{name}{f':{fault.line}' if fault.line else ''}: {fault.message}" for fault in faults]


def _validate_split(opened: Split, limit: int | None) -> tuple[SplitValidation, list[str]]:
    spec, split = opened.spec, opened.split
    found = SplitValidation(split)
    faults: list[str] = []
    unfaithful: list[str] = []
    left_out = 0
    examples: list[Example] = []
    targets: dict[str, str] = {}
    misfit: str | None = None
    try:
        for example in opened:
            for pair in spec.pairs(example, training=split == "train"):
                gold = spec.answer.gold(example.features, pair.targets)
                answer = spec.answer.parse(pair.targets, example.features, pair.targets)
                if limit is None or len(found.pairs) < limit:
                    found.pairs.append(ShownPair(pair.id, pair.inputs, pair.targets, _read_as(spec, answer)))
                if gold is not None and _true(spec, pair, gold) and not same(spec, answer, gold):
                    unfaithful.append(_unfaithful(spec, pair, answer, gold))
            pair = evaluation_pair(spec, example)
            gold = spec.answer.gold(example.features, pair.targets)
            if gold is None:
                continue
            if _true(spec, pair, gold):
                examples.append(example)
                targets[example.id] = pair.targets
            else:
                left_out += 1
    except SpecError as error:
        misfit = str(error)
    except UserError:
        raise
    except KeyError as error:
        misfit = f"it has no feature {error}"
    except Exception as error:
        misfit = f"it fails with {error!r}"
    if misfit is not None:
        faults.append(f"the row does not fit its data: after {len(examples) + left_out:,} examples, {misfit}")
        return found, faults
    found.n = opened.summary.examples
    found.labels = {name: opened.summary.labels[name] for name in getattr(spec.answer, "classes", ())}
    if examples or left_out:
        never = [name for name, count in found.labels.items() if not count]
        if never:
            found.notes.append(f"no example is of class {', '.join(map(repr, never))}")
    official = spec.sizes.get(split)
    if official is not None and official != found.n:
        faults.append(f"{found.n:,} rows here, but the row says {official:,}; correct [sizes], or leave {split} out")
    found.notes += [note for note in opened.summary.notes if "officially" not in note]
    if unfaithful:
        faults.append(f"{len(unfaithful):,} targets do not read back as the truth; {unfaithful[0]}")
    if left_out:
        found.notes.append(f"{left_out:,} targets are not the truth by design (nothing to learn), and left out")
    if not examples:
        found.notes.append("no labels: nothing to score")
        return found, faults
    faults += _score(spec, split, examples, targets, found)
    return found, faults


def _score(
    spec: TaskSpec, split: str, examples: Sequence[Example], targets: dict[str, str], found: SplitValidation
) -> list[str]:
    """Fills in the scores of the true targets and of the commonest one; returns the faults."""

    def scores(predictions: dict[str, str]) -> dict[str, float | None]:
        result = score_split(spec, split, judge(spec, examples, predictions), intervals=False)
        return {name: score.value for name, score in result.scores.items()}

    found.gold = scores(targets)
    found.commonest, found.commonest_count = Counter(targets.values()).most_common(1)[0]
    found.commonest_scores = scores(dict.fromkeys(targets, found.commonest))
    faults = []
    for name in spec.metrics:
        value, always = found.gold[name], found.commonest_scores.get(name)
        if value is None:
            found.notes.append(f"{name} is undefined for these examples")
        elif not metric_of(spec, name).higher_is_better:
            if always is not None and value > always:
                faults.append(f"{name} of the true answers is {value:.2f}, above {always:.2f} for the commonest")
        elif value < (ROUNDED if spec.answer.kind == "number" else 100 - 1e-6):
            text = f"{name} of the true answers is {value:.2f}, not 100"
            if 0 in found.labels.values():
                found.notes.append(f"{text}, which a class without examples explains")
            else:
                faults.append(f"{text}; its metric or its answer parser is wrong for this task")
    return faults


def same(spec: TaskSpec, answer: Answer, gold: Answer) -> bool:
    """Returns whether an answer says the truth: one of the true texts, or the number to the step it is rounded to."""
    if not answer.readable:
        return False
    if isinstance(gold.value, tuple | list) and not isinstance(answer.value, tuple | list):
        return answer.value in (gold.value or ("",))  # a question without an answer is answered by nothing
    if isinstance(gold.value, float):
        return abs(answer.value - gold.value) <= getattr(spec.answer, "step", 0.0) / 2 + 1e-6
    return bool(answer.value == gold.value)


def _true(spec: TaskSpec, pair: TextPair, gold: Answer) -> bool:
    """Returns whether a pair's targets are the truth; a referent's are the candidate, also where that is not it."""
    return pair.learn and not pair.problem and not (spec.answer.kind == "referent" and gold.value == 0)


def _read_as(spec: TaskSpec, answer: Answer) -> str:
    if not answer.readable:
        return f"unreadable, {answer.reason}"
    classes = getattr(spec.answer, "classes", ())
    return f"class {answer.value}, {classes[answer.value]}" if classes else quoted(answer.value)


def _unfaithful(spec: TaskSpec, pair: TextPair, answer: Answer, gold: Answer) -> str:
    return f"{pair.id}: {quoted(pair.targets)} is read as {_read_as(spec, answer)}, true is {_read_as(spec, gold)}"
