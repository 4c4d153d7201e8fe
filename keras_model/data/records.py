"""Prepared records: tokenised examples in a folder, from which training reads any of them at any time.

    FOLDER/manifest.json                     what is there; written last, so that a folder without it is not complete
    FOLDER/records/NAME-00000.safetensors    shards: see `record_shards.py`

A set of records has a name such as `glue/rte/train`, and consists of pairs of id sequences: any task's, or what an
unsupervised objective makes of text. The shards are mapped into memory, not read: a folder may be larger than memory,
and what an example costs in memory is its two offsets.
"""

import dataclasses
import hashlib
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from keras_model.data.batches import Examples
from keras_model.data.record_shards import RecordError, Shard, check_content, read_shard
from keras_model.files.atomic import PATTERN, sweep
from keras_model.files.model_folder import write_json
from keras_model.files.strict_json import parse_json

MANIFEST_FILE = "manifest.json"
SHARD_MANIFEST_FILE = "shard-manifest.json"
"""In place of the manifest where a folder holds the share of one of several jobs."""
RECORDS_FOLDER = "records"
LOCK_FILE = ".lock"
FORMAT, VERSION = "t5eval records", 1


@dataclasses.dataclass(frozen=True)
class RecordSet:
    """One set of records.

    Attributes:
        name: what it is called, such as `glue/rte/train`.
        shards: its files, in the order of its records.
        about: what made it, as JSON data.
    """

    name: str
    shards: tuple[Shard, ...]
    about: Mapping[str, Any]

    def __len__(self) -> int:
        return sum(shard.records for shard in self.shards)

    @property
    def fingerprint(self) -> str:
        """A hash of every token, from those of the shards."""
        return hashlib.sha256("".join(shard.sha256 for shard in self.shards).encode()).hexdigest()


def shard_file(name: str, number: int) -> str:
    """Where a set's shard lies, relative to the folder."""
    return f"{RECORDS_FOLDER}/{name}-{number:05d}.safetensors"


def is_complete(folder: Path) -> bool:
    """Whether a folder holds prepared records, all of them."""
    return (folder / MANIFEST_FILE).is_file()


def require_no_other(folder: Path) -> None:
    """Raises RecordError if a folder is there and holds anything but prepared records, whole or unfinished."""
    if not folder.exists():
        return
    try:
        found = {path.name for path in folder.iterdir() if not path.match(PATTERN)}
    except OSError as error:
        raise RecordError(f"{folder}: cannot hold prepared records: {error.strerror}") from None
    # Who writes records holds the folder's lock: without the lock's file, what is called `records` is something else.
    marks = {MANIFEST_FILE, SHARD_MANIFEST_FILE, LOCK_FILE}
    ours = {*marks, RECORDS_FOLDER} if found & marks else set()
    if other := sorted(found - ours):
        raise RecordError(f"{folder}: holds {other[0]}, and is no folder of prepared records; name another one")


def begin(folder: Path) -> None:
    """Empties a folder of records: of the manifest first, then of what was prepared or left behind."""
    for file in (MANIFEST_FILE, SHARD_MANIFEST_FILE):
        (folder / file).unlink(missing_ok=True)
    discard(folder)


def discard(folder: Path) -> None:
    """Removes what an unfinished preparation has written."""
    sweep(folder)
    shutil.rmtree(folder / RECORDS_FOLDER, ignore_errors=True)


def write_manifest(folder: Path, sets: Sequence[RecordSet], file: str = MANIFEST_FILE) -> None:
    """Writes the manifest, with which a folder becomes complete, or the one of a job's share.

    Raises:
        RecordError: the disk is full, or the like.
    """
    document = {
        "format": FORMAT,
        "version": VERSION,
        "sets": {
            made.name: {
                **made.about,
                "records": len(made),
                "tokens": {
                    "inputs": sum(shard.source_tokens for shard in made.shards),
                    "targets": sum(shard.target_tokens for shard in made.shards),
                },
                "shards": [dataclasses.asdict(shard) for shard in made.shards],
            }
            for made in sets
        },
    }
    try:
        write_json(folder / file, document)
    except OSError as error:
        raise RecordError(f"{folder / file}: cannot be written: {error.strerror or error}") from error


def read_manifest(folder: Path, file: str = MANIFEST_FILE) -> dict[str, RecordSet]:
    """The sets of a folder, by name.

    Raises:
        RecordError: the folder is not complete, or its manifest is damaged or of another version.
    """
    path = folder / file
    try:
        document = parse_json(path.read_bytes())
        if document["format"] != FORMAT:
            raise ValueError
        version = document["version"]
        if version == VERSION:
            return {
                name: RecordSet(name, tuple(Shard(**shard) for shard in about.pop("shards")), _about(about))
                for name, about in document["sets"].items()
            }
    except FileNotFoundError:
        raise RecordError(
            f"{folder}: holds no prepared records: there is no {file}, which a preparation writes at its end"
        ) from None
    except OSError as error:
        raise RecordError(f"{path}: cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise RecordError(f"{path}: not the manifest of prepared records; prepare them again") from None
    raise RecordError(f"{path}: has version {version!r}, this program reads {VERSION}; prepare the records again")


def _about(about: dict[str, Any]) -> dict[str, Any]:
    """What made a set, if the parts that are read again have their types.

    Raises:
        KeyError, TypeError: one has not, or is not there.
    """
    counts = [about["tokens"]["inputs"], about["tokens"]["targets"], about["records"]]
    counts += [*about.get("truncated", {}).values(), *about.get("left_out", {}).values()]
    lists = [about.get("files", []), about.get("data", {}).get("notes", [])]
    tables = [about["data"]["files"]] if "data" in about else []
    if not all(type(count) is int for count in counts):
        raise TypeError("its counts are whole numbers")
    if not all(isinstance(part, list) for part in lists) or not all(isinstance(part, dict) for part in tables):
        raise TypeError("its files are a list, those of its data a table")
    return about


def open_records(folder: Path, made: RecordSet) -> Examples:
    """A set's examples, mapped from its files.

    Raises:
        RecordError: a file is not there or not whole.
    """
    examples = Examples.concatenate([read_shard(folder, shard) for shard in made.shards])
    return dataclasses.replace(examples, known_fingerprint=made.fingerprint)


def check_records(folder: Path, made: RecordSet) -> None:
    """Compares every byte of a set with the manifest's hashes. Raises RecordError if a file is damaged or not there."""
    for shard in made.shards:
        read_shard(folder, shard)
        check_content(folder, shard)
