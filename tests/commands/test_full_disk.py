"""A full or read-only disk: one line that names the file, status 2, and what was there before stays."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


def commands(suite: Path, run: Path, out: Path) -> list[tuple[Any, ...]]:
    rte = ("--task", "glue/rte", "--split", "validation", "--data-dir", suite)
    return [
        ("report", run, "--data-dir", suite, "--out", out),
        ("evaluate", "--model", f"predictions:{run}", *rte, "--out", out),
        ("recipe", "glue/rte", "--out", out / "recipe.toml"),
    ]


def test_a_disk_that_is_full_when_it_is_flushed(
    t5eval: Any, suite: Path, perfect_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    out = tmp_path / "out"
    out.mkdir()
    (out / "report.md").write_text("old", encoding="utf-8")
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        for command in commands(suite, perfect_run, out):
            done = t5eval(*command)
            last = done.err.splitlines()[-1]
            assert (done.status, "Traceback" in done.err) == (2, False), command
            assert last.startswith(f"t5eval: {out}"), last
            assert last.endswith("No space left on device"), last
    assert (out / "report.md").read_text(encoding="utf-8") == "old"
    assert not list(out.rglob("*.tmp"))
    for command in commands(suite, perfect_run, out):
        assert t5eval(*command).status == 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 48 KiB, made where the user may."""
    place = tmp_path / "small"
    place.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48k", "tmpfs", place], capture_output=True, check=False)
    if made.returncode:
        pytest.skip("file systems may not be mounted here")
    yield place
    subprocess.run(["umount", place], check=True)


def test_a_small_disk(t5eval: Any, suite: Path, perfect_run: Path, small_disk: Path) -> None:
    (small_disk / "ballast").write_bytes(bytes(40 << 10))
    report = commands(suite, perfect_run, small_disk)[0]
    done = t5eval(*report)
    assert done.status == 2
    assert done.err.splitlines()[-1].endswith("No space left on device")
    assert not list(small_disk.rglob("*.tmp"))


def test_a_read_only_disk(t5eval: Any, suite: Path, perfect_run: Path, small_disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    for command in commands(suite, perfect_run, small_disk):
        done = t5eval(*command)
        assert done.status == 2, command
        assert done.err.splitlines()[-1].endswith("Read-only file system"), command
