"""What a Keras user calls on a T5: one step in several parts, the loss of several batches, norms, saving, XLA."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_model.config import T5Config
from keras_model.decoding.generator import Generator
from keras_model.distribution.xla import compiles_step
from keras_model.t5 import T5
from keras_model.tokenizers.sentencepiece import T5Tokenizer
from keras_model.training.adafactor import Adafactor
from keras_model.training.dense_gradients import AdamW, DenseGradients
from keras_model.training.losses import TokenAccuracy, TokenCrossEntropy
from tests.keras_model.models import V1_1, make_model

CONFIG = T5Config(vocab_size=24, d_model=16, d_kv=8, d_ff=32, num_heads=2, num_layers=1, dropout_rate=0.0)
LENGTHS = [9, 1, 1, 1, 8, 9, 2, 1, 1, 1, 1, 3]  # the halves and quarters of a batch hold different numbers of labels


def new_model(config=CONFIG, **options):
    keras.utils.set_random_seed(1)
    return T5(config, **options)


def data(rows=12, batch_size=12):
    rng = np.random.default_rng(0)
    labels = rng.integers(2, 24, (rows, 9)).astype(np.int32)
    labels[np.arange(9) >= np.resize(LENGTHS, rows)[:, None]] = 0
    x = {
        "encoder_ids": rng.integers(2, 24, (rows, 5)).astype(np.int32),
        "decoder_ids": np.pad(labels, ((0, 0), (1, 0)))[:, :-1],
    }
    return tf.data.Dataset.from_tensor_slices((x, labels)).batch(batch_size)


def token_mean(model, dataset, weight_of=None):
    """The mean loss over all labels of a dataset, by the definition."""
    total = count = 0.0
    for x, labels in dataset.as_numpy_iterator():
        logits = model(x).numpy().astype(np.float64)
        losses = np.log(np.exp(logits).sum(-1)) - np.take_along_axis(logits, labels[..., None], -1)[..., 0]
        weights = (labels != 0) * (1.0 if weight_of is None else weight_of(labels))
        total, count = total + (losses * weights).sum(), count + weights.sum()
    return total / count


@pytest.fixture(scope="module")
def after_three_steps():
    """By an optimizer and a number of parts, the model and the logs of each step."""

    @functools.cache
    def train(optimizer, accumulate):
        model = new_model()
        model.compile(optimizer(0.05), accumulate=accumulate, weighted_metrics=[TokenAccuracy()])
        logs = [model.train_on_batch(*batch, return_dict=True) for batch in data(36)]
        assert int(model.optimizer.iterations.numpy()) == 3
        return model, logs

    return train


@pytest.mark.parametrize(
    ("optimizer", "parts"), [(Adafactor, 2), (Adafactor, 5), (Adafactor, 12), (AdamW, 5)], ids=lambda value: str(value)
)
def test_a_step_in_parts_is_the_step(after_three_steps, optimizer, parts):
    """Every variable; 5 parts of 12 rows are not equally full."""
    (one, logs_of_one), (several, logs_of_several) = (after_three_steps(optimizer, n) for n in (1, parts))
    for log_of_one, log in zip(logs_of_one, logs_of_several, strict=True):
        assert set(log) == {"loss", "token_accuracy", "gradient_norm"}
        assert log == pytest.approx(log_of_one, rel=1e-5)
    for a, b in zip(one.trainable_variables, several.trainable_variables, strict=True):
        # Three steps of 0.05 each. Both optimizers divide by the gradient's own size, so that what a processor's order
        # of summing changes in a small gradient shows in a fifth digit of the step.
        np.testing.assert_allclose(b, a, atol=3e-5, err_msg=a.path)
    for a, b in zip(one.optimizer.variables, several.optimizer.variables, strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-3, atol=1e-7, err_msg=a.path)


def test_parts_take_sample_weights_and_another_padding_id():
    results = []
    for accumulate in (1, 5):
        model = new_model()
        model.compile(Adafactor(0.1), TokenCrossEntropy(pad_id=-100), accumulate=accumulate)
        moved = data().map(lambda x, y: (x, tf.where(y == 0, -100, y), tf.range(12.0)))
        model.fit(moved, shuffle=False, verbose=0)
        results.append(model.get_weights())
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(b, a, atol=2e-6)


def test_keras_own_accumulation_is_another_mean():
    """It weighs batches alike. Where they have equally many tokens the step is the same, counted once, and so is the
    state of Adafactor."""
    one, other = new_model(), new_model()

    def equal(batch_size):
        return data(batch_size=batch_size).map(lambda x, y: (x, tf.where(y == 0, 3, y)))

    one.compile(Adafactor(0.1))
    other.compile(Adafactor(0.1, gradient_accumulation_steps=4))
    one.fit(equal(12), epochs=2, shuffle=False, verbose=0)
    logs = other.fit(equal(3), epochs=2, shuffle=False, verbose=0).history
    assert "gradient_norm" not in logs
    assert int(other.optimizer.iterations) == 2
    for a, b in zip(one.trainable_variables, other.trainable_variables, strict=True):
        np.testing.assert_allclose(b, a, atol=1e-5, err_msg=a.path)
    one.fit(data(), shuffle=False, verbose=0)
    other.fit(data(batch_size=3), shuffle=False, verbose=0)
    assert max(np.abs(a - b).max() for a, b in zip(one.get_weights(), other.get_weights(), strict=True)) > 1e-2


def test_loss_of_an_epoch_and_of_an_evaluation_is_the_mean_over_its_tokens():
    """The last of the three batches has 2 rows; the batches have different numbers of labels."""
    model, batches = new_model(), data(12, batch_size=5)
    model.compile(keras.optimizers.SGD(0.0))
    expected = token_mean(model, batches)
    assert model.evaluate(batches, verbose=0) == pytest.approx(expected, rel=1e-6)
    assert model.fit(batches, shuffle=False, verbose=0).history["loss"] == [pytest.approx(expected, rel=1e-6)]
    weighted = batches.map(lambda x, y: (x, y, tf.cast(y, tf.float32)))
    expected = token_mean(model, batches, weight_of=lambda labels: labels)
    assert model.evaluate(weighted, verbose=0) == pytest.approx(expected, rel=1e-6)


def test_gradient_norm_and_clipping_by_it():
    batch = next(iter(data()))
    reference = new_model()
    with tf.GradientTape() as tape:
        loss = TokenCrossEntropy()(batch[1], reference(batch[0]))
    gradients = tape.gradient(loss, [variable.value for variable in reference.trainable_variables])
    norm = np.sqrt(sum(np.sum(np.square(gradient, dtype=np.float64)) for gradient in gradients))

    model = new_model()
    model.compile(keras.optimizers.SGD(1.0))  # Keras' own tells no norm
    assert "gradient_norm" not in model.train_on_batch(*batch, return_dict=True)
    before = reference.get_weights()
    for limit in (None, norm / 4, norm * 4):
        model = new_model()
        model.compile(DenseSGD(1.0, global_clipnorm=limit))
        assert model.train_on_batch(*batch, return_dict=True)["gradient_norm"] == pytest.approx(norm, rel=1e-5)
        scale = 1.0 if limit is None else min(1.0, limit / norm)
        for old, new, gradient in zip(before, model.get_weights(), gradients, strict=True):
            np.testing.assert_allclose(old - new, scale * np.asarray(gradient), atol=1e-6)


class DenseSGD(DenseGradients, keras.optimizers.SGD):
    """The mixin that AdamW and Adafactor have, around the simplest optimizer."""


def test_defaults_are_t5s():
    model = new_model()
    model.compile()
    assert type(model.optimizer) is Adafactor
    assert float(model.optimizer.learning_rate) == pytest.approx(1e-3)
    assert type(model.loss) is TokenCrossEntropy
    assert (model.loss.z_loss, model.loss.label_smoothing, model.optimizer.global_clipnorm) == (0.0, 0.0, None)


def test_any_keras_loss_and_optimizer_work():
    model = new_model()
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=0))
    assert np.isfinite(model.fit(data(), shuffle=False, verbose=0).history["loss"]).all()
    assert np.isfinite(model.evaluate(data(), verbose=0))
    with pytest.raises(ValueError, match="accumulate needs a loss that adds up tokens"):
        model.compile("adam", "mse", accumulate=2)
    with pytest.raises(ValueError, match="accumulate must be at least 1"):
        model.compile(accumulate=0)


@pytest.mark.parametrize(
    "loss",
    [
        "sparse_categorical_crossentropy",
        "kl_divergence",
        keras.losses.sparse_categorical_crossentropy,
        keras.losses.SparseCategoricalCrossentropy(),
        keras.losses.SparseCategoricalCrossentropy,
        keras.losses.CategoricalCrossentropy(label_smoothing=0.1),
        functools.partial(keras.losses.sparse_categorical_crossentropy, from_logits=False),
    ],
    ids=["name", "divergence", "function", "object", "class", "smoothed", "partial"],
)
def test_a_loss_of_probabilities_is_refused(loss):
    with pytest.raises(ValueError, match=r"expects probabilities.*TokenCrossEntropy\(\).*from_logits=True"):
        new_model().compile("adam", loss)


def test_losses_of_logits_agree():
    """On logits, Keras' cross-entropy in its three forms is the mean that ours is."""
    model, batches = new_model(), data().map(lambda x, y: (x, tf.where(y == 0, 3, y)))
    on_logits = functools.partial(keras.losses.sparse_categorical_crossentropy, from_logits=True)
    found = []
    for loss in (None, keras.losses.SparseCategoricalCrossentropy(from_logits=True), on_logits):
        model.compile("adam", loss)
        found.append(model.evaluate(batches, verbose=0))
    assert found[1:] == [pytest.approx(found[0], rel=1e-5)] * 2


