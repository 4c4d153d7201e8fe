"""Large models take the same step: logits in parts, blocks computed twice, weights in bfloat16."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_model.adaptation import Adapters, LoRA
from keras_model.config import T5Config
from keras_model.t5 import T5
from keras_model.training import logits_in_parts
from keras_model.training.adafactor import Adafactor, rounded_at_random
from keras_model.training.losses import TokenAccuracy, TokenCrossEntropy
from tests.keras_model.models import FAMILIES

VOCABULARY = 40


@pytest.fixture(scope="module")
def batch():
    """Six rows, whose targets differ in length, with weights; 54 tokens in all."""
    rng = np.random.default_rng(0)
    labels = rng.integers(2, VOCABULARY, (6, 9)).astype(np.int32)
    labels[2:, 6:] = 0
    shifted = np.pad(labels, ((0, 0), (1, 0)))[:, :-1]
    inputs = {"encoder_ids": rng.integers(2, VOCABULARY, (6, 7)).astype(np.int32), "decoder_ids": shifted}
    return inputs, labels, np.linspace(0.5, 2, 6).astype(np.float32)


def step(family, batch, dropout=0.3, jit_compile=False, dtype="float32", adaptation=None, **options):
    """Loss, gradients and random states of one step; with a metric, all logits are there at once."""
    keras.utils.set_random_seed(1)
    model = T5(dataclasses.replace(FAMILIES[family], dropout_rate=dropout), dtype=dtype)
    if adaptation is not None:
        model.adapt(adaptation)
        for variable in model.trainable_variables:  # B of LoRA, and of A its gradient, is 0 at the start
            variable.assign(keras.random.normal(variable.shape, stddev=0.3, seed=2))
    model.compile(loss=TokenCrossEntropy(z_loss=1e-3, label_smoothing=0.1), **options)
    inputs, labels, weights = tf.nest.map_structure(tf.constant, batch)
    total = model.loss.total(labels, weights)

    @tf.function(jit_compile=jit_compile)
    def take():
        taken = model._accumulated if model.accumulate > 1 else model._loss_and_gradients
        summed, gradients = taken(inputs, labels, weights, total)
        return summed, [tf.cast(gradient, tf.float32) for gradient in gradients]

    summed, gradients = take()
    return float(summed), gradients, [np.asarray(variable) for variable in model.non_trainable_variables]


WHOLE = {"weighted_metrics": [TokenAccuracy()]}


@pytest.mark.parametrize("family", FAMILIES)
def test_the_same_gradients(family, batch, monkeypatch):
    """To rounding, dropout and the random numbers after the step included; 54 tokens are no multiple of a part's 5."""
    summed, gradients, states = step(family, batch, **WHOLE)
    assert max(np.abs(gradient).max() for gradient in gradients) > 1e-2
    for at_once, options in ((2**26, {}), (5 * VOCABULARY, {}), (2**26, {"remat": True})):
        monkeypatch.setattr(logits_in_parts, "LOGITS_AT_ONCE", at_once)
        found = step(family, batch, **options)
        assert found[0] == pytest.approx(summed, rel=1e-6)
        for one, other in zip(found[1], gradients, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=2e-6)
        for one, other in zip(found[2], states, strict=True):
            np.testing.assert_array_equal(one, other)


