"""`t5eval train --wandb`, with a stand-in that keeps what Weights & Biases would be told."""

from __future__ import annotations

import json
import sys
import types
from pathlib import Path
from typing import Any

import pytest

from t5eval.reports.training_curves import read_curves
from tests.commands.conftest import write_predictions


class StandIn(types.ModuleType):
    """What of wandb is called, kept as (function, arguments)."""

    class Error(Exception):
        """As wandb.Error."""

    def __init__(self) -> None:
        super().__init__("wandb")
        self.calls: list[tuple[str, Any]] = []
        self.refusal: str | None = None

    @staticmethod
    def Settings(**settings: Any) -> dict[str, Any]:
        return settings

    def init(self, **options: Any) -> StandIn:
        if self.refusal:
            raise self.Error(self.refusal)
        self.calls.append(("init", options))
        return self

    def define_metric(self, name: str, step_metric: str) -> None:
        self.calls.append(("define_metric", (name, step_metric)))

    def log(self, numbers: dict[str, float]) -> None:
        self.calls.append(("log", numbers))

    def finish(self, exit_code: int) -> None:
        self.calls.append(("finish", exit_code))

    def told(self, name: str) -> list[Any]:
        return [arguments for called, arguments in self.calls if called == name]


@pytest.fixture
def wandb(monkeypatch: pytest.MonkeyPatch) -> StandIn:
    stand_in = StandIn()
    monkeypatch.setitem(sys.modules, "wandb", stand_in)
    return stand_in


@pytest.fixture
def config(model: Path, suite: Path, tmp_path: Path) -> Path:
    path = tmp_path / "train.toml"
    path.write_text(f"""
[train]
task = ["glue/rte"]
data_dir = "{suite}"
out = "{tmp_path / "run"}"
model = "{model}"
steps = 4
batch_size = 8
checkpoint_every = 2
validate_limit = 8
wandb = "miniatures"
""")
    return path


def test_the_numbers_are_tensorboards_and_a_resumed_run_is_the_same(
    t5eval: Any, wandb: StandIn, config: Path, tmp_path: Path
) -> None:
    assert t5eval("train", "--config", config).status == 0
    done = t5eval("train", "--config", config, "--steps", "6")
    assert done.status == 0, done.err

    curves: dict[str, list[tuple[int, float]]] = {}
    for numbers in wandb.told("log"):
        for name, number in numbers.items():
            if name != "step":
                curves.setdefault(name, []).append((numbers["step"], number))
    assert curves == {name: list(curve) for name, curve in read_curves(tmp_path / "run" / "logs").items()}
    assert {"loss", "learning_rate", "gradient_norm", "tokens_per_second", "validation/glue/rte"} <= set(curves)
    assert [step for step, _ in curves["validation/glue/rte"]] == [2, 4, 6]

    first, second = wandb.told("init")
    assert first["project"] == "miniatures"
    assert first["id"] == second["id"] == json.loads((tmp_path / "run" / "wandb.json").read_text())["miniatures"]
    assert second["resume"] == "allow"
    assert (first["config"]["steps"], second["config"]["steps"]) == (4, 6)
    assert wandb.told("define_metric") == [("*", "step")] * 2
    assert wandb.told("finish") == [0, 0]
    assert 'wandb = "miniatures"' in (tmp_path / "run" / "config.toml").read_text()


def test_an_evaluation_tells_its_scores_to_the_run_of_the_folder(
    t5eval: Any, wandb: StandIn, suite: Path, tmp_path: Path
) -> None:
    said = write_predictions(tmp_path / "said.jsonl", [(i, "entailment") for i in range(80)])
    run = tmp_path / "run"
    arguments = ("--task", "glue/rte", "--split", "validation", "--data-dir", suite, "--out", run)
    for _ in range(2):
        done = t5eval("evaluate", "--model", f"predictions:{said}", *arguments, "--wandb", "mine", "--tensorboard")
        assert done.status == 0, done.err
    result = json.loads((run / "results.json").read_text())["results"]["glue/rte"]["validation"]
    first, second = wandb.told("init")
    assert first["id"] == second["id"] == json.loads((run / "wandb.json").read_text())["mine"]
    assert first["config"]["task"] == ["glue/rte"]
    numbers, again = wandb.told("log")
    assert numbers == again
    assert numbers["scores/validation/glue/rte/accuracy"] == result["scores"]["accuracy"]["value"]
    assert (numbers["step"], numbers["validation/glue/rte"]) == (0, result["task_score"])
    assert wandb.told("finish") == [0, 0]
    assert len(list((run / "logs" / "evaluation").glob("events.out.tfevents.*"))) == 2
    assert t5eval("report", run).err == ""  # no training curves are missed


def test_a_run_that_is_refused_and_another_project(t5eval: Any, wandb: StandIn, config: Path, tmp_path: Path) -> None:
    for project in ("miniatures", "other", "miniatures"):
        assert t5eval("train", "--config", config, "--data-dir", tmp_path, "--wandb", project).status == 2
    assert wandb.told("finish") == [1, 1, 1]
    first, other, again = (options["id"] for options in wandb.told("init"))
    assert first == again != other


def test_without_an_account(t5eval: Any, wandb: StandIn, config: Path, tmp_path: Path) -> None:
    wandb.refusal = "No API key configured."
    done = t5eval("train", "--config", config)
    assert done.status == 2
    assert "--wandb miniatures: No API key configured. WANDB_MODE=offline logs without" in done.err
    assert not (tmp_path / "run" / "checkpoints").exists()


def test_without_the_package(t5eval: Any, config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "wandb", None)
    done = t5eval("train", "--config", config)
    assert (done.status, done.out) == (2, "")
    assert done.err.strip() == "t5eval: --wandb needs wandb: pip install 't5eval[wandb]'"


def test_a_damaged_file(t5eval: Any, wandb: StandIn, config: Path, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "wandb.json").write_text("{")
    done = t5eval("train", "--config", config)
    assert done.status == 2
    assert "wandb.json: not a JSON file" in done.err
