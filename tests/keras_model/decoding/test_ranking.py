"""Ranking given answers: the definition is the full forward pass, answer by answer."""

import dataclasses

import numpy as np
import pytest

from keras_model.decoding import ranking
from keras_model.decoding.generator import Generator
from keras_model.decoding.ranking import AnswerTree
from tests.keras_model.models import FAMILIES, V1_0, V1_1, make_model, next_log_probabilities, sources

ANSWERS = [[5, 6, 7, 1], [5, 6, 1], [5, 1], [9, 6, 7, 1], [5, 6, 7, 8, 9, 1], [1]]


def by_forward_pass(model, encoder_ids, answers):
    sums = np.zeros((len(encoder_ids), len(answers)))
    for column, answer in enumerate(answers):
        decoder_ids = np.tile([model.config.decoder_start_token_id, *answer[:-1]], (len(encoder_ids), 1))
        found = next_log_probabilities(model, encoder_ids, decoder_ids)
        sums[:, column] = sum(found[:, i, token] for i, token in enumerate(answer))
    return sums


@pytest.mark.parametrize("config", FAMILIES.values(), ids=FAMILIES)
@pytest.mark.parametrize("jit_compile", [False, True])
def test_it_is_the_sum_of_the_log_probabilities(config, jit_compile):
    model = make_model(config)
    encoder_ids = sources(7, 30)
    found = Generator(model, emit_limit=30, jit_compile=jit_compile).rank(encoder_ids, ANSWERS)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, by_forward_pass(model, encoder_ids, ANSWERS), rtol=2e-5, atol=2e-5)
    assert found.std(axis=0).min() > 1e-3  # the inputs matter


def test_answers_share_their_beginnings():
    tree = AnswerTree.of(ANSWERS, V1_0)
    beginnings = {tuple(answer[:i]) for answer in ANSWERS for i in range(len(answer))}
    assert len(tree.ids) == len(beginnings) == 9
    assert tree.depths.max() == 5


def test_it_does_not_depend_on_batch_padding_order_or_slices(monkeypatch):
    model = make_model(V1_1)
    encoder_ids = sources(32, 24)
    together = Generator(model).rank(encoder_ids, ANSWERS)
    generator = Generator(model)
    alone = np.concatenate([generator.rank(row[row != 0][None], ANSWERS) for row in encoder_ids])
    np.testing.assert_allclose(alone, together, rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(alone.argmax(axis=1), together.argmax(axis=1))
    reversed_answers = generator.rank(encoder_ids, ANSWERS[::-1])
    np.testing.assert_allclose(reversed_answers[:, ::-1], together, rtol=1e-5, atol=1e-5)
    assert generator.compilations == 1
    monkeypatch.setattr(ranking, "SLICE_LOGITS", 7)
    np.testing.assert_allclose(Generator(model).rank(encoder_ids, ANSWERS), together, rtol=1e-5, atol=1e-5)


def test_a_greedy_text_ranks_above_what_differs_in_its_first_token():
    model = make_model(V1_0)
    encoder_ids = sources(4, 9)
    generator = Generator(model)
    first = generator.greedy(encoder_ids, 1)[:, 0]
    found = generator.rank(encoder_ids, [[token] for token in range(40)])
    np.testing.assert_array_equal(found.argmax(axis=1), first)
    np.testing.assert_allclose(np.exp(found).sum(axis=1), 1, rtol=1e-5)


def test_empty_batches_and_wrong_answers():
    generator = Generator(make_model(dataclasses.replace(V1_0, num_decoder_layers=1)))
    assert generator.rank(np.zeros((0, 4), np.int32), ANSWERS).shape == (0, len(ANSWERS))
    for answers, message in [([], "at least one answer"), ([[1], []], "none of them empty"), ([[40]], r"\[0, 40\)")]:
        with pytest.raises(ValueError, match=message):
            generator.rank(sources(1, 2), answers)


@pytest.mark.parametrize("jit_compile", [False, True])
def test_of_own_texts_it_is_the_same_sum(jit_compile, monkeypatch):
    """Each input has a text of its own length; neither padding nor slices matter."""
    model = make_model(V1_1)
    encoder_ids = sources(len(ANSWERS), 30)
    targets = np.array([[*answer, *[0] * (8 - len(answer))] for answer in ANSWERS])
    monkeypatch.setattr(ranking, "SLICE_LOGITS", 7)
    found = Generator(model, jit_compile=jit_compile).log_likelihoods(encoder_ids, targets)
    expected = by_forward_pass(model, encoder_ids, ANSWERS)[np.arange(len(ANSWERS)), np.arange(len(ANSWERS))]
    np.testing.assert_allclose(found, expected, rtol=2e-5, atol=2e-5)
