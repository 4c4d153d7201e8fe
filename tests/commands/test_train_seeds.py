"""`t5eval train --seeds`: the same run once for each seed. Nothing is trained here: other tests do."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from keras_model.data.layouts import Filling
from t5eval.api import train as api
from t5eval.training.config import TrainConfig


@pytest.fixture
def configs(monkeypatch: pytest.MonkeyPatch) -> list[TrainConfig]:
    """The configurations that are trained; the score is 60 plus the seed."""
    asked: list[TrainConfig] = []

    def trained(config: TrainConfig, display: Any) -> Any:
        asked.append(config)
        seed = config.settings.seed
        scores = {1: {"glue/rte": 0.0}, 2: {"glue/rte": 60.0 + seed, "text loss": 2.3 + seed / 1000}}
        return SimpleNamespace(
            model=Path(config.out) / "model", steps=config.settings.steps, first_step=0, loss=1.0, seconds=2.0,
            filling=Filling(), tokens=0, scores=scores, best={},
        )  # fmt: skip

    monkeypatch.setattr(api, "_train", trained)
    return asked


GIVEN = ("--preset", "byt5-small", "--vocab", "bytes", "--task", "glue/rte", "--steps", "2")


def test_each_seed_is_a_run_in_a_folder_of_its_own(
    t5eval: Any, configs: list[TrainConfig], suite: Path, tmp_path: Path
) -> None:
    where = ("--data-dir", suite, "--out", tmp_path / "runs")
    done = t5eval("train", *GIVEN, *where, "--seeds", "0", "1", "5")
    assert done.status == 0, done.err
    assert [config.settings.seed for config in configs] == [0, 1, 5]
    assert [config.out for config in configs] == [str(tmp_path / "runs" / f"seed-{seed}") for seed in (0, 1, 5)]
    of_a_run = ("seed", "out", "prepared")
    tables = [{k: v for k, v in config.to_table().items() if k not in of_a_run} for config in configs]
    assert tables[0] == tables[1] == tables[2]
    first = str(tmp_path / "runs" / "seed-0" / "prepared")
    assert [config.prepared for config in configs] == [None, first, first]
    lines = done.out.splitlines()
    assert [line for line in lines if line.startswith("seed ")] == ["seed 0", "seed 1", "seed 5"]
    assert lines[-2:] == [
        "glue/rte validation over 3 seeds: 62.00 ± 2.65, 60.00 to 65.00",
        "text loss validation over 3 seeds: 2.3020 ± 0.0026, 2.3000 to 2.3050",
    ]
    document = t5eval("train", *GIVEN, *where, "--seeds", "0", "1", "5", "--json").json
    assert [*document["seeds"]] == ["0", "1", "5"]
    assert document["scores"]["glue/rte"] == {
        "mean": 62, "deviation": pytest.approx(7**0.5), "n": 3, "minimum": 60, "maximum": 65
    }  # fmt: skip


def test_seeds_read_the_folder_that_is_named(
    t5eval: Any, configs: list[TrainConfig], suite: Path, tmp_path: Path
) -> None:
    where = ("--data-dir", suite, "--out", tmp_path / "runs", "--prepared", "made")
    assert t5eval("train", *GIVEN, *where, "--seeds", "0", "1").status == 0
    assert [config.prepared for config in configs] == ["made", "made"]


def test_the_model_before_is_gone_when_the_next_one_is_made(
    monkeypatch: pytest.MonkeyPatch, suite: Path, tmp_path: Path
) -> None:
    """Two would need twice the memory of a device."""

    class Model:
        def __init__(self) -> None:
            self.itself = self  # as Keras' models are

    made: list[weakref.ref[Model]] = []

    def trained(config: TrainConfig, display: Any) -> Any:
        assert [model() for model in made] == [None] * config.settings.seed
        made.append(weakref.ref(Model()))
        return SimpleNamespace(scores={})

    monkeypatch.setattr(api, "_train", trained)
    gc.disable()
    try:
        found = api.train_seeds(
            seeds=[0, 1, 2], task="glue/rte", preset="byt5-small", vocab="bytes", data_dir=suite, out=tmp_path
        )
    finally:
        gc.enable()
    assert len(made) == len(found.runs) == 3


@pytest.mark.parametrize(
    ("seeds", "message"),
    [
        (["0", "1", "--seed", "2"], "there are both a seed and seeds"),
        (["1", "1"], "seeds are different whole numbers, got 1, 1"),
        (["1", "-1"], "seed must not be negative"),
    ],
)
def test_seeds_that_cannot_be_are_refused_before_any_training(
    t5eval: Any, configs: list[TrainConfig], suite: Path, tmp_path: Path, seeds: list[str], message: str
) -> None:
    seeds = [part for seed in seeds for part in ("--seeds", seed)] if "-1" in seeds else ["--seeds", *seeds]
    done = t5eval("train", *GIVEN, "--data-dir", suite, "--out", tmp_path / "runs", *seeds)
    assert (done.status, done.out, configs) == (2, "", [])
    assert message in done.err
