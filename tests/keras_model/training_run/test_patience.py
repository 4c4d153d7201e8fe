"""A run that ends when its scores no longer rise, whether it was interrupted or not."""

import dataclasses
import math

import keras
import numpy as np
import pytest

from keras_model.config import T5Config
from keras_model.data.batches import Examples
from keras_model.t5 import T5
from keras_model.training_run.fit import fit
from keras_model.training_run.fit_settings import TrainSettings
from keras_model.training_run.run_checkpoints import checkpoints_in, is_stalled

SMALL = T5Config(vocab_size=24, d_model=16, d_kv=8, d_ff=32, num_heads=2, num_layers=1)
SETTINGS = TrainSettings(steps=40, batch_size=2, checkpoint_every=4, validate_every=2, keep=1, patience=3)
EXAMPLES = Examples.from_sequences([[5, 6, 1], [7, 1], [8, 9, 1], [3, 1]], [[5, 1], [7, 1], [8, 1], [3, 1]])
SCORES = {2: 10.0, 4: 12.0, 6: 11.0, 8: 12.0, 10: math.nan, 12: 50.0}
"""By step: the best is that of 4, since an equal one is no higher, and three validations later is step 10."""


@pytest.mark.parametrize(
    ("scores", "patience", "stalled"),
    [
        ({}, 1, False),
        ({1: {"a": 5}}, 1, False),
        ({1: {"a": 5}, 2: {"a": 5}}, 1, True),
        ({1: {"a": 5}, 2: {"a": 4}, 3: {"a": 6}}, 1, False),
        ({1: {"a": 5}, 2: {"a": 4}, 3: {"a": 4}}, 2, True),
        ({1: {"a": 5, "b": 1}, 2: {"a": 4, "b": 2}, 3: {"a": 4, "b": 1}}, 2, False),  # b rose at step 2
        ({1: {"a": 5, "b": 1}, 2: {"a": 4, "b": 2}, 3: {"a": 4, "b": 1}, 4: {"a": 5, "b": 2}}, 2, True),
        ({1: {"a": math.nan}, 2: {}}, 2, True),
        ({1: {"text loss": 5}, 2: {"text loss": 4}, 3: {"text loss": 4.5}}, 2, False),
        ({1: {"text loss": 5}, 2: {"text loss": 5}, 3: {"text loss": 6}}, 2, True),
    ],
)  # fmt: skip
def test_patience_is_at_an_end(scores, patience, stalled):
    assert is_stalled(scores, patience) == stalled


class Killed(Exception):
    pass


class KillAt(keras.callbacks.Callback):
    def __init__(self, step):
        super().__init__()
        self.step = step

    def on_train_batch_end(self, batch, logs=None):
        if logs["step"] == self.step:
            raise Killed


def run(folder, settings=SETTINGS, validate=lambda step, model: {"task": SCORES.get(step, 0.0)}, **options):
    keras.utils.set_random_seed(1)
    model = T5(SMALL)
    return fit(model, EXAMPLES, settings, folder, validate=validate, **options), model


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    return folder, *run(folder)


def test_the_run_ends_and_keeps_its_best(whole):
    folder, result, _ = whole
    assert result.steps == 10
    assert list(result.scores) == [2, 4, 6, 8, 10]
    assert [path.name for path in checkpoints_in(folder / "checkpoints")] == ["step-00000004", "step-00000010"]
    assert result.best["task"].name == "step-00000004"
    assert (folder / "model/config.json").is_file()


@pytest.mark.parametrize("step", [5, 9])
def test_a_killed_run_ends_at_the_same_step(whole, tmp_path, step):
    with pytest.raises(Killed):
        run(tmp_path, callbacks=[KillAt(step)])
    result, model = run(tmp_path)
    assert (result.steps, result.scores.keys()) == (10, whole[1].scores.keys())
    for one, other in zip(model.get_weights(), whole[2].get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_run_killed_in_the_last_validation_takes_no_step_more(tmp_path):
    def validate(step, model):
        if step == 10:
            raise Killed
        return {"task": SCORES[step]}

    with pytest.raises(Killed):
        run(tmp_path, validate=validate)
    result, _ = run(tmp_path)
    assert (result.first_step, result.steps) == (10, 10)


def test_an_ended_run_goes_on_with_more_patience(whole, tmp_path):
    run(tmp_path)
    assert run(tmp_path)[0].steps == 10
    result, _ = run(tmp_path, dataclasses.replace(SETTINGS, patience=4))
    assert (result.first_step, result.steps) == (10, 20)  # the best is that of step 12
    assert result.best["task"].name == "step-00000012"


def test_patience_needs_a_validation(tmp_path):
    with pytest.raises(ValueError, match="there is nothing to validate on"):
        run(tmp_path, validate=None)
    with pytest.raises(ValueError, match="patience must be at least 1"):
        dataclasses.replace(SETTINGS, patience=0)
