"""Commands as processes of their own: imports, exit statuses, pipes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.forked import Forks

HEAVY = ("tensorflow", "keras", "keras_model.model", "torch", "transformers")

PROBE = """
import sys
from t5eval.cli.main import run
status = run(sys.argv[1:])
print("heavy:", [name for name in {heavy} if name in sys.modules], file=sys.stderr)
sys.exit(status)
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["tasks"],
        ["show", "glue/rte", "--data-dir", "{suite}"],
        ["examples", "glue/rte", "--split", "validation", "--data-dir", "{suite}"],
        ["score", "glue/rte", "--split", "validation", "--data-dir", "{suite}", "--predictions", "{predictions}"],
        ["compare", "{run}", "{run}", "--task", "glue/rte", "--data-dir", "{suite}"],
        ["submit", "glue", "--run", "{run}", "--data-dir", "{suite}", "--out", "{out}"],
        ["check", "glue", "{folder}", "--data-dir", "{suite}"],
        ["report", "{run}", "--data-dir", "{suite}"],
        ["prepare", "--task", "glue/rte", "--data-dir", "{suite}", "--vocab", "bytes", "--out", "{prepared}"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_no_command_imports_tensorflow_that_does_not_run_a_model(
    forks: Forks, suite: Path, perfect_run: Path, tmp_path: Path, arguments: list[str]
) -> None:
    folder = tmp_path / "submission"
    folder.mkdir()
    (folder / "CoLA.tsv").write_text("index\tprediction\n0\t1\n")
    places = {
        "suite": suite,
        "run": perfect_run,
        "out": tmp_path / "glue.zip",
        "prepared": tmp_path / "prepared",
        "folder": folder,
        "predictions": perfect_run / "predictions/glue/rte/validation.jsonl",
    }
    done = forks.run(["-c", PROBE.format(heavy=HEAVY), *(a.format(**places) for a in arguments)])
    assert done.returncode in (0, 2)
    assert b"Traceback" not in done.stderr
    assert done.stderr.rstrip().split(b"\n")[-1] == b"heavy: []"


def test_version_and_help(t5eval_process: Any) -> None:
    begun = subprocess.run([sys.executable, "-m", "t5eval", "--version"], capture_output=True, text=True, check=True)
    assert begun.stdout.startswith("t5eval 0.")
    helped = t5eval_process("--help")
    assert helped.status == 0
    for command in (
        "tasks",
        "show",
        "examples",
        "score",
        "evaluate",
        "submit",
        "check",
        "compare",
        "report",
        "prepare",
        "train",
        "recipe",
        "convert",
        "demo",
    ):
        assert f"  {command} " in helped.out
        assert t5eval_process(command, "--help").status == 0


def test_output_into_a_closed_pipe_is_no_error(suite: Path) -> None:
    # Far more output than a pipe holds, and so little that it is only written at the end.
    for arguments, lines in (("examples glue/mnli --split train", 1), ("tasks --json", 0)):
        command = f"set -o pipefail; {sys.executable} -m t5eval {arguments} --data-dir {suite} | head -n {lines}"
        command = command.replace("--json --data-dir " + str(suite), "--json")
        done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=120)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.count("\n") == lines


def test_a_read_only_place_is_one_line_and_status_2(t5eval_process: Any, suite: Path, perfect_run: Path) -> None:
    done = t5eval_process(
        "submit", "glue", "--run", perfect_run, "--data-dir", suite, "--out", "/proc/glue.zip", "--partial"
    )
    assert (done.status, done.out) == (2, "")
    assert done.err.count("\n") == 1


@pytest.mark.parametrize("after", [0.02, 0.06, 0.15])
def test_an_interrupt_while_python_imports_is_one_line(after: float) -> None:
    """Ctrl-C in the first half second."""
    program = (
        "import os, signal, threading\n"
        "from t5eval.__main__ import main\n"
        f"threading.Timer({after}, os.kill, (os.getpid(), signal.SIGINT)).start()\n"
        "import sys; sys.argv = ['t5eval', 'tasks']\n"
        "main()"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.returncode in (0, 130)
    assert "Traceback" not in done.stderr
    if done.returncode:
        assert done.stderr.endswith("t5eval: interrupted\n")
