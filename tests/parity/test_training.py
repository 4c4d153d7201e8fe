"""One training step against transformers: the same weights and batch give the same loss and gradients."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_model.batches import Examples, make_batch
from keras_model.checkpoints import save_model
from keras_model.checkpoints.weights import weights
from keras_model.config import T5Config
from keras_model.losses import TokenCrossEntropy
from keras_model.model import T5

pytestmark = pytest.mark.parity

SHAPE = {"vocab_size": 64, "d_model": 32, "d_kv": 8, "d_ff": 48, "num_heads": 4, "num_layers": 2, "dropout_rate": 0.0}
FAMILIES = {
    "v1.0": T5Config(**SHAPE, num_decoder_layers=3),
    "v1.1": T5Config(**SHAPE, feed_forward_proj="gated-gelu", tie_word_embeddings=False),
}


def batch_of_uneven_lengths():
    rng = np.random.default_rng(0)
    sources, targets = (
        [[*rng.integers(2, 64, size=n).tolist(), 1] for n in lengths]
        for lengths in ([40, 3, 17, 0, 9, 26], [5, 11, 1, 8, 0, 2])
    )
    return make_batch(Examples.from_sequences(sources, targets), np.arange(6), batch_size=6)


def step_of_transformers(folder, batch, dtype):
    """Loss, and gradients by Hugging Face's names, in the given precision."""
    import torch
    import transformers

    model = transformers.T5ForConditionalGeneration.from_pretrained(folder, dtype=getattr(torch, dtype))
    model.eval()
    encoder_ids = torch.tensor(batch.encoder_ids, dtype=torch.long)
    labels = torch.tensor(batch.labels, dtype=torch.long)
    outputs = model(
        input_ids=encoder_ids,
        attention_mask=encoder_ids != 0,
        decoder_input_ids=torch.tensor(batch.decoder_ids, dtype=torch.long),
        labels=labels.masked_fill(labels == 0, -100),
    )
    outputs.loss.backward()
    gradients = {name: value.grad.numpy() for name, value in model.named_parameters() if value.grad is not None}
    return outputs.loss.item(), gradients


@pytest.mark.parametrize("family", FAMILIES)
def test_loss_and_gradients_of_a_step(tmp_path, family):
    keras.utils.set_random_seed(7)
    model, batch = T5(FAMILIES[family]), batch_of_uneven_lengths()
    save_model(model, tmp_path)
    exact_loss, exact = step_of_transformers(tmp_path, batch, "float64")
    their_loss, theirs = step_of_transformers(tmp_path, batch, "float32")

    ours = {weight.name: weight for weight in weights(model)}
    inputs = {"encoder_ids": batch.encoder_ids, "decoder_ids": batch.decoder_ids}
    with tf.GradientTape() as tape:
        loss = TokenCrossEntropy()(batch.labels, model(inputs, training=True))
    gradients = tape.gradient(loss, [weight.variable.value for weight in ours.values()])

    assert abs(float(loss) - exact_loss) <= max(2 * abs(their_loss - exact_loss), 1e-6 * exact_loss)
    assert set(exact) == set(ours)
    for (name, weight), gradient in zip(ours.items(), gradients, strict=True):
        assert not isinstance(gradient, tf.IndexedSlices), name
        gradient = gradient.numpy().T if weight.transposed else gradient.numpy()
        size = np.linalg.norm(exact[name])
        assert size > 0, name
        error, their_error = (np.linalg.norm(value - exact[name]) / size for value in (gradient, theirs[name]))
        assert error <= max(3 * their_error, 1e-5), name
