"""Temporary files and folders: swept up when their process is gone, and not before; the two packages do the same."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import keras_model.files.temporary  # noqa: F401
import leaderboards.files.temporary  # noqa: F401

PROGRAM = """
import sys
from pathlib import Path
from {module} import {maker} as make
with make(Path(sys.argv[1])) as made:
    print(flush=True)
    sys.stdin.read()
"""
MAKERS = [
    ("leaderboards.files.temporary", "temporary_file"),
    ("leaderboards.files.temporary", "temporary_folder"),
    ("keras_model.files.temporary", "temporary_folder"),
]


@pytest.mark.parametrize(("module", "maker"), MAKERS)
def test_what_a_killed_process_left_is_swept_up(module: str, maker: str, tmp_path: Path) -> None:
    program = [sys.executable, "-c", PROGRAM.format(module=module, maker=maker), str(tmp_path)]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        (left,) = tmp_path.iterdir()
        for other, another in MAKERS:
            with getattr(sys.modules[other], another)(tmp_path):
                assert left.exists()
        process.kill()
    assert [left] == list(tmp_path.iterdir())
    if left.is_dir():
        (left / "file").write_bytes(b"half")
    for other, another in MAKERS[:1] if module == MAKERS[0][0] else MAKERS[2:]:
        with getattr(sys.modules[other], another)(tmp_path):
            assert not left.exists()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("module", "maker"), MAKERS)
def test_a_place_that_is_not_there_is_an_error(module: str, maker: str, tmp_path: Path) -> None:
    for place in (tmp_path / "nowhere", Path("/proc")):
        with pytest.raises(OSError, match="No such file"), getattr(sys.modules[module], maker)(place):
            pass
