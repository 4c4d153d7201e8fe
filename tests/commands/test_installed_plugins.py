"""Plugins that installed packages offer: small distributions in a folder of their own, as pip would leave them."""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from t5eval.plugins import installed
from t5eval.plugins import loader as plugin_loading
from t5eval.support.plugin_record import LOADED
from tests.commands.conftest import PLUGINS

STARS = ("source.py", "text_format.py", "answer_parser.py", "metric.py", "model.py")
Install = Callable[..., Path]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, forget_plugins: Any) -> Iterator[Install]:
    """Returns what installs a package of one module, with an entry point; all is undone after the test."""
    site = tmp_path / "site"
    site.mkdir()
    made: list[str] = []

    def call(code: str | None, target: str = "mine_t5eval", group: str = "t5eval.plugins", name: str = "mine") -> Path:
        module = site / f"{name}_t5eval.py"
        if code is not None:
            module.write_text(code, encoding="utf-8")
        made.append(f"{name}_t5eval")
        about = site / f"{name}_t5eval-1.2.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}-t5eval\nVersion: 1.2\n")
        (about / "entry_points.txt").write_text(f"[{group}]\n{name} = {target}\n")
        importlib.invalidate_caches()
        installed.entry_points.cache_clear()
        return module

    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(site), os.environ.get("PYTHONPATH", "")]))
    yield call
    for name in made:
        sys.modules.pop(name, None)


def test_a_package_offers_what_a_file_does(t5eval_process: Any, install: Install, tmp_path: Path) -> None:
    module = install("\n".join((PLUGINS / name).read_text() for name in STARS))
    arguments = ["--task", PLUGINS / "stars.toml", "--model", "always:4 stars", "--data-dir", PLUGINS / "data"]
    done = t5eval_process("evaluate", *arguments, "--out", tmp_path / "run")
    assert done.status == 0, done.err
    results = json.loads((tmp_path / "run" / "results.json").read_text())
    assert results["results"]["mine/stars"]["validation"]["scores"]["within_one"]["value"] == pytest.approx(200 / 3)
    recorded = {"mine-t5eval 1.2: mine_t5eval": hashlib.sha256(module.read_bytes()).hexdigest()}
    assert results["plugins"] == recorded
    again = t5eval_process("rerun", tmp_path / "run", "--data-dir", PLUGINS / "data", "--out", tmp_path / "again")
    assert again.out.splitlines()[-1].startswith("equal"), again.out + again.err
    assert "plugins" not in again.out
    module.write_text(module.read_text().replace('f"{self.question} ', 'f"{self.question}: '))
    done = t5eval_process("evaluate", *arguments, "--out", tmp_path / "run")
    assert done.status == 2
    assert "were made with another specification" in done.err


TASK = """
from dataclasses import replace
import task_specs
from t5eval.plugins.registration import register
register(replace(task_specs.get("glue/rte"), name="mine/rte", aliases=("mine_v001",), benchmark="mine"))
"""


def test_nothing_is_imported_before_it_is_needed(t5eval: Any, install: Install, suite: Path, tmp_path: Path) -> None:
    install("raise SystemExit('this was run')")
    (tmp_path / "p.txt").write_text("entailment\n" * 80)
    score = ["--split", "validation", "--data-dir", suite, "--predictions", tmp_path / "p.txt"]
    for arguments in (["--help"], ["show", "glue/rte"], ["score", "glue/rte", *score]):
        done = t5eval(*arguments)
        assert done.status == 0
        assert "plugin" not in done.err
    assert plugin_loading._installed == {}


def test_a_task_is_found_and_listed(t5eval: Any, install: Install) -> None:
    install(TASK)
    assert t5eval("show", "mine_v001", "--json").json["name"] == "mine/rte"
    assert t5eval("tasks", "--json").json[-1]["name"] == "mine/rte"
    assert "Did you mean 'mine/rte'" in t5eval("show", "mine/rtr").err
    assert "ok       plugin           mine-t5eval 1.2: mine_t5eval" in [
        f"{finding.state:8} {finding.name:16} {finding.found}" for finding in doctor_findings()
    ]


def doctor_findings() -> Any:
    from t5eval.api.doctor.machine import check_plugins

    return check_plugins()


