"""Predicting splits into a run and scoring them: each batch is stored as soon as it is there."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import asdict, dataclass, replace
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
from t5eval.runs.shard_record import read_shard, record_split
from t5eval.scoring.score import evaluation_pair, judge, require_metrics, score_split
from t5eval.scoring.slices import declared_slices
from t5eval.support.shard import Shard
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
        The results of these splits, and the whole results document; of a shard no results, and its record.

    Raises:
        UserError: the run has results of another model, a metric does not suit its task, the model cannot answer a
            task in its way, or the data is damaged; or examples have no answer, when all others are stored.
    """
    require_answerable(predictor, splits, run, settings)
    found: list[SplitResult] = []
    unanswered: list[str] = []
    document: dict[str, Any] = {}
    for split in splits:
        name = f"{split.spec.name} {split.split}"
        try:
            with progress(name) as show:
                if settings.shard is not None:
                    document = _answer_share(predictor, split, run, settings, settings.shard, show, say)
                    continue
                result = _evaluate_split(predictor, split, run, settings, show, say)
        except Unanswered as error:
            unanswered.append(f"{name}: {error}")
            if settings.shard is not None:
                found_of_it = {"unanswered": str(error)}
                record_split(run, settings.shard, split.spec.name, split.split, found_of_it)
            if error.stopped:
                break
            continue
        found.append(result)
        call = settings.call(predictor.identity, result.device)
        document = write_results(run, call, {split.spec.name: {split.split: result.to_json()}})
        done(result)
    if unanswered:
        raise SomeUnanswered(
            f"{'; '.join(unanswered)}; all other answers are stored, and the same command asks for the rest"
        )
    return found, document


class SomeUnanswered(UserError):
    """Examples have no answer; all others are stored."""


def require_answerable(predictor: Predictor, splits: Sequence[Split], run: Path, settings: RunSettings) -> None:
    """Looks before hours of prediction, not after, whether splits can be evaluated into a run.

    Raises:
        UserError: the run has results of another model, a metric does not suit its task, or the model cannot answer a
            task in its way.
    """
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


@dataclass(frozen=True)
class Answered:
    """A split of which all that is to be answered here is.

    Attributes:
        split: the split, which was read.
        examples: all that were asked for, those of other shards too.
        decode: how answers come about.
        store: the answers.
    """

    split: Split
    examples: Sequence[Example]
    decode: Mapping[str, Any]
    store: PredictionStore


@contextmanager
def _answered(
    predictor: Predictor, split: Split, run: Path, settings: RunSettings, progress: Progress, say: Say
) -> Iterator[Answered]:
    """Predicts a split into a run's store, or the share that the settings say."""
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
        yield Answered(split, examples, decode, store)


def _evaluate_split(
    predictor: Predictor, split: Split, run: Path, settings: RunSettings, progress: Progress, say: Say
) -> SplitResult:
    """Predicts a split into a run's store, and scores it if it is labelled."""
    with _answered(predictor, split, run, settings, progress, say) as answered:
        return split_result(answered, settings, predictor.count_unwritable)


def _answer_share(
    predictor: Predictor,
    split: Split,
    run: Path,
    settings: RunSettings,
    shard: Shard,
    progress: Progress,
    say: Say,
) -> dict[str, Any]:
    """Predicts a shard's share of a split into its run's store; returns what its record then says."""
    with _answered(predictor, split, run, settings, progress, say) as answered:
        store = answered.store
        call = settings.call(predictor.identity, store.device)
        unwritable = None
        if isinstance(split.spec.answer, Text):
            judged = judge(split.spec, answered.examples, {})
            unwritable = predictor.count_unwritable(_references(judged))
        found = {
            "examples": len(store.predictions),
            "unwritable": unwritable,
            "call": call,
            "price": settings.price,
        }
    return record_split(run, shard, split.spec.name, split.split, found).to_json()


def split_result(
    answered: Answered, settings: RunSettings, count_unwritable: Callable[[Sequence[str]], int | None]
) -> SplitResult:
    """Returns what a split comes to, all of which is answered; its scores, if it is labelled.

    Args:
        settings: how it was predicted.
        count_unwritable: see `Predictor.count_unwritable`.
    """
    split, examples, store = answered.split, answered.examples, answered.store
    spec, predictions = split.spec, store.predictions.values()
    lengths = asdict(spec.lengths) | {"targets": settings.max_new_tokens or spec.lengths.targets}
    judged = judge(spec, examples, {p.id: p.text for p in predictions}, {p.id: p for p in predictions})
    score = score_split(spec, split.split, judged)
    return SplitResult(
        score=replace(
            score,
            causes=(*score.causes, *_unwritable(count_unwritable, spec, judged)),
            slices=declared_slices(spec, split.split, examples, judged) if score.labelled else {},
        ),
        data=split.summary,
        specification=spec.fingerprint,
        truncated=_count(p.truncated for p in predictions),
        hit_limit=_count(p.hit_limit for p in predictions),
        limit=settings.limit,
        decode={**answered.decode, **lengths},
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


def _unwritable(
    count_unwritable: Callable[[Sequence[str]], int | None], spec: TaskSpec, judged: Sequence[Scored]
) -> Iterator[str]:
    """Yields that a model cannot write some references, whatever it learns."""
    if isinstance(spec.answer, Text):
        references = _references(judged)
        if lacking := count_unwritable(references):
            share = f"{lacking:,} of {len(references):,} references"
            yield f"{share} have characters that the model's vocabulary cannot write"


def _references(judged: Sequence[Scored]) -> list[str]:
    """Returns the true texts of examples."""
    return [text for example in judged for text in example.gold.value or ()]


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
    """Generates what the store does not have yet, and leaves it complete and in input order.

    Of a shard that is the batches of its share.
    """
    ids = [pair.id for pair in pairs]
    store.require_ids(ids)
    shard, total = settings.shard, len(pairs)
    finished = None
    if shard is not None:
        record = read_shard(store.run)
        finished = record and record.finished(spec.name, store.split)
        total = finished["examples"] if finished else -(-len(pairs) // shard.of)  # which only the batches tell
    progress(len(store.predictions), total)
    if len(store.predictions) < total or (shard is not None and not finished):
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
            shard=shard,
        )
        with closing(batches):
            for batch in batches:
                store.noted(predictor.device(), questions.sent.to_json())  # a cache may have answered until now
                store.append(batch)
                progress(len(store.predictions), max(total, len(store.predictions)))
    store.finish(ids if shard is None else [example_id for example_id in ids if example_id in store.predictions])
