"""Predicting a split: batches by token budget, sorted by length, each stored as soon as it is there."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from t5eval import results, scoring
from t5eval.data import Split, Summary
from t5eval.metrics.bootstrap import RESAMPLES, SEED
from t5eval.predictor import Predictor, TextGenerator
from t5eval.scoring import SplitScore
from t5eval.store import Prediction, PredictionStore
from task_specs import Example, TaskSpec, TextPair

DEFAULT_BATCH_TOKENS = 8192
MAX_BATCH_ROWS = 256

Progress = Callable[[int, int], None]
"""Called with (examples done, examples in all) after each batch."""


def _silent(done: int, total: int) -> None:
    """Shows no progress."""


@dataclass(frozen=True)
class SplitResult:
    """What an evaluated split comes to.

    Attributes:
        score: its scores; none where the split is unlabelled.
        data: what was read.
        truncated: inputs that were cut to the task's length.
        hit_limit: outputs that ended at the length limit.
        limit: the number of examples it was limited to, None for all.
        decode: how the answers were generated: method, beam size, alpha, and the length limits in tokens.
    """

    score: SplitScore
    data: Summary
    truncated: int
    hit_limit: int
    limit: int | None
    decode: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Returns the result as JSON data."""
        return {
            **self.score.to_json(),
            "truncated_inputs": self.truncated,
            "outputs_at_limit": self.hit_limit,
            "limit": self.limit,
            "decode": self.decode,
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


def generate_all(
    generator: TextGenerator,
    spec: TaskSpec,
    pairs: Sequence[TextPair],
    *,
    done: Container[str] = frozenset(),
    batch_tokens: int = DEFAULT_BATCH_TOKENS,
) -> Iterator[list[Prediction]]:
    """Yields the predictions of one batch after another, leaving out batches of which every id is `done`."""
    prepared = generator.prepare([pair.inputs for pair in pairs], spec.lengths.inputs)
    for batch in plan_batches([p.length for p in prepared], batch_tokens):
        if all(pairs[i].id in done for i in batch):
            continue
        inputs = [prepared[i] for i in batch]
        outputs = generator.generate(inputs, spec.lengths.targets, spec.decode)
        yield [
            Prediction(pairs[i].id, output.text, given.truncated, output.hit_limit)
            for i, given, output in zip(batch, inputs, outputs, strict=True)
        ]


def predict_into(
    store: PredictionStore,
    predictor: Predictor,
    spec: TaskSpec,
    examples: Sequence[Example],
    batch_tokens: int,
    progress: Progress,
) -> None:
    """Generates what the store does not have yet, and leaves it complete and in input order."""
    pairs = [scoring.evaluation_pair(spec, example) for example in examples]
    progress(len(store.predictions), len(pairs))
    if len(store.predictions) < len(pairs):
        for batch in generate_all(predictor, spec, pairs, done=store.predictions, batch_tokens=batch_tokens):
            store.append(batch)
            progress(len(store.predictions), len(pairs))
    store.finish([pair.id for pair in pairs])


def evaluate_split(
    predictor: Predictor,
    split: Split,
    run: Path,
    *,
    batch_tokens: int = DEFAULT_BATCH_TOKENS,
    limit: int | None = None,
    progress: Progress = _silent,
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
        predict_into(store, predictor, spec, examples, batch_tokens, progress)
        texts = {p.id: p.text for p in store.predictions.values()}
        return SplitResult(
            score=scoring.score(spec, split.split, scoring.judge(spec, examples, texts)),
            data=split.summary,
            truncated=sum(p.truncated for p in store.predictions.values()),
            hit_limit=sum(p.hit_limit for p in store.predictions.values()),
            limit=limit,
            decode={**asdict(spec.decode), **asdict(spec.lengths)},
        )


def evaluate_splits(
    predictor: Predictor,
    splits: Sequence[Split],
    run: Path,
    settings: Mapping[str, Any],
    *,
    batch_tokens: int = DEFAULT_BATCH_TOKENS,
    limit: int | None = None,
    progress: Callable[[str], AbstractContextManager[Progress]] = lambda name: nullcontext(_silent),
) -> tuple[list[SplitResult], dict[str, Any]]:
    """Evaluates splits into a run that this process holds, writing results.json after each of them.

    Args:
        predictor: the model.
        splits: the splits, opened with labels.
        run: the run's folder.
        settings: what else belongs into results.json, such as the command line.
        batch_tokens: see `evaluate_split`.
        limit: see `evaluate_split`.
        progress: opens the progress display of a split, given its name.

    Returns:
        The results of these splits, and the whole results document.

    Raises:
        UserError: the run has results of another model, a metric does not suit its task, or the data is damaged.
    """
    # Before hours of prediction, not after.
    results.require_same_model(run, results.read_results(run), dict(predictor.identity))
    for split in splits:
        scoring.require_metrics(split.spec)
    found: list[SplitResult] = []
    document: dict[str, Any] = {}
    for split in splits:
        with progress(f"{split.spec.name} {split.split}") as show:
            result = evaluate_split(predictor, split, run, batch_tokens=batch_tokens, limit=limit, progress=show)
        found.append(result)
        document = results.write_results(
            run,
            {
                **settings,
                "model": dict(predictor.identity),
                "batch_tokens": batch_tokens,
                "dtype": "float32",
                "bootstrap": {"resamples": RESAMPLES, "seed": SEED},
                "device": predictor.device(),
                "versions": results.library_versions(),
            },
            {split.spec.name: {split.split: result.to_json()}},
        )
    return found, document
