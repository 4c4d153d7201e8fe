"""Preparation: a split's examples, formatted and tokenised once, become records that training reads.

The records and their manifest depend on the data, the task's row and the vocabulary alone: not on how many processes
made them, nor whether Beam did.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from t5eval.data import READERS, DataSource, OfficialFiles, Split, Summary, open_splits
from t5eval.preparation.blocks import Block, Tally, blocks_in_shard, blocks_of
from t5eval.preparation.record_folder import Display, Wanted, fill, is_another_file, set_name, write_part
from t5eval.preparation.shares import about_share, is_another_share, manifest_of
from t5eval.preparation.workers import Workers
from t5eval.runs.environment import threads
from t5eval.support.shard import Shard
from task_specs import TaskSpec

if TYPE_CHECKING:
    from keras_model.data.records import RecordSet
    from keras_model.tokenizers.tokenizer import Tokenizer

Make = Callable[[Sequence[Split], "Tokenizer", Path], None]
"""Writes the records of splits into an empty folder, and at the end the manifest."""


def task_records(
    specs: Sequence[TaskSpec],
    split: str,
    data: DataSource,
    tokenizer: Tokenizer,
    make: Make,
    shard: Shard | None = None,
) -> Wanted:
    """Returns what the records of a split of tasks must be, and how they are made.

    Args:
        shard: the share that is made here, `make` knows it too; None for all of it.
    """
    manifest = manifest_of(shard)

    def prepare_splits(folder: Path) -> dict[str, RecordSet]:
        return prepare(open_splits(specs, split, data), tokenizer, folder, make, manifest)

    differences = {spec.name: functools.partial(_differences, spec, split, data, tokenizer, shard) for spec in specs}
    return Wanted(split, differences, prepare_splits, manifest)


def _differences(
    spec: TaskSpec, split: str, data: DataSource, tokenizer: Tokenizer, shard: Shard | None, made: RecordSet
) -> Iterator[str]:
    yield from is_another_share(made, shard)
    if made.about.get("vocabulary") != tokenizer.fingerprint:
        yield f"{made.name} was made with another vocabulary"
    if made.about.get("specification") != spec.fingerprint:
        yield f"{made.name} was made by another row of the task"
    # A copy has a hash of its rows alone, which would all have to be read for it; its name has its version.
    if isinstance(data, OfficialFiles):
        before = made.about["data"]["files"]
        for file in READERS[spec.source.kind].files(spec, split, data.folder):
            if is_another_file(path := data.folder / file, before.get(file)):
                yield f"{path} is not the file that {made.name} was made of"


def about(spec: TaskSpec, split: str, tokenizer: Tokenizer, summary: Summary, tally: Tally) -> dict[str, Any]:
    """Returns what the manifest says of a split's records, besides the shards; the tally's part comes last."""
    return {
        "task": spec.name,
        "split": split,
        "specification": spec.fingerprint,
        "vocabulary": tokenizer.fingerprint,
        "lengths": {"inputs": spec.lengths.inputs, "targets": spec.lengths.targets},
        "data": summary.to_json(),
        **tally.to_json(),
    }


def in_processes(count: int | None, display: Display, shard: Shard | None = None) -> Make:
    """Returns a preparation by parallel processes of this machine, in constant memory.

    Args:
        count: how many; None for one per core.
        display: shows how far it is.
        shard: which of the records' shards are made here, as if they were pieces of work; all if None.
    """

    def make(splits: Sequence[Split], tokenizer: Tokenizer, folder: Path) -> None:
        from keras_model.data.records import write_manifest

        with Workers(tokenizer, count or threads()) as workers:
            sets = [_prepare_split(split, tokenizer, folder, workers, display, shard) for split in splits]
        write_manifest(folder, sets, manifest_of(shard))

    return make


def prepare(
    splits: Sequence[Split], tokenizer: Tokenizer, folder: Path, make: Make, manifest: str = "manifest.json"
) -> dict[str, RecordSet]:
    """Prepares splits into a folder, as `fill` does; returns the sets of records, by name."""
    return fill(folder, functools.partial(make, splits, tokenizer), manifest)


def _prepare_split(
    split: Split, tokenizer: Tokenizer, folder: Path, workers: Workers, display: Display, shard: Shard | None
) -> RecordSet:
    from keras_model.data.records import RecordSet

    spec = split.spec
    name, size = set_name(spec.name, split.split), blocks_in_shard(spec)

    def own(number: int) -> bool:
        return shard is None or shard.has(number, name)

    tally, shards, pieces = Tally(), [], []
    with display(name) as progress:
        mine = (block for place, block in enumerate(blocks_of(split)) if own(place // size))
        blocks = workers.tokenise(spec, split.split, mine)
        numbers = filter(own, itertools.count())
        for content in _in_groups(blocks, size):
            number, parts, of_part = next(numbers), [], Tally()
            for block in content:
                parts.append(block.records)
                of_part.add(block.tally)
                done = tally.examples + of_part.examples
                progress(done, max(done, spec.sizes.get(split.split, 0) // (shard.of if shard else 1)))
            written = write_part(folder, name, number, parts)
            shards += written
            tally.add(of_part)
            pieces.append({"number": number, "files": len(written), **of_part.to_json()})
        progress(tally.examples, tally.examples)
    made = about(spec, split.split, tokenizer, split.summary, tally)
    return RecordSet(name, tuple(shards), {**made, **about_share(shard, pieces)})


def _in_groups(blocks: Iterator[Block], size: int) -> Iterator[Iterator[Block]]:
    """Yields the blocks of one shard after the other; each group is gone through before the next one."""
    for first in blocks:
        yield itertools.chain([first], itertools.islice(blocks, size - 1))
