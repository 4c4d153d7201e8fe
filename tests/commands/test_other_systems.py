"""Without the modules that only Unix has: everything is imported, and what needs no TensorFlow runs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.forked import Forks

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("task_specs", "leaderboards", "keras_model", "t5eval")
EXTRAS = {
    "apache_beam",
    "datasets",
    "keras_hub",
    "pandas",
    "tensorflow_datasets",
    "tensorstore",
    "torch",
    "transformers",
    "wandb",
}
WITHOUT_UNIX = """
import sys, types
for name in ("fcntl", "resource", "termios", "tty", "pty", "pwd", "grp", "syslog", "curses"):
    sys.modules[name] = None
# sacrebleu locks its downloads with portalocker, which asks for fcntl on any system but Windows.
sys.modules["portalocker"] = types.ModuleType("portalocker")
"""
IMPORT = """
import importlib
for name in sys.argv[1:]:
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        print(name, error.name)
    except Exception as error:
        print(name, repr(error))
"""
SUBMIT = """
from pathlib import Path
from t5eval.submissions.submit import submit
run, data, out = map(Path, sys.argv[1:])
submit("glue", run, data, out, official_counts=False)
"""
RUN = "from t5eval.cli.main import main; main()"


Python = Callable[..., tuple[int, str, str]]


@pytest.fixture
def python(forks: Forks) -> Python:
    """Runs a program; returns its status, its output and its errors."""

    def call(program: str, *arguments: object) -> tuple[int, str, str]:
        done = forks.run(["-c", WITHOUT_UNIX + program, *arguments])
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    return call


@pytest.mark.slow
@pytest.mark.tensorflow
def test_every_module_is_imported(python: Python) -> None:
    files = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in files if path.stem != "__main__"]
    assert len(names) > 250
    status, out, err = python(IMPORT, *(name.removesuffix(".__init__") for name in names))
    assert status == 0, err
    failed = dict(line.split(" ", 1) for line in out.splitlines())
    assert {name: absent for name, absent in failed.items() if absent.split(".")[0] not in EXTRAS} == {}


def test_tasks_score_submit_check_and_report_run(
    python: Python, suite: Path, perfect_run: Path, tmp_path: Path
) -> None:
    def run(*arguments: object) -> Any:
        status, out, err = python(RUN, *arguments)
        assert (status, "Warning" in err) == (0, False), err
        return out

    assert "glue/rte" in run("tasks")
    predictions = perfect_run / "predictions/glue/rte/validation.jsonl"
    asked = ("--data-dir", suite, "--predictions", predictions, "--json")
    assert json.loads(run("score", "glue/rte", "--split", "validation", *asked))["scores"]["accuracy"]["value"] == 100
    (tmp_path / "lines").write_text("There is a house here.\nA tree stands beside it.\n", encoding="utf-8")
    lines = ("--predictions", tmp_path / "lines", "--references", tmp_path / "lines", "--json")
    assert json.loads(run("score", "wmt14/en-de", *lines))["scores"]["bleu"]["value"] == pytest.approx(100)
    submission = tmp_path / "out" / "submission.zip"
    status, _, err = python(RUN, "submit", "glue", "--run", perfect_run, "--data-dir", suite, "--out", submission)
    assert (status, len(err.splitlines())) == (2, 1)  # the demo's data is not the leaderboard's
    assert not submission.parent.exists()
    assert python(SUBMIT, perfect_run, suite, submission)[0] == 0
    assert [path.name for path in submission.parent.iterdir()] == ["submission.zip"]
    checked = run("check", "glue", submission, "--data-dir", suite)
    assert checked.splitlines()[-1] == "valid for this data, not for the leaderboard"
    # A report holds its folder's lock, which without fcntl is a file that is gone in the end.
    run("report", perfect_run, "--data-dir", suite, "--out", tmp_path / "report")
    assert {path.name for path in (tmp_path / "report").iterdir()} == {"report.md", "report.html", "report_files"}
