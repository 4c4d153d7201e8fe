"""TensorFlow's build for TPUs with its libtpu, where it is installed (`make tpu`): our model on its CPU."""

from importlib.metadata import PackageNotFoundError, version

import numpy as np
import pytest

try:
    version("tensorflow-tpu")
except PackageNotFoundError:
    pytest.skip("needs tensorflow-tpu in an environment of its own (make tpu)", allow_module_level=True)

import tensorflow as tf

from keras_model import load_model
from keras_model.decoding.generator import Generator
from keras_model.distribution.strategies import StrategyError, open_strategy


def test_the_pair_is_the_one_of_the_extra():
    assert (version("tensorflow-tpu"), version("libtpu")) == ("2.20.0", "0.0.21")
    assert tf.__version__ == "2.20.0"
    with pytest.raises(PackageNotFoundError):
        version("tensorflow")  # its files would lie in the same folder


@pytest.mark.parametrize("family", ["v1_0", "v1_1"])
def test_it_computes_writes_and_trains(references, tmp_path, family):
    """Logits and greedy answers are transformers', as in the tests of the model itself."""
    model = load_model(references.family_folder(tmp_path / "model", family))
    stored = references.arrays(family, "short")
    inputs = {name: stored[name] for name in ("encoder_ids", "decoder_ids")}
    logits = np.asarray(model(inputs))[:, stored["positions"]]
    np.testing.assert_allclose(logits, stored["logits"], atol=2e-4)
    written = Generator(model).greedy(inputs["encoder_ids"], stored["greedy"].shape[1])
    np.testing.assert_array_equal(written, stored["greedy"])
    model.compile()
    before = model.get_weights()
    labels = np.maximum(inputs["decoder_ids"], 2)
    begun = model.evaluate(inputs, labels, batch_size=len(labels), verbose=0)  # without dropout
    model.fit(inputs, labels, batch_size=len(labels), epochs=8, verbose=0, shuffle=False)
    assert model.evaluate(inputs, labels, batch_size=len(labels), verbose=0) < begun
    after = model.get_weights()
    assert all(np.isfinite(new).all() and (new != old).any() for new, old in zip(after, before, strict=True))


def test_a_tpu_that_is_not_there_is_named():
    with pytest.raises(StrategyError, match=r"'local': there is no /dev/accel\* .* here; .*RET_CHECK") as caught:
        open_strategy("tpu:local")
    assert "\n" not in str(caught.value)