def test_saved_with_its_optimizer_it_trains_on(tmp_path):
    model = new_model()
    loss = TokenCrossEntropy(z_loss=1e-4, label_smoothing=0.1)
    schedule = keras.optimizers.schedules.PolynomialDecay(0.1, 10, 0.01)
    model.compile(Adafactor(schedule, global_clipnorm=2.0), loss, accumulate=3)
    model.fit(data(), epochs=3, shuffle=False, verbose=0)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert (again.accumulate, again.loss.get_config()) == (3, loss.get_config())
    assert again.optimizer.get_config() == model.optimizer.get_config()
    assert int(again.optimizer.iterations) == 3
    for each in (model, again):
        each.fit(data(), epochs=2, shuffle=False, verbose=0)
    for a, b in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(("devices", "compiles"), [([], False), (["GPU"], True), (["TPU"], True)])
def test_xla_is_for_accelerators(monkeypatch, devices, compiles):
    monkeypatch.setattr(tf.config, "list_logical_devices", lambda kind: [kind] if kind in devices else [])
    assert compiles_step() is compiles
    model = new_model()
    model.compile()
    assert model.jit_compile is compiles
    model.compile(jit_compile=False)
    assert not model.jit_compile


@pytest.mark.slow
@pytest.mark.parametrize("accumulate", [1, 2])
def test_step_compiled_by_xla(accumulate):
    """What a GPU or TPU runs, on CPU: the same losses, norms and weights."""
    seen = []
    for jit_compile in (False, True):
        model = new_model()
        loss = TokenCrossEntropy(z_loss=1e-4, label_smoothing=0.1)
        model.compile(Adafactor(0.1, global_clipnorm=1.0), loss, accumulate=accumulate, jit_compile=jit_compile)
        history = model.fit(data(24), shuffle=False, verbose=0).history
        seen.append((history, model.get_weights(), model.evaluate(data(24), verbose=0)))
    (history, weights, evaluated), (compiled_history, compiled_weights, compiled_evaluated) = seen
    for name, values in history.items():
        assert compiled_history[name] == pytest.approx(values, rel=1e-4), name
    assert compiled_evaluated == pytest.approx(evaluated, rel=1e-4)
    for a, b in zip(weights, compiled_weights, strict=True):
        np.testing.assert_allclose(b, a, atol=1e-4)


