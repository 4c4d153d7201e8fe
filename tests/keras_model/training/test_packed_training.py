"""Runs with packed rows, and with parts at their rates: they resume to the same weights, and say how full rows are."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from keras_model.data.batches import Examples
from keras_model.data.layouts import Filling
from keras_model.training_run.fit import fit, make_plan
from keras_model.training_run.fit_settings import TrainSettings
from keras_model.training_run.state import TrainingError
from tests.keras_model.training_run.test_training import At, Killed, assert_same_weights, new_model, raise_

SETTINGS = TrainSettings(steps=9, batch_size=4, learning_rate=0.01, checkpoint_every=3, log_every=3, packing=(24, 12))
PARTS = {"sizes": [30, 15], "rates": [1.0, 3.0]}


@pytest.fixture(scope="module")
def examples():
    rng = np.random.default_rng(0)
    sources = [[*rng.integers(3, 24, size=n).tolist(), 1] for n in rng.integers(1, 9, size=45)]
    return Examples.from_sequences(sources, [[source[0], 1] for source in sources])


@pytest.mark.parametrize("packing", [(24, 12), None], ids=["packed", "padded"])
def test_killed_run_resumes_to_the_same_weights_and_reports_its_filling(tmp_path, examples, packing):
    settings = dataclasses.replace(SETTINGS, packing=packing)
    whole = new_model()
    result = fit(whole, examples, settings, tmp_path / "whole", **PARTS)
    plan = make_plan(examples, settings, **PARTS)
    assert result.filling == sum((plan.filling(step) for step in range(9)), Filling())

    with pytest.raises(Killed):
        fit(new_model(), examples, settings, tmp_path / "killed", callbacks=[At(5, raise_(Killed()))], **PARTS)
    resumed = new_model(seed=99)
    assert fit(resumed, examples, settings, tmp_path / "killed", **PARTS).first_step == 3
    assert_same_weights(resumed, whole)

    logged = logged_values(tmp_path / "whole" / "logs")
    for step in (3, 6, 9):
        filling = sum((plan.filling(step) for step in range(step - 3, step)), Filling())
        assert logged["non_padding/source"][step] == pytest.approx(filling.source_share)
        assert logged["non_padding/target"][step] == pytest.approx(filling.target_share)

    for change, message in (
        ({"packing": (25, 12)}, r"packing was .*, now \[25, 12\]"),
        ({}, r"rates was \[1\.0, 3\.0\], now \[1\.0, 2\.0\]"),
    ):
        other = dataclasses.replace(settings, steps=12, **change)
        with pytest.raises(TrainingError, match=message):
            fit(new_model(), examples, other, tmp_path / "whole", sizes=[30, 15], rates=[1.0, 2.0])


def logged_values(folder):
    """What TensorBoard is given, by tag and step."""
    from tensorflow.core.util import event_pb2

    logged = {}
    for file in folder.glob("events.out.tfevents.*"):
        for record in tf.data.TFRecordDataset(str(file)).as_numpy_iterator():
            event = event_pb2.Event.FromString(record)
            for value in event.summary.value:
                logged.setdefault(value.tag, {})[event.step] = float(tf.make_ndarray(value.tensor))
    return logged


def test_example_that_fits_into_no_row_is_named(tmp_path, examples):
    with pytest.raises(ValueError, match="does not fit into a row of 5"):
        fit(new_model(), examples, dataclasses.replace(SETTINGS, packing=(5, 12)), tmp_path)


@pytest.mark.parametrize("packing", [(0, 4), (4, 0)])
def test_row_lengths_out_of_range(packing):
    with pytest.raises(ValueError, match="packing takes two lengths of at least 1"):
        TrainSettings(steps=1, packing=packing)
