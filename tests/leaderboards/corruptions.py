"""A valid submission of each leaderboard, and what can be done to it: edits of its files and of its zip."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import stat
import zipfile
from collections.abc import Callable
from typing import Any

Files = dict[str, bytes]
Edit = Callable[[Files], None]


def replaced(file: str, old: str, new: str, count: int = 1) -> Edit:
    """Puts one text in the place of another, which must be there."""

    def edit(files: Files) -> None:
        assert old.encode() in files[file], (file, old, files[file])
        files[file] = files[file].replace(old.encode(), new.encode("utf-8", "surrogatepass"), count)

    return edit


def everywhere(file: str, old: str, new: str) -> Edit:
    return replaced(file, old, new, -1)


def content(file: str, data: bytes | str) -> Edit:
    def edit(files: Files) -> None:
        files[file] = data.encode() if isinstance(data, str) else data

    return edit


def changed(file: str, change: Callable[[bytes], bytes]) -> Edit:
    def edit(files: Files) -> None:
        files[file] = change(files[file])

    return edit


def lines(file: str, change: Callable[[list[str]], list[str]]) -> Edit:
    """Changes the list of a file's lines, which have no ends."""
    return changed(file, lambda data: "".join(f"{line}\n" for line in change(data.decode().split("\n")[:-1])).encode())


def without(*names: str) -> Edit:
    def edit(files: Files) -> None:
        for name in names:
            del files[name]

    return edit


def renamed(old: str, new: str) -> Edit:
    def edit(files: Files) -> None:
        files[new] = files.pop(old)

    return edit


def within(folder: str) -> Edit:
    """Puts all files into a folder."""

    def edit(files: Files) -> None:
        for name in list(files):
            files[f"{folder}/{name}"] = files.pop(name)

    return edit


def exchanged(one: str, other: str) -> Edit:
    def edit(files: Files) -> None:
        files[one], files[other] = files[other], files[one]

    return edit


def added(name: str, data: bytes = b"x") -> Edit:
    return content(name, data)


def repeated(file: str, row: int) -> Edit:
    return lines(file, lambda rows: [*rows, rows[row]])


def swapped(file: str, one: int, other: int) -> Edit:
    def change(rows: list[str]) -> list[str]:
        rows[one], rows[other] = rows[other], rows[one]
        return rows

    return lines(file, change)


def as_json(file: str, change: Callable[[Any], Any]) -> Edit:
    """Changes the document of a JSON file."""
    return changed(file, lambda data: json.dumps(change(json.loads(data))).encode())


def crlf(data: bytes) -> bytes:
    return data.replace(b"\n", b"\r\n")


def old_mac(data: bytes) -> bytes:
    return data.replace(b"\n", b"\r")


def unended(data: bytes) -> bytes:
    return data.removesuffix(b"\n")


def marked(data: bytes) -> bytes:
    return b"\xef\xbb\xbf" + data


def utf16(data: bytes) -> bytes:
    return data.decode().encode("utf-16")


def latin1(data: bytes) -> bytes:
    return data + "é".encode("latin-1")


def torn(data: bytes) -> bytes:
    return data[: len(data) * 2 // 3]


POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 12\n"
HTML = b"<!DOCTYPE html>\n<html><body>404</body></html>\n"


def packed(files: Files, method: int = zipfile.ZIP_DEFLATED, comment: bytes = b"") -> bytes:
    """Returns a zip of the files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
        archive.comment = comment
    return buffer.getvalue()


def encrypted(files: Files) -> bytes:
    """Returns a zip that says that its first file is encrypted."""
    data = bytearray(packed(files))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def damaged(files: Files) -> bytes:
    """Returns a zip of which a byte of the first file's content is turned."""
    data = bytearray(packed(files, zipfile.ZIP_STORED))
    data[30 + len(next(iter(files)))] ^= 0xFF
    return bytes(data)


def cut(files: Files) -> bytes:
    return packed(files)[:-40]


def linked(files: Files) -> bytes:
    """Returns a zip whose first file is a link."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number, (name, data) in enumerate(files.items()):
            info = zipfile.ZipInfo(name)
            info.external_attr = ((stat.S_IFREG if number else stat.S_IFLNK) | 0o644) << 16
            archive.writestr(info, data)
    return buffer.getvalue()


def doubled(files: Files) -> bytes:
    """Returns a zip that has its first file under two spellings of one name."""
    name = next(iter(files))
    return packed({**files, f"./{name}": files[name]})


def compressed_otherwise(files: Files) -> bytes:
    return packed(files, zipfile.ZIP_BZIP2)


def with_comment(files: Files) -> bytes:
    return packed(files, comment=b"made by hand")


def stored(files: Files) -> bytes:
    return packed(files, zipfile.ZIP_STORED)


def no_zip(files: Files) -> bytes:
    return b"Rar!\x1a\x07\x00 not a zip"


def zipped_twice(files: Files) -> bytes:
    return packed({"submission.zip": packed(files)})


gzipped = gzip.compress
bzipped = bz2.compress
