"""Two processes on one folder: the second is refused with the first one's id; and a clock that jumps."""

from __future__ import annotations

import os
import random
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from t5eval.runs.folder import locked

COMMANDS = {
    "evaluate": ("--model", "predictions:{run}", "--task", "glue/rte", "--data-dir", "{suite}", "--out", "{out}"),
    "train": ("--task", "glue/rte", "--data-dir", "{suite}", "--preset", "t5-small", "--vocab", "bytes", "--out",
              "{out}"),
    "prepare": ("--task", "glue/rte", "--data-dir", "{suite}", "--vocab", "bytes", "--out", "{out}"),
    "demo": ("--out", "{out}"),
    "report": ("{run}", "--data-dir", "{suite}", "--out", "{out}"),
}  # fmt: skip


def arguments(command: str, **places: Path) -> list[str]:
    return [command, *(part.format(**places) for part in COMMANDS[command])]


@pytest.mark.parametrize("command", COMMANDS)
def test_the_second_process_is_refused(
    t5eval: Any, suite: Path, perfect_run: Path, tmp_path: Path, command: str
) -> None:
    out = tmp_path / "out"
    name, doing = (".report.lock", "writing a report into this folder") if command == "report" else (
        ".lock", "working in this run folder",
    )  # fmt: skip
    with locked(out, name, doing):
        done = t5eval(*arguments(command, suite=suite, run=perfect_run, out=out))
    assert (done.status, done.out) == (2, "")
    assert done.err.splitlines()[-1] == f"t5eval: {out}: process {os.getpid()} is {doing}"
    assert [path.name for path in out.iterdir()] == [name]


def test_a_repetition_is_refused_too(t5eval: Any, suite: Path, perfect_run: Path, tmp_path: Path) -> None:
    run, out = tmp_path / "a", tmp_path / "out"
    assert t5eval(*arguments("evaluate", suite=suite, run=perfect_run, out=run)).status == 0
    with locked(out):
        done = t5eval("rerun", run, "--out", out)
    assert done.status == 2
    assert f"process {os.getpid()} is working in this run folder" in done.err


def test_a_run_that_is_worked_on_can_be_reported(t5eval: Any, suite: Path, perfect_run: Path) -> None:
    with locked(perfect_run):
        assert t5eval("report", perfect_run, "--data-dir", suite).status == 0


def test_a_clock_that_jumps_changes_nothing(
    t5eval: Any, suite: Path, perfect_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither what is written nor which of two leftovers is swept up, whatever times these have."""
    ways = ("evaluate", "report", "prepare")
    found = []
    for name in ("steady", "jumping"):
        places = [tmp_path / f"{way} here" for way in ways]
        if name == "jumping":
            for clock in ("time", "time_ns"):
                monkeypatch.setattr(time, clock, partial(random.Random(5).randrange, 1 << 40))
            for number, place in enumerate(places[:2]):
                left = place / f".writing-{number}.tmp"
                place.mkdir()
                left.write_bytes(b"half")
                os.utime(left, (1 << 33, 1 << 33) if number else (1, 1))
        for way, out in zip(ways, places, strict=True):
            assert t5eval(*arguments(way, suite=suite, run=perfect_run, out=out)).status == 0
        files = {
            str(path.relative_to(tmp_path)): path.read_bytes()
            for out in places
            for path in out.rglob("*")
            if path.is_file() and not path.name.endswith(".lock")
        }
        found.append(files)
        for out in places:
            out.rename(tmp_path / f"{name} {out.name}")
    assert found[0] == found[1]
