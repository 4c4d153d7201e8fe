"""The decoder's products: of logits in bfloat16 the greatest in float32, and large matrices not copied."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from keras_model.decoding.cached_decoder import EXACT, rounded_head, rounded_logits
from keras_model.decoding.generator import Generator
from tests.keras_model.models import V1_0, V1_1, generator_of, make_model


def test_the_greatest_logits_are_computed_in_float32() -> None:
    random = np.random.default_rng(0)
    x = tf.constant(random.standard_normal((50, 64)), tf.float32)
    head = tf.cast(random.standard_normal((700, 64)), tf.bfloat16)
    exact = np.asarray(x, np.float64) @ np.asarray(tf.cast(head, tf.float64)).T
    found = rounded_logits(x, head).numpy()
    assert found.dtype == np.float32
    greatest = np.argsort(-found, axis=1)[:, :EXACT]
    for row, places in enumerate(greatest):
        error = np.abs(found[row, places] - exact[row, places])
        assert (error < 1e-4).sum() >= EXACT - 1  # one that is rounded may come among the least of them
    np.testing.assert_array_equal(found.argmax(axis=1), exact.argmax(axis=1))
    np.testing.assert_allclose(found, exact, atol=0.02 * np.abs(exact).max())
    # Which a product of bfloat16 alone does not come near.
    coarse = tf.cast(tf.matmul(tf.cast(x, tf.bfloat16), head, transpose_b=True), tf.float32).numpy()
    assert (
        np.abs(coarse.max(axis=1) - exact.max(axis=1)).max() > 100 * np.abs(found.max(axis=1) - exact.max(axis=1)).max()
    )


@pytest.mark.parametrize("config", [V1_0, V1_1], ids=["tied", "with a head"])
def test_a_model_in_bfloat16_writes_the_best_token_of_its_logits(config) -> None:
    model = make_model(config, dtype="bfloat16")
    assert rounded_head(model, 20).shape == (20, config.d_model)
    assert rounded_head(make_model(config), 20) is None
    ids = np.random.default_rng(1).integers(3, config.vocab_size, (6, 9), dtype=np.int32)
    written = Generator(model).greedy(ids, 5)
    begun = np.pad(written, [[0, 0], [1, 0]])[:, :-1]
    logits = np.asarray(model({"encoder_ids": ids, "decoder_ids": begun}))
    best = logits.argmax(axis=-1)
    unlike = (written != best) & (written != config.pad_token_id)
    # Cached decoding rounds its hidden states in another order; where another token is written, the two are as good.
    for row, step in np.argwhere(unlike):
        two = logits[row, step, [written[row, step], best[row, step]]]
        assert abs(two[0] - two[1]) < 0.05 * np.abs(logits[row, step]).max()
    assert unlike.mean() < 0.2


def test_large_matrices_are_multiplied_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are not copied side by side; the texts are the same."""
    ids = np.random.default_rng(1).integers(3, V1_0.vocab_size, (6, 9), dtype=np.int32)
    together = generator_of(V1_0).greedy(ids, 5)
    monkeypatch.setattr("keras_model.decoding.cached_decoder.LARGE_MATRIX", 0)
    np.testing.assert_array_equal(Generator(make_model(V1_0)).greedy(ids, 5), together)
