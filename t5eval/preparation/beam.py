"""The same preparation on Apache Beam, for corpora that one machine should not prepare.

One worker reads a split; all of them format, tokenise and write shards. Every worker has to see the data and the
folder of records under the paths that this process sees them under, and must have t5eval installed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from t5eval.data import Split, Summary, data_source, open_split
from t5eval.preparation.blocks import Tally, blocks_in_shard, blocks_of, tokenise_block
from t5eval.preparation.record_folder import set_name, write_part
from t5eval.preparation.task_records import Make, about
from t5eval.support.beam_runners import require_beam, run_pipeline
from task_specs import Example, TaskSpec

if TYPE_CHECKING:
    from keras_model.tokenizers.tokenizer import Tokenizer

Place = tuple[int, int]
"""Number of a split among those that are prepared, and of a block or shard in it."""


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
    """Puts the steps into a pipeline; the last one writes the manifest."""
    work = [(split.spec, split.split, split.source.option) for split in splits]

    def read(number: int) -> Iterator[Any]:
        spec, name, option = work[number]
        split = open_split(spec, name, data_source(option))
        for block, examples in enumerate(blocks_of(split)):
            yield (number, block), examples
        yield beam.pvalue.TaggedOutput("summaries", (number, split.summary))

    def tokenise(item: tuple[Place, list[Example]]) -> tuple[Place, Any]:
        (number, block), examples = item
        spec, name, _ = work[number]
        return (number, block // blocks_in_shard(spec)), (block, tokenise_block(spec, name, examples, tokenizer))

    def write(item: tuple[Place, Iterable[Any]]) -> tuple[int, Any]:
        (number, shard), content = item
        spec, split, _ = work[number]
        tally, parts = Tally(), []
        for _, block in sorted(content, key=itemgetter(0)):
            parts.append(block.records)
            tally.add(block.tally)
        return number, (shard, write_part(folder, set_name(spec.name, split), shard, parts), tally)

    def finish(item: tuple[None, Iterable[Any]]) -> None:
        from keras_model.data.records import write_manifest

        sets = sorted(item[1], key=itemgetter(0))
        write_manifest(folder, [_record_set(work[n][:2], tokenizer, found) for n, found in sets])

    found = (
        pipeline
        | "splits" >> beam.Create(range(len(work)))
        | "one worker each" >> beam.Reshuffle()
        | "read" >> beam.FlatMap(read).with_outputs("summaries", main="blocks")
    )
    shards = (
        found.blocks
        | "any worker" >> beam.Reshuffle()
        | "format and tokenise" >> beam.Map(tokenise)
        | "shards" >> beam.GroupByKey()
        | "write" >> beam.Map(write)
    )
    _ = (
        {"shards": shards, "summaries": found.summaries}
        | "sets" >> beam.CoGroupByKey()
        | "all sets" >> beam.Map(lambda item: (None, item))
        | "together" >> beam.GroupByKey()
        | "manifest" >> beam.Map(finish)
    )


def _record_set(work: tuple[TaskSpec, str], tokenizer: Tokenizer, found: dict[str, Iterable[Any]]) -> Any:
    from keras_model.data.records import RecordSet

    summary: Summary = next(iter(found["summaries"]))
    tally, shards = Tally(), []
    for _, written, counted in sorted(found["shards"], key=itemgetter(0)):
        shards += written
        tally.add(counted)
    return RecordSet(set_name(work[0].name, work[1]), tuple(shards), about(*work, tokenizer, summary, tally))
