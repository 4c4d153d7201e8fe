"""Plugins: they work, are recorded, and take no name that is there."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from t5eval.support.plugin_record import LOADED
from tests.commands.conftest import PLUGINS


@pytest.fixture(autouse=True)
def _forgotten(forget_plugins: Any) -> None:
    """Takes away again what a test registers."""


def test_all_kinds_work_together(evaluate_stars: Any, tmp_path: Path) -> None:
    done = evaluate_stars()
    assert done.status == 0, done.err
    results = json.loads((tmp_path / "run" / "results.json").read_text())
    # Five, one and four stars, always answered by four: two are at most one star away.
    assert results["results"]["mine/stars"]["validation"]["scores"]["within_one"]["value"] == pytest.approx(200 / 3)
    assert results["plugins"] == LOADED
    assert LOADED[str(tmp_path / "metric.py")] == hashlib.sha256((PLUGINS / "metric.py").read_bytes()).hexdigest()
    assert evaluate_stars().status == 0  # resumed


def test_a_repetition_without_the_plugins_names_them(
    evaluate_stars: Any, t5eval: Any, tmp_path: Path, forget_plugins: Any
) -> None:
    assert evaluate_stars().status == 0
    forget_plugins()
    done = t5eval("rerun", tmp_path / "run")
    assert done.status == 2
    assert "The run was made with plugins that are not loaded: " in done.err
    assert str(tmp_path / "source.py") in done.err


def test_a_changed_plugin_does_not_resume(evaluate_stars: Any) -> None:
    assert evaluate_stars().status == 0
    done = evaluate_stars('f"{self.question} ', 'f"{self.question}: ', "text_format")
    assert done.status == 2
    assert "were made with another specification" in done.err


def test_a_plugin_that_runs_out_of_memory_gets_smaller_batches(evaluate_stars: Any) -> None:
    done = evaluate_stars(
        "return [Generation", "if len(batch) > 1: raise MemoryError\n        return [Generation", "model"
    )
    assert done.status == 0, done.err
    assert "memory" in done.err


@pytest.mark.parametrize(
    ("name", "kind"),
    [("glue/rte", "a task"), ("glue_rte_v002", "a task"), ("glue", "a benchmark"), ("all_equal", "a mixture")],
)
def test_a_task_file_with_a_name_that_is_there(t5eval: Any, tmp_path: Path, name: str, kind: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text((PLUGINS / "polite.toml").read_text().replace("mine/polite", name))
    message = f"t5eval: {path}: {name!r} is already the name of {kind}; choose another\n"
    for command in (
        ["show", path],
        ["score", path, "--split", "validation", "--data-dir", PLUGINS / "data", "--predictions", "p.txt"],
        ["evaluate", "--task", path, "--model", "m", "--data-dir", PLUGINS / "data", "--out", tmp_path / "run"],
    ):
        done = t5eval(*command)
        assert (done.status, done.err) == (2, message)


def test_processes_that_prepare_have_the_plugins(t5eval: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The records are those of one process."""
    from t5eval.support import processes

    monkeypatch.setattr(processes, "SECONDS_BEFORE_PROCESSES", 0)
    (tmp_path / "mine").mkdir()
    rows = [f"sentence {number},{number % 5 + 1}" for number in range(50)]
    (tmp_path / "mine" / "train.csv").write_text("\n".join(["text,stars", *rows]))
    task = (PLUGINS / "stars.toml").read_text().replace("validation", "train").replace("dev.csv", "train.csv")
    (tmp_path / "stars.toml").write_text(task.replace("train = 3", "train = 50"))
    options: list[str | Path] = []
    for name in ("source", "text_format", "answer_parser", "metric"):
        options += ["--plugin", PLUGINS / f"{name}.py"]
    made = []
    for workers in ("1", "2"):
        done = t5eval(
            *options, "prepare", "--task", tmp_path / "stars.toml", "--data-dir", tmp_path, "--vocab", "bytes",
            "--out", tmp_path / workers, "--workers", workers,
        )  # fmt: skip
        assert done.status == 0, done.err
        made.append({path.name: path.read_bytes() for path in (tmp_path / workers).rglob("*") if path.is_file()})
    assert made[0] == made[1]
