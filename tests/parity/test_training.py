"""Training against transformers: the same weights and batches give the same loss, gradients and learning curve."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_model.checkpoints import save_model
from keras_model.checkpoints.weights import weights
from keras_model.config import T5Config
from keras_model.data.batch_plan import BatchPlan
from keras_model.data.batches import Examples, batch_dataset, make_batch
from keras_model.t5 import T5
from keras_model.training.dense_gradients import AdamW
from keras_model.training.losses import TokenCrossEntropy

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


STEPS = 200
RATE, DECAY, EPSILON, BETA_2 = 3e-4, 0.01, 1e-7, 0.999


def sorting_examples():
    """The target is the source sorted, so that there is something to learn for 200 steps."""
    rng = np.random.default_rng(3)
    sources = [rng.integers(2, 64, size=n).tolist() for n in rng.integers(2, 9, size=400)]
    return Examples.from_sequences([[*source, 1] for source in sources], [[*sorted(source), 1] for source in sources])


def curve_of_transformers(folder, examples, plan):
    import torch
    import transformers

    model = transformers.T5ForConditionalGeneration.from_pretrained(folder, dtype=torch.float32).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=DECAY, betas=(0.9, BETA_2))
    losses = []
    for step in range(STEPS):
        batch = plan.batch(examples, step)
        encoder_ids, decoder_ids, labels = (
            torch.tensor(ids, dtype=torch.long) for ids in (batch.encoder_ids, batch.decoder_ids, batch.labels)
        )
        optimizer.zero_grad()
        outputs = model(
            input_ids=encoder_ids,
            attention_mask=encoder_ids != 0,
            decoder_input_ids=decoder_ids,
            labels=labels.masked_fill(labels == 0, -100),
        )
        outputs.loss.backward()
        # Keras adds epsilon before it corrects the bias of the second moment, PyTorch afterwards.
        optimizer.param_groups[0]["eps"] = EPSILON / (1 - BETA_2 ** (step + 1)) ** 0.5
        optimizer.step()
        losses.append(outputs.loss.item())
    return np.array(losses)


@pytest.mark.parametrize("family", FAMILIES)
def test_learning_curve(tmp_path, family):
    """200 steps of AdamW without dropout, through `model.fit`: every loss within a thousandth."""
    keras.utils.set_random_seed(7)
    model, examples = T5(FAMILIES[family]), sorting_examples()
    save_model(model, tmp_path)
    plan = BatchPlan(examples.sources.lengths, examples.targets.lengths, batch_size=16, seed=1)
    theirs = curve_of_transformers(tmp_path, examples, plan)

    losses = []
    model.compile(AdamW(RATE, DECAY, beta_2=BETA_2, epsilon=EPSILON), TokenCrossEntropy(), jit_compile=False)

    class Losses(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            losses.append(logs["loss"])
            self.model.reset_metrics()  # else the mean so far

    model.fit(batch_dataset(examples, plan), steps_per_epoch=STEPS, callbacks=[Losses()], shuffle=False, verbose=0)
    np.testing.assert_allclose(losses, theirs, rtol=1e-3)
    assert theirs[-10:].mean() < 0.8 * theirs[:10].mean()
