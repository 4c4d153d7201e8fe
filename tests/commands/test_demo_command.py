"""demo: the whole job, as a newcomer runs it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest


@pytest.mark.slow
def test_the_demo_learns_scores_and_writes_a_submission(t5eval_process: Any, t5eval: Any, tmp_path: Path) -> None:
    from t5eval.demo.run import suite_folder

    done = t5eval_process("demo", "--out", tmp_path / "run")
    assert done.status == 0, done.err
    found = re.search(r"(\d+) of 11 tasks are better than always giving the commonest answer", done.out)
    assert found
    assert int(found.group(1)) >= 3
    assert "valid for this data, not for the leaderboard" in done.out
    checked = t5eval("check", "glue", tmp_path / "run" / "submissions" / "glue.zip", "--data-dir", suite_folder())
    assert checked.status == 0
    for name in ("config.toml", "results.json", "model/model.safetensors", "predictions/glue/rte/test.jsonl"):
        assert (tmp_path / "run" / name).is_file()
