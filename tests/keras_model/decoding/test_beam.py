"""Beam search against a brute-force search over all texts, and against its own rule written out in Python."""

import dataclasses
import functools
import itertools

import numpy as np
import pytest
import tensorflow as tf

from keras_model.config import T5Config
from keras_model.decoding.generator import Generator
from keras_model.t5 import T5

EOS, PAD, VOCAB, STEPS = 1, 0, 6, 4
V1_0 = T5Config(vocab_size=VOCAB, d_model=8, d_kv=4, d_ff=16, num_layers=1, num_decoder_layers=2, num_heads=2)
V1_1 = dataclasses.replace(V1_0, feed_forward_proj="gated-gelu", tie_word_embeddings=False, scale_decoder_outputs=False)
PREFIX_LM = dataclasses.replace(V1_0, num_layers=2, num_decoder_layers=2, architecture="prefix_lm")
BOTH = pytest.mark.parametrize("config", [V1_0, V1_1], ids=["v1.0", "v1.1"])


@functools.cache
def compiled(config):
    """A model with its generator and a compiled forward pass; each test gives it weights of its own."""
    model = T5(config)
    return model, Generator(model), tf.function(model, reduce_retracing=True)


def make_model(config, seed):
    """A random model whose next token depends on more than the last one, with its generator."""
    model, generator, _ = compiled(config)
    rng = np.random.default_rng(seed)
    for weight in model.trainable_weights:
        weight.assign(rng.normal(size=weight.shape) * (1.0 if weight.shape[0] == VOCAB else 0.5))
    return model, generator


def sources(rows=3):
    return np.array([[2, 3, 4, 5, 1], [5, 5, 1, 0, 0], [3, 1, 0, 0, 0]], np.int32)[:rows]


def log_probabilities(model, encoder_ids):
    """For each input a function from the tokens so far to the next token's log-probabilities, by the whole model."""
    return tables(compiled(model.config)[2], encoder_ids)


def tables(forward, encoder_ids):
    """The same, by what gives the logits of inputs, [batch, target, VOCAB]."""
    prefixes = [p for n in range(STEPS) for p in itertools.product(range(VOCAB), repeat=n)]
    found = []
    for row in encoder_ids:
        table = {}
        for length, group in itertools.groupby(prefixes, key=len):
            batch = list(group)
            decoder_ids = np.array([(0, *prefix) for prefix in batch]).reshape(len(batch), length + 1)
            inputs = {"encoder_ids": np.tile(row, (len(batch), 1)), "decoder_ids": decoder_ids.astype(np.int32)}
            logits = np.asarray(forward(inputs), np.float64)[:, -1]
            normed = logits - np.log(np.exp(logits - logits.max(1, keepdims=True)).sum(1, keepdims=True))
            table.update(zip(batch, normed - logits.max(1, keepdims=True), strict=True))
        found.append(table)
    return found


def penalty(length, alpha):
    return ((5 + length) / 6) ** alpha


def all_ended_texts(table, alpha):
    """Every text that ends within STEPS tokens, with its score, best first."""
    found = []
    for length in range(STEPS):
        for body in itertools.product([t for t in range(VOCAB) if t != EOS], repeat=length):
            tokens = (*body, EOS)
            total = sum(table[tokens[:i]][token] for i, token in enumerate(tokens))
            found.append((total / penalty(len(tokens), alpha), tokens))
    return sorted(found, reverse=True)


def search_by_the_rule(table, beam, alpha):
    """Mesh-TensorFlow's rule, a list at a time."""
    alive, ended = [(0.0, ())], []
    for position in range(STEPS):
        if ended and ended[-1][0] > alive[0][0] / penalty(STEPS, alpha):
            break
        grown = sorted(
            ((score + table[tokens][t], (*tokens, t)) for score, tokens in alive for t in range(VOCAB)), reverse=True
        )[: 2 * beam]
        new = [(score / penalty(position + 1, alpha), tokens) for score, tokens in grown if tokens[-1] == EOS]
        ended = sorted(ended + new, reverse=True)[:beam]
        alive = [(score, tokens) for score, tokens in grown if tokens[-1] != EOS][:beam]
    return ended or alive


def tokens_of(ids):
    """Tokens up to and with the end of sequence."""
    listed = [int(i) for i in ids]
    return tuple(listed[: listed.index(EOS) + 1]) if EOS in listed else tuple(listed)


@pytest.mark.parametrize(
    ("config", "alpha"),
    [(V1_0, 0.0), (V1_0, 0.6), (V1_0, 2.0), (V1_1, 0.6), (PREFIX_LM, 0.6)],
    ids=["v1.0", "v1.0 with 0.6", "v1.0 with 2", "v1.1", "prefix LM"],
)
def test_a_beam_that_holds_everything_finds_the_best_of_all_texts(config, alpha):
    model, generator = make_model(config, seed=1)
    # At the third of three tokens there are 25 living hypotheses with 6 continuations each: 2 * 80 hold them all.
    ids, scores = generator.beam(sources(), 3, beam_size=80, alpha=alpha)
    for row, table in enumerate(log_probabilities(model, sources())):
        score, tokens = max(found for found in all_ended_texts(table, alpha) if len(found[1]) <= 3)
        assert tokens_of(ids[row, 0]) == tokens
        assert scores[row, 0] == pytest.approx(score, abs=1e-4)


@BOTH
@pytest.mark.parametrize("beam", [1, 2, 3])
def test_small_beams_follow_the_rule(config, beam):
    for seed in range(4):
        model, generator = make_model(config, seed)
        ids, scores = generator.beam(sources(), STEPS, beam_size=beam, alpha=0.6)
        for row, table in enumerate(log_probabilities(model, sources())):
            for rank, (score, tokens) in enumerate(search_by_the_rule(table, beam, 0.6)):
                assert tokens_of(ids[row, rank]) == tokens
                assert scores[row, rank] == pytest.approx(score, abs=1e-4)


def test_no_search_beats_the_best_of_all_texts():
    for seed in range(4):
        model, generator = make_model(V1_0, seed)
        _, scores = generator.beam(sources(), STEPS, beam_size=3, alpha=0.6)
        for row, table in enumerate(log_probabilities(model, sources())):
            assert scores[row, 0] <= all_ended_texts(table, 0.6)[0][0] + 1e-4


def test_it_does_not_depend_on_the_batch_or_its_padding():
    _, generator = make_model(V1_0, seed=3)
    before = generator.compilations
    generator.beam(sources(), 2, beam_size=3)
    together, _ = generator.beam(sources(), 12, beam_size=3)
    for row, alone in enumerate([[[2, 3, 4, 5, 1]], [[5, 5, 1]], [[3, 1]]]):
        np.testing.assert_array_equal(generator.beam(np.array(alone), 12, beam_size=3)[0][0], together[row])
    assert generator.compilations <= before + 1


def test_ids_beyond_the_limit_are_never_chosen():
    model, _ = make_model(V1_0, seed=0)
    ids, _ = Generator(model, emit_limit=4).beam(sources(), 8, beam_size=3)
    assert ids.max() < 4


def test_arguments_are_checked():
    _, generator = make_model(V1_0, seed=0)
    with pytest.raises(ValueError, match="beam_size=0"):
        generator.beam(sources(), 3, beam_size=0)
    with pytest.raises(ValueError, match="max_new_tokens=0"):
        generator.beam(sources(), 0)
