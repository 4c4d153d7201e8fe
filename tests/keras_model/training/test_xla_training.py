"""What a TPU needs and a CPU can check: XLA compiles the training step at static shapes, and it is the same step."""

import dataclasses

import keras
import numpy as np
import pytest

from keras_model.config import T5Config
from keras_model.data.batches import Examples, batch_dataset
from keras_model.t5 import T5
from keras_model.training_run.fit import make_plan
from keras_model.training_run.fit_settings import TrainSettings

CONFIG = T5Config(
    vocab_size=24, d_model=16, d_kv=8, d_ff=32, num_heads=2, num_layers=1, dropout_rate=0.0, tie_word_embeddings=False
)


def train(jit_compile, settings, config=CONFIG):
    rng = np.random.default_rng(0)
    sources = [[*rng.integers(3, 24, size=n).tolist(), 1] for n in rng.integers(1, 9, size=45)]
    examples = Examples.from_sequences(sources, [source[-2:] for source in sources])
    plan = make_plan(examples, dataclasses.replace(settings, shapes=None if settings.packing else 2))
    keras.utils.set_random_seed(1)
    model = T5(config)
    model.compile(jit_compile=jit_compile, steps_per_execution=settings.steps_per_execution)
    model.fit(batch_dataset(examples, plan), steps_per_epoch=settings.steps, verbose=0, shuffle=False)
    return model


@pytest.mark.slow
@pytest.mark.parametrize("packing", [None, (32, 16)], ids=["padded", "packed"])
def test_compiled_step_takes_the_same_step(packing):
    settings = TrainSettings(steps=4, batch_size=4, packing=packing, steps_per_execution=2)
    plain, compiled = train(False, settings), train(True, settings)
    assert compiled.jit_compile
    for variable, reference in zip(compiled.trainable_variables, plain.trainable_variables, strict=True):
        np.testing.assert_allclose(variable, reference, atol=2e-5, err_msg=variable.path)


@pytest.mark.slow
def test_dropout_compiles():
    """Its random numbers come from the state of a generator, not from a call to the host."""
    config = T5Config.from_dict({**CONFIG.to_dict(), "dropout_rate": 0.5})
    model = train(True, TrainSettings(steps=2, batch_size=4), config)
    assert all(np.isfinite(weight).all() for weight in model.get_weights())
