"""The token cross-entropy and accuracy against their definitions, on one device and on two replicas."""

import textwrap

import numpy as np
import pytest
import tensorflow as tf

from keras_model.training.losses import TokenAccuracy, TokenCrossEntropy, over_replicas


@pytest.fixture
def batch():
    rng = np.random.default_rng(0)
    labels = np.array([[3, 5, 1], [4, 1, 0], [1, 0, 0], [0, 0, 0]], np.int32)
    return labels, (5 * rng.standard_normal((4, 3, 7))).astype(np.float32)


def per_token(labels, logits):
    """(weight, loss) of each real token, by the definition, in float64."""
    logits = logits.astype(np.float64)
    return {
        (row, column): np.log(np.exp(logits[row, column]).sum()) - logits[row, column, labels[row, column]]
        for row, column in zip(*np.nonzero(labels), strict=True)
    }


def test_mean_over_real_tokens(batch):
    expected = np.mean(list(per_token(*batch).values()))
    assert float(TokenCrossEntropy()(*batch)) == pytest.approx(expected, rel=1e-6)


def test_rows_of_padding_alone_change_nothing(batch):
    labels, logits = batch
    whole, cut = TokenCrossEntropy()(labels, logits), TokenCrossEntropy()(labels[:3], logits[:3])
    assert float(whole) == pytest.approx(float(cut), rel=1e-6)


def test_sample_weights_count_tokens_several_times(batch):
    labels, logits = batch
    losses = per_token(labels, logits)
    weights = np.array([2.0, 1.0, 0.0, 5.0], np.float32)
    expected = sum(weights[row] * loss for (row, _), loss in losses.items()) / sum(weights[row] for row, _ in losses)
    assert float(TokenCrossEntropy()(labels, logits, weights)) == pytest.approx(expected, rel=1e-6)
    by_token = np.repeat(weights[:, None], 3, axis=1)
    assert float(TokenCrossEntropy()(labels, logits, by_token)) == pytest.approx(expected, rel=1e-6)


def test_batch_without_labels_has_no_loss(batch):
    labels, logits = batch
    assert float(TokenCrossEntropy()(np.zeros_like(labels), logits)) == 0.0


def test_outside_of_replicas_a_sum_is_that_of_all():
    with tf.distribute.OneDeviceStrategy("CPU:0").scope():
        assert float(over_replicas(tf.constant(5.0))) == 5


def test_undefined_logits_of_padding_stay_out(batch):
    labels, logits = batch
    logits[labels == 0] = np.nan
    expected = np.mean(list(per_token(labels, logits).values()))
    assert float(TokenCrossEntropy()(labels, logits)) == pytest.approx(expected, rel=1e-6)


def test_other_padding_id(batch):
    labels, logits = batch
    moved = np.where(labels == 0, -100, labels)
    expected = np.mean(list(per_token(labels, logits).values()))
    loss = TokenCrossEntropy(pad_id=-100)
    assert float(loss(moved, logits)) == pytest.approx(expected, rel=1e-6)
    assert TokenCrossEntropy.from_config(loss.get_config()).pad_id == -100


@pytest.mark.parametrize("jit_compile", [False, True], ids=["plain", "XLA"])
@pytest.mark.parametrize("label", [7, -1, 10**6])
def test_a_label_that_no_class_has_makes_the_loss_nan(batch, label, jit_compile):
    """XLA and GPUs clamp such an index, so that the loss of another class would be learned."""
    import tensorflow as tf

    labels, logits = batch

    @tf.function(jit_compile=jit_compile)
    def loss_and_gradient(labels, logits, weights):
        with tf.GradientTape() as tape:
            tape.watch(logits)
            loss = TokenCrossEntropy()(labels, logits, weights)
        return loss, tape.gradient(loss, logits)

    sound = [float(loss_and_gradient(*map(tf.constant, (labels, logits, np.ones(4, np.float32))))[0])]
    labels[1, 0] = label
    loss, gradient = loss_and_gradient(*map(tf.constant, (labels, logits, np.ones(4, np.float32))))
    assert np.isnan(float(loss))
    assert np.isnan(gradient[1, 0]).all()
    assert np.isfinite(gradient[0]).all()
    # Where it does not count it does no harm.
    weights = np.array([1, 0, 1, 1], np.float32)
    loss, gradient = loss_and_gradient(*map(tf.constant, (labels, logits, weights)))
    assert np.isfinite(float(loss))
    assert np.isfinite(gradient).all()
    assert np.isfinite(sound).all()


