"""The examples of plugins: as the page shows them, with its commands as they stand, and no longer than promised."""

from __future__ import annotations

import io
import json
import re
import shlex
import sys
import tokenize
import types
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.commands.conftest import PLUGINS

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
FILES = sorted([*PLUGINS.glob("*.py"), *PLUGINS.glob("*.toml")])
COMMANDS = [line for line in PAGE.splitlines() if line.startswith("t5eval ")]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_page_shows_the_file(path: Path) -> None:
    language = {".py": "python", ".toml": "toml"}[path.suffix]
    assert f"```{language}\n{path.read_text(encoding='utf-8')}```\n" in PAGE


@pytest.mark.parametrize("path", [path for path in FILES if path.suffix == ".py"], ids=lambda path: path.name)
def test_an_example_has_at_most_20_lines_of_code(path: Path) -> None:
    lines = set()
    for token in tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline):
        if token.type in (tokenize.NAME, tokenize.OP, tokenize.NUMBER) or token.string == '"':
            lines.add(token.start[0])
    assert 5 < len(lines) <= 20


@pytest.fixture
def run_page(t5eval: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, forget_plugins: Any) -> Any:
    """Returns what runs the page's command that holds some words, without the plugins of those before."""
    monkeypatch.chdir(ROOT)

    def call(words: str, *more: str) -> Any:
        (line,) = [line for line in COMMANDS if words in line]
        forget_plugins()
        return t5eval(*shlex.split(line.replace("RUN", str(tmp_path / "run")))[1:], *more)

    return call


def test_the_task_of_built_in_parts(run_page: Any) -> None:
    done = run_page("validate examples/plugin/polite.toml", "--json")
    assert (done.status, done.err) == (0, "")
    assert [(pair["inputs"], pair["targets"]) for pair in done.json["splits"][0]["pairs"]] == [
        ("polite sentence: Thank you", "polite"),
        ("polite sentence: Go away", "rude"),
    ]


def test_source_format_parser_and_metric(run_page: Any) -> None:
    done = run_page("validate examples/plugin/stars.toml", "--json")
    assert (done.status, done.err) == (0, "")
    (split,) = done.json["splits"]
    assert split["pairs"][0]["inputs"] == "How polite is this? Thank you, kindly"
    assert [pair["targets"] for pair in split["pairs"]] == ["5 stars", "1 stars", "4 stars"]
    done = run_page("score examples/plugin/stars.toml", "--json")
    # Five, one and four stars; said were four, four, and `four`, which is unreadable.
    assert done.json["scores"]["within_one"]["value"] == pytest.approx(100 / 3)
    assert done.json["unreadable"] == 1


