"""What data, records and file names hold cannot steer a terminal; a pipe would hide it, so each command gets one."""

from __future__ import annotations

import json
import os
import pty
import re
import sys
import termios
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from t5eval.cli import rerun as rerun_command
from t5eval.cli.main import run
from t5eval.reports.markdown import markdown_report
from t5eval.reports.reported_run import Run
from t5eval.support.visible import LONGEST, one_line, visible, visible_json
from tests.t5eval.glue_files import put
from tests.t5eval.squad_documents import version_1, write

EVIL = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202egnp.exe\u2066\u200f\x00"
SHOWN = r"\x1b]0;owned\x07\x1b[2J\x9b31m\u202egnp.exe\u2066\u200f"
STEERS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
Terminal = Callable[..., tuple[int, str]]


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Runs a command in this process with a terminal for stdout and stderr; returns its status and what is shown."""

    def call(*arguments: Any) -> tuple[int, str]:
        reader, writer = pty.openpty()
        state = termios.tcgetattr(writer)
        state[1] &= ~termios.OPOST
        termios.tcsetattr(writer, termios.TCSANOW, state)
        got: list[bytes] = []

        def read() -> None:
            try:
                while part := os.read(reader, 65536):
                    got.append(part)
            except OSError:  # how Linux says that the other end is closed
                pass

        thread = threading.Thread(target=read)
        thread.start()
        with open(writer, "w", encoding="utf-8", errors="backslashreplace") as stream, monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", stream)
            patch.setattr(sys, "stderr", stream)
            patch.setenv("TERM", "xterm")
            status = run([str(argument) for argument in arguments])
        thread.join()
        os.close(reader)
        return status, b"".join(got).decode()

    return call


def rte(folder: Path, text: str = EVIL, header: str = "index\tsentence1\tsentence2\tlabel") -> Path:
    put(folder, "RTE/dev.tsv", f"{header}\n0\t{text}\tB.\tentailment\n".encode())
    return folder


def test_validate(terminal: Terminal, tmp_path: Path) -> None:
    _, shown = terminal("--quiet", "validate", "glue/rte", "--data-dir", rte(tmp_path))
    assert SHOWN in shown
    assert not STEERS.search(shown)


def test_a_header_in_an_error(terminal: Terminal, tmp_path: Path) -> None:
    header = "\t".join(["index", EVIL * 2_000, "label"])
    data = rte(tmp_path, header=header)
    status, shown = terminal("--quiet", "examples", "glue/rte", "--split", "validation", "--data-dir", data)
    assert status == 2
    assert "dev.tsv: line 1: the header has no column" in " ".join(shown.split())  # it is wrapped
    assert not STEERS.search(shown)
    assert len(shown) < 1_000


def test_the_name_of_a_file(terminal: Terminal, tmp_path: Path) -> None:
    folder = tmp_path / "\x1b[2J\u202e"
    status, shown = terminal("score", "glue/rte", "--split", "validation", "--data-dir", folder, "--predictions", "x")
    assert status == 2
    assert r"\x1b[2J\u202e" in shown
    assert not STEERS.search(shown)


def test_examples_are_the_same_json(terminal: Terminal, tmp_path: Path) -> None:
    text = "\x9b31m\u202e Persian \u200c joiner é"
    data = rte(tmp_path, text)
    status, shown = terminal("--quiet", "examples", "glue/rte", "--split", "validation", "--data-dir", data)
    assert status == 0
    assert text in json.loads(shown.split("\n")[0])["inputs"]
    assert "\u200c joiner é" in shown
    assert not STEERS.search(shown)


def test_rerun(terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    change = {"what": EVIL, "old": "a\nequal; the new run is in " + EVIL, "new": EVIL}
    entry = {
        "scores": {EVIL: {"old": 1.0, "new": 2.0, "difference": 1.0}},
        "numbers": [change],
        "predictions": {"differ": 1, "n": 1, "first": [EVIL]},
    }
    found = {"environment": [change], "inputs": [change], "results": {EVIL: {EVIL: entry}}, "equal": False}
    monkeypatch.setattr(rerun_command, "rerun", lambda *arguments, **options: found)
    _, shown = terminal("rerun", tmp_path)
    assert not STEERS.search(shown)
    assert len(shown.splitlines()) == 6
    assert shown.splitlines()[-1].startswith("NOT EQUAL")


def test_check_squad_with_data(terminal: Terminal, tmp_path: Path) -> None:
    document = version_1()
    document["data"][0]["paragraphs"][0]["qas"][0]["id"] = EVIL
    data = write(tmp_path / "data", document)
    file = tmp_path / "predictions.json"
    file.write_text(json.dumps({"q2": EVIL, f"q{EVIL}": "x", "q3": "1,000"}), encoding="utf-8")
    status, shown = terminal("--quiet", "check", "squad", file, "--data-dir", data)
    assert status == 2
    assert "owned" in shown
    assert not STEERS.search(shown)


def test_a_report_in_markdown() -> None:
    average = {"average": None, "missing": {"glue/cola": EVIL}}
    evil = EVIL + "\n\n<img src=x>[a](http://b)"
    run = Run(Path("run"), "run", {}, {evil: {evil: average}}, {}, {})
    page = markdown_report([run], [])
    assert "owned" in page
    assert not STEERS.search(page.replace("\t", ""))
    assert "<img" not in page
    assert "[a](" not in page


def test_a_long_line_is_cut_in_its_middle() -> None:
    assert one_line("a" * LONGEST) == "a" * LONGEST
    cut = one_line("a" * 70_000 + "\nthe way out")
    assert cut.startswith("aaa")
    assert cut.endswith("the way out")
    assert "68,012 characters" in cut
    assert len(cut) < LONGEST + 40


def test_visible_text_and_json() -> None:
    assert visible("a\tb\né \u200d") == "a\tb\né \u200d"
    assert visible(EVIL) == SHOWN + r"\x00"
    assert json.loads(visible_json(json.dumps(EVIL, ensure_ascii=False))) == EVIL
