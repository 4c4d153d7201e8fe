"""The mutants of a module, and whether tests that look and tests that do not tell them apart."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tools import mutate

MODULE = '''"""A module."""


def first(values, limit=2):
    if not values:
        raise ValueError("nothing")
    return [value for value in values if value < limit and value + 1]
'''
LOOKS = """
import pytest
from module import first

def test_first():
    assert first([1, 2, 3]) == [1]
    assert first([-1, 0]) == [0]
    with pytest.raises(ValueError):
        first([])
"""
LOOKS_AWAY = "from module import first\n\ndef test_first():\n    assert first([1])\n"


def test_each_kind_of_change_is_made_once() -> None:
    made = {(mutant.line, mutant.before, mutant.after) for mutant in mutate.mutants_of(MODULE)}
    assert {
        (4, "2", "3"),
        (5, "not values", "not not values"),
        (7, "value < limit", "value <= limit"),
        (7, "value < limit and value + 1", "value < limit or value + 1"),
        (7, "value + 1", "value - 1"),
        (7, "1", "2"),
    } <= made
    assert (5, "if False:\n    raise ValueError('nothing')") in {(line, after) for line, _, after in made}
    assert len(made) == 7
    for mutant in mutate.mutants_of(MODULE):
        compile(mutant.source, "module", "exec")
        assert mutant.source != MODULE


def test_a_sample_is_a_number_or_a_share_of_some_at_least() -> None:
    def sample(*draw: float) -> list[tuple[int, str]]:
        return [(mutant.line, mutant.after) for mutant in mutate.mutants_of(MODULE, *draw)]

    assert [len(sample(share)) for share in (3, 0.1, 0.9, 99)] == [3, mutate.LEAST, 6, 7]
    assert sample(3, 5) == sample(3, 5) != sample(3, 4)


def test_annotations_and_what_a_record_is_are_left_alone() -> None:
    record = (
        "@dataclass(frozen=True)\nclass A:\n    a: int | None = None\n    def b(self, c: A | None) -> A | None: ...\n"
    )
    assert mutate.mutants_of(record) == []


def run(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    root = Path(mutate.__file__).parents[1]
    code = f"import sys; sys.path.insert(0, {str(root)!r}); from tools.mutate import main; sys.exit(main())"
    command = [sys.executable, "-c", code, "module.py", "test_module.py", *options]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600)


def test_survivors_are_printed_and_the_files_stay(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    (tmp_path / "module.py").write_text(MODULE)
    (tmp_path / "test_module.py").write_text(LOOKS)
    found = run(tmp_path, "--sample", "3")
    assert (found.returncode, found.stderr) == (0, "")
    assert found.stdout.endswith("3 killed, 0 timed out, 0 survived of 3 mutants: 100.0 % found\n")

    (tmp_path / "test_module.py").write_text(LOOKS_AWAY)
    found = run(tmp_path, "--sample", "3", "--seed", "5")
    assert found.returncode == 1
    assert found.stdout.endswith("2 killed, 0 timed out, 1 survived of 3 mutants: 66.7 % found\n")
    assert "module.py:7: SURVIVED: value < limit  ->  value <= limit\n" in found.stdout
    assert (tmp_path / "module.py").read_text() == MODULE

    (tmp_path / "test_module.py").write_text("def test_it():\n    assert False\n")
    found = run(tmp_path)
    assert found.returncode == 2
    assert found.stderr == "the tests fail without a mutant (status 1): pytest test_module.py\n"
