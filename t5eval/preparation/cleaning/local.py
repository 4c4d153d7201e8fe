"""Cleaning by parallel processes of this machine. What has to meet is brought together in files, a part in each.

The process that was called reads pages and appends to the files; the others judge, compare and write. Memory holds one
part for each process.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

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
from t5eval.support.processes import Processes

PAGES_AT_A_TIME = 200
HASH = 16  # bytes
RECORD = 3 * HASH

Parts = dict[int, bytes]
"""What is to be appended to the files of parts, by their numbers."""


def clean_locally(
    files: Sequence[Path],
    rules: Rules,
    shards: int,
    work: Path,
    out: Path,
    workers: int,
    progress: Callable[[int], None],
) -> Counts:
    """Cleans files into shards.

    Args:
        work: an empty folder for what lies between the stages.
        out: where the shards go.
        progress: told how many pages were read.

    Returns:
        What the rules took away.
    """
    counts = Counts()
    with Processes(workers) as processes:
        blocks = ((block, rules, shards) for block in _blocks(files, progress))
        for parts in processes.map(_judge, blocks):
            _append(work, "pages", parts)
        for parts in processes.map(_choose, ((work, number, rules, shards) for number in range(shards))):
            _append(work, "units", parts)
        for parts in processes.map(_compare, ((work, number, shards) for number in range(shards))):
            _append(work, "lost", parts)
        for found in processes.map(_finish, ((work, out, number, rules) for number in range(shards))):
            counts.update(found)
    return counts


def _blocks(files: Sequence[Path], progress: Callable[[int], None]) -> Iterator[list[Page]]:
    pages = itertools.chain.from_iterable(map(read_pages, files))
    read = 0
    while block := list(itertools.islice(pages, PAGES_AT_A_TIME)):
        read += len(block)
        progress(read)
        yield block


def _append(work: Path, kind: str, parts: Parts) -> None:
    for number, content in parts.items():
        with (work / f"{kind}-{number}").open("ab") as file:
            file.write(content)


def _part(work: Path, kind: str, number: int) -> bytes:
    path = work / f"{kind}-{number}"
    return path.read_bytes() if path.exists() else b""


def _parted(records: Iterable[tuple[int, bytes]]) -> Parts:
    parts: dict[int, bytearray] = defaultdict(bytearray)
    for number, record in records:
        parts[number] += record
    return {number: bytes(content) for number, content in parts.items()}


def _judge(block: list[Page], rules: Rules, shards: int) -> Parts:
    found = (candidate(page, rules) for page in block)
    return _parted((shard_of(one.key, shards), one.to_json().encode()) for one in found)


def _choose(work: Path, number: int, rules: Rules, shards: int) -> Parts:
    """Writes the pages of a part that stay, and returns their units, each to the part where its like meet."""
    versions: dict[bytes, list[Candidate]] = defaultdict(list)
    for line in _part(work, "pages", number).decode().splitlines():
        one = Candidate.from_json(line)
        versions[one.key].append(one)
    chosen = [page for group in versions.values() for page in newest(group, rules)]
    (work / f"pages-{number}").unlink(missing_ok=True)
    (work / f"chosen-{number}").write_text("".join(page.to_json() for page in chosen))
    return _parted((shard_of(unit[0], shards), b"".join(unit)) for page in chosen for unit in units(page, rules))


def _records(content: bytes) -> list[tuple[bytes, bytes, bytes]]:
    """Returns the records of three hashes each, sorted."""
    starts = range(0, len(content), RECORD)
    whole = sorted(content[start : start + RECORD] for start in starts)
    return [(record[:HASH], record[HASH : 2 * HASH], record[2 * HASH :]) for record in whole]


def _compare(work: Path, number: int, shards: int) -> Parts:
    """Returns which pages lose which units, each to the part where the page is."""
    groups = itertools.groupby(_records(_part(work, "units", number)), key=lambda record: record[0])
    losses = (one for unit, group in groups for one in lost([(owner, key) for _, owner, key in group], unit))
    return _parted((shard_of(loss[0], shards), b"".join(loss)) for loss in losses)


def _finish(work: Path, out: Path, number: int, rules: Rules) -> Counts:
    lost_units: dict[bytes, set[bytes]] = defaultdict(set)
    for _, owner, unit in _records(_part(work, "lost", number)):
        lost_units[owner].add(unit)
    counts, kept = Counts(), []
    for line in (work / f"chosen-{number}").read_text().splitlines():
        page = Candidate.from_json(line)
        text, found = finished(page, lost_units[page.owner], rules)
        counts.update(found)
        if text:
            kept.append((page, text))
    write_shard(out, number, kept)
    return counts