def test_bfloat16_trains_float32_weights():
    """The same steps in float32 and mixed_bfloat16: a loss that falls, and as it does in float32."""
    losses = {}
    for dtype in ("float32", "mixed_bfloat16"):
        model = new_model(dtype=dtype)
        model.compile(Adafactor(0.02))
        losses[dtype] = model.fit(data(), epochs=20, shuffle=False, verbose=0).history["loss"]
        assert {variable.dtype for variable in model.trainable_variables} == {"float32"}
    assert losses["mixed_bfloat16"][-1] < 0.7 * losses["mixed_bfloat16"][0]
    np.testing.assert_allclose(losses["mixed_bfloat16"][:5], losses["float32"][:5], rtol=4e-3)  # a rounding
    np.testing.assert_allclose(losses["mixed_bfloat16"], losses["float32"], rtol=0.06)  # soon they go their own ways
    assert losses["mixed_bfloat16"] != losses["float32"]


@pytest.fixture(scope="module")
def talking(tmp_path_factory):
    """A random model with a tokenizer whose ids are fewer than its embeddings."""
    path = tmp_path_factory.mktemp("vocabulary") / "spiece.model"
    T5Tokenizer.train(["a fine film", "a dull film", "positive", "negative"], path, 30, extra_ids=4)
    keras.utils.set_random_seed(3)
    model = T5(T5Config(vocab_size=64, d_model=16, d_kv=8, d_ff=32, num_heads=2, num_layers=1))
    model.tokenizer = T5Tokenizer(path, extra_ids=4)
    return model


