"""What the pages and examples import: the packages' faces, and nothing behind them."""

from __future__ import annotations

import ast
import importlib
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FACES = ("t5eval", "keras_model", "task_specs", "leaderboards")
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
EXAMPLES = sorted((ROOT / "examples").rglob("*.py"))
NOTEBOOKS = sorted((ROOT / "examples").rglob("*.ipynb"))


def code_of(path: Path) -> list[str]:
    """Returns the Python that a page, a file or a notebook shows."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        return re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    if path.suffix == ".ipynb":
        cells = ["".join(cell["source"]) for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
        return [re.sub(r"^( *)[!%].*$", r"\1pass", cell, flags=re.MULTILINE) for cell in cells]
    return [text]


def imported(code: str) -> set[tuple[str, str]]:
    """Returns what code imports of our packages: module, and name; an empty one of a whole module."""
    found = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {(node.module, name.name) for name in node.names}
        elif isinstance(node, ast.Import):
            found |= {(name.name, "") for name in node.names}
    return {(module, name) for module, name in found if module.partition(".")[0] in FACES}


@pytest.mark.parametrize("path", [*PAGES, *EXAMPLES, *NOTEBOOKS], ids=lambda path: path.name)
def test_only_faces_are_imported(path: Path) -> None:
    for code in code_of(path):
        for module, name in imported(code):
            assert module in FACES, f"{module} is behind the face of its package"
            assert not name or name in importlib.import_module(module).__all__, f"{module} does not export {name}"


def test_something_is_imported() -> None:
    code = [code for path in [*PAGES, *EXAMPLES, *NOTEBOOKS] for code in code_of(path)]
    assert {module for part in code for module, _ in imported(part)} == set(FACES)


@pytest.mark.tensorflow
@pytest.mark.parametrize("face", FACES)
def test_every_exported_name_is_there(face: str) -> None:
    package = importlib.import_module(face)
    assert len(package.__all__) == len(set(package.__all__)) > 0
    for name in package.__all__:
        assert getattr(package, name) is not None
        assert name in dir(package)
    for name in getattr(package, "_HOMES", {}):
        # A room or module of this name would take its place as soon as something imported it.
        assert not (ROOT / face / name).exists()
        assert not (ROOT / face / f"{name}.py").exists()
