"""Zips and folders of submissions, from anywhere: read within bounds, whatever they claim to hold."""

import os
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from task_specs.support.errors import UserError, quoted

# The largest leaderboard file, QQP's, has 3.5 MB. Whatever a zip claims, no more than this is unpacked.
MAX_FILE_BYTES = 16 << 20
MAX_TOTAL_BYTES = 32 << 20
MAX_ENTRIES = 1000
MAX_DIRECTORY_BYTES = 1 << 20  # of a zip's table of contents, which is read as a whole

# The methods whose decompressor stops at a given number of bytes; those of bzip2 and LZMA do not.
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)

# Whatever Python's zipfile raises on damaged or hostile files.
ZIP_ERRORS = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError, RuntimeError, OverflowError)


@dataclass(frozen=True)
class Contents:
    """What a zip, a folder or a file holds.

    Attributes:
        packed: whether it is a zip.
        files: the wanted files that could be read, name to content.
        refused: names, with the reason, of what must not be there or cannot be read.
        others: names of further files, which were not read.

    Names are as they were found, which may not be fit to be shown.
    """

    packed: bool
    files: Mapping[str, bytes]
    refused: tuple[tuple[str, str], ...]
    others: tuple[str, ...]


def unpack(path: Path, wanted: Collection[str], suffix: str, subfolders: bool = False, forms: str = "") -> Contents:
    """Reads the wanted files from a zip, a folder, or a single file.

    Args:
        path: a zip (by its name or its first bytes), a folder, or a file whose name ends in `suffix`.
        wanted: the names to read, which stand at the root.
        suffix: the ending of the leaderboard's files, with its dot.
        subfolders: whether they may also stand in folders.
        forms: the endings that a refusal offers, where the leaderboard takes others than `suffix`.

    Raises:
        UserError: there is nothing there, it cannot be read, or it is none of the three.
    """
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            return _folder(path, wanted, subfolders)
        if not stat.S_ISREG(mode):
            raise UserError(f"{path}: neither a file nor a folder")
        if path.suffix.lower() == suffix:
            return _single(path, wanted)
        with path.open("rb") as file:
            if path.suffix.lower() == ".zip" or file.read(4) in (b"PK\x03\x04", b"PK\x05\x06"):
                return _zip(path.name, file, wanted, subfolders)
    except (OSError, ValueError) as error:  # ValueError: a NUL character in the path
        raise UserError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    raise UserError(f"{path}: not a submission; give a zip, a folder, or one {forms or suffix} file")


def printable(name: str) -> str:
    """Returns a file's name as it may be shown: control characters and broken encodings are escaped."""
    return name if name.isprintable() and 0 < len(name) <= 200 else quoted(name[:200])


def is_junk(name: str) -> bool:
    """Whether a file is one that systems leave behind, such as `.DS_Store` or `__MACOSX/._CoLA.tsv`."""
    return any(part.startswith(".") or part == "__MACOSX" for part in name.split("/"))


def _too_large(size: int) -> str:
    return f"has {size:,} bytes; a file of this leaderboard has no more than {MAX_FILE_BYTES:,}"


def _read_file(path: Path) -> bytes:
    """Returns a file's content."""
    with path.open("rb") as file:
        data = file.read(MAX_FILE_BYTES + 1)
        if len(data) > MAX_FILE_BYTES:
            raise ValueError(_too_large(os.fstat(file.fileno()).st_size))
        return data


def _single(path: Path, wanted: Collection[str]) -> Contents:
    if path.name not in wanted:
        return Contents(False, {}, (), (path.name,))
    try:
        return Contents(False, {path.name: _read_file(path)}, (), ())
    except ValueError as error:
        return Contents(False, {}, ((path.name, str(error)),), ())


def _meant(name: str, wanted: Collection[str], subfolders: bool) -> str:
    """Returns which wanted file a name is, empty if it is none."""
    plain = name.rpartition("/")[2] if subfolders and not is_junk(name) else name
    return plain if plain in wanted else ""


def _folder(path: Path, wanted: Collection[str], subfolders: bool) -> Contents:
    files: dict[str, bytes] = {}
    refused: list[tuple[str, str]] = []
    others: list[str] = []
    for count, (name, entry) in enumerate(_walk(path)):
        if count >= MAX_ENTRIES:
            refused.append((path.resolve().name, f"holds more than {MAX_ENTRIES:,} entries; not a submission"))
            break
        if entry.is_dir(follow_symlinks=False):
            continue
        meant = _meant(name, wanted, subfolders)
        if not meant:
            others.append(name)
        elif meant in files:
            refused.append((name, "a second file of this name; which one counts is anybody's guess"))
        elif not entry.is_file(follow_symlinks=False):
            refused.append((name, "a link or a special file; the leaderboard wants the file itself"))
        else:
            try:
                files[meant] = _read_file(Path(entry.path))
            except (OSError, ValueError) as error:
                refused.append((name, f"cannot be read: {getattr(error, 'strerror', None) or error}"))
    return Contents(False, files, tuple(refused), tuple(others))


