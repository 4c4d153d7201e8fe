"""Validation on the way: the same formatter, parser and metrics as in `t5eval evaluate`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from t5eval.data import DataSource, open_split
from t5eval.evaluation.batches import generate_all
from t5eval.predictors.of_keras import KerasGenerator
from t5eval.scoring.score import evaluation_pair, judge, score_split
from t5eval.support.stages import Advance
from task_specs import Example, TaskSpec
from task_specs.errors import UserError


def validation_examples(
    specs: Sequence[TaskSpec], data: DataSource, limit: int | None
) -> dict[TaskSpec, list[Example]]:
    """Returns the first `limit` validation examples of each task whose validation split is at hand."""
    found: dict[TaskSpec, list[Example]] = {}
    for spec in specs:
        if "validation" in spec.source.splits:
            try:
                found[spec] = list(open_split(spec, "validation", data))[:limit]
            except UserError:
                continue
    return found


def answered(
    generator: KerasGenerator, spec: TaskSpec, examples: Sequence[Example]
) -> Iterator[tuple[list[Example], list[str]]]:
    """Yields examples a batch at a time with the texts that the model generates for them, as in `t5eval evaluate`."""
    by_id = {example.id: example for example in examples}
    for batch in generate_all(generator, spec, [evaluation_pair(spec, e) for e in examples]):
        yield [by_id[prediction.id] for prediction in batch], [prediction.text for prediction in batch]


def validate(
    generator: KerasGenerator, examples: Mapping[TaskSpec, Sequence[Example]], advance: Advance
) -> dict[str, float]:
    """Returns each task's score, by generation, parser and metric as in `t5eval evaluate`; undefined ones left out."""
    scores: dict[str, float] = {}
    done, total = 0, sum(map(len, examples.values()))
    for spec, rows in examples.items():
        texts: dict[str, str] = {}
        for batch, said in answered(generator, spec, rows):
            texts |= zip((example.id for example in batch), said, strict=True)
            done += len(batch)
            advance(done, total)
        score = score_split(spec, "validation", judge(spec, rows, texts), intervals=False).task_score
        if score is not None:
            scores[spec.name] = score
    return scores
