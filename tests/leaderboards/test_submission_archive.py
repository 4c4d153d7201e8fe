"""Zips and folders that are damaged or hostile: a fault is named, and nothing is read beyond the bounds."""

from __future__ import annotations

import os
import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

import leaderboards
from leaderboards.files import archive as bounds

GLUE = leaderboards.get("glue")


def only_fault(path: Path, ids: dict[str, list[str]]) -> tuple[str, str]:
    verdict = GLUE.check(path, ids)
    assert verdict.status == "invalid"
    (fault,) = verdict.faults
    assert fault.line is None
    return fault.file, fault.message


def patched(path: Path, edit: Callable[[bytearray, int, int], None], entry: bytes) -> Path:
    """Edits a zip's bytes, given where the headers of an entry are: the one in front of it and the central one."""
    data = bytearray(path.read_bytes())
    local = next(at for at in positions(data, b"PK\x03\x04") if data[at + 30 :].startswith(entry))
    central = next(at for at in positions(data, b"PK\x01\x02") if data[at + 46 :].startswith(entry))
    edit(data, local, central)
    path.write_bytes(data)
    return path


def positions(data: bytes, mark: bytes) -> list[int]:
    found = [data.find(mark)]
    while found[-1] >= 0:
        found.append(data.find(mark, found[-1] + 1))
    return found[:-1]


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_the_same_name_twice(tmp_path, zipped, files, ids) -> None:
    path = zipped(files)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("RTE.tsv", b"")
    file, message = only_fault(path, ids)
    assert (file, message[:21]) == ("RTE.tsv", "comes twice in the zi")


def test_the_same_name_written_in_two_ways(zipped, files, ids) -> None:
    file, message = only_fault(zipped(files | {"./RTE.tsv": b""}), ids)
    assert file == "./RTE.tsv"
    assert message.startswith("comes twice")


def test_a_dot_before_the_names_is_the_root(zipped, files, ids) -> None:
    path = zipped({f"./{name}": data for name, data in files.items()})
    assert GLUE.check(path, ids).status == "valid for this data, not for the leaderboard"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("/RTE.tsv", "an absolute path"),
        ("C:/RTE.tsv", "an absolute path"),
        ("\\RTE.tsv", "an absolute path"),
        ("../RTE.tsv", "a path that leads out of the archive"),
        ("../../etc/passwd", "a path that leads out of the archive"),
        ("a/../RTE.tsv", "a path that leads out of the archive"),
        ("a\\..\\..\\x.txt", "a path that leads out of the archive"),
        ("../", "a path that leads out of the archive"),
        (".", "a path that leads out of the archive"),
        ("sub\\AX.tsv", "in the folder sub"),
        ("inner.zip", "a zip within the zip"),
        ("sub/inner.ZIP", "a zip within the zip"),
    ],
)
def test_names(zipped, files, ids, name, message) -> None:
    file, found = only_fault(zipped(files | {name: b"x"}), ids)
    assert file == name.replace("\\", "/") if "in the folder" in message else name
    assert message in found


def test_names_that_would_break_the_terminal_are_escaped(zipped, files, ids) -> None:
    file, _ = only_fault(zipped(files | {"\x1b[31mred\n.tsv": b""}), ids)
    assert file == r"'\x1b[31mred\n.tsv'"
    note = GLUE.check(zipped(files | {"\x1b[31mred\n": b""}), ids).notes[-1]
    assert note == r"not looked at: '\x1b[31mred\n'"


def test_a_name_that_begins_with_nul(zipped, files, ids) -> None:
    def edit(data: bytearray, local: int, central: int) -> None:
        data[local + 30] = data[central + 46] = 0

    assert only_fault(patched(zipped(files | {"xyz": b""}), edit, b"xyz"), ids)[0] == "''"


