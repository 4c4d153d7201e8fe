"""What commands print fits 80 columns on a terminal and in a file; --quiet and --verbose on each of them."""

from __future__ import annotations

import fcntl
import functools
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from t5eval.api.doctor import machine as doctor
from t5eval.api.submit import submit
from t5eval.cli import progress
from t5eval.cli import submit as submit_command
from t5eval.cli.main import cli
from t5eval.cli.progress import stage_progress
from t5eval.support.stages import USUAL, each, set_detail, shown, stage
from tests.commands.conftest import Command, write_predictions
from tests.commands.test_json import commands

CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")
TERMINAL_CODES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
COMMAND = [sys.executable, "-m", "t5eval"]

# Arguments, with {data}, {run} (answers to all of GLUE), {other} (one answer less), {file}, {model} and {new}; and a
# stage that --verbose speaks of.
CALLS = {
    "tasks": ("tasks", "all of it"),
    "show": ("show glue/wnli", "all of it"),
    "show a mixture": ("show all_proportional", "all of it"),
    "validate": ("validate glue/rte", "all of it"),
    "recipe": ("recipe all_proportional", "all of it"),
    "score": ("score glue/rte --split validation --data-dir {data} --predictions {file}", "reading the answers"),
    "evaluate": (
        "evaluate --model predictions:{run} --task glue --data-dir {data} --out {new}",
        "glue/mnli_mismatched validation: scoring",
    ),
    "compare": ("compare {run} {other} --data-dir {data}", "comparing"),
    "compare with the paper": ("compare {run} --published t5-base --data-dir {data}", "glue/rte validation: scoring"),
    "report": ("report {run} --data-dir {data} --out {new}", "scoring the predictions"),
    "submit": ("submit glue --run {run} --data-dir {data} --out {new}.zip", "reading the answers"),
    "check": ("check glue {zip} --data-dir {data}", "checking the submission"),
    "prepare": ("prepare --task glue/rte --data-dir {data} --vocab bytes --out {new}", "preparing"),
    "train": (
        "train --task glue/rte --data-dir {data} --model {model} --out {same} --steps 1 --batch-size 2 "
        "--validate-limit 2",
        "loading the model",
    ),
    "convert": ("convert {model} {new}", "comparing with the source"),
    "doctor": ("doctor --data-dir {data}", "looking for data"),
}


@pytest.fixture
def arguments(
    suite: Path,
    perfect_run: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
    name: str,
) -> dict[str, Path]:
    """What stands for the names in `CALLS`; the suite's counts pass for the leaderboard's."""
    in_miniature = functools.partial(submit, official_counts=False)
    monkeypatch.setattr(submit_command, "submit", in_miniature)
    monkeypatch.setattr(doctor, "check_tensorflow", lambda: doctor.Finding("TensorFlow", "ok", "none"))
    other = tmp_path / "other"
    shutil.copytree(perfect_run, other)
    file = write_predictions(other / "predictions/glue/rte/validation.jsonl", [("0", "entailment")])
    archive = tmp_path / "glue.zip"
    in_miniature("glue", perfect_run, data=suite, out=archive)
    paths = {
        "run": perfect_run,
        "other": other,
        "file": file,
        "zip": archive,
        "same": tmp_path / "same",
    }
    if "{model}" in CALLS[name][0]:
        paths["model"] = request.getfixturevalue("model")
    return {"data": suite, **paths}


@pytest.mark.parametrize("name", CALLS)
def test_what_a_log_gets(t5eval: Command, arguments: dict[str, Path], tmp_path: Path, name: str) -> None:
    call, said = CALLS[name]
    done = {}
    for option in ("--quiet", "--verbose"):
        new = tmp_path / option.strip("-")
        done[option] = t5eval(option, *call.format(**{**arguments, "new": new}).split())
        assert done[option].status == 0, done[option].err
        assert not CONTROL.search(done[option].out + done[option].err)
        # A file's name may be longer, and stands whole.
        short = done[option].out
        for path in sorted({*arguments.values(), tmp_path}, key=lambda path: -len(str(path))):
            short = short.replace(str(path), "PATH")
        assert max(map(len, short.splitlines())) <= 80, short
    assert all(line.startswith("warning: ") for line in done["--quiet"].err.splitlines()), done["--quiet"].err
    assert re.search(rf"^{said}[^:]*: \d+\.\d\d s$", done["--verbose"].err, re.MULTILINE), done["--verbose"].err


def test_help_fits(t5eval: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for name in ("", *(name for name, _ in commands(cli))):
        shown = t5eval(*name.split(), "--help").out
        assert not CONTROL.search(shown)
        assert max(map(len, shown.splitlines())) <= 80, shown


def in_a_terminal(command: list[str], stderr_too: bool = False, columns: int = 80) -> str:
    """Runs a command with a terminal for its stdout, or for stderr as well, and returns what it gets."""
    reader, writer = pty.openpty()
    fcntl.ioctl(writer, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = {key: value for key, value in os.environ.items() if key != "COLUMNS"} | {"TERM": "xterm"}
    stderr = writer if stderr_too else subprocess.DEVNULL
    with subprocess.Popen(command, stdout=writer, stderr=stderr, env=environment) as process:
        os.close(writer)
        content = b""
        try:
            while part := os.read(reader, 65536):
                content += part
        except OSError:  # how Linux says that the other end is closed
            pass
    os.close(reader)
    assert process.returncode == 0, content
    return content.decode().replace("\r\n", "\n")


@pytest.mark.parametrize("name", ["tasks", "show a mixture", "score"])
def test_a_terminal_shows_what_a_log_gets(t5eval: Command, arguments: dict[str, Path], name: str) -> None:
    call = CALLS[name][0].format(**arguments).split()
    assert TERMINAL_CODES.sub("", in_a_terminal([*COMMAND, *call])) == t5eval(*call).out


def test_a_stage_has_a_line_now_and_then(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    set_detail(USUAL)
    monkeypatch.setattr(progress, "LOG_EVERY_SECONDS", 0.2)
    with shown(stage_progress):
        for _ in each([1, 2], "short", "things"):
            pass
        for item in each([1, 2, 3], "long", "things"):
            with stage("within another"):
                time.sleep(0.3 if item == 2 else 0)
    said = capsys.readouterr().err.splitlines()
    assert re.fullmatch(r"long: 1 of 3 things, [\d,.]+/s, 0:0\d left", said[0])
    assert said[1:] == ["long: 3 things in 0:00"]


SLOW = """
import os, time
from t5eval.cli.progress import SplitProgress
from t5eval.support.tensorflow_import import silent_stderr

with SplitProgress("building", unit="", after=0.1), silent_stderr():
    os.write(2, b"a library's chatter")
    time.sleep(0.4)
with SplitProgress("glue/mnli_mismatched validation") as progress:
    for done in range(0, 9001, 1500):
        progress(done, 9000)
        time.sleep(0.02)
"""


def test_progress_in_a_terminal_fits_and_is_seen_while_libraries_are_silenced() -> None:
    shown = in_a_terminal([sys.executable, "-c", SLOW], stderr_too=True)
    lines = re.split(r"[\r\n]+", TERMINAL_CODES.sub("", shown))
    assert any(line.startswith("building ") for line in lines)
    assert not any("chatter" in line for line in lines)
    assert any("9000/9000" in line and "/s" in line for line in lines)
    assert max(map(len, lines)) <= 80
