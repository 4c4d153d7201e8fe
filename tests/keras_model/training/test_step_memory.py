"""The memory of a step as it is computed, against the peak that TensorFlow's allocator tells, and its own sums."""

import dataclasses

import pytest

from benchmarks.memory import step_arguments
from keras_model import T5Config, step_memory
from keras_model.training.step_memory import _matrices
from tests.keras_model.models import FAMILIES
from tests.keras_model.processes import run


@pytest.mark.slow
@pytest.mark.tensorflow
@pytest.mark.parametrize(("preset", "remat"), [("t5-small", False), ("t5-base", True)])
def test_measured_peaks(preset, remat, tensorflow_forks):
    """With two of the layers, and as much less of the vocabulary: each part has the share of the peak that it had."""
    whole = T5Config.preset(preset)
    config = dataclasses.replace(
        whole, num_layers=2, num_decoder_layers=2, vocab_size=whole.vocab_size * 2 // whole.num_layers
    )
    status, out, err = run(tensorflow_forks, step_arguments(config, 4, 256, 64, "float32", remat))
    assert status == 0, err[-3000:]
    assert step_memory(config, 4, 256, 64, remat=remat).peak == pytest.approx(int(out), rel=0.15)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_weights_and_state_are_those_of_a_model(family, dtype):
    from keras_model import T5, Adafactor

    config = dataclasses.replace(FAMILIES[family], d_model=144, d_ff=160, num_heads=2, vocab_size=130)
    model, optimizer = T5(config, dtype=dtype), Adafactor()
    optimizer.build(model.trainable_variables)
    memory = step_memory(config, 1, 1, 1, dtype=dtype)
    size = 2 if dtype == "bfloat16" else 4
    assert memory.weights == memory.gradients == size * model.count_params()
    kept = sum(
        int(moment.value.shape.num_elements())
        for weight in model.trainable_variables
        for moment in optimizer.slots(weight)
    )
    assert memory.optimizer == 4 * kept


def test_what_makes_it_smaller():
    config = T5Config.preset("mt5-small")
    plain = step_memory(config, 128, 512, 114)
    assert plain.logits < 2e9  # where all logits would be 14.6 GB, held three times
    assert step_memory(config, 128, 512, 114, remat=True).peak < 0.4 * plain.peak
    assert step_memory(config, 128, 512, 114, accumulate=8).activations < 0.13 * plain.activations
    assert step_memory(config, 8, 64, 8, dtype="bfloat16").weights == plain.weights // 2
    assert step_memory(config, 8, 64, 8, optimizer="adamw").optimizer == 2 * plain.weights
    assert len(_matrices(config)) == 2 + 8 * (4 + 3) + 8 * (8 + 3) + 2
