"""How much is said on stderr, and what pipes and terminals get."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

from t5eval.cli.progress import SplitProgress
from t5eval.support.stages import QUIET, USUAL, set_detail
from tests.commands.conftest import Command, write_predictions

COMMAND = [sys.executable, "-m", "t5eval"]


def test_quiet_leaves_results_and_warnings(t5eval: Command, suite: Path, tmp_path: Path) -> None:
    few = write_predictions(tmp_path / "p.jsonl", [])
    rest = ("score", "glue/rte", "--split", "validation", "--data-dir", suite, "--predictions", few)
    usual, quiet = t5eval(*rest), t5eval("--quiet", *rest)
    assert (quiet.status, quiet.out) == (usual.status, usual.out)
    assert quiet.err == usual.err


def test_global_options_stand_before_or_behind_the_command(t5eval: Command, tmp_path: Path) -> None:
    plugin = tmp_path / "p.py"
    plugin.write_text("raise ValueError('it runs')\n")
    for arguments in (
        ["--plugin", str(plugin), "tasks"],
        ["tasks", "--plugin", str(plugin)],
        ["tasks", f"--plugin={plugin}"],
    ):
        assert "it runs" in t5eval(*arguments).err
    assert t5eval("tasks", "--json", "--quiet").out == t5eval("--quiet", "tasks", "--json").out
    document = t5eval("tasks", "--json").out
    for arguments in (["--json", "tasks"], ["--json", "--quiet", "tasks"]):
        assert t5eval(*arguments).out == document
    assert t5eval("--json", "show", "--", "dpr").json["name"] == "dpr"
    held = t5eval("--json", "data", "list", "glue/rte", "--data-dir", tmp_path)
    assert {entry["state"] for entry in held.json["splits"]} == {"missing"}
    assert "No such option '--json'" in t5eval("--json", "completion", "bash").err
    for lacking in (["data"], ["--json"]):
        done = t5eval(*lacking)
        assert (done.status, done.out, done.err.partition("\n")[0][:14]) == (2, "", "Usage: t5eval ")
    assert "exclude each other" in t5eval("--quiet", "tasks", "--verbose").err
    assert "'--plugin' requires an argument" in t5eval("tasks", "--plugin").err
    # What follows two dashes is a name.
    assert "unknown task '--quiet'" in t5eval("show", "--", "--quiet").err


def test_quiet_has_no_progress() -> None:
    for level, shown in ((QUIET, False), (USUAL, True)):
        set_detail(level)
        assert SplitProgress("rte").show is shown


def test_verbose_says_stages_and_where_an_error_came_from(t5eval: Command) -> None:
    done = t5eval("--verbose", "show", "no-such-task")
    assert done.status == 2
    assert "Traceback" in done.err
    assert "all of it: " in done.err
    assert done.err.splitlines()[-1].startswith("t5eval: ")
    assert "Traceback" not in t5eval("show", "no-such-task").err
    assert t5eval("--quiet", "--verbose", "tasks").status == 2


def test_a_reader_that_goes_away_is_nothing_to_speak_of() -> None:
    with subprocess.Popen([*COMMAND, "tasks"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_a_pipe_gets_no_control_characters() -> None:
    done = subprocess.run([*COMMAND, "tasks"], capture_output=True, check=True)
    assert not [byte for byte in done.stdout + done.stderr if byte < 32 and byte != 10]


def test_a_terminal_takes_the_same_command() -> None:
    reader, writer = pty.openpty()
    environment = {**os.environ, "TERM": "dumb"}
    with subprocess.Popen([*COMMAND, "show", "glue/rte"], stdout=writer, stderr=writer, env=environment) as process:
        os.close(writer)
        shown = b""
        try:
            while part := os.read(reader, 65536):
                shown += part
        except OSError:  # how Linux says that the other end is closed
            pass
    os.close(reader)
    assert process.returncode == 0
    assert b"rte" in shown
