"""Plugins: they work, and what is said of those that break a contract."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from t5eval import plugin_loading
from t5eval.plugin_record import LOADED

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "plugin"


@pytest.fixture(autouse=True)
def _forgotten(forget_plugins: Any) -> None:
    """Takes away again what a test registers."""


@pytest.fixture
def evaluate(t5eval: Any, tmp_path: Path, forget_plugins: Any) -> Any:
    """Evaluates the examples' task of stars, with a piece of one of the plugins replaced."""

    def call(old: str = "", new: str = "") -> Any:
        forget_plugins()
        options: list[str | Path] = []
        for name in ("source", "text_format", "answer_parser", "metric", "model"):
            code = (EXAMPLE / f"{name}.py").read_text()
            (tmp_path / f"{name}.py").write_text(code.replace(old, new) if old else code)
            options += ["--plugin", tmp_path / f"{name}.py"]
        assert not old or any(old in (EXAMPLE / path.name).read_text() for path in tmp_path.glob("*.py"))
        return t5eval(
            *options, "evaluate", "--task", EXAMPLE / "stars.toml", "--model", "always:4 stars",
            "--data-dir", EXAMPLE / "data", "--out", tmp_path / "run",
        )  # fmt: skip

    return call


def test_all_kinds_work_together(evaluate: Any, tmp_path: Path) -> None:
    done = evaluate()
    assert done.status == 0, done.err
    results = json.loads((tmp_path / "run" / "results.json").read_text())
    # Five, one and four stars, always answered by four: two are at most one star away.
    assert results["results"]["mine/stars"]["validation"]["scores"]["within_one"]["value"] == pytest.approx(200 / 3)
    assert results["plugins"] == LOADED
    assert LOADED[str(tmp_path / "metric.py")] == hashlib.sha256((EXAMPLE / "metric.py").read_bytes()).hexdigest()
    assert evaluate().status == 0  # resumed


def test_a_changed_plugin_does_not_resume(evaluate: Any) -> None:
    assert evaluate().status == 0
    done = evaluate('f"{self.question} ', 'f"{self.question}: ')
    assert done.status == 2
    assert "were made with another specification" in done.err


HEAD = "from t5eval.plugins import *\nfrom t5eval.plugins import register, register_model\nimport numpy as np\n"
CLASS = HEAD + "@register\n@dataclass(frozen=True)\nclass X:\n    kind = {kind!r}\n"
METRIC = HEAD + "class M(Metric):\n    name = {name!r}\n    def statistics(self, batch): return 0\n"
METRIC += "    def aggregate(self, totals): return 0\nregister(M)\n"


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("import absent_module\n", "ModuleNotFoundError: No module named 'absent_module' (line 1)"),
        ("x = 1\n\n1 / 0\n", "ZeroDivisionError: division by zero (line 3)"),
        ("def f(:\n", "SyntaxError: invalid syntax"),
        ("x = 1\n", "it registers nothing; call t5eval.plugins.register"),
        (HEAD + "register(3)\n", "'3' is nothing that can be registered: a Metric, a TaskSpec"),
        (METRIC.format(name="accuracy"), "metric 'accuracy' is already there; give M another name (line 8)"),
        (CLASS.format(kind="label") + "    parse = target = 0\n", "answer kind 'label' is already there"),
        (CLASS.format(kind="mine") + "    parse = target = 0\n", "answer X has no choices, gold, which its contract"),
        (CLASS.format(kind="fields") + "    pairs = 0\n", "text kind 'fields' is already there; give X another `kind`"),
        (HEAD + "@register\nclass X(FileSource): pass\n", "source X has no kind; set the class attribute `kind`"),
        (HEAD + "register_model('hf:', print)\n", "the prefix 'hf:' is already there; choose another"),
        (HEAD + "register_model('mine', print)\n", "a model's prefix is a word and a colon"),
        (HEAD + "register(leaderboards.get('glue'))\n", "leaderboard 'glue' is already there"),
        (
            HEAD + "import task_specs\nregister(task_specs.get('glue/rte'))\n",
            "two tasks are called 'glue/rte': glue/rte and glue/rte; rename one",
        ),
    ],
)
def test_what_a_broken_plugin_is_told(t5eval: Any, tmp_path: Path, code: str, message: str) -> None:
    before = [dict(table) for table in plugin_loading.TABLES]
    (tmp_path / "mine.py").write_text(code)
    done = t5eval("--plugin", tmp_path / "mine.py", "tasks")
    assert done.status == 2
    assert done.err.startswith(f"t5eval: plugin {tmp_path / 'mine.py'}: ")
    assert message in done.err
    assert [dict(table) for table in plugin_loading.TABLES] == before


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("axis=1).astype(float)", "axis=1).sum()", "statistics must have shape [examples, numbers], got ()"),
        ("totals[..., 0] / totals[..., 1]", "totals", "'within_one': aggregate must turn shape (2,) into (), got"),
        ("return 100 *", "return 1 / 0 *", "metric 'within_one': aggregate raises ZeroDivisionError: division by zero"),
        ("number = text.", "number = text.absent.", "answer 'mine_stars': parse of '4 stars' raises AttributeError"),
        ('return Answer(None, -1, f"no number of stars: {text!r}")', "return None", ""),
        ("return Answer(int(number), int(number))", "return 4", "must return a task_specs.Answer, got int"),
        ("Example(str(number),", "Example('0',", "source 'mine_csv' gives the id '0' twice, or it is no text"),
        ("yield Example(str(number),", "yield (number,", "source 'mine_csv' must yield task_specs.Example, got tuple"),
        ('row["stars"]', 'row["star"]', "source 'mine_csv' fails after 0 examples: KeyError: 'star'"),
        ('{"sentence": row', '{"words": row', "example 0 lacks the features sentence"),
        ('return {"always": self.text}', "return {1: 2}", "the identity of its Always must map strings"),
        ("    def generate(", "    def generates(", "model always:: it raises TypeError: Can't instantiate abstract"),
    ],
)  # fmt: skip
def test_what_is_said_while_it_works(evaluate: Any, old: str, new: str, message: str) -> None:
    done = evaluate(old, new)
    assert done.status == (2 if message else 0)
    assert message in done.err
    assert "Traceback" not in done.err