def test_the_same_gradients_in_parts_of_a_batch_and_compiled(batch, monkeypatch):
    """Everything at once: accumulated, blocks twice, logits in parts; and by XLA, where all shapes are known."""
    whole = step("v1.1", batch, dropout=0.0, **WHOLE)
    monkeypatch.setattr(logits_in_parts, "LOGITS_AT_ONCE", 7 * VOCABULARY)
    for options in ({"remat": True, "accumulate": 4}, {"remat": True, "jit_compile": True}):
        found = step("v1.1", batch, dropout=0.0, **options)
        assert found[0] == pytest.approx(whole[0], rel=1e-5)
        for one, other in zip(found[1], whole[1], strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("adaptation", [LoRA(rank=2), Adapters(size=3)])
def test_the_same_gradients_of_what_is_trained_beside_the_model(adaptation, batch):
    whole, twice = (step("v1.1", batch, adaptation=adaptation, remat=remat) for remat in (False, True))
    assert len(whole[1]) > 4
    assert all(np.abs(gradient).max() > 1e-5 for gradient in whole[1])
    assert twice[0] == pytest.approx(whole[0], rel=1e-6)
    for one, other in zip(twice[1], whole[1], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=2e-6)


def test_frozen_layers_have_no_gradient(batch):
    """Of a block and of the embedding, which is the head too."""
    keras.utils.set_random_seed(1)
    model = T5(FAMILIES["v1.0"])
    model.token_embedding.trainable = False
    model.encoder.blocks[0].feed_forward.trainable = False
    model.compile(remat=True)
    before = model.get_weights()
    inputs, labels, weights = batch
    model.train_on_batch(inputs, labels, weights)
    moved = {
        variable.path: (new != old).any()
        for variable, new, old in zip(model.weights, model.get_weights(), before, strict=True)
    }
    frozen = {variable.path for variable in model.weights if not variable.trainable}
    assert {path for path, is_moved in moved.items() if not is_moved} == frozen


def test_evaluation_in_parts(batch, monkeypatch):
    monkeypatch.setattr(logits_in_parts, "LOGITS_AT_ONCE", 5 * VOCABULARY)
    model = T5(FAMILIES["v1.0"])
    inputs, labels, weights = batch
    model.compile()
    in_parts = model.evaluate(inputs, labels, sample_weight=weights, verbose=0)
    model.compile(weighted_metrics=[TokenAccuracy()])
    assert in_parts == pytest.approx(model.evaluate(inputs, labels, sample_weight=weights, verbose=0)[0], rel=1e-6)


def peak(take):
    """Bytes that TensorFlow's allocator holds at most during a call, above what it holds before; the second call's."""
    take()
    tf.config.experimental.reset_memory_stats("CPU:0")
    before = tf.config.experimental.get_memory_info("CPU:0")["current"]
    take()
    return tf.config.experimental.get_memory_info("CPU:0")["peak"] - before


DEEP = T5Config(vocab_size=64, d_model=32, d_kv=8, d_ff=128, num_heads=4, num_layers=4, num_decoder_layers=1)
WIDE = dataclasses.replace(DEEP, vocab_size=16_000, d_model=8, num_layers=1)


def peak_of_a_step(config, source, target, **options):
    model = T5(config)
    model.compile(**options)
    ids = {"encoder_ids": np.ones((4, source), np.int32), "decoder_ids": np.ones((4, target), np.int32)}
    return peak(lambda: model.train_on_batch(ids, np.full((4, target), 3, np.int32)))


def test_blocks_that_are_computed_twice_are_not_held():
    held, twice = (peak_of_a_step(DEEP, 200, 8, remat=remat) for remat in (False, True))
    assert twice < 0.6 * held  # how much oneDNN needs beside them depends on the processor


def test_logits_are_never_held_as_a_whole(monkeypatch):
    monkeypatch.setattr(logits_in_parts, "LOGITS_AT_ONCE", 2**18)
    whole = 4 * 4 * 128 * WIDE.vocab_size
    assert peak_of_a_step(WIDE, 8, 128, **WHOLE) > 2 * whole
    assert peak_of_a_step(WIDE, 8, 128) < 0.5 * whole


def test_adafactor_never_holds_two_copies_of_its_updates():
    """20 matrices: their gradients, and of one of them at a time its squares and its update."""
    size, count = 4 * 400 * 400, 20
    variables = [keras.Variable(np.ones((400, 400), np.float32)) for _ in range(count)]
    optimizer = Adafactor()
    optimizer.build(variables)
    take = tf.function(lambda: optimizer.apply([variable.value * 0.5 for variable in variables]))
    assert peak(take) < (count + 4) * size


# Weights in bfloat16.


def test_rounding_at_random_is_right_on_average():
    """Between 0.33203125 and 0.333984375, the neighbours of 0.3333."""
    rounded = np.asarray(rounded_at_random(tf.fill([100_000], 0.3333), tf.constant([3, 4])), np.float32)
    assert set(np.unique(rounded)) == {0.33203125, 0.333984375}
    assert rounded.mean() == pytest.approx(0.3333, abs=2e-5)
    again, other = (rounded_at_random(tf.fill([1000], 0.3333), tf.constant([3, seed])) for seed in (4, 5))
    np.testing.assert_array_equal(np.asarray(again, np.float32), rounded[:1000])
    assert (np.asarray(other, np.float32) != rounded[:1000]).any()


def test_bfloat16_weights_follow_float32_ones():
    """A hundred steps of a thousandth of the weights each, of which rounding to the nearest would lose most."""
    rng = np.random.default_rng(0)
    start, direction = rng.standard_normal((2, 256, 150)).astype(np.float32)
    start = np.asarray(tf.cast(tf.cast(start, tf.bfloat16), tf.float32))
    moved = []
    for dtype in ("float32", "bfloat16"):
        variable, optimizer = keras.Variable(start, dtype=dtype), Adafactor(1e-3)
        optimizer.build([variable])
        assert {moment.dtype for moment in optimizer.slots(variable)} == {"float32"}
        take = tf.function(optimizer.apply)
        for _ in range(100):
            gradient = direction + 0.5 * rng.standard_normal(direction.shape).astype(np.float32)
            take([tf.cast(gradient, dtype)])
        moved.append(np.asarray(variable, np.float32) - start)
    exact, rounded = moved
    assert (exact * rounded).sum() / (exact**2).sum() == pytest.approx(1, abs=0.02)
    assert np.sqrt(((rounded - exact) ** 2).mean()) < 0.25 * np.sqrt((exact**2).mean())
