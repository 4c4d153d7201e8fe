"""Members of an archive of unknown origin as files of one folder: regular files alone, by pattern, within bounds."""

import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import IO

from t5eval.support.errors import DataError

MAX_TOTAL = 4 << 30  # MNLI's files have 0.4 GB
MAX_MEMBERS = 100_000
CHUNK = 1 << 20


def unpack(archive: Path, keep: tuple[str, ...], folder: Path, name: str, folders_of: str = "") -> list[str]:
    """Writes the members that one of the patterns names into a folder, each under the last part of its name.

    Args:
        archive: a .zip, or a tar that is compressed or not.
        keep: patterns of the members' whole names.
        folder: an empty one.
        name: what the archive is called in errors.
        folders_of: a folder of the archive; the name of a member of it is its path from there.

    Returns:
        The names of the files, with `/` between the folders that they are in.

    Raises:
        DataError: it is no archive, is damaged, holds none of these members or two of one name, or unpacks to too much.
    """
    written: list[str] = []
    left = MAX_TOTAL
    try:
        for member, file in _members(archive, name):
            if not any(fnmatchcase(member, pattern) for pattern in keep):
                continue
            inside = bool(folders_of) and member.startswith(f"{folders_of}/")
            last = member.removeprefix(f"{folders_of}/") if inside else member.rpartition("/")[2]
            if not {"", ".", ".."}.isdisjoint(last.split("/")) or "\\" in last or last in written:
                raise DataError(f"{name}: the member {member!r} comes twice, or has no name")
            (folder / last).parent.mkdir(parents=True, exist_ok=True)
            with (folder / last).open("xb") as target:
                while chunk := file.read(CHUNK):
                    left -= len(chunk)
                    if left < 0:
                        raise DataError(f"{name}: unpacks to more than {MAX_TOTAL:,} bytes")
                    target.write(chunk)
            written.append(last)
    except (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        reason = str(error).partition("\n")[0]
        raise DataError(f"{name}: not an archive, or a damaged one ({reason})") from None
    if not written:
        raise DataError(f"{name}: holds no {' and no '.join(keep)}")
    return written


def _members(archive: Path, name: str) -> Iterator[tuple[str, IO[bytes]]]:
    """Yields the name of each regular file and the file, in the archive's order.

    Raises:
        DataError: there are too many.
    """
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as opened:
            _bounded(len(opened.infolist()), name)
            for info in opened.infolist():
                if not info.is_dir():
                    with opened.open(info) as file:
                        yield info.filename, file
        return
    with tarfile.open(archive) as tar:
        for number, member in enumerate(tar):
            _bounded(number, name)
            found = tar.extractfile(member) if member.isfile() else None
            if found is not None:
                yield member.name.removeprefix("./"), found


def _bounded(members: int, name: str) -> None:
    if members > MAX_MEMBERS:
        raise DataError(f"{name}: holds more than {MAX_MEMBERS:,} files")
