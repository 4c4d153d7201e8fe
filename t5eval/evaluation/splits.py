"""Predicting a split: batches by token budget, sorted by length, each stored as soon as it is there."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from t5eval.data import Split, Summary
from t5eval.metrics.bootstrap import RESAMPLES, SEED
from t5eval.predictors.answering import answer_batch
from t5eval.predictors.halving import Halving
from t5eval.predictors.predictor import Answering, Predictor, TextGenerator
from t5eval.runs.environment import checkout, machine
from t5eval.runs.prediction import Prediction
from t5eval.runs.prediction_store import PredictionStore
from t5eval.runs.results import UNSAID, library_versions, read_results, require_same_model, write_results
from t5eval.scoring.score import SplitScore, evaluation_pair, judge, require_metrics, score_split
from t5eval.support.plugin_record import LOADED
from t5eval.support.stages import timed
from task_specs import Example, TaskSpec, TextPair
from task_specs.errors import UserError

DEFAULT_BATCH_TOKENS = 8192
MAX_BATCH_ROWS = 256

Progress = Callable[[int, int], None]
"""Called with (examples done, examples in all) after each batch."""


Say = Callable[[str], None]
"""Told, a line at a time, what a user should know of how the predictions are made."""


def _silent(done: int, total: int) -> None:
    """Shows no progress."""


def _unheard(line: str) -> None:
    """Tells nobody."""


@dataclass(frozen=True)
class SplitResult:
    """What an evaluated split comes to.

    Attributes:
        score: its scores; none where the split is unlabelled.
        data: what was read.
        truncated: inputs that were cut to the task's length; None where that is not known.
        hit_limit: outputs that ended at the length limit; None where that is not known.
        limit: the number of examples it was limited to, None for all.
        decode: how the answers came about: method, with beam size and alpha or with the answers that were ranked, and
            the length limits in tokens.
        specification: the fingerprint of the task's row; None in a result that is read back, which nobody writes.
        device: what the model ran on, which results.json has in the call; None where nothing ran, or it is not known.
    """

    score: SplitScore
    data: Summary
    truncated: int | None
    hit_limit: int | None
    limit: int | None
    decode: Mapping[str, Any]
    specification: str | None = None
    device: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Returns the result as JSON data."""
        return {
            **self.score.to_json(),
            "truncated_inputs": self.truncated,
            "outputs_at_limit": self.hit_limit,
            "limit": self.limit,
            "decode": self.decode,
            "specification": self.specification,
            "data": self.data.to_json(),
        }

    def cautions(self) -> Iterator[tuple[str, Sequence[str]]]:
        """Yields what to know before quoting the scores, with its reasons; not what is amiss in the data."""
        share = self.score.share
        if self.limit is not None:
            part = ": a score of a part of the split" if self.score.labelled else " of the split"
            yield f"limited to the first {self.limit:,} examples{part}", ()
        yield from self.score.cautions()
        if self.truncated is None or self.hit_limit is None:
            yield "whether inputs were cut, or outputs ended at the length limit, is not recorded", ()
        if self.truncated:
            yield f"{share(self.truncated, 'inputs')} were cut to {self._tokens('inputs')}", ()
        if self.hit_limit:
            yield f"{share(self.hit_limit, 'outputs')} ended at the limit of {self._tokens('targets')}", ()

    def _tokens(self, side: str) -> str:
        length = self.decode.get(side)
        return f"{length:,} tokens" if isinstance(length, int) else "the task's length"


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
    answering: Answering | None = None,
    *,
    done: Container[str] = frozenset(),
    batch_tokens: int = DEFAULT_BATCH_TOKENS,
    say: Say = _unheard,
) -> Iterator[list[Prediction]]:
    """Yields the predictions of one batch after another, leaving out batches of which every id is `done`.

    A batch that memory does not hold comes in parts.

    Args:
        generator: the model.
        spec: the task.
        pairs: its inputs.
        answering: how they are answered; as the row says if None.
        done: ids that have their predictions.
        batch_tokens: see `plan_batches`.
        say: told of batches that memory does not hold.

    Raises:
        UserError: memory does not hold one input alone, or the model cannot answer so.
    """
    prepared = generator.prepare([pair.inputs for pair in pairs], spec.lengths.inputs)
    if len(prepared) != len(pairs):
        raise UserError(f"the model prepares {len(prepared)} of {len(pairs)} inputs; it must prepare each")
    lengths = [p.length for p in prepared]

    def answer(part: Sequence[int]) -> list[Prediction]:
        ids = [pairs[i].id for i in part]
        return answer_batch(generator, [prepared[i] for i in part], ids, spec, answering or spec.decode)

    halving = Halving(lengths, lambda i: f"{spec.name}: example {pairs[i].id}", say)
    for batch in plan_batches(lengths, batch_tokens):
        if not all(pairs[i].id in done for i in batch):
            for _, predictions in halving.run(batch, answer):
                yield predictions


