"""The stages of a cleaning, as functions of a page or of a group of pages, for processes of one machine and for Beam.

Page -> Candidate                    a page by itself: its lines that stay
candidates of an address -> one      the newest
units of all pages -> lost ones      what another page keeps
Candidate, lost units -> its text    without these, in English, without bad words
"""

from __future__ import annotations

import dataclasses
import gzip
import json
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from t5eval.preparation.cleaning.duplicates import digest, units_of, without_duplicates
from t5eval.preparation.cleaning.pages import Page
from t5eval.preparation.cleaning.rules import Counts, Rules
from task_specs.support.errors import UserError

# Input to a shard of the output, as it lies on the disk. A shard's pages are in memory at once.
BYTES_OF_SHARD = 16_000_000

Unit = tuple[bytes, bytes, bytes]
"""Hashes: of a line, or of sentences; of the address of a page that has it; and the page's key."""


@dataclasses.dataclass(frozen=True)
class Candidate:
    """A page that its own rules were applied to.

    Attributes:
        key: the hash of its address, or of its text where it has none: pages of one key are versions of one another.
        owner: the hash that decides which of several pages keeps a line.
        rank: its timestamp and the hash of its text; of several versions the greatest stays.
        url, timestamp: the page's own.
        text: its lines that stay; empty if it does not.
        counts: what the rules took away.
    """

    key: bytes
    owner: bytes
    rank: tuple[str, bytes]
    url: str
    timestamp: str
    text: str
    counts: Counts

    def to_json(self) -> str:
        """Returns a line of JSON."""
        table = {**dataclasses.asdict(self), "key": self.key.hex(), "owner": self.owner.hex()}
        return json.dumps({**table, "rank": [self.rank[0], self.rank[1].hex()], "counts": dict(self.counts)}) + "\n"

    @classmethod
    def from_json(cls, line: str) -> Candidate:
        """Returns what such a line describes."""
        table: dict[str, Any] = json.loads(line)
        stamp, tie = table["rank"]
        keys = {name: bytes.fromhex(table[name]) for name in ("key", "owner")}
        return cls(**{**table, **keys, "rank": (stamp, bytes.fromhex(tie)), "counts": Counts(table["counts"])})


def shards_for(files: Iterable[Path]) -> int:
    """Returns how many shards a cleaning of these files writes. Raises UserError if one cannot be read."""
    total = 0
    for file in files:
        try:
            total += file.stat().st_size
        except OSError as error:
            raise UserError(f"{file}: cannot be read: {error.strerror}") from None
    return max(1, -(-total // BYTES_OF_SHARD))


def shard_of(hashed: bytes, shards: int) -> int:
    """Returns the shard of what has a hash."""
    return int.from_bytes(hashed[:8], "big") % shards


def normalised(url: str) -> str:
    """Returns an address without what does not change the page, as the original compares them."""
    url = re.sub(r"https?:\/\/(www\.)?", "", url)
    return re.sub(r"\?(utm_|ref|feed).*", "", url).rstrip("/")


def candidate(page: Page, rules: Rules) -> Candidate:
    """Returns a page after its own rules."""
    counts = Counts({"pages/read": 1})
    text = rules.cleaned(page.text, counts)
    of_text = digest(page.text)
    key, owner = (digest(normalised(page.url)), digest(page.url)) if page.url else (of_text, of_text)
    return Candidate(key, owner, (page.timestamp, of_text), page.url, page.timestamp, text, counts)


def newest(versions: Iterable[Candidate], rules: Rules) -> list[Candidate]:
    """Returns what stays of the pages of one key: the newest alone, or all of them without that rule."""
    first, *others = sorted(versions, key=lambda one: one.rank, reverse=True)
    if "same_url" not in rules.names:
        # Each is a page of its own, also among equal ones.
        return [first, *(dataclasses.replace(o, owner=digest(f"{o.owner.hex()}{i}")) for i, o in enumerate(others))]
    counts = first.counts + Counts({"pages/read": len(others), "pages/same_url": len(others)})
    return [dataclasses.replace(first, counts=counts)]


def units(page: Candidate, rules: Rules) -> Iterator[Unit]:
    """Yields what a page should not share with others."""
    if "duplicates" in rules.names and page.text:
        yield from ((unit, page.owner, page.key) for unit in dict.fromkeys(units_of(page.text, rules.duplicates)))


def lost(holders: Sequence[tuple[bytes, bytes]], unit: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Yields of a unit the keys and owners of the pages that do not keep it.

    Args:
        holders: owner and key of each page that has it.
    """
    keeper = min(holders)
    yield from ((key, owner, unit) for owner, key in holders if (owner, key) != keeper)


def finished(page: Candidate, lost_units: Collection[bytes], rules: Rules) -> tuple[str, Counts]:
    """Returns the text of a page, empty if it does not stay, and what all rules took away of it."""
    counts, text = Counts(page.counts), page.text
    if text:
        if "duplicates" in rules.names:
            text = without_duplicates(text, rules.duplicates, lost_units, counts)
        text = text if rules.admitted(text, counts) else ""
    counts["pages/kept"] += bool(text)
    return text, counts


def write_shard(folder: Path, number: int, pages: Iterable[tuple[Candidate, str]]) -> None:
    """Writes a shard of pages and their texts; the same pages, in whatever order, give the same bytes."""
    path = folder / f"text-{number:05d}.jsonl.gz"
    with path.open("wb") as file, gzip.GzipFile("", "wb", 6, file, mtime=0) as packed:
        for page, text in sorted(pages, key=lambda pair: (pair[0].owner, pair[0].rank)):
            line = {"text": text, **{key: getattr(page, key) for key in ("url", "timestamp") if getattr(page, key)}}
            packed.write((json.dumps(line, ensure_ascii=False) + "\n").encode("utf-8", "replace"))
