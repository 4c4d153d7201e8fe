"""The same cleaning on Apache Beam, for sets that one machine should not clean.

Every worker has to see the files and the folder of the result under the paths that this process sees them under.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from t5eval.preparation.cleaning.pages import Page, read_pages
from t5eval.preparation.cleaning.rules import Counts, Rules
from t5eval.preparation.cleaning.stages import (
    Candidate,
    candidate,
    finished,
    lost,
    newest,
    shard_of,
    units,
    write_shard,
)
from t5eval.support.beam_runners import run_pipeline

COUNTS_FILE = "counts.json"


def clean_on_beam(
    files: Sequence[Path], rules: Rules, shards: int, work: Path, out: Path, runner: str, options: Sequence[str]
) -> Counts:
    """Cleans files into shards, as `clean_locally` does: the bytes are the same.

    Raises:
        MissingPackage: Beam is not installed.
        UserError: an option is none, or the pipeline failed.
    """
    import json

    paths, out, work = [str(file.resolve()) for file in files], out.resolve(), work.resolve()

    def build(beam: Any, pipeline: Any) -> None:
        _build(beam, pipeline, paths, rules, shards, work, out)

    run_pipeline(runner, options, build)
    for number in range(shards):
        if not (out / f"text-{number:05d}.jsonl.gz").exists():
            write_shard(out, number, [])  # of which no page came
    return Counts(json.loads((work / COUNTS_FILE).read_text()))


def _build(beam: Any, pipeline: Any, paths: Sequence[str], rules: Rules, shards: int, work: Path, out: Path) -> None:
    def read(path: str) -> Iterator[Page]:
        yield from read_pages(Path(path))

    def judge(page: Page) -> tuple[bytes, Candidate]:
        found = candidate(page, rules)
        return found.key, found

    def choose(item: tuple[bytes, Iterable[Candidate]]) -> Iterator[Candidate]:
        yield from newest(item[1], rules)

    def meet(page: Candidate) -> Iterator[tuple[bytes, tuple[bytes, bytes]]]:
        yield from ((unit, (owner, key)) for unit, owner, key in units(page, rules))

    def compare(item: tuple[bytes, Iterable[tuple[bytes, bytes]]]) -> Iterator[tuple[bytes, bytes]]:
        yield from ((owner, unit) for _, owner, unit in lost(list(item[1]), item[0]))

    def finish(item: tuple[bytes, dict[str, Iterable[Any]]]) -> Iterator[Any]:
        for page in item[1]["pages"]:
            text, counts = finished(page, set(item[1]["lost"]), rules)
            yield beam.pvalue.TaggedOutput("counts", counts)
            if text:
                yield shard_of(page.key, shards), (page, text)

    def write(item: tuple[int, Iterable[tuple[Candidate, str]]]) -> None:
        write_shard(out, item[0], item[1])

    def write_counts(counts: Counts) -> None:
        import json

        (work / COUNTS_FILE).write_text(json.dumps(counts))

    chosen = (
        pipeline
        | "files" >> beam.Create(paths)
        | "one worker each" >> beam.Reshuffle()
        | "read" >> beam.FlatMap(read)
        | "any worker" >> beam.Reshuffle()
        | "judge" >> beam.Map(judge)
        | "versions" >> beam.GroupByKey()
        | "newest" >> beam.FlatMap(choose)
    )
    losses = chosen | "units" >> beam.FlatMap(meet) | "like" >> beam.GroupByKey() | "lost" >> beam.FlatMap(compare)
    pages = chosen | "by owner" >> beam.Map(lambda page: (page.owner, page))
    texts = (
        {"pages": pages, "lost": losses}
        | "together" >> beam.CoGroupByKey()
        | "finish" >> beam.FlatMap(finish).with_outputs("counts", main="texts")
    )
    _ = texts.texts | "shards" >> beam.GroupByKey() | "write" >> beam.Map(write)
    _ = (
        texts.counts
        | "sum" >> beam.CombineGlobally(lambda found: sum(found, Counts()))
        | "write counts" >> beam.Map(write_counts)
    )
