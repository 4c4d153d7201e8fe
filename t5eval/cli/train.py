"""`t5eval train`: fine-tune a Keras T5, from where an earlier process stopped."""

from collections.abc import Iterator
from typing import Any

import click

from keras_model.training_run.run_checkpoints import less_is_better
from t5eval.api.train import SeededTraining, Training, train, train_seeds
from t5eval.cli.names import (
    complete_any,
    complete_dtype,
    complete_optimizer,
    complete_preset,
    complete_schedule,
    complete_strategy,
)
from t5eval.cli.options import (
    Spreading,
    data_dir_option,
    json_option,
    mlflow_option,
    not_empty,
    print_result,
    wandb_option,
)
from t5eval.cli.progress import StepProgress
from t5eval.cli.task_options import several_tasks


def _shown(name: str, value: float) -> str:
    """Returns a score with the digits in which runs differ: a loss needs more than a percentage."""
    return f"{value:.{4 if less_is_better(name) else 2}f}"


def _best_elsewhere(result: Any, name: str, last: int) -> str:
    """Says where a score was best, if not at the end."""
    if name not in result.best:
        return ""
    checkpoint = result.best[name]
    step = int(checkpoint.name.removeprefix("step-"))
    return "" if step == last else f"; best {_shown(name, result.scores[step][name])} by {checkpoint}"


