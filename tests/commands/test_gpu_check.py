"""The check of a device, on a CPU: its table, and that it is what a process with the CPU alone computes."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from tests.forked import Forks

ROOT = Path(__file__).resolve().parents[2]
SMALL = ["--batch-size", "4", "--source", "12", "--target", "6", "--steps", "1", "--times", "1"]


@pytest.mark.slow
@pytest.mark.tensorflow
def test_the_table(tmp_path: Path, tensorflow_forks: Forks) -> None:
    from tests.t5eval.tiny_t5 import write_tiny_t5

    model = write_tiny_t5(tmp_path / "tiny")
    command = [ROOT / "examples/gpu_check.py", "--model", model, *SMALL, "--out", tmp_path / "table.md"]
    done = tensorflow_forks.run(command)
    assert done.returncode == 0, done.stderr.decode()[-3000:]
    table = (tmp_path / "table.md").read_text()
    assert done.stdout.decode().endswith(table)
    title, _, *rows = table.splitlines()
    assert re.fullmatch(r"\| tiny, float32 \| 1 x CPU, TensorFlow [\d.]+, strategy none \|", title)
    names = [row.split(" | ")[0].removeprefix("| ") for row in rows]
    assert names == [
        "training, 4 x (12 + 6) tokens", "greedy, 6 new tokens", "beam 4, 6 new tokens", "peak of memory",
        "logits, largest difference / standard deviation", "loss of a step, relative",
        "norm of its gradient, relative", "its update, relative", "greedy answers that are equal",
    ]  # fmt: skip
    assert rows[-1] == "| greedy answers that are equal | 1 (at least 1) |"
    assert re.search(r"\| \d+\.\d\d GB \(computed for a step: \d+\.\d\d GB\) \|", rows[3])


def test_a_difference_beyond_its_bound_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "examples"))
    import gpu_check

    rng = np.random.default_rng(0)
    there = {
        "logits": rng.standard_normal((2, 3, 5)), "update": rng.standard_normal(9),
        "answers": np.array([[3, 1], [4, 1]]), "loss": np.array(2.0), "gradient_norm": np.array(1.5),
    }  # fmt: skip
    assert all(kept for *_, kept in gpu_check.compared(there, there, "CPU"))
    for name, change, told in (
        ("logits", 1e-2, "logits"), ("loss", 0.1, "loss"), ("gradient_norm", 0.1, "norm"), ("update", 0.5, "update"),
        ("answers", 1, "answers"),
    ):  # fmt: skip
        wrong = [row for row in gpu_check.compared({**there, name: there[name] + change}, there, "GPU") if not row[3]]
        assert len(wrong) == 1, name
        assert told in wrong[0][0]
