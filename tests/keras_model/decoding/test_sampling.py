"""Sampled texts: reproducible, distributed as the model says, and within their filters."""

import numpy as np
import pytest
import tensorflow as tf

from keras_model.decoding.generator import Generator
from keras_model.decoding.noise import row_noise
from keras_model.decoding.search import sampled_choice
from tests.keras_model.models import V1_0, V1_1, generator_of, make_model, next_log_probabilities, sources

DRAWS = 4000


def first_tokens(generator, row, **options):
    """The first token of many texts for one input, as shares [vocab_size]."""
    drawn = generator.sample(np.tile(row, (DRAWS, 1)), 1, **options)[:, 0]
    return np.bincount(drawn, minlength=generator.model.config.vocab_size) / DRAWS


def distribution(model, row, temperature=1.0):
    log_probabilities = next_log_probabilities(model, row[None], np.zeros((1, 1), np.int32))[0, 0]
    probabilities = np.exp(log_probabilities / temperature)
    return probabilities / probabilities.sum()


def assert_drawn_from(shares, probabilities):
    """Within five standard deviations of each share, and nothing that has no probability."""
    deviation = np.sqrt(probabilities * (1 - probabilities) / DRAWS)
    assert (np.abs(shares - probabilities) <= 5 * deviation + 1e-3).all()
    assert not shares[probabilities == 0].any()


@pytest.mark.parametrize(
    ("kept", "ordered", "chosen"), [(5, False, [1, 2, 3, 4]), (5, True, [1, 2, 3, 4]), (2, True, [1, 1, 2, 2])]
)
def test_the_distribution_function_is_inverted(kept, ordered, chosen):
    """The first id whose cumulative probability exceeds the drawn share; one without probability never comes."""
    logits, noise = tf.constant([[-1e9, 0.0, 0.0, 0.0, 0.0]] * 4), tf.constant([0.0, 0.25, 0.5, 0.75])
    ids = sampled_choice(logits, noise, tf.constant(1.0), tf.constant(1.0), kept=kept, ordered=ordered)
    assert ids.numpy().tolist() == chosen


def test_the_temperature_is_one_unless_it_is_said():
    generator, encoder_ids = generator_of(V1_1), sources(16, 8)
    texts = generator.sample(encoder_ids, 8, seed=2)
    np.testing.assert_array_equal(texts, generator.sample(encoder_ids, 8, temperature=1.0, top_p=1.0, seed=2))
    assert (texts != generator.sample(encoder_ids, 8, temperature=2.0, seed=2)).any()


@pytest.mark.parametrize("temperature", [1.0, 0.5, 3.0])
def test_tokens_are_drawn_from_the_distribution(temperature):
    generator, row = generator_of(V1_1), np.array([5, 9, 1])
    shares = first_tokens(generator, row, temperature=temperature, seed=3)
    probabilities = distribution(generator.model, row, temperature)
    assert_drawn_from(shares, probabilities)
    assert probabilities.max() < 0.95


def test_top_k_keeps_the_most_probable():
    generator, row = generator_of(V1_1), np.array([5, 9, 1])
    probabilities = distribution(generator.model, row, 2.0)
    probabilities[np.argsort(-probabilities)[5:]] = 0
    shares = first_tokens(generator, row, temperature=2.0, top_k=5)
    assert_drawn_from(shares, probabilities / probabilities.sum())
    assert (shares > 0).sum() == 5


@pytest.mark.parametrize("top_p", [0.3, 0.8])
def test_top_p_keeps_the_fewest_that_reach_it(top_p):
    generator, row = generator_of(V1_1), np.array([5, 9, 1])
    probabilities = distribution(generator.model, row, 2.0)
    order = np.argsort(-probabilities)
    kept = np.searchsorted(np.cumsum(probabilities[order]), top_p) + 1
    probabilities[order[kept:]] = 0
    shares = first_tokens(generator, row, temperature=2.0, top_p=top_p)
    assert_drawn_from(shares, probabilities / probabilities.sum())


