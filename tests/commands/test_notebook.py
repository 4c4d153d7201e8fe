"""The notebook: its code cells, one after another in one process, as a kernel would run them."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.commands.report_runs import documents
from tests.forked import Forks

NOTEBOOK = Path(__file__).resolve().parents[2] / "examples" / "t5eval_colab.ipynb"

# What IPython does with a line that begins with `!`, but that a command which fails ends the run.
SHELL = """
import subprocess

def shell(command):
    subprocess.run(command, shell=True, check=True)
"""


@pytest.fixture(scope="module")
def cells() -> list[dict[str, Any]]:
    document = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    assert (document["nbformat"], document["nbformat_minor"]) == (4, 5)
    return document["cells"]


def code_of(cell: dict[str, Any]) -> str:
    """Returns a cell's code as Python: shell lines as calls, and the value of a last expression printed."""
    lines = "".join(cell["source"]).split("\n")
    code = "\n".join(re.sub(r"^( *)!(.*)$", lambda m: f"{m[1]}shell(f{m[2]!r})", line) for line in lines)
    return f"exec_cell({code!r})\n"


RUN_CELL = """
import ast

def exec_cell(code):
    tree = ast.parse(code)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "cell", "exec"), globals())
    if last is not None:
        value = eval(compile(ast.Expression(last.value), "cell", "eval"), globals())
        if value is not None:
            print(value, flush=True)
"""


def test_the_notebook_is_stored_without_outputs(cells: list[dict[str, Any]]) -> None:
    assert len({cell["id"] for cell in cells}) == len(cells)
    for cell in cells:
        assert cell["cell_type"] in ("code", "markdown")
        if cell["cell_type"] == "code":
            assert (cell["outputs"], cell["execution_count"]) == ([], None)


@pytest.mark.slow
@pytest.mark.tensorflow
def test_the_notebook_runs_from_top_to_bottom(
    cells: list[dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tensorflow_forks: Forks
) -> None:
    program = SHELL + RUN_CELL + "".join(code_of(cell) for cell in cells if cell["cell_type"] == "code")
    commands = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    monkeypatch.chdir(tmp_path)
    environment = {**os.environ, "PATH": commands, "CUDA_VISIBLE_DEVICES": "", "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = tensorflow_forks.run(["-c", program], environment)
    assert done.returncode == 0, done.stderr.decode()[-3000:]
    out = done.stdout.decode()
    assert '"inputs": "sst2 sentence: ' in out
    results = json.loads((tmp_path / "run" / "results.json").read_text())["results"]["glue/sst2"]["validation"]
    assert results["n"] == 80
    assert results["scores"]["accuracy"]["value"] > 70  # where always giving one answer has 50
    assert ("task", "glue/sst2", "validation") in documents(tmp_path / "run" / "report.html")
    assert "run/glue.zip is partial" in out
    assert "SST-2.tsv" in out
