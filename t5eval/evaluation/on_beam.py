"""The same evaluation on Apache Beam: each worker opens the model once and answers shares, as `--shard` does.

Every worker has to see the model, the data and the run's folder under the paths that this process sees them under, and
must have t5eval installed. What it has answered lies in `RUN/shards`, so that a pipeline that died goes on from there;
at the end the shares are merged by id and scored here.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from t5eval.data import Split
from t5eval.evaluation.beam_worker import FOLDER, Work
from t5eval.evaluation.merging import merge_parts, parts_of, require_whole
from t5eval.evaluation.settings import RunSettings, unsaid
from t5eval.evaluation.split_result import SplitResult
from t5eval.evaluation.splits import evaluate_splits, require_answerable
from t5eval.predictors.model_name import ModelOptions
from t5eval.predictors.predictor import Predictor
from t5eval.runs.prediction_store import PredictionStore
from t5eval.runs.shard_record import ShardRecord, read_shard
from t5eval.support.beam_runners import run_pipeline
from t5eval.support.plugin_record import files
from t5eval.support.shard import Shard
from t5eval.support.stages import stage

SHARE_EXAMPLES = 256
"""About so many examples make a share: what one worker does at a time, and what is done again if it dies before."""


def evaluate_on_beam(
    predictor: Predictor,
    model: str,
    options: ModelOptions,
    splits: Sequence[Split],
    run: Path,
    settings: RunSettings,
    runner: str,
    runner_options: Sequence[str],
    done: Callable[[SplitResult], None],
) -> tuple[list[SplitResult], dict[str, Any]]:
    """Evaluates splits into a run that this process holds, as `evaluate_splits` does, by a Beam pipeline.

    Args:
        predictor: the model, of which this process asks no answers.
        model: its name, by which workers open it.
        options: what else was said of it.
        splits: the splits, opened with labels.
        settings: how they are predicted.
        runner: a key of `RUNNERS`.
        runner_options: `KEY=VALUE` each, what `--KEY=VALUE` is for Beam and the runner.
        done: told each split's result, once it is in results.json.

    Raises:
        MissingPackage: Beam is not installed.
        UserError: as from `evaluate_splits`, or the pipeline failed.
    """
    require_answerable(predictor, splits, run, settings)
    sources = tuple((split.spec, split.split, split.source.option) for split in splits)
    work = Work(model, options, dict(predictor.identity), files(), sources, settings, run.resolve())
    shards = [_shards_left(predictor, split, run, settings) for split in splits]
    left = [
        (number, shard)
        for number, split in enumerate(splits)
        for shard in shards[number]
        if not _record(work.folder(number, shard), shard).finished(split.spec.name, split.split)
    ]
    if left:
        with stage(f"answering on Beam's {runner} runner"):
            run_pipeline(runner, runner_options, lambda beam, pipeline: _build(beam, pipeline, work, left))
    found: list[SplitResult] = []
    document: dict[str, Any] = {}
    for number, split in enumerate(splits):
        if not shards[number]:
            of_split, document = evaluate_splits(predictor, [split], run, settings)
        else:
            records = [_record(work.folder(number, shard), shard) for shard in shards[number]]
            require_whole(records)
            parts = parts_of(records, split.source)
            of_split, document = merge_parts(parts, run, settings.command)
        found += of_split
        for result in of_split:
            done(result)
    shutil.rmtree(run / FOLDER, ignore_errors=True)
    return found, document


def _shards_left(predictor: Predictor, split: Split, run: Path, settings: RunSettings) -> list[Shard]:
    """Returns the shards that a split is answered in, by its number of examples alone; none if all of it is answered.

    Raises:
        RunError: the run has predictions that were made with other settings.
    """
    spec = split.spec
    examples = sum(1 for _ in split)
    examples = min(examples, settings.limit or examples)
    made_by = settings.made_by(predictor.identity, split, settings.decode(predictor, spec))
    with PredictionStore(run, spec.name, split.split, made_by, unsaid(spec)) as store:
        count = -(-examples // SHARE_EXAMPLES) if len(store.predictions) < examples else 0
    return [Shard(count, number) for number in range(1, count + 1)]


def _record(folder: Path, shard: Shard) -> ShardRecord:
    return read_shard(folder) or ShardRecord(folder, shard, {})


def _build(beam: Any, pipeline: Any, work: Work, left: Sequence[tuple[int, Shard]]) -> None:
    """Puts the steps into a pipeline."""
    from apache_beam.ml.inference.base import RunInference

    from t5eval.evaluation.beam_model import SharesModel

    _ = (
        pipeline
        | "shares" >> beam.Create([[piece] for piece in left])  # a batch each, which no other joins
        | "any worker" >> beam.Reshuffle()
        | "answer" >> RunInference(SharesModel(work))
    )
