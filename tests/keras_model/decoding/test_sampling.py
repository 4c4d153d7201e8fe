"""Sampled texts: reproducible, distributed as the model says, and within their filters."""

import numpy as np
import pytest

from keras_model.decoding.generator import Generator
from tests.keras_model.models import V1_0, V1_1, make_model, next_log_probabilities, sources

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


@pytest.mark.parametrize("temperature", [1.0, 0.5, 3.0])
def test_tokens_are_drawn_from_the_distribution(temperature):
    model, row = make_model(V1_1), np.array([5, 9, 1])
    shares = first_tokens(Generator(model), row, temperature=temperature, seed=3)
    probabilities = distribution(model, row, temperature)
    assert_drawn_from(shares, probabilities)
    assert probabilities.max() < 0.95


def test_top_k_keeps_the_most_probable():
    model, row = make_model(V1_1), np.array([5, 9, 1])
    probabilities = distribution(model, row, 2.0)
    probabilities[np.argsort(-probabilities)[5:]] = 0
    shares = first_tokens(Generator(model), row, temperature=2.0, top_k=5)
    assert_drawn_from(shares, probabilities / probabilities.sum())
    assert (shares > 0).sum() == 5


@pytest.mark.parametrize("top_p", [0.3, 0.8])
def test_top_p_keeps_the_fewest_that_reach_it(top_p):
    model, row = make_model(V1_1), np.array([5, 9, 1])
    probabilities = distribution(model, row, 2.0)
    order = np.argsort(-probabilities)
    kept = np.searchsorted(np.cumsum(probabilities[order]), top_p) + 1
    probabilities[order[kept:]] = 0
    shares = first_tokens(Generator(model), row, temperature=2.0, top_p=top_p)
    assert_drawn_from(shares, probabilities / probabilities.sum())


def test_the_most_probable_alone_is_greedy():
    model, encoder_ids = make_model(V1_0), sources(9, 12)
    generator = Generator(model)
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


def test_arguments_are_checked():
    generator = Generator(make_model(V1_0))
    for options in ({"temperature": 0}, {"top_p": 0}, {"top_p": 1.5}, {"top_k": 0}):
        with pytest.raises(ValueError, match=next(iter(options))):
            generator.sample(sources(1, 2), 3, **options)
