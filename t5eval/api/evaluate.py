"""`t5eval.evaluate`: predict with a model and score, from where an earlier process stopped."""

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import task_specs
from t5eval.api.arguments import Data, PathName, Silent, names_of, splits_of, text_of, warn
from t5eval.data import DataSource, Split, available_splits, data_source, open_split
from t5eval.evaluation.batches import DEFAULT_BATCH_TOKENS, Say
from t5eval.evaluation.on_beam import evaluate_on_beam
from t5eval.evaluation.settings import RunSettings
from t5eval.evaluation.split_result import SplitResult
from t5eval.evaluation.splits import Displays, evaluate_splits
from t5eval.evaluation.tracked_numbers import average_numbers, split_numbers, step_of
from t5eval.evaluation.working_folder import working_folder
from t5eval.predictors.answer_cache import caching
from t5eval.predictors.answering import choose_answering
from t5eval.predictors.decoding_options import DecodingOptions
from t5eval.predictors.model_name import ModelOptions
from t5eval.predictors.open_predictor import open_predictor
from t5eval.predictors.predictor import Predictor
from t5eval.prompts.asking import AS_THEY_ARE, Asking
from t5eval.runs.environment import multiplies_bfloat16
from t5eval.runs.folder import recorded
from t5eval.runs.tracking.trackers import Trackers
from t5eval.scoring.score import SplitScore, has_labels, require_metrics
from t5eval.scoring.score_frame import ScoreTable
from t5eval.support.beam_runners import require_beam, require_one_engine
from t5eval.support.plugin_record import LOADED
from t5eval.support.shard import Shard
from t5eval.support.stages import saved, stage
from t5eval.support.strategy import MULTIWORKER
from task_specs import TaskSpec
from task_specs.support.errors import UserError

TOML = ".toml"  # the ending by which a task's file is told from a name
PURPOSES = ("score", "submit")
"""What answers are for, which says of which splits they are unless these are named."""
SLOW_BFLOAT16 = (
    "--dtype bfloat16: this processor has no instructions for it (AVX512-BF16, AMX or Arm's BF16); without a GPU or "
    "TPU it is slower than float32"
)


@dataclass(frozen=True)
class Plan:
    """What a call of `evaluate` is about to answer.

    Attributes:
        examples: `TASK SPLIT` to how many examples of it; of a shard about how many.
        unlabelled: `TASK SPLIT` of what is at hand and left out, having no labels.
    """

    examples: Mapping[str, int]
    unlabelled: tuple[str, ...]


@dataclass(frozen=True)
class Evaluation(ScoreTable):
    """What `evaluate` made.

    Attributes:
        run: the run's folder, which holds the predictions and results.json.
        splits: the result of each split, in the order of the tasks.
        skipped: `TASK SPLIT` of what was asked for and is not in the data.
        document: the whole of results.json, earlier results of the run included; of a shard its shard.json.
        shard: the share of the answers that was made, without scores; None where all were.
    """

    run: Path
    splits: tuple[SplitResult, ...]
    skipped: tuple[str, ...]
    document: Mapping[str, Any]
    shard: Shard | None = None

    def to_json(self) -> dict[str, Any]:
        """Returns what `t5eval evaluate --json` prints."""
        return dict(self.document)

    def split_scores(self) -> list[SplitScore]:
        """Returns the scores of `splits`."""
        return [result.score for result in self.splits]


