"""Which runs differ by their seeds alone, and how their scores spread."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t5eval.runs.folder import write_config
from t5eval.runs.seed_groups import Spread, seed_groups, within_two_deviations

STEPS = (("half", "checkpoints/step-00000005"), ("whole", "checkpoints/step-00000010"))


def trained(folder: Path, **settings: Any) -> Path:
    write_config(folder, "train", {"task": ["glue/rte"], "steps": 5, "out": str(folder), **settings})
    return folder


def names(runs: list[Path]) -> list[list[str]]:
    return [[run.name for run in group.runs] for group in seed_groups(runs)]


def test_runs_are_grouped_by_all_but_seed_and_folder(tmp_path: Path) -> None:
    def text(seed: int) -> dict[str, Any]:
        return {"files": ["text.txt"], "prepared": f"text{seed}"}  # which a seed of its own has

    runs = [trained(tmp_path / f"a{seed}", seed=seed, learning_rate=0.1, text=text(seed)) for seed in (0, 1)]
    runs.append(trained(tmp_path / "b0", seed=0, learning_rate=0.2, text=text(0)))
    runs.append(trained(tmp_path / "a2", seed=2, learning_rate=0.1, prepared="elsewhere", wandb="mine", text=text(2)))
    found = seed_groups(runs)
    assert names(runs) == [["a0", "a1", "a2"], ["b0"]]
    assert [group.seeds for group in found] == [(0, 1, 2), (0,)]
    assert found[0].name == f"{runs[0]} and 2 more"


def test_what_a_run_started_from_counts_and_not_its_seed(tmp_path: Path) -> None:
    for name, seed, steps in (("p0", 0, 10), ("p1", 1, 10), ("q0", 0, 20)):
        trained(tmp_path / name, seed=seed, steps=steps)
    runs = [
        trained(tmp_path / f"after {name}", seed=seed, model=str(tmp_path / name / "model"))
        for name, seed in (("p0", 0), ("p1", 1), ("q0", 0))
    ]
    assert names(runs) == [["after p0", "after p1"], ["after q0"]]


@pytest.mark.parametrize("model", ["best:{}", "{}/model", "{}/checkpoints/step-00000005"])
def test_an_evaluation_elsewhere_is_of_the_training(tmp_path: Path, model: str) -> None:
    runs = []
    for seed in (0, 1):
        trained(tmp_path / f"t{seed}", seed=seed)
        runs.append(tmp_path / f"e{seed}")
        evaluated = {"model": model.format(tmp_path / f"t{seed}"), "task": ["glue/rte"]}
        write_config(runs[-1], "evaluate", evaluated)
    (group,) = seed_groups(runs)
    assert group.seeds == (0, 1)


def evaluated(folder: Path, model: str) -> Path:
    write_config(folder, "evaluate", {"model": model, "task": ["glue/rte"]})
    return folder


def test_checkpoints_of_a_training_are_no_seeds_of_it(tmp_path: Path) -> None:
    """They were one group, whose mean and deviation were over the steps of one run."""
    runs = []
    for seed in (0, 1):
        run = trained(tmp_path / f"t{seed}", seed=seed)
        for name, which in (*STEPS, ("end", "model")):
            runs.append(evaluated(tmp_path / f"{name}{seed}", str(run / which)))
        runs.append(evaluated(tmp_path / f"best{seed}", f"best:{run}"))
    assert names(runs) == [["half0", "half1"], ["whole0", "whole1"], ["end0", "end1"], ["best0", "best1"]]
    starts = ("t0/model", "t1/model", "t1/checkpoints/step-00000005")
    tuned = [trained(tmp_path / f"tuned{place}", seed=0, model=str(tmp_path / s)) for place, s in enumerate(starts)]
    assert names(tuned) == [["tuned0", "tuned1"], ["tuned2"]]


def test_a_run_that_is_there_again_is_no_further_seed(tmp_path: Path) -> None:
    """As one whose evaluation was done on two machines: its deviation would be 0."""
    for seed in (0, 1):
        trained(tmp_path / f"t{seed}", seed=seed)
    runs = [evaluated(tmp_path / f"{name}{seed}", f"best:{tmp_path / f't{seed}'}") for name in "ab" for seed in (0, 1)]
    assert names(runs) == [["a0", "a1"], ["b0", "b1"]]
    assert names([runs[0], runs[2]]) == [["a0"], ["b0"]]


def test_runs_without_a_record_stand_alone(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).mkdir()
    assert names([tmp_path / "a", tmp_path / "b"]) == [["a"], ["b"]]
    assert seed_groups([tmp_path / "a"])[0].seeds == (None,)


@given(st.lists(st.floats(-100, 100), min_size=2, max_size=9))
def test_a_spread_is_of_a_sample(values: list[float]) -> None:
    found = Spread.of(values)
    assert found is not None
    assert found.minimum <= found.mean + 1e-9
    assert found.mean <= found.maximum + 1e-9
    variance = sum((value - found.mean) ** 2 for value in values) / (len(values) - 1)
    assert found.deviation == pytest.approx(variance**0.5, abs=1e-6)
    assert found.mean == pytest.approx(statistics.mean(values), abs=1e-9)
    assert Spread.of(values[:1]) == Spread(values[0], None, 1, values[0], values[0])
    assert Spread.of([]) is None


def test_the_paper_s_rule() -> None:
    """GLUE of table 5, with the deviation of table 1: drop alone is bold."""

    def of(*means: float | None) -> list[Spread | None]:
        return [mean and Spread(mean, None, 1, mean, mean) for mean in means]  # type: ignore[misc]

    baseline = Spread(83.28, 0.235, 10, 83, 84)
    assert within_two_deviations(of(82.96, 82.32, 83.28, 84.44), baseline) == [False, False, False, True]
    assert within_two_deviations(of(83.28, 83.54, 83.49, None), baseline) == [True, True, True, False]
    near = Spread(2.0, 0.1, 3, 1.9, 2.1)
    assert within_two_deviations(of(2.0, 2.3, 2.1), near, higher_is_better=False) == [True, False, True]
    assert within_two_deviations(of(1.0, 2.0), Spread(1.0, None, 1, 1.0, 1.0)) == [False, False]
