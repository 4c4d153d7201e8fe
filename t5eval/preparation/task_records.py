"""Preparation: a split's examples, formatted and tokenised once, become records that training reads.

The records and their manifest depend on the data, the task's row and the vocabulary alone: not on how many processes
made them, nor whether Beam did.
"""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol

from t5eval.data import Split, Summary
from t5eval.preparation.blocks import Block, Tally, blocks_in_shard, blocks_of
from t5eval.preparation.workers import Workers
from t5eval.runs.folder import locked
from t5eval.support.errors import MissingPackage
from task_specs import TaskSpec
from task_specs.errors import UserError

if TYPE_CHECKING:
    from keras_model.data.batches import Examples
    from keras_model.data.records import RecordSet
    from keras_model.tokenizers.tokenizer import Tokenizer


class Progress(Protocol):
    """Told how many examples of a split are done, of how many; used as a context around the split."""

    def __enter__(self) -> Progress: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def __call__(self, done: int, total: int) -> None: ...


Display = Callable[[str], Progress]
"""Makes the progress of a set of records from its name."""

Make = Callable[[Sequence[Split], "Tokenizer", Path], None]
"""Writes the records of splits into an empty folder, and at the end the manifest."""


def set_name(spec: TaskSpec, split: str) -> str:
    """Returns what a split's records are called."""
    return f"{spec.name}/{split}"


def about(spec: TaskSpec, split: str, tokenizer: Tokenizer, summary: Summary, tally: Tally) -> dict[str, Any]:
    """Returns what the manifest says of a split's records, besides the shards."""
    return {
        "task": spec.name,
        "split": split,
        "specification": spec.fingerprint,
        "vocabulary": tokenizer.fingerprint,
        "lengths": {"inputs": spec.lengths.inputs, "targets": spec.lengths.targets},
        "data": summary.to_json(),
        **tally.to_json(),
    }


def in_processes(count: int | None, display: Display) -> Make:
    """Returns a preparation by parallel processes of this machine, in constant memory.

    Args:
        count: how many; None for one per core.
        display: shows how far it is.
    """

    def make(splits: Sequence[Split], tokenizer: Tokenizer, folder: Path) -> None:
        from keras_model.data.records import write_manifest

        with Workers(tokenizer, count or _cores()) as workers:
            sets = [_prepare_split(split, tokenizer, folder, workers, display) for split in splits]
        write_manifest(folder, sets)

    return make


def prepare(splits: Sequence[Split], tokenizer: Tokenizer, folder: Path, make: Make) -> dict[str, RecordSet]:
    """Prepares splits into a folder, which another process must not be preparing; what it held is replaced.

    A folder without a manifest is not complete. What a killed preparation left there is removed by the next one; one
    that fails removes it itself.

    Returns:
        The sets of records, by name.

    Raises:
        UserError: the data cannot be read, the folder cannot be written or holds something else.
    """
    return fill(folder, lambda: make(splits, tokenizer, folder))


def fill(folder: Path, write: Callable[[], None]) -> dict[str, RecordSet]:
    """Calls what writes records and their manifest into a folder, as `prepare` says.

    Raises:
        UserError: the folder cannot be written or holds something else.
    """
    from keras_model.data.record_shards import RecordError
    from keras_model.data.records import begin, discard, read_manifest, require_no_other

    _require_safetensors()
    try:
        require_no_other(folder)
        with locked(folder):
            begin(folder)
            try:
                write()
            except BaseException:
                discard(folder)
                raise
            return read_manifest(folder)
    except RecordError as error:
        raise UserError(str(error)) from error


def _prepare_split(split: Split, tokenizer: Tokenizer, folder: Path, workers: Workers, display: Display) -> RecordSet:
    from keras_model.data.records import RecordSet, shard_file

    spec = split.spec
    name = set_name(spec, split.split)
    tally, shards = Tally(), []
    with display(name) as progress:
        blocks = workers.tokenise(spec, split.split, blocks_of(split))
        for number, content in enumerate(_in_groups(blocks, blocks_in_shard(spec))):
            parts = []
            for block in content:
                parts.append(block.records)
                tally.add(block.tally)
                progress(tally.examples, max(tally.examples, spec.sizes.get(split.split, 0)))
            shards += write_blocks(folder, shard_file(name, number), parts)
        progress(tally.examples, tally.examples)
    return RecordSet(name, tuple(shards), about(spec, split.split, tokenizer, split.summary, tally))


def write_blocks(folder: Path, file: str, parts: Sequence[Examples]) -> list[Any]:
    """Writes the blocks of a shard, and returns the shard, or nothing where they hold no record."""
    from keras_model.data.batches import Examples
    from keras_model.data.record_shards import write_shard

    examples = Examples.concatenate(parts)
    return [write_shard(folder, file, examples)] if len(examples) else []


def _in_groups(blocks: Iterator[Block], size: int) -> Iterator[Iterator[Block]]:
    """Yields the blocks of one shard after the other; each group is gone through before the next one."""
    for first in blocks:
        yield itertools.chain([first], itertools.islice(blocks, size - 1))


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _require_safetensors() -> None:
    with contextlib.suppress(ModuleNotFoundError):
        import safetensors  # noqa: F401

        return
    raise MissingPackage("prepared records are safetensors files: pip install 't5eval[keras]', or 't5eval[beam]'")
