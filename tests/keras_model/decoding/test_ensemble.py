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
from tests.keras_model.models import UMT5, V1_0, V1_1, make_model, sources

# Of other sizes in everything that members may differ in.
OTHER = dataclasses.replace(V1_1, d_model=24, d_kv=6, d_ff=20, num_layers=1, num_decoder_layers=2, num_heads=2)


@pytest.fixture(scope="module")
def members():
    return [make_model(V1_0), make_model(OTHER, seed=1), make_model(UMT5, seed=2)]


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
def test_greedy_takes_the_largest_mean_logit(members, forward, steps, jit_compile):
    encoder_ids = sources(5, 9)
    found = Generator(Ensemble(members), jit_compile=jit_compile).greedy(encoder_ids, steps)
    np.testing.assert_array_equal(found, written(forward, encoder_ids, steps, lambda logits, _: logits.argmax(axis=1)))
    alone = [Generator(member).greedy(encoder_ids, steps) for member in members]
    assert not any((texts == found).all() for texts in alone)


def test_what_is_drawn_follows_from_the_mean(members, forward):
    encoder_ids, noise = sources(6, 9), row_noise(7, range(6), 8)

    def drawn(logits, step):
        probabilities = np.exp((logits - logits.max(axis=1, keepdims=True)) / 1.5)
        cumulative = probabilities.cumsum(axis=1)
        return (cumulative > noise[:, step, None] * cumulative[:, -1:]).argmax(axis=1)

    found = Generator(Ensemble(members)).sample(encoder_ids, 8, temperature=1.5, seed=7)
    np.testing.assert_array_equal(found, written(forward, encoder_ids, 8, drawn))


@pytest.mark.parametrize("jit_compile", [False, True])
def test_a_ranking_is_of_the_mean(members, forward, jit_compile):
    encoder_ids = sources(7, 30)
    found = Generator(Ensemble(members), jit_compile=jit_compile).rank(encoder_ids, ANSWERS)
    for column, answer in enumerate(ANSWERS):
        logits = forward(encoder_ids, np.tile([0, *answer[:-1]], (7, 1)))
        logits -= logits.max(axis=-1, keepdims=True)
        expected = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
        expected = sum(expected[:, place, token] for place, token in enumerate(answer))
        np.testing.assert_allclose(found[:, column], expected, rtol=2e-5, atol=2e-5)
        alike = np.tile(answer, (7, 1))
        own = Generator(Ensemble(members), jit_compile=jit_compile).log_likelihoods(encoder_ids, alike)
        np.testing.assert_allclose(own, expected, rtol=2e-5, atol=2e-5)


def test_a_beam_search_is_of_the_mean():
    """A small beam against the rule, a beam that holds everything against all texts there are."""
    members = [beams.make_model(config, seed)[0] for seed, config in enumerate((beams.V1_0, beams.V1_1))]
    passes = [beams.compiled(member.config)[2] for member in members]
    generator = Generator(Ensemble(members))
    tables = beams.tables(lambda inputs: (passes[0](inputs) + passes[1](inputs)) / 2, beams.sources())
    ids, scores = generator.beam(beams.sources(), beams.STEPS, beam_size=2, alpha=0.6)
    whole, best = generator.beam(beams.sources(), 3, beam_size=80, alpha=0.6)
    for row, table in enumerate(tables):
        for place, (score, tokens) in enumerate(beams.search_by_the_rule(table, 2, 0.6)):
            assert beams.tokens_of(ids[row, place]) == tokens
            assert scores[row, place] == pytest.approx(score, abs=1e-4)
        score, tokens = max(found for found in beams.all_ended_texts(table, 0.6) if len(found[1]) <= 3)
        assert beams.tokens_of(whole[row, 0]) == tokens
        assert best[row, 0] == pytest.approx(score, abs=1e-4)


def test_it_does_not_depend_on_batches_and_finished_inputs(members):
    """Inputs leave the batch when they have ended, with what each member keeps of them."""
    ensemble, encoder_ids = Ensemble(members), sources(24, 24)
    generator = Generator(ensemble, emit_limit=12)
    for run in (lambda ids: generator.greedy(ids, 40), lambda ids: generator.beam(ids, 40, beam_size=3)[0][:, 0]):
        together = run(encoder_ids)
        assert len({tuple(row).index(1) if 1 in row else 40 for row in together.tolist()}) > 3
        np.testing.assert_array_equal(np.concatenate([run(encoder_ids[:5]), run(encoder_ids[5:])]), together)
    np.testing.assert_array_equal(
        ensemble.generate(encoder_ids, 9, batch_size=7), Generator(ensemble).greedy(encoder_ids, 9)
    )


def test_weights_are_read_at_each_call():
    members = [make_model(V1_0), make_model(V1_1, seed=1)]
    ensemble, encoder_ids = Ensemble(members), sources(4, 9)
    before = ensemble.generate(encoder_ids, 8)
    for weight, other in zip(members[0].weights, make_model(V1_0, seed=5).weights, strict=True):
        weight.assign(other)
    after = ensemble.generate(encoder_ids, 8)
    assert (before != after).any()
    np.testing.assert_array_equal(after, Ensemble([make_model(V1_0, seed=5), members[1]]).generate(encoder_ids, 8))
    members[1].decoder.final_norm.scale.assign(members[1].decoder.final_norm.scale * np.nan)
    with pytest.raises(NonFiniteLogitsError, match="NaN or infinity"):
        ensemble.generate(encoder_ids, 8)


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