def test_the_most_probable_alone_is_greedy():
    generator, encoder_ids = generator_of(V1_0), sources(9, 12)
    greedy = generator.greedy(encoder_ids, 12)
    np.testing.assert_array_equal(generator.sample(encoder_ids, 12, top_k=1), greedy)
    np.testing.assert_array_equal(generator.sample(encoder_ids, 12, top_p=1e-6), greedy)


def test_the_seed_decides_and_later_rows_do_not():
    model, encoder_ids = make_model(V1_1), sources(16, 12)
    generator = Generator(model, emit_limit=30)
    texts = generator.sample(encoder_ids, 40, temperature=2.0, seed=1)
    np.testing.assert_array_equal(generator.sample(encoder_ids, 40, temperature=2.0, seed=1), texts)
    np.testing.assert_array_equal(generator.sample(encoder_ids[:5], 40, temperature=2.0, seed=1), texts[:5])
    assert (generator.sample(encoder_ids, 40, temperature=2.0, seed=2) != texts).any()
    assert texts.max() < 30
    assert len(np.unique(texts)) > 20


def philox(key, counter):
    """Philox4x64-10 as Salmon et al. (2011) define it: the four 64-bit numbers of a key and a counter."""
    mask = 2**64 - 1
    key, counter = [key & mask, key >> 64], [counter >> (64 * word) & mask for word in range(4)]
    for _ in range(10):
        left, right = 0xD2E7470EE14C6C93 * counter[0], 0xCA5A826395121157 * counter[2]
        counter = [right >> 64 ^ counter[1] ^ key[0], right & mask, left >> 64 ^ counter[3] ^ key[1], left & mask]
        key = [key[0] + 0x9E3779B97F4A7C15 & mask, key[1] + 0xBB67AE8584CAA73B & mask]
    return counter


def test_the_noise_is_philox_by_seed_and_row():
    noise = row_noise(7, [0, 1, 70_000], 6)
    for row, values in zip([0, 1, 70_000], noise, strict=True):
        # NumPy counts on by one before it draws.
        drawn = [number for block in (1, 2) for number in philox(7, row * 2**64 + block)][:6]
        assert values.tolist() == [(number >> 40) / 2**24 for number in drawn]
    assert noise.dtype == np.float32
    np.testing.assert_array_equal(row_noise(7, [1], 3), noise[1:2, :3])  # a longer text begins as a shorter one does
    assert (row_noise(-1, [0], 6) != row_noise(1, [0], 6)).any()


def test_every_row_of_a_prompt_has_a_text_of_its_own_whatever_the_batch():
    """Batches of 32 used to repeat the same 32 texts."""
    model, prompt = make_model(V1_1), np.tile(sources(1, 8), (96, 1))
    texts = model.generate(prompt, 20, method="sample", temperature=2.0, seed=5)
    assert len({tuple(text) for text in texts.tolist()}) == 96
    for batch_size in (7, 96):
        again = model.generate(prompt, 20, method="sample", temperature=2.0, seed=5, batch_size=batch_size)
        np.testing.assert_array_equal(again, texts)
    alone = generator_of(V1_1).sample(prompt[:2], 20, temperature=2.0, seed=5, rows=[90, 3])
    np.testing.assert_array_equal(alone, texts[[90, 3]])


def test_xla_draws_the_same_texts():
    generator, encoder_ids = generator_of(V1_1), sources(6, 8)
    plain, compiled = (
        either.sample(encoder_ids, 20, temperature=2.0, seed=5)
        for either in (generator, Generator(generator.model, jit_compile=True))
    )
    np.testing.assert_array_equal(compiled, plain)
    assert len(np.unique(plain)) > 20


@pytest.mark.parametrize("rows", [[0], [0, -1]])
def test_rows_that_are_not_the_batch_s_are_refused(rows):
    with pytest.raises(ValueError, match="rows must be 2 numbers from 0 on"):
        Generator(make_model(V1_0)).sample(sources(2, 3), 3, rows=rows)


def test_arguments_are_checked():
    generator = Generator(make_model(V1_0))
    for options in ({"temperature": 0}, {"top_p": 0}, {"top_p": 1.5}, {"top_k": 0}):
        with pytest.raises(ValueError, match=next(iter(options))):
            generator.sample(sources(1, 2), 3, **options)