def _walk(path: Path) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Yields everything in a folder and its subfolders, under its name relative to the folder."""
    waiting = [("", str(path))]
    while waiting:
        prefix, folder = waiting.pop()
        with os.scandir(folder) as found:
            for entry in found:
                name = prefix + entry.name
                yield name, entry
                if entry.is_dir(follow_symlinks=False) and not is_junk(name):
                    waiting.append((name + "/", entry.path))


class _Bounded:
    """A file for `zipfile` whose single reads are no longer than a zip's table of contents may be."""

    def __init__(self, file: IO[bytes]):
        self.file = file
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size: int = -1) -> bytes:
        if size > MAX_DIRECTORY_BYTES:
            raise zipfile.BadZipFile(f"its table of contents claims {size:,} bytes")
        return self.file.read(MAX_DIRECTORY_BYTES if size < 0 else size)


def _zip(name: str, file: IO[bytes], wanted: Collection[str], subfolders: bool) -> Contents:
    try:
        archive = zipfile.ZipFile(_Bounded(file))
    except ZIP_ERRORS as error:
        return Contents(True, {}, ((name, f"not a zip, or one that is damaged or cut off ({error})"),), ())
    with archive:
        entries = archive.infolist()
        total = sum(info.file_size for info in entries)
        if len(entries) > MAX_ENTRIES:
            reason = f"holds {len(entries):,} entries; a submission has no more than {MAX_ENTRIES:,}"
            return Contents(True, {}, ((name, reason),), ())
        if total > MAX_TOTAL_BYTES:
            reason = f"claims to unpack to {total:,} bytes; a submission has no more than {MAX_TOTAL_BYTES:,}"
            return Contents(True, {}, ((name, reason),), ())
        return _entries(archive, wanted, subfolders)


def _entries(archive: zipfile.ZipFile, wanted: Collection[str], subfolders: bool) -> Contents:
    files: dict[str, bytes] = {}
    refused: list[tuple[str, str]] = []
    others: list[str] = []
    seen: set[str] = set()
    for info in archive.infolist():
        # Zips made on Windows may hold backslashes; `./CoLA.tsv` is CoLA.tsv.
        name = "/".join(PurePosixPath(info.filename.replace("\\", "/")).parts)
        problem = _problem(info, name)
        if not problem and info.is_dir():
            continue
        meant = _meant(name, wanted, subfolders)
        if not problem and (meant or name) in seen:
            problem = "comes twice in the zip; which one counts is anybody's guess"
        seen.add(meant or name)
        if problem:
            refused.append((info.filename, problem))
        elif not meant:
            others.append(name)
        else:
            try:
                files[meant] = _read_entry(archive, info)
            except ZIP_ERRORS as error:
                refused.append((name, f"cannot be unpacked, the zip is damaged ({error or type(error).__name__})"))
    return Contents(True, files, tuple(refused), tuple(others))


def _problem(info: zipfile.ZipInfo, name: str) -> str:
    """Returns why an entry of a zip cannot be taken, empty if it can."""
    kind = stat.S_IFMT(info.external_attr >> 16)
    if name.startswith("/") or re.match(r"[A-Za-z]:", name):
        return "an absolute path; files stand at the zip's root under their plain names"
    if ".." in name.split("/") or not name:
        return "a path that leads out of the archive; files stand at the zip's root under their plain names"
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "a link or a special file; the leaderboard wants the file itself"
    if info.flag_bits & 0x1:
        return "encrypted; the leaderboard cannot open it"
    if info.compress_type not in METHODS:
        return f"packed by method {info.compress_type}; use deflate, which every zip program writes by default"
    if info.file_size > MAX_FILE_BYTES:
        return _too_large(info.file_size)
    return ""


def _read_entry(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """Returns one entry's content, read in pieces: the size that it declares is a claim."""
    pieces: list[bytes] = []
    size = 0
    with archive.open(info) as entry:
        while piece := entry.read(1 << 16):
            size += len(piece)
            if size > MAX_FILE_BYTES:
                raise ValueError(_too_large(size))
            pieces.append(piece)
    return b"".join(pieces)