@click.command(cls=Spreading)
@click.option("--config", "config_file", metavar="FILE", help="TOML file with a [train] table; flags overrule it.")
@several_tasks(complete_any, "Tasks, benchmarks or mixtures to train on.", name="task")
@click.option("--mixture-limit", type=int, metavar="K", help="The most that a task's size counts in the mixture.")
@click.option("--temperature", type=float, metavar="T", help="Makes the rates of tasks more even, the higher the more.")
@data_dir_option
@click.option("--prepared", metavar="FOLDER", help="What `t5eval prepare` made of the tasks.  [default: RUN/prepared]")
@click.option("--out", callback=not_empty, metavar="RUN", help="The run's folder; an unfinished run is resumed.")
@click.option("--model", metavar="M", help="Model folder to start from, or OWNER/NAME.")
@click.option(
    "--preset",
    metavar="NAME",
    shell_complete=complete_preset,
    help="Configuration to start from scratch with, such as t5-small.",
)
@click.option("--vocab", metavar="FILE", help="SentencePiece model, or `bytes`, where no model folder brings one.")
@click.option("--steps", type=int, help="Optimisation steps.  [default: 262144]")
@click.option("--batch-size", type=int, help="Examples per step.  [default: 128]")
@click.option(
    "--batch-tokens",
    type=int,
    metavar="N",
    help="Tokens per step, padding included; rows follow from it, and --batch-size does not count.",
)
@click.option("--shapes", type=int, metavar="N", help="Shapes of batches.  [default: 12 where each is compiled]")
@click.option(
    "--pack",
    type=int,
    nargs=2,
    metavar="SOURCE TARGET",
    help="Pack several examples into each row of these lengths; --batch-size then counts rows.",
)
@click.option(
    "--optimizer", metavar="NAME", shell_complete=complete_optimizer, help="adafactor or adamw.  [default: adafactor]"
)
@click.option("--learning-rate", type=float, help="The schedule's highest.  [default: 0.001]")
@click.option(
    "--schedule",
    metavar="NAME",
    shell_complete=complete_schedule,
    help="constant, inverse_square_root or linear.  [default: constant]",
)
@click.option("--warmup-steps", type=int, metavar="STEPS", help="Of the latter two.  [default: 10000]")
@click.option("--weight-decay", type=float, help="AdamW's.  [default: 0]")
@click.option("--clip-norm", type=float, help="Longest gradient.  [default: no limit]")
@click.option("--z-loss", type=float, help="T5's pre-training had 1e-4.  [default: 0]")
@click.option("--label-smoothing", type=float, help="[default: 0]")
@click.option("--dropout-rate", type=float, help="In place of the model's own.")
@click.option("--accumulate", type=int, metavar="PARTS", help="Parts of a batch, for less memory.  [default: 1]")
@click.option("--remat", is_flag=True, default=None, help="Compute blocks twice instead of holding them.")
@click.option(
    "--dtype",
    metavar="float32|bfloat16|bfloat16_weights",
    shell_complete=complete_dtype,
    help="Precision of the arithmetic; weights are float32 but in the last.  [default: float32]",
)
@click.option("--fresh-optimizer", is_flag=True, default=None, help="Leave a T5 or T5X checkpoint's moments.")
@click.option(
    "--method", metavar="NAME", help="all, gradual_unfreezing, adapters[:SIZE] or lora[:RANK].  [default: all]"
)
@click.option(
    "--strategy",
    metavar="NAME",
    shell_complete=complete_strategy,
    help="none, mirrored[:N], multiworker or tpu[:ADDRESS].  [default: none]",
)
@click.option("--steps-per-execution", type=int, metavar="N", help="Steps in one call, for a TPU.  [default: 1]")
@click.option("--seed", type=int, help="[default: 0]")
@click.option(
    "--seeds", type=int, multiple=True, metavar="N...", help="Train once for each, into RUN/seed-N; instead of --seed."
)
@click.option("--checkpoint-every", type=int, metavar="STEPS", help="[default: 5000]")
@click.option("--keep", type=int, metavar="N", help="Checkpoints kept.  [default: 3]")
@click.option("--validate-every", type=int, metavar="STEPS", help="[default: with each checkpoint]")
@click.option("--patience", type=int, metavar="N", help="End after N validations without a better score.")
@click.option(
    "--callback", "callbacks", multiple=True, metavar="NAME...", help="Keras callbacks that a plugin has registered."
)
@wandb_option
@mlflow_option
@click.option("--validate-limit", type=int, metavar="N", help="Validation examples per task.  [default: 1000]")
@json_option
def command(config_file: str | None, data: str | None, seeds: tuple[int, ...], **flags: Any) -> None:
    """Fine-tune a Keras T5 on TASKs with model.fit.

    The model starts from a folder (--model) or from scratch (--preset or a [train.config] table, with --vocab). The
    result is RUN/model, which `t5eval evaluate --model` takes, as every folder in RUN/checkpoints;
    `--model best:RUN` takes for each task the checkpoint that validated best.
    """
    given = {name: value for name, value in {"data_dir": data, **flags}.items() if value not in (None, ())}
    given |= {name: list(given[name]) for name in ("task", "callbacks") if name in given}
    if seeds:
        several = train_seeds(config_file, seeds=seeds, display=StepProgress, **given)
        print_result(several.to_json, lambda: _seed_lines(several))
        return
    done = train(config_file, display=StepProgress, **given)
    print_result(done.to_json, lambda: _lines(done))


def _seed_lines(several: SeededTraining) -> Iterator[str]:
    for seed, done in several.runs.items():
        yield f"seed {seed}"
        yield from _lines(done)
    for name, spread in several.spreads.items():
        deviation = "" if spread.deviation is None else f" ± {_shown(name, spread.deviation)}"
        between = f"{_shown(name, spread.minimum)} to {_shown(name, spread.maximum)}"
        yield f"{name} validation over {spread.n} seeds: {_shown(name, spread.mean)}{deviation}, {between}"


def _lines(done: Training) -> Iterator[str]:
    result, filling = done.result, done.result.filling
    steps = f"trained {result.steps - result.first_step:,} steps at {done.tokens_per_second:,.0f} tokens/s"
    yield f"{steps}; the model is {done.model}"
    if filling.tokens:
        yield f"not padding: source {filling.source_share:.1%}, target {filling.target_share:.1%}"
    if result.scores:
        last = max(result.scores)
        for name, score in result.scores[last].items():
            yield f"{name} validation at step {last:,}: {_shown(name, score)}{_best_elsewhere(result, name, last)}"
