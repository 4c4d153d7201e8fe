"""Imports go one way. `make lint` holds that; these tests hold what it cannot see, and that it can fail."""

from __future__ import annotations

import ast
import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MAY_NAME = {"task_specs": (), "keras_model": (), "leaderboards": ("task_specs",)}
PACKAGES = ("t5eval", "leaderboards", "keras_model", "task_specs")


def modules() -> set[str]:
    found = set()
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            found.add(".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"))
    return found


@pytest.mark.parametrize("package", MAY_NAME)
def test_no_module_above_is_named_in_a_string(package: str) -> None:
    above = {name for name in modules() if name.split(".")[0] not in (package, *MAY_NAME[package])} - set(PACKAGES)
    for path in (ROOT / package).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert node.value not in above, f"{path}:{node.lineno} names {node.value}"


@pytest.mark.parametrize(
    ("file", "line", "broken"),
    [
        ("task_specs/records.py", "def late() -> None:\n    import t5eval.scoring.score", "The packages"),
        ("keras_model/config.py", "import task_specs.support.errors", "The packages"),
        ("leaderboards/glue.py", "import keras_model.config", "Of the T5"),
        ("t5eval/metrics/metric.py", "import t5eval.runs.folder", "The rooms of t5eval"),
        ("keras_model/decoding/search.py", "def late():\n    import keras_model.decoding.generator", "No circle"),
    ],
)
def test_lint_fails_where_an_import_goes_up(tmp_path: Path, file: str, line: str, broken: str) -> None:
    if importlib.util.find_spec("importlinter") is None:
        pytest.skip("import-linter is not installed")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("suite", "__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    with open(tmp_path / file, "a", encoding="utf-8") as opened:
        opened.write(f"\n\n{line}\n")
    program = "import sys; sys.path.insert(0, ''); from importlinter.cli import lint_imports_command as c; c()"
    command = [sys.executable, "-c", program, "--no-cache"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 1, done.stdout + done.stderr
    assert [name for name in done.stdout.splitlines() if "BROKEN" in name and broken.split()[0] in name], done.stdout
