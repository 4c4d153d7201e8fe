"""Greedy decoding against transformers' stored ids and against the full forward pass, token by token."""

import dataclasses
import json

import numpy as np
import pytest
import tensorflow as tf

from keras_model.decoding.cached_decoder import CachedDecoder
from keras_model.decoding.encoding import encode
from keras_model.decoding.generator import Generator
from keras_model.t5 import load_model
from tests.keras_model.models import FAMILIES, V1_0, V1_1, generator_of, make_model, sources

ALL = pytest.mark.parametrize("config", FAMILIES.values(), ids=FAMILIES)


def greedy_by_forward_pass(model, encoder_ids, steps, emit_limit=None):
    """The definition: the whole model on everything generated so far, one more token each time."""
    forward = tf.function(model, reduce_retracing=True)
    batch = len(encoder_ids)
    decoder_ids = np.full((batch, 1), model.config.decoder_start_token_id)
    ended = np.zeros(batch, bool)
    for _ in range(steps):
        logits = forward({"encoder_ids": encoder_ids, "decoder_ids": tf.constant(decoder_ids)})[
            :, -1, :emit_limit
        ].numpy()
        ids = np.where(ended, model.config.pad_token_id, logits.argmax(axis=1))
        ended |= ids == model.config.eos_token_id
        decoder_ids = np.concatenate([decoder_ids, ids[:, None]], axis=1)
    return decoder_ids[:, 1:]


@pytest.mark.parametrize("family", ["v1_0", "v1_1"])
def test_ids_equal_the_stored_ones_of_transformers(family, references, tmp_path):
    generator = Generator(load_model(references.family_folder(tmp_path / "model", family)))
    ended = 0
    for name in ("short", "long_source", "long_target"):
        reference = references.arrays(family, name)
        ids = generator.greedy(reference["encoder_ids"], reference["greedy"].shape[1])
        np.testing.assert_array_equal(ids, reference["greedy"])
        ended += (ids == 1).sum()
    assert ended
    assert generator.compilations <= 2  # for short and for long texts


@ALL
def test_ids_equal_the_full_forward_pass(config):
    generator = generator_of(config)
    before = generator.compilations
    for batch, length, steps in [(6, 9, 20), (1, 1, 1), (2, 150, 5), (3, 4, 30)]:
        encoder_ids = sources(batch, length, seed=batch)
        ids = generator.greedy(encoder_ids, steps)
        assert ids.dtype == np.int32
        np.testing.assert_array_equal(ids, greedy_by_forward_pass(generator.model, encoder_ids, steps))
    assert len(np.unique(generator.greedy(sources(6, 9, seed=6), 20))) > 5
    assert generator.compilations <= before + 2  # for short and for long texts


@ALL
def test_step_logits_equal_the_full_forward_pass(config):
    model = make_model(config)
    encoder_ids, decoder_ids = sources(3, 8), sources(3, 140, seed=1)
    mask = encoder_ids != 0
    expected = np.asarray(model({"encoder_ids": encoder_ids, "decoder_ids": decoder_ids}))

    decoder = CachedDecoder(model, emit_limit=40)
    state = decoder.start(encode(model, encoder_ids, mask, static=True), mask, tf.constant(140), static=False).grown(
        140
    )
    for position in range(140):
        logits, keys, values = decoder.step(state, decoder_ids[:, position], tf.constant(position))
        state = dataclasses.replace(state, keys=keys, values=values)
        np.testing.assert_allclose(logits, expected[:, position], atol=2e-5 * expected.std(), rtol=2e-5)


@ALL
def test_ids_do_not_depend_on_batch_and_padding(config):
    generator = generator_of(config)
    encoder_ids = sources(32, 24)
    together = generator.greedy(encoder_ids, 12)
    alone = [generator.greedy(row[row != 0][None], 12)[0] for row in encoder_ids]
    np.testing.assert_array_equal(together, np.stack(alone))
    np.testing.assert_array_equal(generator.greedy(np.pad(encoder_ids, ((0, 0), (0, 90))), 12), together)
    shuffled = np.random.default_rng(0).permutation(32)
    np.testing.assert_array_equal(generator.greedy(encoder_ids[shuffled], 12), together[shuffled])