def test_folder_entries_are_no_files(zipped, files, ids) -> None:
    assert GLUE.check(zipped(files | {"empty/": b""}), ids).fault_count == 0


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
@pytest.mark.parametrize("name", ["RTE.tsv", "README"])
def test_links_and_special_files(zipped, files, ids, kind, name) -> None:
    files.pop("RTE.tsv")
    path = zipped(files)
    with zipfile.ZipFile(path, "a") as archive:
        info = zipfile.ZipInfo(name)
        info.create_system = 3
        info.external_attr = (kind | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    file, message = only_fault(path, ids)
    assert (file, message) == (name, "a link or a special file; the leaderboard wants the file itself")


def test_links_in_a_folder(tmp_path, files, ids) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    for name, data in files.items():
        (folder / name).write_bytes(data)
    (folder / "loop").symlink_to(folder)
    (folder / "pipe").unlink(missing_ok=True)
    os.mkfifo(folder / "pipe")
    assert GLUE.check(folder, ids).fault_count == 0
    (folder / "RTE.tsv").rename(tmp_path / "RTE.tsv")
    (folder / "RTE.tsv").symlink_to(tmp_path / "RTE.tsv")
    assert only_fault(folder, ids)[0] == "RTE.tsv"


def test_encrypted(zipped, files, ids) -> None:
    def edit(data: bytearray, local: int, central: int) -> None:
        data[local + 6] |= 1
        data[central + 8] |= 1

    assert only_fault(patched(zipped(files), edit, b"RTE.tsv"), ids) == (
        "RTE.tsv",
        "encrypted; the leaderboard cannot open it",
    )


@pytest.mark.parametrize(("method", "number"), [(zipfile.ZIP_BZIP2, 12), (zipfile.ZIP_LZMA, 14)])
def test_methods_whose_unpacking_has_no_bound(tmp_path, files, ids, method, number) -> None:
    with zipfile.ZipFile(tmp_path / "glue.zip", "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data, method if name == "RTE.tsv" else zipfile.ZIP_STORED)
    assert only_fault(tmp_path / "glue.zip", ids)[1].startswith(f"packed by method {number}; use deflate")


def test_content_that_is_not_what_its_checksum_says(zipped, files, ids) -> None:
    def edit(data: bytearray, local: int, central: int) -> None:
        data[local + 14] ^= 0xFF
        data[central + 16] ^= 0xFF

    file, message = only_fault(patched(zipped(files), edit, b"RTE.tsv"), ids)
    assert file == "RTE.tsv"
    assert message.startswith("cannot be unpacked, the zip is damaged (Bad CRC-32")


def test_damaged_deflate_stream(zipped, files, ids) -> None:
    def edit(data: bytearray, local: int, central: int) -> None:
        data[local + 30 + len("RTE.tsv")] |= 0x06  # a block type that does not exist

    file, message = only_fault(patched(zipped(files), edit, b"RTE.tsv"), ids)
    assert file == "RTE.tsv"
    assert message.startswith("cannot be unpacked, the zip is damaged")


@pytest.mark.parametrize("keep", [0, 3, 4, 100, -1, -22])
def test_cut_off(zipped, files, ids, keep) -> None:
    path = zipped(files)
    path.write_bytes(path.read_bytes()[:keep])
    file, message = only_fault(path, ids)
    assert file == "glue.zip"
    assert message.startswith("not a zip, or one that is damaged or cut off")


def test_a_zip_is_known_by_its_first_bytes(zipped, files, ids) -> None:
    path = zipped(files, "submission")
    assert GLUE.check(path, ids).fault_count == 0


def test_text_called_zip(tmp_path, ids) -> None:
    (tmp_path / "page.zip").write_text("<html>404</html>")
    assert only_fault(tmp_path / "page.zip", ids)[0] == "page.zip"


def test_the_bounds_are_those_that_are_promised() -> None:
    promised = Path(__file__).parents[2] / "SECURITY.md"
    assert "at most 1,000 entries, 16 MiB a file, 32 MiB in all" in promised.read_text()
    assert (bounds.MAX_ENTRIES, bounds.MAX_FILE_BYTES, bounds.MAX_TOTAL_BYTES) == (1000, 16 * 2**20, 32 * 2**20)


def test_a_bomb_that_declares_its_size(zipped, files, ids, monkeypatch) -> None:
    monkeypatch.setattr(bounds, "MAX_FILE_BYTES", 1000)
    file, message = only_fault(zipped(files | {"RTE.tsv": b"\n" * 1001}), ids)
    assert (file, message) == ("RTE.tsv", "has 1,001 bytes; a file of this leaderboard has no more than 1,000")


def test_a_bomb_of_many_files(zipped, files, ids, monkeypatch) -> None:
    monkeypatch.setattr(bounds, "MAX_TOTAL_BYTES", 1000)
    total = sum(map(len, files.values())) + 600
    file, message = only_fault(zipped(files | {"notes.txt": b"\n" * 600}), ids)
    assert (file, message) == ("glue.zip", f"claims to unpack to {total:,} bytes; a submission has no more than 1,000")


def test_a_bomb_that_lies_about_its_size(zipped, files, ids) -> None:
    """A claim of ten bytes for a megabyte: no more than those ten are unpacked, and the checksum tells."""

    def edit(data: bytearray, local: int, central: int) -> None:
        data[local + 22 : local + 26] = struct.pack("<L", 10)
        data[central + 24 : central + 28] = struct.pack("<L", 10)

    file, message = only_fault(patched(zipped(files | {"RTE.tsv": b"\n" * (1 << 20)}), edit, b"RTE.tsv"), ids)
    assert file == "RTE.tsv"
    assert message.startswith("cannot be unpacked, the zip is damaged (Bad CRC-32")


def test_too_many_entries(zipped, files, ids) -> None:
    extra = {f"{number}.txt": b"" for number in range(bounds.MAX_ENTRIES)}
    file, message = only_fault(zipped(files | extra), ids)
    assert (file, message) == ("glue.zip", "holds 1,011 entries; a submission has no more than 1,000")


def test_too_many_entries_in_a_folder(tmp_path, ids) -> None:
    folder = tmp_path / "folder"
    for number in range(bounds.MAX_ENTRIES + 1):
        (folder / str(number)).mkdir(parents=True)
    file, message = only_fault(folder, ids)
    assert (file, message) == ("folder", "holds more than 1,000 entries; not a submission")


def test_a_large_file_in_a_folder(tmp_path, ids, monkeypatch) -> None:
    monkeypatch.setattr(bounds, "MAX_FILE_BYTES", 1000)
    (tmp_path / "RTE.tsv").write_bytes(b"\n" * 5000)
    for path in (tmp_path, tmp_path / "RTE.tsv"):
        file, message = only_fault(path, ids)
        assert file == "RTE.tsv"
        assert "has 5,000 bytes; a file of this leaderboard has no more than 1,000" in message


def test_a_table_of_contents_that_would_fill_the_memory(tmp_path, ids) -> None:
    """The end of the zip claims a table of contents of 2 GiB, in front of which the file has that much (sparse)."""
    size = 2 << 30
    with (tmp_path / "glue.zip").open("wb") as file:
        file.write(b"PK\x03\x04")
        file.seek(size)
        file.write(b"PK\x05\x06" + struct.pack("<4H2LH", 0, 0, 1, 1, size, 0, 0))
    file, message = only_fault(tmp_path / "glue.zip", ids)
    assert file == "glue.zip"
    assert f"its table of contents claims {size:,} bytes" in message