def test_generates_texts_from_texts_and_ids_from_ids(talking):
    texts = ["a fine film", "dull", "a film", ""]
    generator = Generator(talking, emit_limit=talking.tokenizer.vocab_size)
    expected = []
    for text in texts:
        ids = np.array(talking.tokenizer.encode([text]))
        expected.append(talking.tokenizer.decode(generator.greedy(ids, 6))[0])
    assert talking.generate(texts, 6) == expected
    assert talking.generate(texts, 6, batch_size=3) == expected
    assert talking.generate(texts[0], 6) == expected[0]
    assert talking.generate([], 6) == []
    ids = np.array([[3, 4, 5, 1], [6, 1, 0, 0]])
    np.testing.assert_array_equal(talking.generate(ids, 6), generator.greedy(ids, 6))
    np.testing.assert_array_equal(
        talking.generate(tf.constant(ids), 6, method="beam", beam_size=3, alpha=0.0),
        generator.beam(ids, 6, beam_size=3, alpha=0.0)[0][:, 0],
    )
    np.testing.assert_array_equal(
        talking.generate(ids, 6, method="sample", seed=5, top_k=9), generator.sample(ids, 6, seed=5, top_k=9)
    )


def test_generation_follows_the_weights_and_says_what_it_lacks(talking):
    model, ids = make_model(V1_1), np.array([[3, 4, 5, 1]])
    before = model.generate(ids, 5)
    for variable in model.trainable_variables:
        variable.assign(variable[::-1])
    np.testing.assert_array_equal(model.generate(ids, 5), Generator(model).greedy(ids, 5))
    assert (model.generate(ids, 5) != before).any()
    with pytest.raises(ValueError, match=r"the model has no preprocessor: .*pass int ids"):
        model.generate("a fine film")
    with pytest.raises(ValueError, match=r"method must be greedy, sample or beam\. Received: method='best'"):
        model.generate(ids, method="best")