def test_weights_that_sum_below_1_are_divided_by_their_sum(batch):
    labels, logits = batch
    losses = per_token(labels, logits)
    weights = np.array([0.01, 0.02, 0.005, 0.0], np.float32)
    expected = sum(weights[row] * loss for (row, _), loss in losses.items()) / sum(weights[row] for row, _ in losses)
    assert float(TokenCrossEntropy()(labels, logits, weights)) == pytest.approx(expected, rel=1e-5)


def written_out(labels, logits, z_loss, right, other):
    """The mean over real tokens with probability `right` at the label and `other` elsewhere, in float64."""
    losses = []
    for row, column in zip(*np.nonzero(labels), strict=True):
        values = logits[row, column].astype(np.float64)
        log_z = np.log(np.exp(values).sum())
        wanted = np.full(len(values), other)
        wanted[labels[row, column]] = right
        losses.append(-(wanted * (values - log_z)).sum() + z_loss * log_z**2)
    return np.mean(losses)


@pytest.mark.parametrize(("z_loss", "smoothing"), [(0.1, 0.0), (0.0, 0.1), (1e-4, 0.3)])
def test_z_loss_and_label_smoothing(batch, z_loss, smoothing):
    """As in t5x: the rest of the probability is shared by the 6 other classes, and the least loss is 0."""
    import tensorflow as tf

    right, other = 1 - smoothing, smoothing / 6
    entropy = -(right * np.log(right) + 6 * other * np.log(other)) if smoothing else 0.0
    loss = TokenCrossEntropy(z_loss=z_loss, label_smoothing=smoothing)
    labels, logits = batch
    assert float(loss(labels, logits)) == pytest.approx(written_out(*batch, z_loss, right, other) - entropy, rel=1e-5)
    assert TokenCrossEntropy.from_config(loss.get_config()).get_config() == loss.get_config()

    tensor = tf.constant(logits)
    with tf.GradientTape() as tape:
        tape.watch(tensor)
        value = loss(labels, tensor)
    gradient = tape.gradient(value, tensor).numpy()
    for at in [(0, 1, 5), (0, 1, 0), (2, 0, 1), (2, 0, 3), (1, 2, 4), (3, 0, 0)]:  # labels, others, padding
        beside = []
        for step in (1e-4, -1e-4):
            moved = logits.astype(np.float64)
            moved[at] += step
            beside.append(written_out(labels, moved, z_loss, right, other))
        assert gradient[at] == pytest.approx((beside[0] - beside[1]) / 2e-4, abs=1e-6), at


def test_label_smoothing_of_mesh_tensorflow_is_the_same_up_to_a_constant(batch):
    """Its e is spread over all 7 classes, the label among them."""
    e = 0.14
    theirs = written_out(*batch, 0.0, 1 - e + e / 7, e / 7)
    ours = float(TokenCrossEntropy(label_smoothing=e * 6 / 7)(*batch))
    entropy = -((1 - e * 6 / 7) * np.log(1 - e * 6 / 7) + e * 6 / 7 * np.log(e / 7))
    assert ours == pytest.approx(theirs - entropy, rel=1e-5)


def test_least_smoothed_loss_is_zero():
    wanted = np.array([0.1 / 6] * 7)
    wanted[3] = 0.9
    assert float(TokenCrossEntropy(label_smoothing=0.1)([[3]], np.log(wanted)[None, None])) == pytest.approx(
        0, abs=1e-6
    )


@pytest.mark.parametrize("bad", [{"label_smoothing": 1.0}, {"label_smoothing": -0.1}, {"z_loss": -1e-4}])
def test_loss_options_out_of_range(bad):
    with pytest.raises(ValueError, match=f"{next(iter(bad))} must .* Received"):
        TokenCrossEntropy(**bad)


def test_bfloat16_logits_are_summed_in_float32():
    import tensorflow as tf

    logits = tf.cast(tf.zeros((1, 1, 32128)), tf.bfloat16)
    loss = TokenCrossEntropy()(np.array([[7]]), logits)
    assert loss.dtype == tf.float32
    assert float(loss) == pytest.approx(np.log(32128), rel=1e-6)  # bfloat16 itself stops counting at 256


def test_token_accuracy(batch):
    labels, logits = batch
    metric = TokenAccuracy()
    metric.update_state(labels, logits)
    right = [logits[at].argmax() == labels[at] for at in per_token(labels, logits)]
    assert float(metric.result()) == pytest.approx(np.mean(right))
    logits[0, 0, labels[0, 0]] = 99.0
    logits[3] = 99.0
    metric.reset_state()
    metric.update_state(labels, logits)
    right = [logits[at].argmax() == labels[at] for at in per_token(labels, logits)]
    assert float(metric.result()) == pytest.approx(np.mean(right))
    assert TokenAccuracy.from_config(metric.get_config()).name == "token_accuracy"


