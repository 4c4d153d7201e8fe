"""The rule of the beam search on random tables of probabilities: long texts, penalties up to 2, every rank.

A table stands in for the decoder, so that a call searches a hundred of them and the rule is checked, not the model.
"""

import dataclasses
import functools
import itertools
import types

import numpy as np
import pytest
import tensorflow as tf

from keras_model.config import T5Config
from keras_model.decoding import beam as beam_module
from keras_model.decoding.beam import NEVER, beam_search
from keras_model.decoding.cached_decoder import State

EOS = 1
CONFIG = T5Config(vocab_size=5, d_model=1, d_kv=1, d_ff=1, num_layers=1, num_heads=1)


class TableDecoder:
    """Has the interface of `CachedDecoder`; the next token depends on the position and on the last one."""

    def __init__(self, model):
        self.table = model.table  # [inputs, steps, last token, next token], logits

    def start(self, hypotheses, static):
        inputs = tf.shape(self.table)[0]
        caches = [tf.zeros((inputs * hypotheses, 0, 1))]
        # Where a state keeps what belongs to its inputs, and leaves out what belongs to finished ones.
        table = tf.reshape(self.table, (inputs, -1))
        return State([table], [], tf.zeros((inputs, 1, 1)), [], caches, caches, static)

    def step(self, state, ids, position):
        inputs = tf.shape(state.memory_bias)[0]
        table = tf.reshape(state.memory_keys[0], (inputs, *self.table.shape[1:]))[:, position]
        last = tf.reshape(ids, (inputs, -1))
        logits = tf.gather(table, last, batch_dims=1)  # [inputs, hypotheses, next token]
        return tf.reshape(logits, (-1, self.table.shape[-1])), state.keys, state.values


@pytest.fixture
def search(monkeypatch):
    """Searches each of some tables, float32 [inputs, steps, vocab, vocab]: the ids and scores of every rank."""

    def begin(model, ids, steps, *, hypotheses, static, **_):
        decoder = TableDecoder(model)
        return decoder, decoder.start(hypotheses, static)

    monkeypatch.setattr(beam_module, "begin", begin)

    @functools.cache
    def compiled(beam_size):
        @tf.function(reduce_retracing=True)
        def run(table, alpha):
            config = dataclasses.replace(CONFIG, vocab_size=table.shape[-1])
            model = types.SimpleNamespace(config=config, table=table)
            inputs, steps = table.shape[:2]
            forced = tf.fill((inputs, steps), -1)
            ids = tf.ones((inputs, 1), tf.int32)
            return beam_search(model, ids, forced, alpha, beam_size=beam_size, emit_limit=table.shape[-1], static=False)

        return run

    def run(tables, beam_size, alpha):
        ids, scores = compiled(beam_size)(tf.constant(tables, tf.float32), tf.constant(alpha, tf.float32))
        return ids.numpy(), scores.numpy()

    return run


def random_tables(inputs, steps, vocab, seed):
    """Logits; how willing a table is to end differs from table to table and from step to step."""
    rng = np.random.default_rng(seed)
    tables = rng.normal(size=(inputs, steps, vocab, vocab)) * rng.uniform(0.5, 2, (inputs, 1, 1, 1))
    tables[..., EOS] += rng.normal(-1, 1.5, (inputs, 1, 1)) + rng.normal(size=(inputs, steps, 1))
    return tables.astype(np.float32).astype(np.float64)


def log_probabilities(table):
    return table - np.log(np.exp(table).sum(-1, keepdims=True))


def penalty(length, alpha):
    return ((5 + length) / 6) ** alpha


def by_the_rule(table, beam_size, alpha):
    """Mesh TensorFlow's search, a list at a time: every rank that it finds, as (score, tokens)."""
    steps, vocab, _ = table.shape
    log_p = log_probabilities(table)
    alive, ended = [(0.0, ())], []
    for position in range(steps):
        if ended and ended[-1][0] > alive[0][0] / penalty(steps, alpha):
            break
        grown = sorted(
            (
                (score + log_p[position, tokens[-1] if tokens else 0, token], (*tokens, token))
                for score, tokens in alive
                for token in range(vocab)
            ),
            reverse=True,
        )[: 2 * beam_size]
        new = [(score / penalty(position + 1, alpha), tokens) for score, tokens in grown if tokens[-1] == EOS]
        ended = sorted(ended + new, reverse=True)[:beam_size]
        alive = [(score, tokens) for score, tokens in grown if tokens[-1] != EOS][:beam_size]
    return ended or alive


def text(ids):
    tokens = ids.tolist()
    return tuple(tokens[: tokens.index(EOS) + 1]) if EOS in tokens else tuple(tokens)


def assert_ranks(ids, scores, expected):
    """The same texts and scores on every rank, and nothing on those beyond."""
    for rank, (score, tokens) in enumerate(expected):
        assert text(ids[rank]) == tokens
        assert scores[rank] == pytest.approx(score, abs=1e-4)
    assert (scores[len(expected) :] <= NEVER / 2).all()


@pytest.mark.parametrize("beam_size", [1, 2, 4])
def test_long_texts_follow_the_rule_under_every_penalty(search, beam_size):
    tables = random_tables(100, 12, 5, seed=beam_size)
    fewer = lengths = 0
    for alpha in (0.0, 0.6, 1.0, 2.0):
        ids, scores = search(tables, beam_size, alpha)
        for row, table in enumerate(tables):
            expected = by_the_rule(table, beam_size, alpha)
            assert_ranks(ids[row], scores[row], expected)
            fewer += len(expected) < beam_size
            lengths = max(lengths, len(expected[0][1]))
    assert lengths == 12
    assert fewer > 10 or beam_size == 1  # searches that ended before they had filled every rank


@pytest.mark.parametrize("alpha", [0.0, 0.6, 2.0])
def test_a_beam_that_holds_everything_has_the_best_of_all_texts_on_every_rank(search, alpha):
    steps, vocab = 4, 4
    tables = random_tables(60, steps, vocab, seed=9)
    ids, scores = search(tables, 64, alpha)  # 27 hypotheses with 4 continuations each: 2 * 64 hold them all
    for row, table in enumerate(tables):
        log_p = log_probabilities(table)
        texts = []
        for length in range(steps):
            for body in itertools.product([token for token in range(vocab) if token != EOS], repeat=length):
                tokens = (*body, EOS)
                total = sum(log_p[i, tokens[i - 1] if i else 0, token] for i, token in enumerate(tokens))
                texts.append((total / penalty(len(tokens), alpha), tokens))
        found = int((scores[row] > NEVER / 2).sum())
        assert found > 0
        assert_ranks(ids[row], scores[row], sorted(texts, reverse=True)[:found])
