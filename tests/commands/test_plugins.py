"""Plugins: the example's commands as the documentation has them, and what is said of those that break a contract."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from t5eval import plugin_loading
from t5eval.plugin_record import LOADED
from task_specs import registry

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "plugin"


@pytest.fixture(autouse=True)
def unregistered() -> Iterator[None]:
    """Takes away again what a test registers."""
    before = [dict(table) for table in plugin_loading.TABLES]
    yield
    for table, old in zip(plugin_loading.TABLES, before, strict=True):
        table.clear()
        table.update(old)
    LOADED.clear()
    registry._known.cache_clear()


def test_the_example_runs_as_the_page_shows(t5eval: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
    (line,) = [line for line in page.splitlines() if line.startswith("t5eval --plugin")]
    monkeypatch.chdir(ROOT)
    arguments = [str(tmp_path / "run") if word == "RUN" else word for word in shlex.split(line)[1:]]
    done = t5eval(*arguments)
    assert done.status == 0, done.err
    results = json.loads((tmp_path / "run" / "results.json").read_text())
    # Five, one and four stars, always answered by four: two are at most one star away.
    assert results["results"]["mine/polite"]["validation"]["scores"]["within_one"]["value"] == pytest.approx(200 / 3)
    assert list(results["plugins"]) == [str(EXAMPLE / "polite.py")]
    assert results["plugins"] == LOADED
    assert t5eval(*arguments).status == 0  # resumed


def test_a_changed_plugin_does_not_resume(t5eval: Any, tmp_path: Path) -> None:
    own = tmp_path / "polite.py"
    own.write_text((EXAMPLE / "polite.py").read_text())
    arguments = [
        "--plugin", own, "evaluate", "--task", EXAMPLE / "polite.toml", "--model", "always:4 stars",
        "--data-dir", EXAMPLE / "data", "--out", tmp_path / "run",
    ]  # fmt: skip
    assert t5eval(*arguments).status == 0
    unregister()
    own.write_text(own.read_text().replace('f"{self.question} ', 'f"{self.question}: '))
    done = t5eval(*arguments)
    assert done.status == 2
    assert "were made with another specification" in done.err


def unregister() -> None:
    """As a new process would have it."""
    plugin_loading.KINDS["source"].pop("mine_csv")
    plugin_loading.KINDS["text"].pop("mine_question")
    plugin_loading.KINDS["answer"].pop("mine_stars")
    plugin_loading.metric_registry._METRICS.pop(("within_one", ""))
    plugin_loading.opening.OPENERS.pop("always:")
    LOADED.clear()


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
        ("Example(str(row),", "Example('0',", "source 'mine_csv' gives the id '0' twice, or it is no text"),
        ("yield Example(str(row),", "yield (str(row),", "source 'mine_csv' must yield task_specs.Example, got tuple"),
        ('line["stars"]', 'line["star"]', "source 'mine_csv' fails after 0 examples: KeyError: 'star'"),
        ('{"sentence": line', '{"words": line', "example 0 lacks the features sentence"),
        ('return {"always": self.text}', "return {1: 2}", "the identity of its Always must map strings"),
        ("    def generate(", "    def generates(", "model always:: it raises TypeError: Can't instantiate abstract"),
    ],
)  # fmt: skip
def test_what_is_said_while_it_works(t5eval: Any, tmp_path: Path, old: str, new: str, message: str) -> None:
    code = (EXAMPLE / "polite.py").read_text()
    assert old in code
    (tmp_path / "polite.py").write_text(code.replace(old, new))
    done = t5eval(
        "--plugin", tmp_path / "polite.py", "evaluate", "--task", EXAMPLE / "polite.toml", "--model", "always:4 stars",
        "--data-dir", EXAMPLE / "data", "--out", tmp_path / "run",
    )  # fmt: skip
    assert done.status == (2 if message else 0)
    assert message in done.err
    assert "Traceback" not in done.err
