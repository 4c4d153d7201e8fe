"""Plugins: they work, are recorded, and take no name that is there."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from t5eval.plugin_record import LOADED
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
