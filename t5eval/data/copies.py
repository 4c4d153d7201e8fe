"""Reading a copy of a task: its rows in the order of their ids, whatever order the copy keeps them in."""

import hashlib
import json
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from t5eval.data.copy_rows import ROWS, Columns, Key, Row
from t5eval.data.summary import Summary
from t5eval.support.errors import DataError
from task_specs import Example, TaskSpec
from task_specs.sources.parallel import ParallelText
from task_specs.sources.tsv import Tsv

IN_MEMORY = 64 << 20  # bytes of a split's text; what is larger is ordered on disk


@dataclass(frozen=True)
class Part:
    """A split of a copy, which is a task's split or a part of it.

    Attributes:
        name: what ids begin with; empty where the part is the whole.
        place: the copy, for messages.
        labels: what the copy calls its label's values, in order; empty where it does not say.
        rows: its rows, of Python's own types.
    """

    name: str
    place: str
    labels: Sequence[str]
    rows: Iterable[Mapping[str, Any]]


def part_names(spec: TaskSpec, split: str) -> dict[str, str]:
    """Returns the splits of a copy that make up a task's split, by what ids begin with in each."""
    parts = spec.source.paths(split) if isinstance(spec.source, Tsv) else {}
    return {part: f"{split}_{part}" for part in parts} if len(parts) > 1 else {"": split}


def splits_at_hand(spec: TaskSpec, names: Collection[str]) -> list[str]:
    """Returns the splits of a task of which a copy that has these splits has at least a part, in the usual order."""
    return [s for s in spec.source.splits if any(name in names for name in part_names(spec, s).values())]


def reason(error: Exception) -> str:
    """Returns what a library says of data that it cannot read, in one line."""
    return " ".join(str(error).split())[:200] or type(error).__name__


def rows_of(dataset: Iterable[Any], fault: Callable[[Exception], DataError]) -> Iterator[Any]:
    """Yields what a library reads, and raises `fault` of whatever it raises on the way."""
    iterator = iter(dataset)
    while True:
        try:
            row = next(iterator)
        except StopIteration:
            return
        except Exception as error:
            raise fault(error) from None
        yield row


def other_direction(spec: TaskSpec, split: str) -> str:
    """Returns a note where a test set has two directions of different sentences, and the copy has the other one."""
    source = spec.source
    if not isinstance(source, ParallelText) or not spec.tfds:
        return ""
    copied = spec.tfds.rpartition("/")[2].replace("-", "")
    for name in source.sets[split]:
        base, direction = source.split_name(name)
        if direction not in ("", copied):
            return (
                f"{spec.name} {split}: the copies have {base} of the direction {copied}, turned round; WMT's own set "
                f"for this task is of {direction}, with other sentences"
            )
    return ""


def read_copy(spec: TaskSpec, split: str, parts: Iterable[Part], shown: str, summary: Summary) -> Iterator[Example]:
    """Yields a split's examples, those with ids in the order of their ids, and fills `summary`.

    Args:
        shown: the name under which the summary has the hash of the examples.

    Raises:
        DataError: a row is not one of the task's; the message names the copy and the row.
    """
    sha256 = hashlib.sha256()
    rows = dropped = numbered = 0
    for part in parts:
        columns = Columns(spec, split, part.labels)
        for number, (key, features) in enumerate(_in_order(_rows(columns, part))):
            rows += 1
            if _dropped(spec, split, features):
                dropped += 1
                continue
            numbered += key is None
            row = str(number) if key is None or spec.copies.renumbered else "/".join(map(str, key))
            example = Example(f"{part.name}/{row}" if part.name else row, features)
            sha256.update(canonical(example))
            yield example
    if rows == dropped:
        raise DataError(f"{shown}: {'every row has an empty field' if rows else 'has no rows'}")
    summary.files[shown] = sha256.hexdigest()
    if dropped:
        summary.dropped += dropped
        summary.notes.append(f"{shown}: {dropped:,} rows with an empty field dropped")
    if numbered:
        summary.notes.append(
            f"{shown} has no ids: its rows are numbered as they come, which need not be the official files' order"
        )


def canonical(example: Example) -> bytes:
    """Returns an example as bytes that are the same wherever it was read from."""
    return json.dumps([example.id, example.features], ensure_ascii=False, sort_keys=True).encode() + b"\n"


def _dropped(spec: TaskSpec, split: str, features: Mapping[str, Any]) -> bool:
    """Returns whether the official reader drops a row because a field is empty."""
    if spec.source.kind == "parallel_text":
        return split == "train" and "" in features.values()
    return split in getattr(spec.source, "drop_incomplete", ()) and "" in features.values()


def _rows(columns: Columns, part: Part) -> Iterator[tuple[Row, Key | None, dict[str, Any]]]:
    read = ROWS[columns.spec.source.kind]
    for number, value in enumerate(part.rows):
        row = Row(part.place, number, value)
        yield row, *read(columns, row)


def _in_order(rows: Iterator[tuple[Row, Key | None, dict[str, Any]]]) -> Iterator[tuple[Key | None, dict[str, Any]]]:
    """Yields rows by their keys, or as they come where they have none."""
    places: dict[Key, tuple[int, int]] = {}
    without_key = 0
    with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as spool:
        for row, key, features in rows:
            if places if key is None else without_key:
                raise row.fault("some rows have an id and some have none; all must have one, or none")
            if key is None:
                without_key += 1
                yield None, features
                continue
            if key in places:
                raise row.fault(f"id {'/'.join(map(str, key))} comes again")
            text = json.dumps(features, ensure_ascii=False).encode()
            places[key] = spool.tell(), len(text)
            spool.write(text)
        for key in sorted(places):
            start, size = places[key]
            spool.seek(start)
            yield key, json.loads(spool.read(size))
