"""evaluate and train with --strategy: the same answers and weights as on one device, in real processes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from t5eval.runs.folder import predictions_path
from tests.forked import Forks
from tests.keras_model.processes import run, run_workers

pytestmark = pytest.mark.slow


def weights(folder: Path) -> dict[str, np.ndarray]:
    from safetensors.numpy import load_file

    return load_file(folder / "model.safetensors")


def test_two_devices_predict_what_one_does(
    t5eval: Any, model: Path, suite: Path, tmp_path: Path, tensorflow_forks: Forks
) -> None:
    """By generating and by ranking."""
    tasks = ["--task", "glue/rte", "--data-dir", str(suite), "--split", "validation", "--limit", "15"]
    arguments = ["evaluate", "--model", str(model), *tasks, "--batch-tokens", "300"]
    for method in ("greedy", "rank"):
        command = ["-m", "t5eval", *arguments, "--decode", method, "--strategy", "mirrored:2"]
        status, _, err = run(tensorflow_forks, [*command, "--out", str(tmp_path / f"two-{method}")])
        assert status == 0, err
        assert t5eval(*arguments, "--decode", method, "--out", str(tmp_path / f"one-{method}")).status == 0
    read = {
        name: predictions_path(tmp_path / name, "glue/rte", "validation").read_text()
        for name in ("one-greedy", "two-greedy")
    }
    assert read["two-greedy"] == read["one-greedy"]

    ranked = [
        [
            json.loads(line)
            for line in predictions_path(tmp_path / name, "glue/rte", "validation").read_bytes().splitlines()
        ]
        for name in ("one-rank", "two-rank")
    ]
    for one, two in zip(*ranked, strict=True):
        assert two["prediction"] == one["prediction"]
        assert two["log_likelihoods"] == pytest.approx(one["log_likelihoods"], rel=1e-5)


def test_two_devices_answer_with_the_best_checkpoints_as_one_does(
    t5eval: Any, model: Path, suite: Path, tmp_path: Path, tensorflow_forks: Forks
) -> None:
    """Of two tasks one after the other."""
    tasks = ["--task", "glue/rte", "glue/sst2", "--data-dir", str(suite)]
    settings = ["--steps", "2", "--batch-size", "4", "--validate-every", "1", "--validate-limit", "10"]
    trained = t5eval("train", "--model", model, *tasks, *settings, "--out", tmp_path / "trained")
    assert trained.status == 0, trained.err
    best = ["evaluate", "--model", f"best:{tmp_path / 'trained'}", *tasks, "--split", "validation", "--limit", "5"]
    assert t5eval(*best, "--out", tmp_path / "one").status == 0
    command = ["-m", "t5eval", *best, "--strategy", "mirrored:2", "--out", str(tmp_path / "two")]
    status, _, err = run(tensorflow_forks, command)
    assert status == 0, err
    for task in ("glue/rte", "glue/sst2"):
        one, two = (predictions_path(tmp_path / name, task, "validation").read_bytes() for name in ("one", "two"))
        assert two == one
    refused = t5eval("--quiet", *best, "--strategy", "tpu", "--out", tmp_path / "tpu")
    assert (refused.status, "no TPU here" in refused.err, refused.err.count("\n")) == (2, True, 1)


def test_two_workers_predict_what_one_process_does(
    t5eval: Any, model: Path, suite: Path, tmp_path: Path, tensorflow_forks: Forks
) -> None:
    """They go on where a run stopped, and the chief alone writes."""
    tasks = ["--task", "glue/rte", "--data-dir", str(suite), "--split", "validation", "--limit", "15"]
    arguments = ["evaluate", "--model", str(model), *tasks, "--batch-tokens", "300"]
    assert t5eval(*arguments, "--out", str(tmp_path / "one")).status == 0
    expected = predictions_path(tmp_path / "one", "glue/rte", "validation").read_bytes()
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    (tmp_path / "two" / "results.json").unlink()
    begun = predictions_path(tmp_path / "two", "glue/rte", "validation")
    begun.write_bytes(b"".join(expected.splitlines(keepends=True)[:4]) + b'{"id": "to')
    command = ["-m", "t5eval", *arguments, "--out", str(tmp_path / "two"), "--strategy", "multiworker"]
    workers = run_workers(tensorflow_forks, [command, command])
    assert [status for status, _, _ in workers] == [0, 0], workers
    assert begun.read_bytes() == expected
    one, two = (json.loads((tmp_path / name / "results.json").read_text()) for name in ("one", "two"))
    assert two["results"]["glue/rte"]["validation"]["scores"] == one["results"]["glue/rte"]["validation"]["scores"]
    assert (one["strategy"], two["strategy"]) == (None, "multiworker")
    done = t5eval("rerun", tmp_path / "two", "--out", tmp_path / "again")
    assert (done.status, "several workers made it" in done.err) == (2, True)


def test_two_devices_and_two_workers_train_what_one_device_does(
    t5eval: Any, model: Path, suite: Path, tmp_path: Path, tensorflow_forks: Forks
) -> None:
    """Weights and validation scores; the second worker writes nothing, and says nothing of a run of its own."""
    settings = ["--steps", "6", "--batch-size", "7", "--validate-limit", "9", "--checkpoint-every", "3"]
    arguments = ["train", "--model", str(model), "--task", "glue/rte", "--data-dir", str(suite), *settings]
    one = t5eval(*arguments, "--out", str(tmp_path / "one"))
    assert one.status == 0, one.err
    command = ["-m", "t5eval", *arguments, "--out"]
    status, out, err = run(tensorflow_forks, [*command, str(tmp_path / "two"), "--strategy", "mirrored:2"])
    assert status == 0, err
    workers = run_workers(tensorflow_forks, [[*command, str(tmp_path / "many"), "--strategy", "multiworker"]] * 2)
    for status, _, err in workers:
        assert status == 0, err
    for name, printed in (("two", out), ("many", workers[0][1])):
        score, expected = (text.splitlines()[-1].partition(" by ")[0] for text in (printed, one.out))  # and a folder
        assert score == expected
        for tensor, value in weights(tmp_path / "one" / "model").items():
            np.testing.assert_allclose(weights(tmp_path / name / "model")[tensor], value, atol=2e-5, err_msg=tensor)
    assert 'strategy = "multiworker"' in (tmp_path / "many" / "config.toml").read_text()
    assert "training examples" not in workers[1][2]


def test_what_cannot_be_had_is_one_line(
    t5eval: Any, model: Path, suite: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("TPU_NAME", "TF_CONFIG"):
        monkeypatch.delenv(variable, raising=False)
    common = ["--model", str(model), "--task", "glue/rte", "--data-dir", str(suite), "--out", str(tmp_path / "run")]
    for command, strategy, message in [
        ("train", "tpu", "no TPU here"),
        ("train", "multiworker", "TF_CONFIG is not set"),
        ("train", "several", "strategy 'several' is not known"),
        ("evaluate", "tpu", "no TPU here"),
        ("evaluate", "multiworker", "TF_CONFIG is not set"),
        ("evaluate", "several", "strategy 'several' is not known"),
    ]:
        outcome = t5eval("--quiet", command, *common, "--strategy", strategy)
        assert outcome.status == 2
        assert message in outcome.err
        assert outcome.err.count("\n") == 1
    assert t5eval("train", *common, "--steps", "3", "--steps-per-execution", "2").status == 2
