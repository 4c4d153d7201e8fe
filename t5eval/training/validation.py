"""Validation on the way: the same formatter, parser and metrics as in `t5eval evaluate`."""

import hashlib
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from t5eval.data import DataSource, open_split
from t5eval.evaluation.batches import Say, generate_all, unheard
from t5eval.metrics import metric_of
from t5eval.predictors.of_keras import KerasGenerator
from t5eval.scoring.score import evaluation_pair, judge, score_split, task_score
from t5eval.support.errors import MissingFile, UserError
from t5eval.support.stages import Advance
from task_specs import Example, TaskSpec

SAMPLE_SEED = 0
"""Draws the validation sample: the same for every run, so that runs of other seeds can be compared."""


@dataclass(frozen=True)
class HeldOut:
    """A task's validation examples, or a sample of them.

    Attributes:
        examples: those that are answered, in the order of the file.
        of: how many the split has.
        data: the split's content hash.
        notes: what a user should know of the split.
    """

    examples: Sequence[Example]
    of: int
    data: str
    notes: Sequence[str] = ()

    def to_json(self) -> dict[str, Any]:
        """Returns which examples these are, as JSON data: how many, of how many, by which seed, their hashes."""
        ids = hashlib.sha256("\n".join(example.id for example in self.examples).encode()).hexdigest()
        sample = {"sample_seed": SAMPLE_SEED} if len(self.examples) < self.of else {}
        return {"examples": len(self.examples), "of": self.of, **sample, "ids": ids, "data": self.data}


@dataclass(frozen=True)
class Validated:
    """What a validation of one task came to.

    Attributes:
        score: what checkpoints are selected by: the task's score; where that is undefined, with unreadable answers
            counted as T5 does it; None where that is undefined too.
        text: what is printed.
    """

    score: float | None
    text: str


def validation_examples(
    specs: Sequence[TaskSpec], data: DataSource, limit: int | None, say: Say = unheard
) -> dict[TaskSpec, HeldOut]:
    """Returns validation examples of each task whose validation split is at hand, `limit` of each at most.

    Args:
        limit: see `sample`; None for all.
        say: told which tasks have no validation split at hand.

    Raises:
        UserError: a validation split is damaged, or a task's score is one of which less is better.
    """
    found: dict[TaskSpec, HeldOut] = {}
    for spec in specs:
        if "validation" in spec.source.splits:
            falling = [name for name in spec.task_score if not metric_of(spec, name).higher_is_better]
            if falling:
                raise UserError(
                    f"{spec.name}: the best checkpoint has the highest score, and less {falling[0]} is better"
                )
            try:
                split = open_split(spec, "validation", data)
            except MissingFile as error:
                say(f"{spec.name} is not validated: {error}")
                continue
            examples = list(split)
            drawn = sample(examples, limit)
            found[spec] = HeldOut(drawn, len(examples), split.summary.fingerprint, split.summary.notes)
    return found


def sample(examples: Sequence[Example], limit: int | None) -> list[Example]:
    """Returns at most `limit` examples, drawn by `SAMPLE_SEED`, in their order; all if there are no more.

    Examples that are judged together, as the answers to one question of MultiRC, are drawn together: a group that does
    not fit any more is passed over. One group is returned in any case.
    """
    if limit is None or len(examples) <= limit:
        return list(examples)
    groups: dict[str, list[int]] = {}
    for place, example in enumerate(examples):
        groups.setdefault(group_of(example.id), []).append(place)
    drawn = list(groups.values())
    random.Random(SAMPLE_SEED).shuffle(drawn)
    chosen = drawn[0]
    for group in drawn[1:]:
        if len(chosen) + len(group) <= limit:
            chosen = chosen + group
    return [examples[place] for place in sorted(chosen)]


def group_of(example_id: str) -> str:
    """Returns what tells the examples that are judged together: PARAGRAPH/QUESTION of an id with an answer's number."""
    return example_id.rpartition("/")[0] if example_id.count("/") == 2 else example_id


def answered(
    generator: KerasGenerator, spec: TaskSpec, examples: Sequence[Example]
) -> Iterator[tuple[list[Example], list[str]]]:
    """Yields examples a batch at a time with the texts that the model generates for them, as in `t5eval evaluate`."""
    by_id = {example.id: example for example in examples}
    for batch in generate_all(generator, spec, [evaluation_pair(spec, e) for e in examples]):
        yield [by_id[prediction.id] for prediction in batch], [prediction.text for prediction in batch]


def validate(generator: KerasGenerator, held_out: Mapping[TaskSpec, HeldOut], advance: Advance) -> dict[str, Validated]:
    """Returns what each task comes to, by generation, parser and metric as in `t5eval evaluate`."""
    found: dict[str, Validated] = {}
    done, total = 0, sum(len(held.examples) for held in held_out.values())
    for spec, held in held_out.items():
        texts: dict[str, str] = {}
        for batch, said in answered(generator, spec, held.examples):
            texts |= zip((example.id for example in batch), said, strict=True)
            done += len(batch)
            advance(done, total)
        found[spec.name] = validated(spec, held.examples, texts)
    return found


def validated(spec: TaskSpec, examples: Sequence[Example], texts: Mapping[str, str]) -> Validated:
    """Returns what a task's validation comes to.

    Args:
        texts: what the model wrote, by id.
    """
    result = score_split(spec, "validation", judge(spec, examples, texts), intervals=False)
    if result.task_score is not None:
        return Validated(result.task_score, f"{spec.name} {result.task_score:.2f}")
    values = {name: score.value for name, score in result.scores.items()}
    as_t5 = {name: value if value is not None else values.get(f"{name}_t5") for name, value in values.items()}
    score = task_score(spec, as_t5) if result.scores else None
    reason = f": {result.unreadable:,} unreadable" if result.unreadable else ""
    counted = "" if score is None else f" (selected by {score:.2f}, T5's count of it)"
    return Validated(score, f"{spec.name} undefined{reason}{counted}")
