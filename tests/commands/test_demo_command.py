"""demo: the whole job, as a newcomer runs it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from t5eval.demo.demo import EVALUATED_ON, suite_folder
from t5eval.demo.demo_submissions import FILES


@pytest.mark.slow
@pytest.mark.tensorflow
def test_the_demo_learns_scores_and_writes_every_submission(t5eval_process: Any, t5eval: Any, tmp_path: Path) -> None:
    run = tmp_path / "run"
    done = t5eval_process("demo", "--out", run)
    assert done.status == 0, done.err
    rows = re.findall(r"^ (\S+) +(?:validation|test) +\d+ +([\d.]+|-) +([\d.]+|-) +(better|-) +\d+ *$", done.out, re.M)
    assert [task for task, *_ in rows] == list(EVALUATED_ON)
    better = sum(verdict == "better" for *_, verdict in rows)
    assert f"{better} of {len(rows)} tasks are better than always giving the commonest answer" in done.out
    # Far fewer than it learns, since training on several threads is not the same twice.
    margins = {
        task: float(score) - float(commonest) for task, score, commonest, _ in rows if "-" not in (score, commonest)
    }
    assert sum(margin > 10 for task, margin in margins.items() if task.startswith("glue/")) >= 5
    assert any(margins[task] > 10 for task in ("squad/v1.1", "super_glue/record", "wmt14/en-de"))
    assert max(map(len, done.out.splitlines()[:-1])) <= 80
    made = ("config.toml", "results.json", "model/model.safetensors", "predictions/glue/rte/test.jsonl")
    for name in (*made, "report.md", "report.html"):
        assert (run / name).is_file()
    for leaderboard, file in FILES.items():
        assert f"submissions/{file}: valid for this data, not for the leaderboard" in done.out
        checked = t5eval("check", leaderboard, run / "submissions" / file, "--data-dir", suite_folder())
        assert checked.status == 0, checked.out
