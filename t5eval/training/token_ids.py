"""The token ids that a training run draws from, prepared by it or given: those of its tasks, and of plain text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from t5eval.data import DataSource
from t5eval.preparation.existing_records import given_records, records_of_run
from t5eval.preparation.text_records import given_text, text_of_run
from task_specs import TEXT, TaskSpec

if TYPE_CHECKING:
    from keras_model.data.batches import Examples
    from keras_model.tokenizers.tokenizer import Tokenizer
    from t5eval.training.fine_tuning import TrainConfig


def parts_of_run(
    config: TrainConfig,
    specs: Sequence[TaskSpec],
    data: DataSource,
    tokenizer: Tokenizer,
    say: Callable[[str], None],
    prepares: bool,
) -> dict[str, Examples]:
    """Returns the examples that a run draws from, by task, those of plain text under `text`.

    Args:
        config: the run.
        specs: the tasks that are trained on.
        data: where their examples come from.
        tokenizer: the model's.
        say: told how far preparation is.
        prepares: whether this process prepares what no folder is named for; else it is there.

    Raises:
        UserError: data or text cannot be read, or what is prepared is not of this run.
    """
    run, text = Path(config.out), config.text_data
    folder = Path(config.prepared or run / "prepared")
    if prepares and config.prepared is None:
        parts = records_of_run(folder, specs, data, tokenizer, say)
    else:
        parts = given_records(folder, specs, data, tokenizer)
    if text:
        folder = Path(text.prepared or run / "prepared_text")
        if prepares and text.prepared is None:
            parts[TEXT] = text_of_run(folder, text, tokenizer, config.seed, say)
        else:
            parts[TEXT] = given_text(folder, text, tokenizer, config.seed)
    return parts
