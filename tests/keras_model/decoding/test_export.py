"""A T5 exported, and reloaded by TensorFlow alone; its weights in eight bits."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_model.t5 import T5
from tests.keras_model.models import FAMILIES, V1_0, V1_1, make_model, sources

RELOAD = """
import numpy, sys
import tensorflow as tf
given, model = numpy.load("given.npz"), tf.saved_model.load("exported")
assert not any(name.startswith("keras_model") for name in sys.modules)
assert set(model.signatures) == {"serve", "generate", "serving_default"}
ids = tf.constant(given["ids"])
(written,) = model.signatures["generate"](encoder_ids=ids).values()
numpy.testing.assert_array_equal(written, given["written"])
numpy.testing.assert_array_equal(model.generate(ids[:1, :4]), given["shorter"])
(logits,) = model.signatures["serving_default"](encoder_ids=ids, decoder_ids=ids).values()
numpy.testing.assert_allclose(logits, given["logits"], atol=1e-5)
numpy.testing.assert_array_equal(model.serve({"encoder_ids": ids, "decoder_ids": ids}), logits)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("max_new_tokens", "quantized"), [(6, False), (12, True)]
)  # a plain memory and a projected one
def test_a_saved_model_writes_what_the_model_writes(tmp_path, max_new_tokens, quantized, tensorflow_forks, monkeypatch):
    model, ids = make_model(V1_1), sources(5, 9)
    if quantized:
        model.quantize("int8")
    model.export(tmp_path / "exported", max_new_tokens=max_new_tokens, verbose=False)
    np.savez(
        tmp_path / "given.npz",
        ids=ids,
        written=model.generate(ids, max_new_tokens),
        shorter=model.generate(ids[:1, :4], max_new_tokens),
        logits=model({"encoder_ids": ids, "decoder_ids": ids}),
    )
    monkeypatch.chdir(tmp_path)
    done = tensorflow_forks.run(["-c", RELOAD])
    assert done.returncode == 0, done.stderr[-3000:]


def test_what_cannot_be_exported_says_so(tmp_path):
    model = make_model(V1_0)
    with pytest.raises(ValueError, match=r"exported as a SavedModel alone.*Received: format='onnx'"):
        model.export(tmp_path / "t5.onnx", format="onnx")
    with pytest.raises(ValueError, match=r"beam search, sampling, prefixes and texts are model\.generate's.*beam_size"):
        model.export(tmp_path / "exported", beam_size=4)
    with pytest.raises(ValueError, match="max_new_tokens must be at least 1"):
        model.export(tmp_path / "exported", max_new_tokens=0)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_saved_model_stops_at_what_is_not_finite(tmp_path):
    model = make_model(V1_0)
    model.decoder.final_norm.scale.assign(np.full(16, np.nan))
    model.export(tmp_path / "exported", max_new_tokens=4, verbose=False)
    exported = tf.saved_model.load(tmp_path / "exported")
    with pytest.raises(tf.errors.InvalidArgumentError, match="NaN or infinity as logits"):
        exported.generate(sources(2, 3))


@pytest.mark.parametrize("family", FAMILIES)
def test_eight_bits_are_close(family):
    """The root mean square of the logits' errors is below 5 % of their standard deviation."""
    model, ids = make_model(FAMILIES[family]), sources(6, 9)
    inputs = {"encoder_ids": ids, "decoder_ids": ids}
    before, size = np.asarray(model(inputs)), bytes_of(model)
    model.quantize("int8")
    after = np.asarray(model(inputs))
    assert 0 < np.sqrt(np.mean(np.square(after - before))) < 0.05 * before.std()
    assert bytes_of(model) < 0.36 * size  # the scales weigh here; 0.26 with a d_model of 128


@pytest.mark.slow
def test_eight_bits_are_saved(tmp_path):
    model, ids = make_model(V1_1), sources(6, 9)
    inputs = {"encoder_ids": ids, "decoder_ids": ids}
    model.quantize("int8")
    after, written = model(inputs), model.generate(ids, 5)
    model.save(tmp_path / "t5.keras")
    model.save_to_preset(tmp_path / "folder")
    again = keras.saving.load_model(tmp_path / "t5.keras")
    assert (again.quantized, bytes_of(again)) == ("int8", bytes_of(model))
    for other in (again, T5.from_preset(tmp_path / "folder")):
        np.testing.assert_array_equal(other(inputs), after)
        np.testing.assert_array_equal(other.generate(ids, 5), written)


def bytes_of(model):
    return sum(np.asarray(weight).nbytes for weight in model.weights)


def test_eight_bits_are_for_inference_and_the_only_choice():
    model, ids = make_model(V1_0), sources(2, 3)
    for options in ({"mode": "int4"}, {"mode": "int8", "filters": "encoder"}):
        with pytest.raises(ValueError, match=r'quantised by quantize\("int8"\) alone'):
            model.quantize(**options)
    assert model.quantized is None
    model.quantize("int8")
    model.compile()
    inputs = {"encoder_ids": ids, "decoder_ids": ids}
    assert np.isfinite(model.evaluate(inputs, ids, verbose=0))
    with pytest.raises(ValueError, match="every weight of the model is frozen"):
        model.fit(inputs, ids)
