"""A packed batch is exactly the padded one: the same logits, loss and gradients, for each family of models."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from keras_model.data.batches import Examples, make_batch, make_packed_batch
from keras_model.data.packed_plan import PackedPlan
from keras_model.training.losses import TokenCrossEntropy
from tests.keras_model.models import ARCHITECTURES, FAMILIES, make_model

CONFIGS = {**FAMILIES, **{name: ARCHITECTURES[name] for name in ("shared", "prefix LM")}}

ROW = (48, 24)


@pytest.fixture(scope="module")
def examples():
    rng = np.random.default_rng(0)
    sources, targets = (
        [[*rng.integers(2, 40, size=n).tolist(), 1] for n in rng.integers(0, longest, 19)] for longest in (40, 12)
    )
    return Examples.from_sequences(sources, targets)


@pytest.fixture(scope="module")
def rows(examples):
    """All examples packed, in one batch whose last row is empty."""
    plan = PackedPlan(examples.sources.lengths, examples.targets.lengths, 99, ROW)
    rows = plan.packed_rows(0)
    assert len(rows) < 12
    assert max(map(len, rows)) > 2
    return rows


def gradients(model, batch):
    with tf.GradientTape() as tape:
        logits = model(batch.inputs, training=True)
        loss = TokenCrossEntropy()(batch.labels, logits)
    found = tape.gradient(loss, [variable.value for variable in model.trainable_variables])
    return float(loss), [gradient.numpy() for gradient in found], logits.numpy()


@pytest.mark.parametrize("family", CONFIGS)
def test_packed_batch_has_the_loss_and_gradients_of_the_padded_one(examples, rows, family):
    model = make_model(dataclasses.replace(CONFIGS[family], dropout_rate=0.0))
    packed = make_packed_batch(examples, rows, len(rows) + 1, ROW, decoder_start_id=2)
    order = np.concatenate(rows)
    padded = make_batch(examples, order, len(order), decoder_start_id=2)
    packed_loss, packed_gradients, packed_logits = gradients(model, packed)
    loss, expected, logits = gradients(model, padded)

    assert packed_loss == pytest.approx(loss, rel=1e-6)
    for variable, ours, theirs in zip(model.trainable_variables, packed_gradients, expected, strict=True):
        size = np.abs(theirs).max()
        assert size > 0, variable.path
        np.testing.assert_allclose(ours, theirs, atol=3e-6 * size, err_msg=variable.path)
    # Rows in order, segments in order: the same order as the padded batch's.
    np.testing.assert_allclose(packed_logits[packed.labels > 0], logits[padded.labels > 0], atol=2e-5)
