"""`run_demo`: vocabulary, training, evaluation, report and submissions, by the same functions as any other run."""

from collections.abc import Callable, Sequence
from pathlib import Path

from keras_model.training_run.fit_settings import TrainSettings
from t5eval.api.report import report
from t5eval.data import OfficialFiles, available_splits, open_split
from t5eval.demo.demo_submissions import write_submissions
from t5eval.demo.score_table import DemoRow, demo_rows
from t5eval.evaluation.settings import RunSettings
from t5eval.evaluation.splits import Displays, evaluate_splits
from t5eval.predictors.of_keras import KerasPredictor
from t5eval.preparation.blocks import learnable_pairs
from t5eval.runs.folder import write_config
from t5eval.submissions.submission import Submission
from t5eval.training.config import TrainConfig
from t5eval.training.fine_tuning import StepDisplay, train, training_splits
from task_specs import BENCHMARKS, TaskSpec, get

EVALUATED_ON = (
    *BENCHMARKS["glue"].tasks,
    *BENCHMARKS["super_glue"].tasks,
    "squad/v1.1",
    "cnn_dailymail",
    "wmt14/en-de",
)
# Both halves of MNLI are learned from one file; the diagnostic sets have none.
TRAINED_ON = (
    *(f"glue/{task}" for task in ("cola", "sst2", "mrpc", "stsb", "qqp", "mnli", "qnli", "rte", "wnli")),
    *(f"super_glue/{task}" for task in ("boolq", "cb", "copa", "multirc", "record", "rte", "wic", "wsc")),
    "squad/v1.1",
    "cnn_dailymail",
    "wmt14/en-de",
)
VOCABULARY_PIECES = 1600
STEPS = 2000
MODEL = {"d_model": 64, "d_kv": 16, "num_heads": 4, "d_ff": 256, "num_layers": 2, "dropout_rate": 0.0}


def suite_folder() -> Path:
    """Returns the embedded suite, a data directory."""
    return Path(__file__).with_name("suite")


def _vocabulary(path: Path, specs: Sequence[TaskSpec], data: OfficialFiles) -> None:
    """Trains the suite's vocabulary on its training text, unless an earlier process did."""
    from keras_model.tokenizers.sentencepiece import T5Tokenizer

    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    pairs = [pair for split in training_splits(specs, data) for pair in learnable_pairs(split)]
    texts = [text for pair in pairs for text in (pair.inputs, pair.targets)]
    # Byte pair encoding keeps whole words even in so small a text, which makes the inputs short.
    T5Tokenizer.train(texts, path, VOCABULARY_PIECES, model_type="bpe")


def _train(run: Path, vocabulary: Path, data: OfficialFiles, display: StepDisplay) -> None:
    """Trains from scratch: large steps first, and small ones at the end, which settle the model."""
    config = TrainConfig(
        task=TRAINED_ON,
        data_dir=data.option,
        out=str(run),
        vocab=str(vocabulary),
        config=MODEL,
        settings=TrainSettings(
            steps=STEPS, batch_size=64, learning_rate=3e-2, schedule="linear", warmup_steps=50, checkpoint_every=STEPS
        ),
        # The evaluation that follows is of all examples.
        validate_limit=1,
    )
    write_config(run, "train", config.to_table())
    train(config, [get(name) for name in TRAINED_ON], display=display, say=lambda line: None)


def run_demo(
    run: Path,
    *,
    display: StepDisplay,
    progress: Displays,
    say: Callable[[str], None],
) -> tuple[list[DemoRow], list[Submission]]:
    """Runs the demo into a run folder that this process holds.

    Args:
        run: the run's folder; what an earlier process finished is not done again.
        display: told of every training step.
        progress: opens the progress display of a split.
        say: told what is being done, a line at a time.

    Returns:
        The table of scores, and the submissions that were written.
    """
    data = OfficialFiles(suite_folder())
    vocabulary = run / "vocabulary" / "spiece.model"
    say("vocabulary: SentencePiece over the suite's training text")
    _vocabulary(vocabulary, [get(name) for name in TRAINED_ON], data)
    say(f"training: a Keras T5 from scratch, {STEPS:,} steps of model.fit over {len(TRAINED_ON)} tasks")
    _train(run, vocabulary, data, display)
    predictor = KerasPredictor(run / "model")
    splits = [
        open_split(spec, split, data, with_labels=True)
        for spec in map(get, EVALUATED_ON)
        for split in available_splits(spec, data)
        if split != "train"
    ]
    say(f"evaluation: every validation and test split of {len(EVALUATED_ON)} tasks")
    name = str((run / "model").resolve())
    write_config(run, "evaluate", {"model": name, "task": EVALUATED_ON, "data_dir": data.option})
    settings = RunSettings(command="t5eval demo", model_name=name)
    results, _ = evaluate_splits(predictor, splits, run, settings, progress=progress)
    say("report: report.md and report.html")
    report(run, data=suite_folder())
    say("submissions: the files that the leaderboards take")
    return demo_rows(splits, results), write_submissions(run, data)