def test_a_metric_of_another_package(run_page: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The package stands in the test: its F1 here is the share of words in common with the best reference."""

    class Tensor(list[float]):
        def numpy(self) -> Any:
            return np.array(self)

    def score(said: list[str], true: list[list[str]], *, model_type: str) -> tuple[Tensor, ...]:
        shares = [
            max(len(set(text.split()) & set(one.split())) / len(one.split()) for one in several)
            for text, several in zip(said, true, strict=True)
        ]
        return Tensor(), Tensor(), Tensor(shares)

    monkeypatch.setitem(sys.modules, "bert_score", types.SimpleNamespace(score=score))
    found = run_page("semantic_metric.py score", "--json").json["scores"]["bert_score"]
    assert found["value"] == pytest.approx(100 * (5 / 6 + 1 / 5) / 2)
    assert found["ci95"] is not None
    assert "bert_score|n:2|model:roberta-large|rescaled:no|" in found["signature"]
    monkeypatch.setitem(sys.modules, "bert_score", None)  # not installed
    done = run_page("semantic_metric.py score")
    assert (done.status, done.err.count("\n")) == (2, 1)
    assert "bert_score" in done.err


def test_model_and_leaderboard_to_the_end(run_page: Any, t5eval: Any, tmp_path: Path) -> None:
    done = run_page("evaluate --task examples/plugin/polite.toml")
    assert done.status == 0, done.err
    results = json.loads((tmp_path / "run" / "results.json").read_text())
    assert results["results"]["mine/polite"]["validation"]["scores"]["accuracy"]["value"] == 50
    assert results["model"] == {"always": "polite"}
    assert list(results["plugins"]) == [str(PLUGINS / "model.py")]
    done = run_page("submit mine", "--json")
    assert (done.status, done.json["status"], done.json["files"]) == (0, "valid", {"polite.csv": 3})
    with zipfile.ZipFile(tmp_path / "run" / "mine.zip") as packed:
        assert {name: packed.read(name) for name in packed.namelist()} == {"polite.csv": b"row;answer\n0;1\n1;1\n2;1\n"}
    done = run_page("check mine")
    assert (done.status, done.out) == (0, "valid\n")


def test_an_answer_with_classes_to_the_end(run_page: Any, tmp_path: Path) -> None:
    done = run_page("validate examples/plugin/letters.toml", "--json")
    assert (done.status, done.err) == (0, "")
    validation, _ = done.json["splits"]
    assert [(pair["targets"], pair["read_as"]) for pair in validation["pairs"]] == [
        ("B", "class 1, polite"),
        ("A", "class 0, rude"),
    ]
    assert validation["gold"] == {"accuracy": 100.0, "f1": 100.0}
    done = run_page("evaluate examples/plugin/letters.toml")
    assert done.status == 0, done.err
    done = run_page("submit letters", "--json")
    assert (done.status, done.json["status"], done.json["files"]) == (0, "valid", {"letters.csv": 3})
    with zipfile.ZipFile(tmp_path / "run-letters" / "letters.zip") as packed:
        assert packed.read("letters.csv") == b"row,answer\n0,1\n1,1\n2,1\n"
    done = run_page("check letters")
    assert (done.status, done.out) == (0, "valid\n")


@pytest.mark.parametrize(
    ("content", "faults"),
    [
        ("row;answer\n2;0\n0;1\n1;1\n", []),
        ("row;answer\n0;1\n1;1\n", [(None, "1 of 3 ids are missing: 2")]),
        ("row;answer\n0;1\n1;1\n1;0\n2;1\n", [(4, "id 1 comes again; it came first on line 3")]),
        ("row;answer\n0;1\n1;yes\n2;1\n", [(3, "label 'yes' is not one of 0, 1")]),
        ("row;answer\n0;1\n1;1\n2;1\nx;1\n", [(5, "id 'x' is none of the 3 of the data")]),
        ("row;answer\n0;1\n1,1\n2;1\n", [(None, "1 of 3 ids are missing: 1"), (3, "expected row;answer, got '1,1'")]),
        ("0;1\n1;1\n2;1\n", [(1, "expected the header 'row;answer', got '0;1'; the file has no header")]),
        ("row;answer\n0;1\n\n1;1\n2;1\n", [(3, "blank line")]),
        ("", [(None, "is empty")]),
    ],
)
def test_a_damaged_submission_is_refused(
    run_page: Any, tmp_path: Path, content: str, faults: list[tuple[int | None, str]]
) -> None:
    (tmp_path / "run").mkdir()
    with zipfile.ZipFile(tmp_path / "run" / "mine.zip", "w") as packed:
        packed.writestr("polite.csv", content)
    done = run_page("check mine", "--json")
    assert [(fault["line"], fault["message"]) for fault in done.json["faults"]] == faults
    assert done.status == (2 if faults else 0)


def test_tasks_in_python(run_page: Any, t5eval: Any, suite: Path) -> None:
    done = run_page("show mine/follows", "--json")
    assert done.json["text"] == {"kind": "fields", "prefix": "does it follow", "fields": ["sentence1", "sentence2"]}
    done = t5eval("examples", "mine/entails", "--split", "validation", "--data-dir", suite)
    assert json.loads(done.out.splitlines()[0])["inputs"].startswith("entailment sentence1: ")


def test_every_command_of_the_page_is_run_here() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    run = re.findall(r'run_page\("([^"]+)"', text)
    assert [line for line in COMMANDS if not any(words in line for words in run)] == []
