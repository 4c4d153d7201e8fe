"""Texts that begin as told, long texts whose inputs leave the batch when they are done, and the loop under XLA."""

import numpy as np
import pytest

from keras_model.decoding import encoding
from keras_model.decoding import loop as decoding_loop
from keras_model.decoding.generator import Generator
from tests.keras_model.decoding.test_decoding import greedy_by_forward_pass
from tests.keras_model.models import FAMILIES, V1_0, V1_1, generator_of, make_model, next_log_probabilities, sources


def test_a_text_goes_on_from_its_prefix():
    generator, encoder_ids = generator_of(V1_1), sources(5, 9)
    ids = generator.greedy(encoder_ids, 8, prefix=[7, 30])
    compilations = generator.compilations
    assert (ids[:, :2] == [7, 30]).all()
    decoder_ids = np.concatenate([np.zeros((5, 1), np.int32), ids[:, :-1]], axis=1)
    expected = next_log_probabilities(generator.model, encoder_ids, decoder_ids).argmax(-1)
    for row, chosen in zip(ids, expected, strict=True):
        length = (row == 1).argmax() + 1 if (row == 1).any() else 8
        np.testing.assert_array_equal(row[2:length], chosen[2:length])
    own = np.arange(10, 15)[:, None]
    np.testing.assert_array_equal(generator.greedy(encoder_ids, 8, prefix=own)[:, :1], own)
    np.testing.assert_array_equal(generator.greedy(encoder_ids, 8, prefix=ids[:, :3]), ids)
    assert generator.compilations == compilations


def test_a_beam_goes_on_from_its_prefix_at_no_cost():
    model, encoder_ids = make_model(V1_0, seed=2), sources(3, 9)
    ids, scores = Generator(model, emit_limit=20).beam(encoder_ids, 6, beam_size=3, alpha=0.0, prefix=[7, 12])
    assert (ids[:, :, :2] == [7, 12]).all()
    assert len({tuple(text) for text in ids[0].tolist()}) == 3
    for text, score in zip(ids[:, 0], scores[:, 0], strict=True):
        row = next(i for i in range(3) if (ids[i, 0] == text).all())
        length = (text == 1).argmax() + 1 if (text == 1).any() else 6
        found = next_log_probabilities(model, encoder_ids[row : row + 1], np.array([[0, *text[: length - 1]]]))[0]
        assert score == pytest.approx(sum(found[i, text[i]] for i in range(2, length)), abs=1e-4)


def test_sampling_takes_a_prefix():
    ids = generator_of(V1_1).sample(sources(4, 5), 6, prefix=[9])
    assert (ids[:, 0] == 9).all()


@pytest.mark.parametrize(
    ("prefix", "message"),
    [
        ([1], "before the end. Received: 1"),
        ([0], "Received: 0"),
        ([40], "Received: 40"),
        ([3] * 9, "9 tokens does not fit into max_new_tokens=8"),
        ([[3]], r"\[length\] or \[batch, length\]. Received: shape \(1, 1\)"),
    ],
)
def test_what_is_no_prefix_is_refused(prefix, message):
    with pytest.raises(ValueError, match=message):
        generator_of(V1_0).greedy(sources(2, 5), 8, prefix=prefix)


@pytest.fixture(scope="module")
def together():
    """A model, inputs whose texts end at different lengths, and these: the definition's, and a beam's with scores."""
    model, encoder_ids = make_model(V1_1, seed=7), sources(24, 9)
    by_forward_pass = greedy_by_forward_pass(model, encoder_ids, 20, emit_limit=5)
    assert len(np.unique((by_forward_pass != 0).sum(1))) > 3
    return model, encoder_ids, by_forward_pass, *Generator(model, emit_limit=5).beam(encoder_ids, 20, beam_size=3)


@pytest.mark.parametrize("stretch", [1, 2, 5])
def test_finished_inputs_leave_and_nothing_changes(stretch, monkeypatch, together):
    model, encoder_ids, by_forward_pass, whole, scores = together
    monkeypatch.setattr(decoding_loop, "STRETCH", stretch)
    monkeypatch.setattr(encoding, "SLICE_TOKENS", 9 * stretch)
    left = []
    gather = decoding_loop.State.of_inputs
    monkeypatch.setattr(decoding_loop.State, "of_inputs", lambda self, kept: left.append(1) or gather(self, kept))
    generator = Generator(model, emit_limit=5)
    np.testing.assert_array_equal(generator.greedy(encoder_ids, 20), by_forward_pass)
    ids, new_scores = generator.beam(encoder_ids, 20, beam_size=3)
    np.testing.assert_array_equal(ids, whole)
    np.testing.assert_allclose(new_scores, scores, rtol=1e-5)
    assert len(left) == 2  # traced once for each search


def test_a_beam_does_not_depend_on_the_batch(together):
    """All texts that are returned, not only the best: an input that is decided takes no more of them in."""
    model, encoder_ids, *_ = together
    generator = Generator(model, emit_limit=5)
    together, scores = generator.beam(encoder_ids, 20, beam_size=4)
    for row, ids, score in zip(encoder_ids, together, scores, strict=True):
        alone, own = generator.beam(row[row != 0][None], 20, beam_size=4)
        np.testing.assert_array_equal(alone[0], ids)
        np.testing.assert_allclose(own[0], score, rtol=1e-5)


@pytest.mark.parametrize("config", FAMILIES.values(), ids=FAMILIES)
def test_the_same_loop_compiles_with_xla(config):
    """What an accelerator runs, at static shapes, on CPU."""
    plain, encoder_ids = generator_of(config), sources(6, 16)
    compiled = Generator(plain.model, jit_compile=True)
    np.testing.assert_array_equal(compiled.greedy(encoder_ids, 12), plain.greedy(encoder_ids, 12))
    ids, scores = plain.beam(encoder_ids, 8, beam_size=2)
    compiled_ids, compiled_scores = compiled.beam(encoder_ids, 8, beam_size=2)
    np.testing.assert_array_equal(compiled_ids, ids)
    np.testing.assert_allclose(compiled_scores, scores, rtol=1e-4)
    sampled = compiled.sample(encoder_ids, 8, top_k=5, seed=4)
    np.testing.assert_array_equal(compiled.sample(encoder_ids, 8, top_k=5, seed=4), sampled)
