"""Learning rates against their formulas, as numbers and inside a compiled step."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_model.training.schedules import InverseSquareRoot, LinearWarmupAndDecay

STEPS = [0, 1, 5, 9_999, 10_000, 10_001, 40_000, 524_288]


def test_inverse_square_root_is_the_papers():
    schedule = InverseSquareRoot()
    expected = [1 / np.sqrt(max(n, 10**4)) for n in STEPS]
    np.testing.assert_allclose([float(schedule(n)) for n in STEPS], expected, rtol=1e-6)
    assert float(InverseSquareRoot(scale=2.0, warmup_steps=100)(400)) == pytest.approx(0.1)


@pytest.mark.parametrize("warmup", [0, 1, 4])
def test_linear_rises_falls_and_ends(warmup):
    """get_linear_schedule_with_warmup of transformers, written out."""
    schedule = LinearWarmupAndDecay(0.5, warmup, 10)
    expected = [0.5 * (n / warmup if n < warmup else max(0, (10 - n) / (10 - warmup))) for n in range(13)]
    np.testing.assert_allclose([float(schedule(n)) for n in range(13)], expected, rtol=1e-6)


@pytest.mark.parametrize("schedule", [InverseSquareRoot(0.5, 7), LinearWarmupAndDecay(0.1, 3, 20)])
def test_schedules_are_saved_and_compiled(schedule):
    again = keras.optimizers.schedules.deserialize(keras.optimizers.schedules.serialize(schedule))
    assert (type(again), again.get_config()) == (type(schedule), schedule.get_config())
    for n in range(20):
        compiled = tf.function(schedule)(tf.constant(n, tf.int64))
        assert float(compiled) == pytest.approx(float(again(n)), rel=1e-6)


def test_numbers_out_of_range():
    with pytest.raises(ValueError, match=r"warmup_steps must be at least 1\. Received: warmup_steps=0"):
        InverseSquareRoot(warmup_steps=0)
    with pytest.raises(ValueError, match=r"less than steps\. Received: warmup_steps=5, steps=5"):
        LinearWarmupAndDecay(0.1, 5, 5)