def test_ids_beyond_the_limit_are_never_generated():
    model = make_model(V1_1)
    encoder_ids = sources(8, 9)
    assert generator_of(V1_1).greedy(encoder_ids, 15).max() >= 12
    ids = Generator(model, emit_limit=12).greedy(encoder_ids, 15)
    assert ids.max() < 12
    np.testing.assert_array_equal(ids, greedy_by_forward_pass(model, encoder_ids, 15, emit_limit=12))
    assert Generator(model, emit_limit=32100).emit_limit == 40
    with pytest.raises(ValueError, match=r"emit_limit must exceed the end-of-sequence id 1. Received: 1"):
        Generator(model, emit_limit=1)


def test_rows_that_ended_are_padded_and_the_loop_stops(monkeypatch):
    model = make_model(V1_1, seed=7)  # all its rows end, and not at the same step
    steps = []
    original = CachedDecoder.step
    monkeypatch.setattr(CachedDecoder, "step", lambda self, *args: steps.append(1) or original(self, *args))
    encoder_ids = sources(3, 5)
    generator = Generator(model, emit_limit=5)
    by_forward_pass = greedy_by_forward_pass(model, encoder_ids, 30, emit_limit=5)
    lengths = np.where((by_forward_pass == 1).any(1), (by_forward_pass == 1).argmax(1) + 1, 30)

    tf.config.run_functions_eagerly(True)
    try:
        ids = generator.greedy(encoder_ids, 30)
    finally:
        tf.config.run_functions_eagerly(False)
    assert lengths.max() < 30
    assert lengths.min() < lengths.max()
    assert len(steps) == lengths.max()
    np.testing.assert_array_equal(ids, by_forward_pass)
    for row, length in zip(ids, lengths, strict=True):
        assert row[length - 1] == 1
        assert not row[length:].any()


def test_other_special_ids_are_respected():
    config = dataclasses.replace(V1_1, pad_token_id=7, eos_token_id=3, decoder_start_token_id=5)
    model = make_model(config, seed=1)
    encoder_ids = np.where(sources(6, 9) == 0, 7, sources(6, 9))
    ids = Generator(model, emit_limit=8).greedy(encoder_ids, 20)
    np.testing.assert_array_equal(ids, greedy_by_forward_pass(model, encoder_ids, 20, emit_limit=8))
    assert (ids == 3).any()


def test_the_current_weights_are_used():
    """A model in training is decoded as it is now, without a new compilation."""
    model, other = make_model(V1_0), make_model(V1_0, seed=5)
    generator = Generator(model)
    encoder_ids = sources(4, 6)
    before = generator.greedy(encoder_ids, 10)
    model.set_weights(other.get_weights())
    after = generator.greedy(encoder_ids, 10)
    np.testing.assert_array_equal(after, Generator(other).greedy(encoder_ids, 10))
    assert (before != after).any()
    assert generator.compilations <= 2  # for short and for long texts


@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "bfloat16"])
@ALL
def test_bfloat16_generates_nearly_the_same(config, dtype):
    encoder_ids = sources(16, 9)
    exact = generator_of(config).greedy(encoder_ids, 4)
    rounded = Generator(make_model(config, dtype=dtype)).greedy(encoder_ids, 4)
    assert (exact == rounded).mean() > 0.8


def test_empty_batches_and_wrong_lengths():
    generator = Generator(make_model(V1_0))
    assert generator.greedy(np.zeros((0, 4), np.int32), 5).shape == (0, 5)
    with pytest.raises(ValueError, match=r"max_new_tokens must be at least 1. Received: max_new_tokens=0"):
        generator.greedy(sources(1, 2), 0)


def test_a_real_checkpoint_decodes(shared_data):
    """Its logits are tiny, so that only the full forward pass in the same precision can say which is highest."""
    folder = shared_data / "checkpoints" / "t5x_tiny_v1_1"
    model = load_model(folder)
    assert json.loads((folder / "config.json").read_text())["vocab_size"] == 32128
    encoder_ids = sources(4, 20, vocab_size=32000)
    ids = Generator(model, emit_limit=32100).greedy(encoder_ids, 12)
    np.testing.assert_array_equal(ids, greedy_by_forward_pass(model, encoder_ids, 12, emit_limit=32100))
