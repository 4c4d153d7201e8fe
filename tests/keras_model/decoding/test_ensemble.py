"""Ensembles against the mean of their members' logits, written out: each member's by its whole forward pass."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from keras_model.decoding.ensemble import Ensemble
from keras_model.decoding.generator import Generator, NonFiniteLogitsError
from keras_model.decoding.noise import row_noise
from keras_model.t5 import T5
from tests.keras_model.decoding import test_beam as beams
from tests.keras_model.decoding.test_ranking import ANSWERS
from tests.keras_model.models import UMT5, V1_0, make_model, sources

# Of other sizes and another form in everything that members may differ in.
ONE = dataclasses.replace(V1_0, num_decoder_layers=1)
LIMIT = 7  # ids that are emitted: some texts end, and some do not
OTHER = dataclasses.replace(UMT5, d_model=24, d_kv=6, d_ff=20, num_layers=1, num_decoder_layers=2, num_heads=2)


@pytest.fixture(scope="module")
def members():
    return [make_model(ONE), make_model(OTHER, seed=1)]


@pytest.fixture(scope="module")
def generator(members):
    return Generator(Ensemble(members), emit_limit=LIMIT)


@pytest.fixture(scope="module")
def forward(members):
    """Compiled: mean logits, float64 [batch, target, vocab_size], of encoder and decoder inputs."""
    passes = [tf.function(member, reduce_retracing=True) for member in members]

    def mean(encoder_ids, decoder_ids):
        inputs = {"encoder_ids": tf.constant(encoder_ids), "decoder_ids": tf.constant(decoder_ids, tf.int32)}
        return np.mean([np.asarray(one(inputs), np.float64) for one in passes], axis=0)

    return mean


def written(forward, encoder_ids, steps, choose):
    """Texts by whole forward passes, one for each token; `choose` takes the next one's mean logits and its place."""
    ids = np.zeros((len(encoder_ids), steps + 1), np.int32)
    ended = np.zeros(len(encoder_ids), bool)
    for step in range(steps):
        chosen = choose(forward(encoder_ids, ids[:, : step + 1])[:, -1], step)
        ids[:, step + 1] = np.where(ended, 0, chosen)
        ended |= chosen == 1
    return ids[:, 1:]


@pytest.mark.parametrize(("steps", "jit_compile"), [(6, False), (40, False), (6, True)], ids=["short", "long", "XLA"])
def test_greedy_takes_the_largest_mean_logit(members, generator, forward, steps, jit_compile):
    encoder_ids = sources(5, 9)
    if jit_compile:
        generator = Generator(Ensemble(members), emit_limit=LIMIT, jit_compile=True)
    found = generator.greedy(encoder_ids, steps)
    expected = written(forward, encoder_ids, steps, lambda logits, _: logits[:, :LIMIT].argmax(axis=1))
    np.testing.assert_array_equal(found, expected)


def test_what_is_drawn_follows_from_the_mean(generator, forward):
    encoder_ids, noise = sources(5, 9), row_noise(7, range(5), 6)

    def drawn(logits, step):
        probabilities = np.exp((logits[:, :LIMIT] - logits.max(axis=1, keepdims=True)) / 1.5)
        cumulative = probabilities.cumsum(axis=1)
        return (cumulative > noise[:, step, None] * cumulative[:, -1:]).argmax(axis=1)

    found = generator.sample(encoder_ids, 6, temperature=1.5, seed=7)
    np.testing.assert_array_equal(found, written(forward, encoder_ids, 6, drawn))


def test_a_ranking_is_of_the_mean(generator, forward):
    encoder_ids = sources(7, 30)
    found = generator.rank(encoder_ids, ANSWERS)
    for column, answer in list(enumerate(ANSWERS))[:3]:
        logits = forward(encoder_ids, np.tile([0, *answer[:-1]], (7, 1)))
        logits -= logits.max(axis=-1, keepdims=True)
        expected = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
        expected = sum(expected[:, place, token] for place, token in enumerate(answer))
        np.testing.assert_allclose(found[:, column], expected, rtol=2e-5, atol=2e-5)
        own = generator.log_likelihoods(encoder_ids, np.tile(answer, (7, 1)))
        np.testing.assert_allclose(own, expected, rtol=2e-5, atol=2e-5)


def test_a_beam_search_is_of_the_mean():
    """Against the rule written out, and no text scores more than the best of all there are."""
    members = [beams.make_model(config, seed)[0] for seed, config in enumerate((beams.V1_0, beams.V1_1))]
    passes = [beams.compiled(member.config)[2] for member in members]
    generator = Generator(Ensemble(members))
    tables = beams.tables(lambda inputs: (passes[0](inputs) + passes[1](inputs)) / 2, beams.sources())
    ids, scores = generator.beam(beams.sources(), beams.STEPS, beam_size=2, alpha=0.6)
    for row, table in enumerate(tables):
        for place, (score, tokens) in enumerate(beams.search_by_the_rule(table, 2, 0.6)):
            assert beams.tokens_of(ids[row, place]) == tokens
            assert scores[row, place] == pytest.approx(score, abs=1e-4)
        assert scores[row, 0] <= beams.all_ended_texts(table, 0.6)[0][0] + 1e-4
        alone = generator.beam(beams.sources()[row : row + 1], beams.STEPS, beam_size=2, alpha=0.6)[0]
        np.testing.assert_array_equal(alone[0], ids[row])


def test_finished_inputs_leave_with_what_each_member_keeps_of_them(generator):
    encoder_ids = sources(24, 24)
    whole = generator.greedy(encoder_ids, 40)
    ended = (whole == 1).any(axis=1)
    rows = np.concatenate([np.flatnonzero(ended), np.flatnonzero(~ended)[:6]])
    assert 3 * len(rows) >= 4 * 6  # so few are left after the first stretch
    np.testing.assert_array_equal(generator.greedy(encoder_ids[rows], 40), whole[rows])


def test_weights_are_read_at_each_call(members, forward):
    """By `generate` too, which takes some rows at a time."""
    ensemble, encoder_ids, scale = Ensemble(members), sources(5, 9), members[1].decoder.final_norm.scale
    before = np.asarray(scale)
    found = []
    for factor in (1, 3):
        scale.assign(before * factor)
        found.append(ensemble.generate(encoder_ids, 6, batch_size=3))
        expected = written(forward, encoder_ids, 6, lambda logits, _: logits.argmax(axis=1))
        np.testing.assert_array_equal(found[-1], expected)
    assert (found[0] != found[1]).any()
    scale.assign(before * np.nan)
    with pytest.raises(NonFiniteLogitsError, match="NaN or infinity"):
        ensemble.generate(encoder_ids, 6)
    scale.assign(before)


def test_members_have_one_vocabulary():
    first = T5(dataclasses.replace(V1_0, num_decoder_layers=1))
    with pytest.raises(ValueError, match="at least one member"):
        Ensemble([])
    for change, message in [
        ({"vocab_size": 48}, "vocab_size is 40 in member 1, 48 in member 2"),
        ({"eos_token_id": 2}, "eos_token_id is 1 in member 1, 2 in member 2"),
        ({"decoder_start_token_id": 3}, "decoder_start_token_id is 0 in member 1, 3 in member 2"),
    ]:
        with pytest.raises(ValueError, match=message):
            Ensemble([first, T5(dataclasses.replace(first.config, **change))])
