"""`--mlflow`, with MLflow's own store in files."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.commands.conftest import write_predictions


@pytest.fixture
def evaluate(t5eval: Any, suite: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Evaluates predictions for RTE, of which MLflow in the test's folder is told."""
    file = write_predictions(tmp_path / "said.jsonl", [(i, "entailment") for i in range(80)])
    monkeypatch.setenv("MLFLOW_TRACKING_URI", (tmp_path / "mlruns").as_uri())
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")

    def call(*more: str) -> Any:
        arguments = ("--task", "glue/rte", "--data-dir", suite, "--out", tmp_path / "run", "--mlflow", "miniatures")
        return t5eval("evaluate", "--model", f"predictions:{file}", *arguments, "--split", "validation", *more)

    return call


def test_the_scores_are_those_of_the_results_and_a_second_command_goes_on(evaluate: Any, tmp_path: Path) -> None:
    pytest.importorskip("mlflow")
    from mlflow import MlflowClient

    for _ in range(2):
        done = evaluate()
        assert done.status == 0, done.err
    result = json.loads((tmp_path / "run" / "results.json").read_text())["results"]["glue/rte"]["validation"]
    known = json.loads((tmp_path / "run" / "mlflow.json").read_text())
    assert list(known) == ["miniatures"]
    client = MlflowClient()
    (experiment,) = (one for one in client.search_experiments() if one.name == "miniatures")
    (found,) = client.search_runs([experiment.experiment_id])
    assert (found.info.run_id, found.info.run_name, found.info.status) == (known["miniatures"], "run", "FINISHED")
    assert found.data.metrics["scores/validation/glue/rte/accuracy"] == result["scores"]["accuracy"]["value"]
    assert found.data.metrics["validation/glue/rte"] == result["task_score"]
    assert found.data.metrics["examples/validation/glue/rte"] == 80
    assert found.data.params["task"] == '["glue/rte"]'
    assert len(client.get_metric_history(known["miniatures"], "validation/glue/rte")) == 2


def test_a_command_that_is_refused_has_failed_there(evaluate: Any, tmp_path: Path) -> None:
    pytest.importorskip("mlflow")
    from mlflow import MlflowClient

    assert evaluate().status == 0
    file = tmp_path / "run" / "predictions" / "glue" / "rte" / "validation.jsonl"
    file.write_text(file.read_text() + '{"id": "unknown", "prediction": "entailment"}\n')
    assert evaluate().status == 2
    (known,) = json.loads((tmp_path / "run" / "mlflow.json").read_text()).values()
    assert MlflowClient().get_run(known).info.status == "FAILED"


def test_a_store_that_mlflow_does_not_know_is_refused_before_the_first_example(
    evaluate: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("mlflow")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "nowhere://at.all")
    done = evaluate()
    assert (done.status, done.out) == (2, "")
    assert "MLFLOW_TRACKING_URI says where MLflow is" in done.err.splitlines()[-1]
    assert not (tmp_path / "run" / "predictions").exists()


def test_without_the_package(evaluate: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    done = evaluate()
    assert (done.status, done.out) == (2, "")
    assert done.err.splitlines()[-1] == "t5eval: --mlflow needs mlflow: pip install 't5eval[mlflow]'"
    assert not (tmp_path / "run" / "predictions").exists()
