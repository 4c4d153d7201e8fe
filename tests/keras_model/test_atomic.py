"""Temporary files and folders, and locks: gone when their process is gone, and not before, with and without fcntl."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from keras_model.files.atomic import Held, held, new_folder, replacing, temporary_path

HOLD = """
import sys
from pathlib import Path
from keras_model.files.atomic import held, temporary_path
with held(Path(sys.argv[1]) / "held"), temporary_path(Path(sys.argv[1])) as made:
    made.mkdir() if sys.argv[2] == "folder" else made.touch()
    print(flush=True)
    sys.stdin.read()
"""
TRY = """
import sys
from pathlib import Path
from keras_model.files.atomic import Held, held, temporary_path
with temporary_path(Path(sys.argv[1])):
    pass
try:
    with held(Path(sys.argv[1]) / "held"):
        print("free")
except Held as owner:
    print(owner)
"""
WITHOUT_FCNTL = "import sys; sys.modules['fcntl'] = None\n"
LOCKS = {"the system's locks": "", "locks that name their process": WITHOUT_FCNTL}


@contextmanager
def holder(program: str, folder: Path, kind: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-W", "error", "-c", program, str(folder), kind]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


def attempt(program: str, folder: Path) -> str:
    command = [sys.executable, "-W", "error", "-c", program, str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.strip()


@pytest.mark.parametrize("kind", ["file", "folder"])
@pytest.mark.parametrize("locks", LOCKS)
def test_what_a_killed_process_left_is_swept_up(locks: str, kind: str, tmp_path: Path) -> None:
    before = LOCKS[locks]
    with holder(before + HOLD, tmp_path, kind) as process:
        (left,) = tmp_path.glob(".writing-*")
        assert attempt(before + TRY, tmp_path) == str(process.pid)
        assert left.exists()
    assert {left, tmp_path / "held"} == set(tmp_path.iterdir())
    if kind == "folder":
        (left / "new" / "file").write_bytes(b"half")
    assert attempt(before + TRY, tmp_path) == "free"
    assert not list(tmp_path.glob(".writing-*"))


def test_a_place_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    for place in (tmp_path / "nowhere", Path("/proc")):
        with pytest.raises(OSError, match="No such file"), temporary_path(place):
            pass


def test_a_lock_that_cannot_be_had_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="Is a directory"), held(tmp_path):
        pass
    with held(tmp_path / "lock"), pytest.raises(Held, match=r"^\d+$"), held(tmp_path / "lock"):
        pass


def test_a_folder_appears_whole_and_replaces_nothing_but_an_empty_one(tmp_path: Path) -> None:
    target = tmp_path / "far" / "away"
    with new_folder(target) as folder:
        (folder / "file").write_text("1", encoding="utf-8")
        assert not target.exists()
    assert [path.name for path in target.parent.rglob("*")] == ["away", "file"]
    with pytest.raises(OSError, match="not empty"), new_folder(target) as folder:
        pass
    (target / "file").unlink()
    with new_folder(target) as folder:
        (folder / "other").touch()
    assert [path.name for path in target.parent.rglob("*")] == ["away", "other"]


def test_a_replaced_file_has_the_users_permissions(tmp_path: Path) -> None:
    with replacing(tmp_path / "file") as temporary:
        temporary.unlink()
        temporary.touch(0o600)
    (tmp_path / "plain").touch()
    assert (tmp_path / "file").stat().st_mode == (tmp_path / "plain").stat().st_mode
