"""The shards of a preparation become one folder of records: the one that a single process would have made."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from t5eval.preparation.blocks import Tally
from t5eval.preparation.record_folder import fill, record_errors_told
from t5eval.preparation.shares import PIECES, SHARD
from t5eval.support.errors import RunError
from t5eval.support.shard import Shard, require_all_shards
from task_specs.support.errors import UserError

if TYPE_CHECKING:
    from keras_model.data.records import RecordSet

Folders = Mapping[Path, Mapping[str, "RecordSet"]]
"""The sets of each shard's folder, by name."""


def merge_records(folders: Sequence[Path], out: Path) -> dict[str, RecordSet]:
    """Puts the records of shards into one folder; files on the same disk are linked, not copied.

    Returns:
        The sets of records, by name.

    Raises:
        UserError: a shard is missing, not complete, damaged, there twice or made of or by something else; or the
            folder holds something else.
    """
    from keras_model.data.records import SHARD_MANIFEST_FILE, check_records, read_manifest, write_manifest

    found: dict[Path, dict[str, RecordSet]] = {}
    shards: list[tuple[Path, Shard]] = []
    for folder in folders:
        with record_errors_told():
            found[folder] = read_manifest(folder, SHARD_MANIFEST_FILE)
        shards += [(folder, _shard_of(folder, found[folder]))]
    require_all_shards(shards)
    sets = [_joined(name, found) for name in _names(found)]
    for folder, of_folder in found.items():
        for made in of_folder.values():
            with record_errors_told():
                check_records(folder, made)

    def write(out: Path) -> None:
        for folder, of_folder in found.items():
            for shard in (shard for made in of_folder.values() for shard in made.shards):
                (out / shard.file).parent.mkdir(parents=True, exist_ok=True)
                try:
                    os.link(folder / shard.file, out / shard.file)
                except OSError:  # another disk, or one without links
                    shutil.copyfile(folder / shard.file, out / shard.file)
        write_manifest(out, sets)

    return fill(out, write)


def _shard_of(folder: Path, sets: Mapping[str, RecordSet]) -> Shard:
    try:
        (named,) = {made.about[SHARD] for made in sets.values()}
        return Shard.parse(named)
    except (UserError, ValueError, KeyError, TypeError):
        raise RunError(f"{folder}: its manifest does not say which shard it is; prepare it again") from None


def _names(found: Folders) -> list[str]:
    (first, names), *others = ((folder, list(sets)) for folder, sets in found.items())
    for folder, other in others:
        if different := set(names) ^ set(other):
            raise RunError(f"{first} and {folder}: only one of them has records of {min(different)}")
    return names


def _joined(name: str, found: Folders) -> RecordSet:
    """Returns a set of which every shard has its share.

    Raises:
        RunError: they were made of or by something else, or are not all.
    """
    from keras_model.data.records import RecordSet

    counted = {*Tally().to_json(), SHARD, PIECES, "records", "tokens"}
    first, alike = "", dict[str, Any]()
    pieces: list[tuple[int, list[Any], Tally]] = []
    for folder, sets in found.items():
        about = {key: value for key, value in sets[name].about.items() if key not in counted}
        first, alike = first or str(folder), alike or about
        if other := [key for key in dict.fromkeys([*alike, *about]) if alike.get(key) != about.get(key)]:
            raise RunError(f"{folder}: its {name} was made with another {', '.join(other)} than that of {first}")
        files = iter(sets[name].shards)
        try:
            for piece in sets[name].about[PIECES]:
                if type(piece["number"]) is not int:
                    raise TypeError
                own = [next(files) for _ in range(piece["files"])]
                pieces.append((piece["number"], own, Tally.from_json(piece) if "task" in about else Tally()))
        except (AttributeError, KeyError, TypeError, ValueError, StopIteration):
            raise RunError(f"{folder}: the manifest of its shard is damaged; prepare it again") from None
    pieces.sort(key=itemgetter(0))
    if [number for number, _, _ in pieces] != [*range(len(pieces))]:
        raise RunError(f"{name}: the shards do not make up all of its records; prepare them again")
    tally = Tally()
    for _, _, of_piece in pieces:
        tally.add(of_piece)
    if "task" in alike:  # of plain text nothing is tallied
        alike |= tally.to_json()
    return RecordSet(name, tuple(file for _, files, _ in pieces for file in files), alike)