TWO_REPLICAS = """
    import keras, numpy as np, tensorflow as tf
    from keras_model.config import T5Config
    from keras_model.t5 import T5
    from keras_model.training_run.fit import TrainSettings, compile_model

    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    config = T5Config(
        vocab_size=20, d_model=8, d_kv=4, d_ff=16, num_heads=2, num_layers=1, dropout_rate=0.0,
        feed_forward_proj="gated-gelu", tie_word_embeddings=False,
    )
    rng = np.random.default_rng(0)
    labels = rng.integers(2, 20, (12, 6)).astype(np.int32)
    for row, length in enumerate([6, 6, 1, 1, 6, 5, 2, 1, 6, 0, 1, 0]):  # the replicas' shares differ
        labels[row, length:] = 0
    inputs = {
        "encoder_ids": rng.integers(2, 20, (12, 5)).astype(np.int32),
        "decoder_ids": np.pad(labels, ((0, 0), (1, 0)))[:, :-1],
    }
    dataset = tf.data.Dataset.from_tensor_slices((inputs, labels)).batch(4)

    def train(strategy):
        with strategy.scope():
            keras.utils.set_random_seed(1)
            model = T5(config)
            compile_model(model, TrainSettings(steps=6, learning_rate=0.1))
            model.optimizer.global_clipnorm = 0.1  # which the norm exceeds
        history = model.fit(dataset, epochs=2, shuffle=False, verbose=0).history
        history["evaluated"] = model.evaluate(dataset, verbose=0)
        return [np.asarray(weight) for weight in model.get_weights()], history

    one, loss_of_one = train(tf.distribute.OneDeviceStrategy("cpu:0"))
    two, loss_of_two = train(tf.distribute.MirroredStrategy(["cpu:0", "cpu:1"]))
    for name in ("loss", "gradient_norm", "evaluated"):
        np.testing.assert_allclose(loss_of_two[name], loss_of_one[name], rtol=1e-5, err_msg=name)
    for a, b in zip(one, two, strict=True):
        np.testing.assert_allclose(b, a, atol=2e-5)
    print("equal")
"""


def test_two_replicas_take_the_step_of_one_device(tensorflow_forks):
    """The loss is averaged over the tokens of the global batch, not over the replicas' averages; the norm that clips is
    the global gradient's."""
    done = tensorflow_forks.run(["-c", textwrap.dedent(TWO_REPLICAS)])
    assert done.stdout.endswith(b"equal\n"), done.stderr[-3000:]


OTHER_PADDING = """
    import keras, numpy as np, tensorflow as tf
    from keras_model.config import T5Config
    from keras_model.t5 import T5
    from keras_model.training.losses import TokenAccuracy, TokenCrossEntropy

    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    config = T5Config(vocab_size=20, d_model=8, d_kv=4, d_ff=16, num_heads=2, num_layers=1)
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 20, (5, 6)).astype(np.int32)  # here 0 is a label as any other
    labels[2:, 3:] = -100
    inputs = {name: rng.integers(2, 20, (5, 6)).astype(np.int32) for name in ("encoder_ids", "decoder_ids")}
    with tf.distribute.MirroredStrategy(["cpu:0", "cpu:1"]).scope():
        model = T5(config)
        model.compile(loss=TokenCrossEntropy(pad_id=-100), weighted_metrics=[TokenAccuracy(pad_id=-100)])
    found = model.evaluate(tf.data.Dataset.from_tensors((inputs, labels)), verbose=0)
    logits = model(inputs).numpy().astype(np.float64)
    losses = np.log(np.exp(logits).sum(-1)) - np.take_along_axis(logits, labels.clip(0)[..., None], -1)[..., 0]
    counts = labels != -100
    expected = [losses[counts].mean(), (logits.argmax(-1) == labels)[counts].mean()]
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    print("equal")
"""


def test_what_fills_up_the_replicas_shares_does_not_count(tensorflow_forks):
    """Five rows on two replicas: the sixth was one of zeros, labels where padding has another id."""
    done = tensorflow_forks.run(["-c", textwrap.dedent(OTHER_PADDING)])
    assert done.stdout.endswith(b"equal\n"), done.stderr[-3000:]
