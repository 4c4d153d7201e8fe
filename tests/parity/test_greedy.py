"""Greedy ids against transformers, token by token."""

import numpy as np
import pytest

from keras_model.decoding.generator import Generator
from keras_model.t5 import load_model

pytestmark = [pytest.mark.parity, pytest.mark.filterwarnings("ignore")]


def sources(vocab_size, batch, length, seed):
    """Random ids padded to random lengths."""
    rng = np.random.default_rng(seed)
    ids = rng.integers(2, vocab_size, (batch, length))
    ids[np.arange(length) >= rng.integers(1, length + 1, batch)[:, None]] = 0
    return ids


def assert_same_ids(folder, transformers_model, cases):
    """Returns all ids, for a check that they are worth comparing."""
    generator, theirs = Generator(load_model(folder)), transformers_model(folder)
    seen = []
    for batch, length, steps in cases:
        encoder_ids = sources(generator.model.config.vocab_size, batch, length, seed=length)
        ids = generator.greedy(encoder_ids, steps)
        np.testing.assert_array_equal(ids, theirs.greedy(encoder_ids, steps))
        seen.append(ids)
    assert generator.compilations <= 2  # for short and for long texts
    return np.concatenate([ids.ravel() for ids in seen])


@pytest.mark.parametrize("family", ["v1_0", "v1_1"])
def test_random_models(family, random_folder, transformers_model):
    ids = [
        assert_same_ids(random_folder(family, seed), transformers_model, [(1, 6, 5), (8, 30, 150), (32, 170, 16)])
        for seed in range(6)
    ]
    assert len(np.unique(np.concatenate(ids))) > 50
    assert (np.concatenate(ids) == 1).any()


@pytest.mark.parametrize("checkpoint", ["hf_one_layer_v1_0", "hf_tiny_v1_0_safetensors", "t5x_tiny_v1_1"])
def test_real_checkpoints(checkpoint, shared_data, transformers_model):
    assert_same_ids(shared_data / "checkpoints" / checkpoint, transformers_model, [(1, 6, 5), (16, 140, 24)])
