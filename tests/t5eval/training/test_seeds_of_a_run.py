"""Runs of one call that differ by their seeds: what they share, and that it changes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import t5eval
from t5eval.api.arguments import Silent
from t5eval.demo.demo import suite_folder
from tests.t5eval.tiny_t5 import write_tiny_t5

pytestmark = [pytest.mark.slow, pytest.mark.tensorflow]
NUMBERS = {"steps": 4, "batch_size": 4, "checkpoint_every": 2, "validate_limit": 2}


class Interrupted(Silent):
    """Is interrupted in the third step of the second training."""

    trainings = 0

    def __init__(self, steps: int) -> None:
        super().__init__(steps)
        Interrupted.trainings += 1

    def __call__(self, numbers: Any) -> None:
        if (Interrupted.trainings, numbers["step"]) == (2, 3):
            raise KeyboardInterrupt


def files(run: Path, *names: str) -> dict[str, bytes]:
    """The files in folders of a run, by their paths in it, with their bytes."""
    found = (path for name in names for path in (run / name).rglob("*") if path.is_file() and path.name != ".lock")
    return {path.relative_to(run).as_posix(): path.read_bytes() for path in found}


def test_records_of_tasks_are_prepared_once_and_each_seed_learns_what_it_does_alone(tmp_path: Path) -> None:
    """Those of text, whose noise depends on the seed, once for each; and so where the runs were interrupted."""
    model, text = write_tiny_t5(tmp_path / "tiny"), tmp_path / "text.txt"
    text.write_text("\n".join((suite_folder() / "glue/RTE/train.tsv").read_text(encoding="utf-8").split("\t")[:300]))
    run = {
        "model": model, "task": ["glue/rte", "text"], "data_dir": suite_folder(),
        "text": {"files": [str(text)], "objective": "deshuffle", "inputs": 16}, **NUMBERS,
    }  # fmt: skip
    out = tmp_path / "several"
    with pytest.raises(KeyboardInterrupt):
        t5eval.train_seeds(seeds=[0, 1], out=out, display=Interrupted, **run)
    assert not (out / "seed-1" / "model").exists()
    several = t5eval.train_seeds(seeds=[0, 1], out=out, **run)
    assert [one.result.first_step for one in several.runs.values()] == [4, 3]
    assert [(out / f"seed-{seed}" / "prepared").exists() for seed in (0, 1)] == [True, False]
    for seed in (0, 1):
        alone = tmp_path / f"alone-{seed}"
        t5eval.train(out=alone, seed=seed, **run)
        made = files(alone, "model", "prepared_text")
        assert len(made) > 4
        assert files(out / f"seed-{seed}", "model", "prepared_text") == made
        assert files(out / "seed-0", "prepared") == files(alone, "prepared")
    texts = [files(out / f"seed-{seed}", "prepared_text/records") for seed in (0, 1)]
    assert texts[0].keys() == texts[1].keys()
    assert texts[0] != texts[1]
