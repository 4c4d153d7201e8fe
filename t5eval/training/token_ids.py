"""The token ids that a training run draws from, prepared by it or given: those of its tasks, and of plain text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from t5eval.data import DataSource
from t5eval.preparation.record_folder import Display, Wanted, in_lines, opened, record_errors_told, set_name
from t5eval.preparation.task_records import in_processes, task_records
from t5eval.preparation.text_records import HELD_OUT, text_records
from t5eval.training.config import TrainConfig
from task_specs import TEXT, TaskSpec
from task_specs.support.errors import UserError

if TYPE_CHECKING:
    from keras_model.data.batches import Examples
    from keras_model.tokenizers.tokenizer import Tokenizer


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
        specs: the tasks that are trained on.
        say: told how far preparation is.
        prepares: whether this process prepares what no folder is named for; else it is there.

    Raises:
        UserError: data or text cannot be read, or what is prepared is not of this run.
    """
    text = config.text_data
    if text and config.settings.packing:
        text.require_fit(tokenizer, config.settings.packing)
    parts: dict[str, Examples] = {}
    for records, own, named in _wanted(config, specs, data, tokenizer, in_lines(say)):
        get = records.of_run if prepares and named is None else records.given
        parts |= get(Path(named or Path(config.out) / own))
    return parts


def require_prepared_fit(config: TrainConfig, specs: Sequence[TaskSpec]) -> None:
    """Looks whether examples in the folder that a run names fit into its packed rows, which needs no model.

    Raises:
        UserError: an example is longer than a row, or the folder holds no records.
    """
    from keras_model.data.records import read_manifest

    if config.prepared is None or not config.settings.packing:
        return
    folder = Path(config.prepared)
    with record_errors_told():
        sets = read_manifest(folder)
    found = {spec.name: sets[name] for spec in specs if (name := set_name(spec.name, "train")) in sets}
    require_fit(config.settings.packing, {task: opened(folder, made) for task, made in found.items()})


def require_fit(row: tuple[int, int], parts: Mapping[str, Examples]) -> None:
    """Raises UserError if an example is longer than a row, and names the lengths that are enough for all."""
    longest = {
        name: tuple(int(side.lengths.max(initial=0)) for side in (part.sources, part.targets))
        for name, part in parts.items()
    }
    too_long = [
        f"{name} has sources of up to {source} tokens and targets of up to {target}"
        for name, (source, target) in longest.items()
        if source > row[0] or target > row[1]
    ]
    if too_long:
        enough = [max(lengths) for lengths in zip(row, *longest.values(), strict=True)]
        raise UserError(
            f"pack = {list(row)}: a row is too short for an example: {', '.join(too_long)}; say pack = {enough}, or "
            "leave pack out"
        )


def require_prepared(config: TrainConfig, specs: Sequence[TaskSpec], data: DataSource, tokenizer: Tokenizer) -> None:
    """Looks whether the folders that a run names hold its records, without reading these.

    Raises:
        UserError: one holds none, or others.
    """
    for records, _, named in _wanted(config, specs, data, tokenizer, in_lines(lambda line: None)):
        if named is not None:
            records.existing(Path(named))


def _wanted(
    config: TrainConfig, specs: Sequence[TaskSpec], data: DataSource, tokenizer: Tokenizer, display: Display
) -> Iterator[tuple[Wanted, str, str | None]]:
    """Yields the records that a run draws from, each with its folder in the run's, and the one that is named for it."""
    yield task_records(specs, "train", data, tokenizer, in_processes(None, display)), "prepared", config.prepared
    if text := config.text_data:
        yield text_records(text, tokenizer, config.settings.seed, display), "prepared_text", text.prepared


def held_out_of_run(config: TrainConfig) -> Examples | None:
    """Returns the examples of the held-out part of a run's text, which `parts_of_run` has prepared or looked at.

    Returns:
        None where no part is held out.

    Raises:
        UserError: the folder that is named for the text has no such part.
    """
    text = config.text_data
    if text is None or not text.held_out:
        return None
    from keras_model.data.records import read_manifest

    folder = Path(text.prepared or Path(config.out) / "prepared_text")
    made = read_manifest(folder).get(set_name(TEXT, HELD_OUT))
    if made is None:
        raise UserError(f"{folder}: holds no held-out part (held_out = {text.held_out}). Prepare it again")
    return opened(folder, made)