BROKEN = {
    "absent": (None, "mine_t5eval", "there is no module mine_t5eval"),
    "an object": (TASK, "mine_t5eval:x", "its entry point is mine_t5eval:x; it must name a module alone"),
    "nothing": ("x = 1", "mine_t5eval", "it registers nothing; call t5eval.register"),
    "import": ("\nimport absent", "mine_t5eval", "ModuleNotFoundError: No module named 'absent' (line 2)"),
    "syntax": ("def f(:", "mine_t5eval", "SyntaxError: invalid syntax (mine_t5eval.py, line 1)"),
    "exit": ("raise SystemExit(3)", "mine_t5eval", "SystemExit: 3 (line 1)"),
    "taken": (
        TASK.replace("mine/rte", "glue/rte"),
        "mine_t5eval",
        "task glue/rte: 'glue/rte' is already the name of a task",
    ),
    "no contract": (TASK + "register(3)", "mine_t5eval", "'3' is nothing that can be registered: a Metric"),
}


@pytest.mark.parametrize(("code", "target", "reason"), BROKEN.values(), ids=BROKEN)
def test_a_broken_package_is_named_where_it_might_be_meant(
    t5eval: Any, install: Install, code: str | None, target: str, reason: str
) -> None:
    install(code, target)
    before = [dict(table) for table in plugin_loading.TABLES]
    done = t5eval("show", "mine/rte")
    line = f"plugin mine-t5eval 1.2: mine_t5eval: {reason}"
    assert done.status == 2
    assert done.err.startswith(f"t5eval: no task 'mine/rte', unless an installed plugin has it that is broken: {line}")
    assert done.err.count("\n") == 1
    assert [dict(table) for table in plugin_loading.TABLES] == before
    assert t5eval("show", "glue/rte").status == 0  # the built-in tasks do not suffer
    listing = t5eval("tasks")
    assert listing.status == 0
    assert listing.err.startswith(f"warning: {line}")
    assert [finding.state for finding in doctor_findings()] == ["warning"]


def test_a_sound_package_does_not_suffer_from_a_broken_one(t5eval: Any, install: Install) -> None:
    install("1 / 0", "bad_t5eval", name="bad")
    install(TASK)
    assert t5eval("show", "mine/rte").status == 0
    assert list(LOADED) == ["mine-t5eval 1.2: mine_t5eval"]


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["check", "mine", "file.zip"], "no leaderboard 'mine'"),
        (
            ["score", "mine.toml", "--split", "validation", "--predictions", "p.txt"],
            "mine.toml: no source of kind 'mine'",
        ),
        (["evaluate", "--task", "glue/rte", "--model", "mine:x", "--out", "RUN"], "no prefix for --model mine:x"),
    ],
)
def test_all_kinds_are_looked_for(
    t5eval: Any, install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suite: Path,
    arguments: list[str], what: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("T5EVAL_DATA_DIR", str(suite))
    (tmp_path / "mine.toml").write_text((PLUGINS / "stars.toml").read_text().replace("mine_csv", "mine"))
    install("1 / 0")
    done = t5eval(*arguments)
    assert done.status == 2
    assert done.err.startswith(f"t5eval: {what}, unless")


def test_a_metric_that_is_nowhere_is_said_before_predicting(t5eval: Any, install: Install, tmp_path: Path) -> None:
    row = (PLUGINS / "stars.toml").read_text().replace("within_one", "within_two")
    (tmp_path / "stars.toml").write_text(row)
    install("\n".join((PLUGINS / name).read_text() for name in STARS))
    done = t5eval(
        "evaluate", "--task", tmp_path / "stars.toml", "--model", "always:1",
        "--data-dir", PLUGINS / "data", "--out", tmp_path / "run",
    )  # fmt: skip
    assert done.status == 2
    assert "unknown metric 'within_two'. Did you mean 'within_one'" in done.err
    assert not (tmp_path / "run").exists()


def test_a_packages_hash_is_of_all_its_modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "spacious" / "mine_several"
    (package / "inner").mkdir(parents=True)
    for name in ("__init__.py", "inner/__init__.py", "inner/code.py"):
        (package / name).write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    place, first = plugin_loading._code_of("spacious.mine_several.inner")
    assert place == package
    (package / "inner" / "code.py").write_text("x = 1")
    assert plugin_loading._code_of("spacious.mine_several.inner")[1] != first
