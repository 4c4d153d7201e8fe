"""Training and evaluating in real processes: two devices and two workers do what one device does."""

import json
from pathlib import Path

import numpy as np
import pytest

from keras_model.training_run.run_checkpoints import checkpoints_in
from tests.keras_model import distributed_run
from tests.keras_model.processes import run, run_workers

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]


def command(**arguments):
    values = {name: str(value) if isinstance(value, Path) else value for name, value in arguments.items()}
    return ["-m", "tests.keras_model.distributed_run", json.dumps(values)]


def read_report(file):
    with np.load(file) as values:
        weights = [values[name] for name in sorted(values.files) if name.startswith("weight")]
        return values["losses"], json.loads(str(values["evaluation"])), weights


@pytest.fixture(scope="module")
def single(tmp_path_factory):
    """One device, without a strategy: model, losses of the steps, evaluation."""
    model, losses = distributed_run.run(None, tmp_path_factory.mktemp("single"))
    return model, losses, distributed_run.evaluate(model)


@pytest.fixture(scope="module")
def two_workers(tmp_path_factory, tensorflow_forks):
    """The folder of an uninterrupted run of two workers, and each worker's report."""
    folder = tmp_path_factory.mktemp("workers")
    reports = [folder / f"{i}.npz" for i in range(2)]
    commands = [command(strategy="multiworker", folder=folder / "run", report=report) for report in reports]
    for status, _, err in run_workers(tensorflow_forks, commands):
        assert status == 0, err[-3000:]
    return folder / "run", [read_report(report) for report in reports]


def require_same_as_single(report, single):
    losses, evaluation, weights = report
    model, single_losses, single_evaluation = single
    np.testing.assert_allclose(losses, single_losses, rtol=1e-5)
    assert evaluation == pytest.approx(single_evaluation, rel=1e-5)
    for variable, weight in zip(model.weights, weights, strict=True):
        np.testing.assert_allclose(weight, variable, atol=2e-5, err_msg=variable.path)


def test_evaluate_scores_every_example_once(single):
    """Against the definitions, from the logits of one example at a time."""
    model, _, evaluation = single
    examples, losses, right = distributed_run.make_examples(), [], []
    for source, target in zip(examples.sources, examples.targets, strict=True):
        inputs = {"encoder_ids": source[np.newaxis], "decoder_ids": np.array([[0, *target[:-1]]])}
        logits = np.asarray(model(inputs)[0], np.float64)
        losses += list(np.log(np.exp(logits).sum(-1)) - logits[np.arange(len(target)), target])
        right += list(logits.argmax(-1) == target)
    expected = {"loss": np.mean(losses), "token_accuracy": np.mean(right), "labels": len(losses), "examples": 45}
    assert evaluation == pytest.approx(expected, rel=1e-5)


def test_two_devices_do_what_one_does(tmp_path, single, tensorflow_forks):
    """Losses of every step, every weight after Adafactor's steps, evaluation; and a run that was killed goes on."""
    arguments = {"strategy": "mirrored:2", "folder": tmp_path / "run", "report": tmp_path / "report.npz"}
    status, _, _ = run(tensorflow_forks, command(**arguments, kill_at=6))
    assert status == -9
    assert [path.name for path in checkpoints_in(tmp_path / "run" / "checkpoints")] == ["step-00000004"]
    status, _, err = run(tensorflow_forks, command(**arguments, steps_per_execution=2, log_every=2))
    assert status == 0, err[-3000:]
    losses, evaluation, weights = read_report(tmp_path / "report.npz")
    model, _, single_evaluation = single
    _, of_two = distributed_run.run(None, tmp_path / "single", steps_per_execution=2, log_every=2)
    assert len(of_two) == 6
    require_same_as_single((losses, evaluation, weights), (model, of_two[2:], single_evaluation))


def test_two_workers_do_what_one_device_does(two_workers, single):
    for report in two_workers[1]:
        require_same_as_single(report, single)


def test_only_the_chief_writes(two_workers):
    folder, (chief, other) = two_workers
    for a, b in zip(chief[2], other[2], strict=True):
        np.testing.assert_array_equal(a, b)
    assert sorted(path.name for path in folder.iterdir()) == ["checkpoints", "logs", "model"]
    events, scalars = sorted((folder / "logs").iterdir())
    assert (events.name[:20], scalars.name) == ("events.out.tfevents.", "scalars.jsonl")
    assert len([line for line in scalars.read_text().splitlines() if "loss" in json.loads(line)]) > 0
    names = [path.name for path in (folder / "checkpoints").iterdir()]
    assert sorted(names) == ["step-00000004", "step-00000008", "step-00000012"]


def test_killed_workers_and_jobs_resume_to_the_same_weights(tmp_path, two_workers, tensorflow_forks):
    """A worker is killed, then the whole job; each time all are started again."""

    def job(*kill_at):
        commands = [
            command(strategy="multiworker", folder=tmp_path / "run", report=tmp_path / f"{i}.npz", kill_at=step)
            for i, step in enumerate(kill_at)
        ]
        return run_workers(tensorflow_forks, commands)

    (left, _, err), (killed, _, _) = job(None, 6)
    assert killed == -9
    assert left == 1
    assert "Another worker is lost" in err
    assert "step-00000004" in err
    assert [status for status, _, _ in job(10, 10)] == [-9, -9]
    for status, _, err in job(None, None):
        assert status == 0, err[-3000:]
    for i, (losses, evaluation, weights) in enumerate(two_workers[1]):
        resumed_losses, resumed_evaluation, resumed_weights = read_report(tmp_path / f"{i}.npz")
        np.testing.assert_array_equal(resumed_losses, losses[8:])
        assert resumed_evaluation == evaluation
        for a, b in zip(resumed_weights, weights, strict=True):
            np.testing.assert_array_equal(a, b)
