"""`run_demo`: vocabulary, training, evaluation and submission, by the same functions as any other run."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from t5eval import evaluation, scoring
from t5eval.data import OfficialFiles, available_splits, open_split
from t5eval.keras_predictor import KerasPredictor
from t5eval.run_folder import write_config
from t5eval.submission import Submission, submit
from t5eval.training import StepDisplay, TrainConfig, learnable_pairs, train, training_splits
from task_specs import BENCHMARKS, Answer, Example, TaskSpec, get

TRAINED_ON = (
    "glue/cola",
    "glue/sst2",
    "glue/mrpc",
    "glue/stsb",
    "glue/qqp",
    "glue/mnli",
    "glue/qnli",
    "glue/rte",
    "glue/wnli",
)
VOCABULARY_PIECES = 1000
STEPS = 2000
MODEL = {"d_model": 64, "d_kv": 16, "num_heads": 4, "d_ff": 256, "num_layers": 2, "dropout_rate": 0.0}


@dataclasses.dataclass(frozen=True)
class DemoRow:
    """One task of the demo's table: the leaderboard's score of the task, and what the commonest answer would get."""

    task: str
    n: int
    score: float | None
    majority: float | None
    unreadable: int

    @property
    def learned(self) -> bool:
        """Whether the model is better than always giving the commonest answer."""
        return self.score is not None and self.score > (self.majority or 0.0)


def suite_folder() -> Path:
    """Returns the embedded suite, a data directory."""
    return Path(__file__).with_name("suite")


def majority_score(spec: TaskSpec, examples: Sequence[Example]) -> float | None:
    """Returns the task score of answering every example with the commonest answer; None where it has none."""
    judged = scoring.judge(spec, examples, {})
    ((value, _),) = Counter(e.gold.value for e in judged).most_common(1)
    constant = [dataclasses.replace(e, answer=Answer(value, value), missing=False) for e in judged]
    return scoring.score(spec, "validation", constant).task_score


def _vocabulary(path: Path, specs: Sequence[TaskSpec], data: OfficialFiles) -> None:
    """Trains the suite's vocabulary on its training text, unless an earlier process did."""
    from keras_model.tokenizer import T5Tokenizer

    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    pairs = [pair for split in training_splits(specs, data) for pair in learnable_pairs(split)]
    texts = [text for pair in pairs for text in (pair.inputs, pair.targets)]
    # Byte pair encoding keeps whole words even in so small a text, which makes the inputs short.
    T5Tokenizer.train(texts, path, VOCABULARY_PIECES, model_type="bpe")


def run_demo(
    run: Path,
    *,
    steps: int = STEPS,
    display: StepDisplay,
    progress: Callable[[str], AbstractContextManager[evaluation.Progress]],
    say: Callable[[str], None],
) -> tuple[list[DemoRow], Submission]:
    """Runs the demo into a run folder that this process holds.

    Args:
        run: the run's folder; what an earlier process finished is not done again.
        steps: training steps.
        display: told of every training step.
        progress: opens the progress display of a split.
        say: told what is being done, a line at a time.

    Returns:
        The table of validation scores, and the GLUE submission that was written.
    """
    data = OfficialFiles(suite_folder())
    vocabulary = run / "vocabulary" / "spiece.model"
    say("vocabulary: SentencePiece over the suite's training text")
    _vocabulary(vocabulary, [get(name) for name in TRAINED_ON], data)
    config = TrainConfig(
        task=TRAINED_ON,
        data_dir=data.option,
        out=str(run),
        vocab=str(vocabulary),
        config=MODEL,
        steps=steps,
        batch_size=64,
        learning_rate=2e-2,
        checkpoint_every=steps,
        validate_every=steps,
    )
    write_config(run, "train", dataclasses.asdict(config))
    say(f"training: a Keras T5 from scratch, {steps:,} steps of model.fit over nine tasks")
    train(config, [get(name) for name in TRAINED_ON], display=display, say=lambda line: None)
    predictor = KerasPredictor(run / "model")
    splits = [
        open_split(spec, split, data, with_labels=True)
        for spec in (get(name) for name in BENCHMARKS["glue"].tasks)
        for split in available_splits(spec, data)
        if split != "train"
    ]
    say("evaluation: every validation and test split")
    results, _ = evaluation.evaluate_splits(predictor, splits, run, {"command": "t5eval demo"}, progress=progress)
    rows = [
        DemoRow(
            task=split.spec.name,
            n=result.score.n,
            score=result.score.task_score,
            majority=majority_score(split.spec, list(split)),
            unreadable=result.score.unreadable,
        )
        for split, result in zip(splits, results, strict=True)
        if result.score.labelled
    ]
    say("submission: the zip that the GLUE leaderboard takes")
    submission = submit(
        "glue",
        run,
        data,
        run / "submissions" / "glue.zip",
        # A tiny model may answer something that is no label; the demo says how often.
        fill=[f"{spec.name}={_commonest_label(spec)}" for spec in map(get, BENCHMARKS["glue"].tasks)],
        official_counts=False,
    )
    return rows, submission


def _commonest_label(spec: TaskSpec) -> str:
    """Returns a label that stands in for unreadable answers: the first class, or the middle of a number's range."""
    classes: tuple[str, ...] = getattr(spec.answer, "classes", ())
    return classes[0] if classes else "2.5"
