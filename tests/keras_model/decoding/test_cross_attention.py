"""Both memories give what the model's own cross-attention gives."""

import numpy as np
import pytest
import tensorflow as tf

from keras_model.decoding import cross_attention
from keras_model.decoding.cached_decoder import CachedDecoder
from keras_model.decoding.cross_attention import PlainMemory, ProjectedMemory
from keras_model.decoding.generator import Generator
from tests.keras_model.models import FAMILIES, make_model, sources


@pytest.mark.parametrize("memory", [PlainMemory, ProjectedMemory])
@pytest.mark.parametrize("config", FAMILIES.values(), ids=FAMILIES)
def test_step_logits_equal_the_full_forward_pass(config, memory):
    model = make_model(config)
    encoder_ids, decoder_ids = sources(3, 8), sources(3, 20, seed=1)
    mask = encoder_ids != 0
    expected = np.asarray(model({"encoder_ids": encoder_ids, "decoder_ids": decoder_ids}))
    decoder = CachedDecoder(model, 40, memory(model))
    state = decoder.start(model.encode(encoder_ids, mask), mask, tf.constant(20), static=False).grown(20)
    for position in range(20):
        logits, _, _ = decoder.step(state, decoder_ids[:, position], tf.constant(position))  # caches change in place
        np.testing.assert_allclose(logits, expected[:, position], atol=2e-5 * expected.std(), rtol=2e-5)


def test_short_and_long_texts_are_the_same(monkeypatch):
    model, encoder_ids = make_model(FAMILIES["v1.1"]), sources(6, 12)
    generator = Generator(model)
    plain = generator.greedy(encoder_ids, 8)
    monkeypatch.setattr(cross_attention, "SHORT_TEXT", 0)
    np.testing.assert_array_equal(generator.greedy(encoder_ids, 8), plain)
    assert generator.compilations == 2