def predict_into(
    store: PredictionStore,
    predictor: Predictor,
    spec: TaskSpec,
    examples: Sequence[Example],
    answering: Answering,
    batch_tokens: int,
    progress: Progress,
    say: Say,
) -> None:
    """Generates what the store does not have yet, and leaves it complete and in input order."""
    pairs = [evaluation_pair(spec, example) for example in examples]
    progress(len(store.predictions), len(pairs))
    if len(store.predictions) < len(pairs):
        options: dict[str, Any] = {"done": store.predictions, "batch_tokens": batch_tokens, "say": say}
        for number, batch in enumerate(generate_all(predictor, spec, pairs, answering, **options)):
            if number == 0:
                store.ran_on(predictor.device())
            store.append(batch)
            progress(len(store.predictions), len(pairs))
    store.finish([pair.id for pair in pairs])


def evaluate_split(
    predictor: Predictor,
    split: Split,
    run: Path,
    answering: Answering | None = None,
    *,
    batch_tokens: int = DEFAULT_BATCH_TOKENS,
    limit: int | None = None,
    progress: Progress = _silent,
    say: Say = _unheard,
) -> SplitResult:
    """Predicts a split into a run's store, and scores it if it is labelled.

    Args:
        predictor: the model.
        split: an opened split, with labels.
        run: the run's folder, held by this process.
        answering: how its examples are answered; as the task's row says if None.
        batch_tokens: the most input tokens of a batch, padding included.
        limit: predict and score the first `limit` examples only.
        progress: told of every batch.
        say: told of batches that memory does not hold.
    """
    spec = split.spec
    answering = answering or spec.decode
    decode = dict(predictor.decoding(answering))
    predictor.begin(split)
    # All of it is read even under a limit: its hash and counts belong to the result.
    with timed(f"{spec.name} {split.split}: reading the data"):
        examples = list(split)[:limit]
    made_by = {
        **predictor.identity,
        "specification": spec.fingerprint,
        "data": split.summary.fingerprint,
        "limit": limit,
        "batch_tokens": batch_tokens,
        "decode": decode,
    }
    # Before these were said, every row was answered in its own way.
    unsaid = {**UNSAID, "decode": asdict(spec.decode)}
    with PredictionStore(run, spec.name, split.split, made_by, unsaid) as store:
        with timed(f"{spec.name} {split.split}: predicting"):
            predict_into(store, predictor, spec, examples, answering, batch_tokens, progress, say)
        texts = {p.id: p.text for p in store.predictions.values()}
        return SplitResult(
            score=score_split(spec, split.split, judge(spec, examples, texts)),
            data=split.summary,
            specification=spec.fingerprint,
            truncated=sum(p.truncated for p in store.predictions.values()),
            hit_limit=sum(p.hit_limit for p in store.predictions.values()),
            limit=limit,
            decode={**decode, **asdict(spec.lengths)},
            device=store.device,
        )


def evaluate_splits(
    predictor: Predictor,
    splits: Sequence[Split],
    run: Path,
    settings: Mapping[str, Any],
    *,
    answerings: Mapping[str, Answering] | None = None,
    batch_tokens: int = DEFAULT_BATCH_TOKENS,
    limit: int | None = None,
    progress: Callable[[str], AbstractContextManager[Progress]] = lambda name: nullcontext(_silent),
    say: Say = _unheard,
) -> tuple[list[SplitResult], dict[str, Any]]:
    """Evaluates splits into a run that this process holds, writing results.json after each of them.

    Args:
        predictor: the model.
        splits: the splits, opened with labels.
        run: the run's folder.
        settings: what else belongs into results.json, such as the command line.
        answerings: task name to how it is answered; as its row says where it is not named.
        batch_tokens: see `evaluate_split`.
        limit: see `evaluate_split`.
        progress: opens the progress display of a split, given its name.
        say: see `evaluate_split`.

    Returns:
        The results of these splits, and the whole results document.

    Raises:
        UserError: the run has results of another model, a metric does not suit its task, the model cannot answer a
            task in its way, or the data is damaged.
    """
    answerings = answerings or {}
    # Before hours of prediction, not after.
    require_same_model(run, read_results(run), dict(predictor.identity))
    for split in splits:
        require_metrics(split.spec)
        predictor.decoding(answerings.get(split.spec.name, split.spec.decode))
    predictor.expect(splits)
    found: list[SplitResult] = []
    document: dict[str, Any] = {}
    for split in splits:
        with progress(f"{split.spec.name} {split.split}") as show:
            result = evaluate_split(
                predictor,
                split,
                run,
                answerings.get(split.spec.name),
                batch_tokens=batch_tokens,
                limit=limit,
                progress=show,
                say=say,
            )
        found.append(result)
        document = write_results(
            run,
            {
                **settings,
                "model": dict(predictor.identity),
                "batch_tokens": batch_tokens,
                "batch_rows": MAX_BATCH_ROWS,
                "dtype": predictor.identity.get("dtype"),
                "bootstrap": {"resamples": RESAMPLES, "seed": SEED},
                "device": result.device,
                "versions": library_versions(),
                "plugins": dict(LOADED),
                "checkout": checkout(),
                "machine": machine(),
            },
            {split.spec.name: {split.split: result.to_json()}},
        )
    return found, document
