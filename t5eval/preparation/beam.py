"""The same preparation on Apache Beam, for corpora that one machine should not prepare.

One worker reads a split; all of them format, tokenise and write shards. Every worker has to see the data and the
folder of records under the paths that this process sees them under, and must have t5eval installed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from t5eval.data import Split, data_source, open_split
from t5eval.preparation.blocks import Tally, blocks_in_shard, blocks_of, tokenise_block
from t5eval.preparation.record_folder import set_name, write_part
from t5eval.preparation.task_records import Make, about
from t5eval.support.beam_runners import require_beam, run_pipeline
from task_specs import TaskSpec

if TYPE_CHECKING:
    from keras_model.tokenizers.tokenizer import Tokenizer

Place = tuple[int, int]
"""Number of a split among those that are prepared, and of a shard in it."""
SUMMARY = -1
"""In place of a shard's number, where it is said what was read of the split."""


def on_beam(runner: str, options: Sequence[str] = ()) -> Make:
    """Returns a preparation by a Beam pipeline.

    Args:
        runner: a key of `RUNNERS`.
        options: `KEY=VALUE` each, what `--KEY=VALUE` is for Beam and the runner; `KEY` alone for a flag.

    Raises:
        MissingPackage: Beam is not installed.
        UserError: an option is none, or the pipeline failed.
    """
    require_beam(options)

    def make(splits: Sequence[Split], tokenizer: Tokenizer, folder: Path) -> None:
        run_pipeline(
            runner, options, lambda beam, pipeline: _build(beam, pipeline, splits, tokenizer, folder.resolve())
        )

    return make


def _build(beam: Any, pipeline: Any, splits: Sequence[Split], tokenizer: Tokenizer, folder: Path) -> None:
    """Puts the steps into a pipeline; the last one writes the manifest.

    Keys are whole numbers, and there is one chain of steps: Dask's runner hashes keys in each process by itself, and
    gives every output of a step to all that follow.
    """
    work = [(split.spec, split.split, split.source.option) for split in splits]
    sizes = [blocks_in_shard(split.spec) for split in splits]

    def read(number: int) -> Iterator[tuple[Place, tuple[int, Any]]]:
        spec, name, option = work[number]
        split = open_split(spec, name, data_source(option))
        for block, examples in enumerate(blocks_of(split)):
            yield (number, block // sizes[number]), (block, examples)
        yield (number, SUMMARY), (0, split.summary)

    def write(item: tuple[Place, Iterable[tuple[int, Any]]]) -> tuple[int, tuple[int, Any]]:
        (number, shard), found = item
        spec, split, _ = work[number]
        content = sorted(found, key=itemgetter(0))
        if shard == SUMMARY:
            return 0, (number, (shard, content[0][1], None))
        tally, parts = Tally(), []
        for _, examples in content:
            block = tokenise_block(spec, split, examples, tokenizer)
            parts.append(block.records)
            tally.add(block.tally)
        return 0, (number, (shard, write_part(folder, set_name(spec.name, split), shard, parts), tally))

    def finish(item: tuple[int, Iterable[tuple[int, Any]]]) -> None:
        from keras_model.data.records import write_manifest

        found: dict[int, list[Any]] = {number: [] for number in range(len(work))}
        for number, made in item[1]:
            found[number].append(made)
        write_manifest(folder, [_record_set(work[n][:2], tokenizer, made) for n, made in found.items()])

    _ = (
        pipeline
        | "splits" >> beam.Create(range(len(work)))
        | "one worker each" >> beam.Reshuffle()
        | "read" >> beam.FlatMap(read)
        | "shards" >> beam.GroupByKey()
        | "format, tokenise and write" >> beam.Map(write)
        | "together" >> beam.GroupByKey()
        | "manifest" >> beam.Map(finish)
    )


def _record_set(work: tuple[TaskSpec, str], tokenizer: Tokenizer, found: Sequence[Any]) -> Any:
    from keras_model.data.records import RecordSet

    (_, summary, _), *made = sorted(found, key=itemgetter(0))  # the summary comes first
    tally, shards = Tally(), []
    for _, written, counted in made:
        shards += written
        tally.add(counted)
    return RecordSet(set_name(work[0].name, work[1]), tuple(shards), about(*work, tokenizer, summary, tally))
