"""Predicting splits into a run and scoring them: each batch is stored as soon as it is there."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from t5eval.data import Split
from t5eval.evaluation.batches import Say, generate_all, unheard
from t5eval.evaluation.settings import RunSettings, unsaid
from t5eval.evaluation.split_result import SplitResult
from t5eval.metrics import Scored
from t5eval.predictors.predictor import Predictor, Unanswered
from t5eval.prompts.questions import Questions
from t5eval.prompts.shots import training_split
from t5eval.runs.prediction import Prediction, Usage
from t5eval.runs.prediction_store import PredictionStore
from t5eval.runs.results import read_results, require_same_model, write_results
from t5eval.scoring.score import evaluation_pair, judge, require_metrics, score_split
from t5eval.scoring.slices import declared_slices
from t5eval.support.stages import timed
from task_specs import Example, TaskSpec, TextPair
from task_specs.answers.labels import Text
from task_specs.support.errors import UserError

Progress = Callable[[int, int], None]
"""Called with (examples done, examples in all) after each batch."""
Displays = Callable[[str], AbstractContextManager[Progress]]
"""Opens the progress display of a split, given its name."""


def _silent(done: int, total: int) -> None:
    """Shows no progress."""


def _unheard(result: SplitResult) -> None:
    """Tells nobody."""


def evaluate_splits(
    predictor: Predictor,
    splits: Sequence[Split],
    run: Path,
    settings: RunSettings,
    *,
    progress: Displays = lambda name: nullcontext(_silent),
    say: Say = unheard,
    done: Callable[[SplitResult], None] = _unheard,
) -> tuple[list[SplitResult], dict[str, Any]]:
    """Evaluates splits into a run that this process holds, writing results.json after each of them.

    Args:
        splits: the splits, opened with labels.
        settings: how they are predicted.
        progress: opens the progress display of a split, given its name.
        say: told of batches that memory does not hold.
        done: told each split's result, once it is in results.json.

    Returns:
        The results of these splits, and the whole results document.

    Raises:
        UserError: the run has results of another model, a metric does not suit its task, the model cannot answer a
            task in its way, or the data is damaged; or examples have no answer, when all others are stored.
    """
    # Before hours of prediction, not after.
    require_same_model(run, read_results(run), dict(predictor.identity))
    for split in splits:
        require_metrics(split.spec)
        method = settings.decode(predictor, split.spec).get("method")
        if method == "file" and not (settings.asking.plain and settings.max_new_tokens is None):
            raise UserError(
                "predictions that are there were asked before; leave out --shots, --chat and --max-new-tokens"
            )
        if settings.asking.shots:
            training_split(split)
    predictor.expect(splits)
    found: list[SplitResult] = []
    unanswered: list[str] = []
    document: dict[str, Any] = {}
    for split in splits:
        name = f"{split.spec.name} {split.split}"
        try:
            with progress(name) as show:
                result = _evaluate_split(predictor, split, run, settings, show, say)
        except Unanswered as error:
            unanswered.append(f"{name}: {error}")
            if error.stopped:
                break
            continue
        found.append(result)
        call = settings.call(predictor.identity, result.device)
        document = write_results(run, call, {split.spec.name: {split.split: result.to_json()}})
        done(result)
    if unanswered:
        raise UserError(
            f"{'; '.join(unanswered)}; all other answers are stored, and the same command asks for the rest"
        )
    return found, document


def _evaluate_split(
    predictor: Predictor, split: Split, run: Path, settings: RunSettings, progress: Progress, say: Say
) -> SplitResult:
    """Predicts a split into a run's store, and scores it if it is labelled."""
    spec = split.spec
    decode = settings.decode(predictor, spec)
    predictor.begin(split)
    # All of it is read even under a limit: its hash and counts belong to the result.
    with timed(f"{spec.name} {split.split}: reading the data"):
        examples = list(split)[: settings.limit]
    questions = Questions(settings.asking, split, counted=decode.get("method") != "file")
    made_by = settings.made_by(predictor.identity, split, decode)
    with PredictionStore(run, spec.name, split.split, made_by, unsaid(spec)) as store:
        with timed(f"{spec.name} {split.split}: predicting"):
            pairs = [evaluation_pair(spec, e) for e in examples]
            _predict(predictor, spec, pairs, questions, store, settings, progress, say)
        predictions = store.predictions.values()
        lengths = asdict(spec.lengths) | {"targets": settings.max_new_tokens or spec.lengths.targets}
        judged = judge(spec, examples, {p.id: p.text for p in predictions})
        score = score_split(spec, split.split, judged)
        return SplitResult(
            score=replace(
                score,
                causes=(*score.causes, *_unwritable(predictor, spec, judged)),
                slices=declared_slices(spec, split.split, examples, judged) if score.labelled else {},
            ),
            data=split.summary,
            specification=spec.fingerprint,
            truncated=_count(p.truncated for p in predictions),
            hit_limit=_count(p.hit_limit for p in predictions),
            limit=settings.limit,
            decode={**decode, **lengths},
            asked={**settings.asking.said(spec), **store.sent},
            device=store.device,
            cached=sum(p.cached for p in predictions),
            repetitions=_repetitions(spec, split.split, examples, predictions),
            usage=Usage.sum([p.usage for p in predictions]),
            price=settings.price,
        )


def _repetitions(
    spec: TaskSpec, split: str, examples: Sequence[Example], predictions: Collection[Prediction]
) -> dict[str, list[float | None]]:
    """Returns what each score is of the first texts drawn alone, of the second, and so on; none if one was drawn."""
    found: dict[str, list[float | None]] = {}
    for place in range(min((len(p.samples) for p in predictions), default=0)):
        texts = {p.id: p.samples[place] for p in predictions}
        scored = score_split(spec, split, judge(spec, examples, texts), intervals=False)
        for name, score in scored.scores.items():
            found.setdefault(name, []).append(score.value)
    return found


def _unwritable(predictor: Predictor, spec: TaskSpec, judged: Sequence[Scored]) -> Iterator[str]:
    """Yields that a model cannot write some references, whatever it learns."""
    if isinstance(spec.answer, Text):
        references = [text for example in judged for text in example.gold.value or ()]
        if lacking := predictor.count_unwritable(references):
            share = f"{lacking:,} of {len(references):,} references"
            yield f"{share} have characters that the model's vocabulary cannot write"


def _count(flags: Iterable[bool | None]) -> int | None:
    """Returns how many flags are set, None if one is not known."""
    known = list(flags)
    return None if None in known else sum(map(bool, known))


def _predict(
    predictor: Predictor,
    spec: TaskSpec,
    pairs: Sequence[TextPair],
    questions: Questions,
    store: PredictionStore,
    settings: RunSettings,
    progress: Progress,
    say: Say,
) -> None:
    """Generates what the store does not have yet, and leaves it complete and in input order."""
    store.require_ids([pair.id for pair in pairs])
    progress(len(store.predictions), len(pairs))
    if len(store.predictions) < len(pairs):
        batches = generate_all(
            predictor,
            spec,
            pairs,
            settings.answering_of(spec),
            max_new_tokens=settings.max_new_tokens,
            done=store.predictions,
            batch_tokens=settings.batch_tokens,
            say=say,
            prepare=questions.prepare,
        )
        with closing(batches):
            for batch in batches:
                store.noted(predictor.device(), questions.sent.to_json())  # a cache may have answered until now
                store.append(batch)
                progress(len(store.predictions), len(pairs))
    store.finish([pair.id for pair in pairs])
