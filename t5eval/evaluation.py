"""Predicting a split: batches by token budget, sorted by length, each stored as soon as it is there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from t5eval import scoring
from t5eval.data import Split, Summary
from t5eval.predictor import Predictor, Prepared
from t5eval.scoring import SplitScore
from t5eval.store import Prediction, PredictionStore
from task_specs import Example, TaskSpec

DEFAULT_BATCH_TOKENS = 8192
MAX_BATCH_ROWS = 256

Progress = Callable[[int, int], None]
"""Called with (examples done, examples in all) after each batch."""


@dataclass(frozen=True)
class SplitResult:
    """What an evaluated split comes to.

    Attributes:
        score: its scores; none where the split is unlabelled.
        data: what was read.
        truncated: inputs that were cut to the task's length.
        hit_limit: outputs that ended at the length limit.
        limit: the number of examples it was limited to, None for all.
    """

    score: SplitScore
    data: Summary
    truncated: int
    hit_limit: int
    limit: int | None

    def to_json(self) -> dict[str, Any]:
        """Returns the result as JSON data."""
        return {
            **self.score.to_json(),
            "truncated_inputs": self.truncated,
            "outputs_at_limit": self.hit_limit,
            "limit": self.limit,
            "data": self.data.to_json(),
        }


def plan_batches(lengths: Sequence[int], batch_tokens: int) -> list[list[int]]:
    """Returns batches of example indices, the longest inputs first, each within the token budget.

    A batch's cost is its longest input times its rows. The plan depends on the lengths alone, so that a resumed run
    makes the same batches as one that was never cut.
    """
    order = sorted(range(len(lengths)), key=lambda i: (-lengths[i], i))
    batches: list[list[int]] = []
    start = 0
    while start < len(order):
        rows = max(1, min(MAX_BATCH_ROWS, batch_tokens // max(lengths[order[start]], 1)))
        batches.append(order[start : start + rows])
        start += rows
    return batches


def predict(
    predictor: Predictor,
    spec: TaskSpec,
    examples: Sequence[Example],
    store: PredictionStore,
    batch_tokens: int,
    progress: Progress,
) -> None:
    """Generates what the store does not have yet, and leaves it complete and in input order."""
    pairs = [scoring.evaluation_pair(spec, example) for example in examples]
    done = sum(pair.id in store.predictions for pair in pairs)
    progress(done, len(pairs))
    if done < len(pairs):
        prepared = predictor.prepare([pair.inputs for pair in pairs], spec.lengths.inputs)
        for batch in plan_batches([p.length for p in prepared], batch_tokens):
            if all(pairs[i].id in store.predictions for i in batch):
                continue
            inputs: list[Prepared] = [prepared[i] for i in batch]
            outputs = predictor.generate(inputs, spec.lengths.targets, spec.decode)
            before = len(store.predictions)
            store.append(
                Prediction(pairs[i].id, output.text, given.truncated, output.hit_limit)
                for i, given, output in zip(batch, inputs, outputs, strict=True)
            )
            done += len(store.predictions) - before
            progress(done, len(pairs))
    store.finish([pair.id for pair in pairs])


def evaluate_split(
    predictor: Predictor,
    split: Split,
    run: Path,
    *,
    batch_tokens: int = DEFAULT_BATCH_TOKENS,
    limit: int | None = None,
    progress: Progress = lambda done, total: None,
) -> SplitResult:
    """Predicts a split into a run's store, and scores it if it is labelled.

    Args:
        predictor: the model.
        split: an opened split, with labels.
        run: the run's folder, held by this process.
        batch_tokens: the most input tokens of a batch, padding included.
        limit: predict and score the first `limit` examples only.
        progress: told of every batch.
    """
    spec = split.spec
    # All of it is read even under a limit: its hash and counts belong to the result.
    examples = list(split)[:limit]
    made_by = {
        **predictor.identity,
        "specification": spec.fingerprint,
        "data": split.summary.fingerprint,
        "limit": limit,
        "batch_tokens": batch_tokens,
    }
    with PredictionStore(run, spec.name, split.split, made_by) as store:
        predict(predictor, spec, examples, store, batch_tokens, progress)
        texts = {p.id: p.text for p in store.predictions.values()}
        return SplitResult(
            score=scoring.score(spec, split.split, scoring.judge(spec, examples, texts)),
            data=split.summary,
            truncated=sum(p.truncated for p in store.predictions.values()),
            hit_limit=sum(p.hit_limit for p in store.predictions.values()),
            limit=limit,
        )