def evaluate(
    model: PathName | Predictor,
    tasks: PathName | Sequence[PathName],
    *,
    out: PathName,
    data: Data = None,
    splits: str | Sequence[str] | None = None,
    purpose: str = PURPOSES[0],
    limit: int | None = None,
    decode: str | None = None,
    beam_size: int | None = None,
    alpha: float | None = None,
    max_new_tokens: int | None = None,
    temperature: float | None = None,
    top_k: int | None = None,
    top_p: float | None = None,
    seed: int | None = None,
    samples: int | None = None,
    generation: str = "row",
    cache: PathName | None = None,
    dtype: str | None = None,
    vocab: PathName | None = None,
    strategy: str | None = None,
    batch_tokens: int = DEFAULT_BATCH_TOKENS,
    concurrency: int | None = None,
    price: tuple[float, float] | None = None,
    asking: Asking = AS_THEY_ARE,
    runner: str | None = None,
    runner_options: Sequence[str] = (),
    shard: str | None = None,
    progress: Displays = Silent,
    say: Say = warn,
    plan: Callable[[Plan], None] = lambda plan: None,
    command: str | None = None,
    tensorboard: bool = False,
    wandb: str | None = None,
    mlflow: str | None = None,
) -> Evaluation:
    """Predicts tasks with a model and scores them; a run that was killed goes on where it stopped.

    Args:
        model: a name as `--model` takes it (`docs/models.md`), or a predictor of your own.
        tasks: a task, a benchmark, a task file or `all`, or several of them.
        out: the run's folder.
        data: where the examples are.
        splits: one or several; if None, what is there for the purpose.
        purpose: `score`, for the splits that have labels, but train; `submit`, for those whose answers a leaderboard
            takes.
        limit: only the first examples of each split.
        decode: `greedy`, `beam`, `sample` or `rank`; if None what the next options imply, else the task's row.
        beam_size: hypotheses of a beam search.
        alpha: exponent of its length penalty.
        max_new_tokens: the longest output in tokens, of every task.
        temperature: what logits are divided by before a token is drawn.
        top_k: draw from so many of the most probable tokens.
        top_p: draw from the most probable tokens that have this probability together.
        seed: of the draws.
        samples: how many texts each example draws, the commonest of which is its answer.
        generation: `model` to decode as the model's own generation_config.json says, for `hf:`; else `row`.
        cache: a folder that keeps answers across runs.
        dtype: `float32` or `bfloat16`; for a model's name only, as are the next two.
        vocab: a vocabulary other than the checkpoint's.
        strategy: `none`, `mirrored[:N]`, `multiworker` or `tpu[:ADDRESS]`.
        batch_tokens: the most input tokens of a batch.
        concurrency: the most requests to a server at once, fewer while it is too busy; 16 if None.
        price: what a million tokens cost that a server reads, and that it writes, for the cost in the results.
        asking: in which prompts, after how many shots, as a text or a chat, and how answers are read.
        runner: answer on Apache Beam, with this runner; for a model's name only.
        runner_options: `KEY=VALUE` for Beam or its runner.
        shard: `I/N`, to make the I-th of N shares of the answers, which `merge` joins and scores.
        progress: opens the display of a split, given its name; it is called with (examples done, in all).
        say: told what was skipped and the like; a Python warning if not given.
        plan: told what will be answered, before the model is opened.
        command: what results.json says made it; this call if None.
        tensorboard: whether the scores also go into files for TensorBoard, in RUN/logs/evaluation.
        wandb: the project at Weights & Biases that is told the scores, too.
        mlflow: the experiment at MLflow that is told the scores, too.

    Raises:
        UserError: the model, a task, the data or the run does not fit what was asked.

    >>> import tempfile
    >>> import t5eval  # whose suite_folder() has every benchmark in miniature, made up for the demo
    >>> class AlwaysYes(t5eval.Predictor):
    ...     identity = {"model": "says entailment"}
    ...     def prepare(self, texts, max_tokens):
    ...         return [t5eval.Prepared(text, len(text.split()), truncated=False) for text in texts]
    ...     def generate(self, batch, max_new_tokens, decode):
    ...         return [t5eval.Generation("entailment", hit_limit=False) for _ in batch]
    >>> out = tempfile.mkdtemp()
    >>> run = t5eval.evaluate(AlwaysYes(), "glue/rte", data=t5eval.suite_folder(), out=out, splits="validation")
    >>> run.splits[0].score.scores["accuracy"].value
    50.0
    >>> run.to_json()["results"]["glue/rte"]["validation"]["n"]
    80
    """
    for name, number in (("batch_tokens", batch_tokens), ("limit", limit), ("concurrency", concurrency)):
        if number is not None and number < 1:
            raise UserError(f"{name} {number}: it is 1 or more")
    options = DecodingOptions(
        decode, beam_size, alpha, max_new_tokens, temperature, top_k, top_p, seed, samples, generation
    )
    share = None if shard is None else Shard.parse(shard)
    _require_one_way(model, runner, runner_options, share, cache, strategy)
    if share and (tensorboard or wandb or mlflow):
        raise UserError("--shard has no scores to tell a tracker; leave out --tensorboard, --wandb and --mlflow")
    names, wanted = names_of(tasks), splits_of(splits)
    if purpose not in PURPOSES:
        raise UserError(f"purpose {purpose!r}: it is {' or '.join(PURPOSES)}")
    if wanted and purpose != PURPOSES[0]:
        raise UserError(f"--for {purpose} says which splits are answered, and so does --split; give one of them")
    specs = asking.tasks(task_specs.resolve(names))
    source = data_source(text_of(data))
    chosen, skipped, unlabelled = choose_splits(specs, source, wanted, purpose)
    for name in skipped:
        say(f"{name} skipped: its data is not in {source.option}")
    groups = ("all", *task_specs.BENCHMARKS)
    rows = {name: row for name in names if name not in groups and isinstance(row := task_specs.find(name), TaskSpec)}
    of_names = {row.row.name: name for name, row in rows.items()}
    for spec in specs:
        require_metrics(spec)  # what is not there is said before a run's folder is made
    with stage("counting the examples"):
        jobs = share.of if share else 1
        counts = {_name(split): -(-sum(1 for _ in islice(split, limit)) // jobs) for split in chosen}
        plan(Plan(counts, tuple(unlabelled)))
    own = "model" if generation == "model" else None
    options_of_model = ModelOptions(dtype, text_of(vocab), strategy, concurrency, own)
    opened = open_predictor(model, options_of_model)
    if opened.note:
        say(opened.note)
    if dtype == "bfloat16" and multiplies_bfloat16() is False:
        say(SLOW_BFLOAT16)
    if own:
        options = options.as_model_says(opened.generation)
    elif note := opened.generation_note():
        say(note)
    answering, unranked = choose_answering(specs, options, {spec.name for spec in specs if spec.row.name in of_names})
    if unranked:
        say(f"no fixed answers to rank, so decoded as their rows say: {', '.join(unranked)}")
    run = Path(out)
    asked = {
        "model": opened.name,
        "dtype": dtype,
        "strategy": strategy,
        "vocab": str(Path(vocab).resolve()) if vocab and Path(vocab).is_file() else text_of(vocab),
        **options.to_config(),
        "cache": None if cache is None else os.path.abspath(cache),
        "task": [os.path.abspath(name) if name.endswith(TOML) else name for name in names],
        "split": wanted,
        "for": None if purpose == PURPOSES[0] else purpose,
        "data_dir": source.option,
        "batch_tokens": batch_tokens,
        "limit": limit,
        "concurrency": concurrency,
        "price": price,
        "plugins": dict(LOADED),
        "runner": runner,
        "shard": shard,
        **{name: value for name, value in vars(asking).items() if value != getattr(AS_THEY_ARE, name)},
    }
    settings = RunSettings(
        command=command or _call(asked, run),
        model_name=opened.name,
        strategy=strategy,
        answering=answering,
        max_new_tokens=max_new_tokens,
        batch_tokens=batch_tokens,
        limit=limit,
        price=price,
        task_files={s.name: os.path.abspath(f) for s in specs if (f := of_names.get(s.row.name, "")).endswith(TOML)},
        asking=asking,
        shard=share,
    )
    kept = f"answers so far are in {run}, and the same command goes on from there"
    step = step_of(opened.name)
    with ExitStack() as stack:
        predictor = stack.enter_context(caching(opened.predictor, cache))
        here = stack.enter_context(working_folder(run, strategy, repr([asked, dict(opened.predictor.identity)])))
        stack.enter_context(recorded(here, "evaluate", asked))
        trackers = Trackers(run / "logs" / "evaluation" if tensorboard else None, wandb, mlflow)
        log = stack.enter_context((trackers if here == run else Trackers()).open(here, asked))
        stack.enter_context(saved(kept))

        def done(result: SplitResult) -> None:
            log(step, split_numbers(result))

        if runner:
            found, document = evaluate_on_beam(
                predictor, opened.name, options_of_model, chosen, here, settings, runner, runner_options, done
            )
        else:
            found, document = evaluate_splits(predictor, chosen, here, settings, progress=progress, say=say, done=done)
        log(step, average_numbers(document.get("benchmarks", {})))
    if ignored := options.unheard_by(opened.predictor):
        say(f"{opened.name}: its class says nothing of how it decodes, so nobody knows whether it follows {ignored}")
    return Evaluation(run, tuple(found), tuple(skipped), document, share)


def _require_one_way(
    model: Any,
    runner: str | None,
    runner_options: Sequence[str],
    share: Shard | None,
    cache: PathName | None,
    strategy: str | None,
) -> None:
    """Raises a UserError if what is asked for cannot be shared out as it is asked for, or Beam is not there."""
    require_one_engine(runner, runner_options, None)
    if strategy == MULTIWORKER and cache is not None:
        raise UserError("--cache does not go with --strategy multiworker, whose workers all make the same batches")
    if runner is None:
        return
    if not isinstance(model, str | os.PathLike):
        raise UserError("a runner's workers open the model by its name; give a name, such as py:FILE.py:FUNCTION")
    for option, given in (("shard", share), ("cache", cache), ("strategy", strategy)):
        if given is not None:
            raise UserError(f"--{option} does not go with --runner, which shares the answers out itself")
    require_beam(runner_options)


def choose_splits(
    specs: Sequence[TaskSpec], data: DataSource, wanted: Sequence[str], purpose: str
) -> tuple[list[Split], list[str], list[str]]:
    """Returns the splits to evaluate, what is skipped because it is not there, and what is left out without labels.

    Args:
        wanted: split names; those of the purpose if empty.
        purpose: one of `PURPOSES`.

    Raises:
        UserError: nothing is left to evaluate, or no task has a wanted split.
    """
    chosen: list[Split] = []
    skipped: list[str] = []
    for split in wanted:
        if not any(split in spec.source.splits for spec in specs):
            raise UserError(f"--split {split}: no task asked for has it")
    for spec in specs:
        at_hand = available_splits(spec, data)
        for split in wanted or _splits_for(spec, purpose):
            if split in at_hand:
                chosen.append(open_split(spec, split, data, with_labels=True))
            elif split in spec.source.splits:
                skipped.append(f"{spec.name} {split}")
    unlabelled = [] if wanted or purpose != PURPOSES[0] else [split for split in chosen if not has_labels(split)]
    left = [split for split in chosen if split not in unlabelled]
    if unlabelled and not left:
        names = ", ".join(map(_name, unlabelled))
        raise UserError(f"nothing to score: {names} has no labels here; --split test, or --for submit, answers it")
    if not left:
        if purpose != PURPOSES[0] and not skipped:
            raise UserError(f"nothing to submit: no leaderboard takes answers to {', '.join(s.name for s in specs)}")
        way_out = "; `t5eval data get` fetches it" if any(spec.downloads for spec in specs) else ""
        raise UserError(f"nothing to evaluate: no data of {', '.join(skipped)} is in {data.option}{way_out}")
    return left, skipped, list(map(_name, unlabelled))


def _splits_for(spec: TaskSpec, purpose: str) -> list[str]:
    if purpose == PURPOSES[0]:
        return [split for split in spec.source.splits if split != "train"]
    return [spec.submission.split] if spec.submission else []


def _name(split: Split) -> str:
    return f"{split.spec.name} {split.split}"


def _call(asked: Mapping[str, Any], run: Path) -> str:
    """Returns the call that results.json says made it, without what was left as it is."""
    given = {"out": str(run), "data": asked["data_dir"], "splits": asked["split"] or None, "purpose": asked["for"]}
    of_model = ("dtype", "vocab", "strategy", "concurrency", "price", "runner", "shard")
    given |= {name: asked[name] for name in ("limit", *DecodingOptions.__dataclass_fields__, "cache", *of_model)}
    how = {name: asked[name] for name in vars(AS_THEY_ARE) if name in asked}
    given["asking"] = Asking(**how) if how else None
    options = "".join(f", {name}={value!r}" for name, value in given.items() if value is not None)
    return f"t5eval.evaluate({asked['model']!r}, {asked['task']!r}{options})"
