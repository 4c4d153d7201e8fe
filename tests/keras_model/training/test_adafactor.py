"""Adafactor against the algorithm as the paper writes it, in NumPy and float64."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_model.model
from keras_model.config import T5Config
from keras_model.t5 import T5
from keras_model.training.adafactor import Adafactor
from keras_model.training.dense_gradients import DenseGradients

SMALL = {
    "vocab_size": 24, "d_model": 16, "d_kv": 8, "d_ff": 32, "num_heads": 2, "num_layers": 2, "dropout_rate": 0.0,
}  # fmt: skip

SHAPES = {
    "vector": (7,),
    "long vector": (300,),
    "one side short": (127, 200),
    "both sides long": (128, 128),
    "wide": (128, 300),
    "tall": (260, 130),
    "three axes": (2, 130, 140),
    "three axes, short in the middle": (140, 3, 130),
    "table of biases": (32, 8),
}
FACTORED = {"both sides long", "wide", "tall", "three axes", "three axes, short in the middle"}


class PaperAdafactor:
    """Shazeer and Stern 2018, algorithm 4 (algorithm 5 for what is not factored), with sums as the paper has them."""

    def __init__(self, value, rate, factored):
        self.x, self.rate, self.factored, self.t = value.astype(np.float64), rate, factored, 0
        self.row_sums = self.column_sums = self.moments = 0.0

    def step(self, gradient):
        self.t += 1
        beta = 1.0 - self.t**-0.8
        square = gradient.astype(np.float64) ** 2 + 1e-30
        if self.factored:
            long_axes = [axis for axis, size in enumerate(square.shape) if size >= 128]
            rows, columns = long_axes
            self.row_sums = beta * self.row_sums + (1 - beta) * square.sum(axis=columns, keepdims=True)
            self.column_sums = beta * self.column_sums + (1 - beta) * square.sum(axis=rows, keepdims=True)
            moments = self.row_sums * self.column_sums / self.row_sums.sum(axis=rows, keepdims=True)
        else:
            moments = self.moments = beta * self.moments + (1 - beta) * square
        update = gradient / np.sqrt(moments)
        update = update / max(1.0, np.sqrt(np.mean(update**2)) / 1.0)
        self.x = self.x - max(1e-3, np.sqrt(np.mean(self.x**2))) * self.rate(self.t) * update


def gradients(rng, shape, steps):
    """Heavy tails (cubed normals) and a scale that drifts and jumps, so that clipping and the decay both matter."""
    for step in range(steps):
        scale = 10.0 ** np.sin(step / 20) * (30.0 if step % 50 == 49 else 1.0)
        yield (scale * rng.standard_normal(shape) ** 3).astype(np.float32)


@pytest.mark.parametrize("start", [0.0, 0.5], ids=["from zero", "from noise"])
def test_follows_the_paper_for_250_steps(start):
    rng = np.random.default_rng(3)
    initial = {name: (start * rng.standard_normal(shape)).astype(np.float32) for name, shape in SHAPES.items()}
    # 1e-2 so that 250 steps move the variables far from where they were.
    references = {name: PaperAdafactor(initial[name], lambda t: 1e-2, factored=name in FACTORED) for name in SHAPES}
    variables = [keras.Variable(initial[name]) for name in SHAPES]
    optimizer = Adafactor(1e-2)
    optimizer.build(variables)
    step = tf.function(optimizer.apply)
    for batch in zip(*(gradients(rng, shape, 250) for shape in SHAPES.values()), strict=True):
        step([tf.constant(gradient) for gradient in batch])
        for reference, gradient in zip(references.values(), batch, strict=True):
            reference.step(gradient)
    for (name, reference), variable in zip(references.items(), variables, strict=True):
        moved = np.sqrt(np.mean((reference.x - initial[name]) ** 2))
        assert moved > 0.05 * max(start, 1e-3), name
        np.testing.assert_allclose(variable.numpy(), reference.x, rtol=0, atol=1e-4 * moved, err_msg=name)


def test_rate_is_exactly_what_the_schedule_says():
    # Keras' own Adafactor takes at most 1/sqrt(t), which would show here from step 5 on.
    class Steps(keras.optimizers.schedules.LearningRateSchedule):
        def __call__(self, step):
            return keras.ops.where(step < 5, 0.25, 0.5)

    variable = keras.Variable(np.ones(3, np.float32))
    optimizer = Adafactor(Steps(), scale_by_parameter=False)
    optimizer.build([variable])
    before = variable.numpy()
    for step in range(10):
        optimizer.apply([tf.ones(3)])
        after = variable.numpy()
        # A constant gradient of ones has moments of exactly one at every step.
        np.testing.assert_allclose(before - after, 0.25 if step < 5 else 0.5, rtol=1e-6)
        before = after


def test_state_of_factored_variables_is_rows_and_columns_alone():
    variables = [keras.Variable(np.zeros(shape, np.float32)) for shape in SHAPES.values()]
    optimizer = Adafactor()
    optimizer.build(variables)
    expected = sum(
        int(np.prod(shape)) if name not in FACTORED else sum(int(np.prod(shape)) // n for n in shape if n >= 128)
        for name, shape in SHAPES.items()
    )
    bookkeeping = 3  # iterations, learning rate, the norm of the gradient
    assert sum(int(np.prod(v.shape)) for v in optimizer.variables) == expected + bookkeeping


def test_state_of_a_large_embedding_is_under_one_percent():
    variable = keras.Variable(np.zeros((32128, 512), np.float32))
    optimizer = Adafactor()
    optimizer.build([variable])
    assert sum(int(np.prod(v.shape)) for v in optimizer.variables) == 32128 + 512 + 3


def test_building_twice_keeps_the_state():
    variable, optimizer = keras.Variable(np.ones((3, 2), np.float32)), Adafactor(0.1)
    optimizer.build([variable])
    optimizer.apply([2 * tf.ones((3, 2))])
    state = [held.numpy() for held in optimizer.variables]
    optimizer.build([variable])
    assert len(optimizer.variables) == len(state)
    for held, before in zip(optimizer.variables, state, strict=True):
        np.testing.assert_array_equal(held, before)


@pytest.mark.parametrize("options", [{}, {"clipping_threshold": None, "scale_by_parameter": False, "clipnorm": 1.0}])
def test_config_round_trip(options):
    optimizer = Adafactor(2e-3, decay_exponent=-0.7, min_dim_size_to_factor=4, epsilon=1e-20, **options)
    again = keras.optimizers.deserialize(keras.optimizers.serialize(optimizer))
    assert type(again) is Adafactor
    assert again.get_config() == optimizer.get_config()


def test_decay_exponent_out_of_range():
    with pytest.raises(ValueError, match=r"decay_exponent must lie in .* Received: decay_exponent=0.8"):
        Adafactor(decay_exponent=0.8)


class DenseAdamW(DenseGradients, keras.optimizers.AdamW):
    pass


@pytest.mark.parametrize("make", [lambda: Adafactor(0.1), lambda: DenseAdamW(0.1)], ids=["Adafactor", "AdamW"])
def test_repeated_lookup_ids_equal_a_one_hot_product(make):
    """Repeated rows of an IndexedSlices gradient are added before they are squared; ten steps, a table of biases."""
    ids = np.array([[1, 1, 1, 4], [4, 0, 1, 1]])
    weight = np.random.default_rng(0).standard_normal((2, 4, 3)).astype(np.float32)
    one_hot = tf.one_hot(ids, 6)

    def train(look_up):
        table, optimizer = keras.Variable(np.linspace(-1, 1, 18, dtype=np.float32).reshape(6, 3)), make()
        optimizer.build([table])
        for _ in range(10):
            with tf.GradientTape() as tape:
                loss = tf.reduce_sum((look_up(table.value) - weight) ** 2)
            gradient = tape.gradient(loss, table.value)
            kinds.add(type(gradient).__name__)
            optimizer.apply([gradient], [table])
        return table.numpy()

    kinds: set[str] = set()
    looked_up = train(lambda table: tf.gather(table, ids))
    assert kinds == {"IndexedSlices"}
    np.testing.assert_allclose(looked_up, train(lambda table: one_hot @ table), rtol=1e-5)


def test_keras_own_adamw_still_has_the_fault():
    """If this fails, Keras has begun to add repeated rows itself and DenseGradients may go."""
    ids = tf.constant([1, 1])
    results = []
    for look_up in (lambda table: tf.gather(table, ids), lambda table: tf.one_hot(ids, 3) @ table):
        table, optimizer = keras.Variable(np.ones((3, 2), np.float32)), keras.optimizers.AdamW(0.1)
        optimizer.build([table])
        for scale in (1.0, 3.0):
            with tf.GradientTape() as tape:
                loss = tf.reduce_sum(look_up(table.value) * tf.constant([[scale], [-0.2]]))
            optimizer.apply([tape.gradient(loss, table.value)], [table])
        results.append(table.numpy())
    assert np.abs(results[0] - results[1]).max() > 0.02


FAMILIES = {
    "v1.0, tied": T5Config(**SMALL),
    "v1.1, untied": T5Config(**{**SMALL, "num_layers": 1}, feed_forward_proj="gated-gelu", tie_word_embeddings=False),
    "umT5": T5Config(**SMALL, model_type="umt5", feed_forward_proj="gated-gelu", tie_word_embeddings=False),
}


@pytest.mark.parametrize("family", FAMILIES)
def test_lookups_train_a_t5_like_one_hot_products(monkeypatch, family):
    """Every variable, after Adafactor steps over batches full of repeated ids (SGD would hide rows not summed).

    The position biases are looked up by a one-hot product already; their reference is a gather whose gradient is summed
    by hand.
    """
    config = FAMILIES[family]
    rng = np.random.default_rng(5)
    encoder_ids, labels = rng.integers(2, 9, (8, 12)), rng.integers(2, 9, (8, 7))
    inputs = {"encoder_ids": encoder_ids, "decoder_ids": np.pad(labels, ((0, 0), (1, 0)))[:, :-1]}

    def train():
        keras.utils.set_random_seed(0)
        model = T5(config)
        model.compile(Adafactor(0.05, min_dim_size_to_factor=16))  # factored and not: the embedding is, the biases not
        for _ in range(4):
            model.train_on_batch(inputs, labels)
        return model

    @tf.custom_gradient
    def summed_by_hand(table, buckets):
        def gradient(upstream):
            flat, total = tf.reshape(buckets, [-1, 1]), tf.reshape(upstream, [-1, table.shape[1]])
            return tf.tensor_scatter_nd_add(tf.zeros(table.shape), flat, total), None

        return tf.gather(table, buckets), gradient

    looked_up = train()
    monkeypatch.setattr(keras_model.model, "lookup", lambda table, ids: tf.one_hot(ids, config.vocab_size) @ table)
    monkeypatch.setattr(
        keras_model.model.RelativePositionBias,
        "call",
        lambda self, queries, keys: tf.transpose(
            summed_by_hand(tf.identity(self.table.value), self.buckets(queries, keys)), (0, 3, 1, 2)
        ),
    )
    reference = train()
    tables = [variable.path for variable in reference.trainable_variables if "relative_position_bias" in variable.path]
    assert len(tables) == (4 if family == "umT5" else 2)
    for variable, other in zip(looked_up.trainable_variables, reference.trainable_variables, strict=True):
        np.testing.assert_allclose(variable, other, atol=2e-5, err_msg=variable.path)


def test_state_of_a_t5_small_is_under_one_percent_of_its_weights(monkeypatch):
    """From the shapes alone, as KerasTensors: no array of its size is made."""
    optimizer = Adafactor()
    made = []
    monkeypatch.setattr(optimizer, "add_variable", lambda shape, **_: made.append(shape))
    monkeypatch.setattr(optimizer, "add_variable_from_reference", lambda variable, **_: made.append(variable.shape))
    with keras.StatelessScope():  # variables without values
        weights = T5(T5Config.preset("t5-small")).trainable_variables
    assert sum(math.prod(variable.shape) for variable in weights) == 60_506_624
    for variable in weights:
        optimizer._add_moments(variable)
    share = sum(math.prod(shape) for shape in made) / 60_506_624
    assert 0.001 < share < 0.004


@pytest.mark.parametrize("kind", ["ExponentialDecay", "CosineDecay", "PolynomialDecay"])
def test_takes_schedules_of_keras(kind):
    schedule = getattr(keras.optimizers.schedules, kind)(0.5, 4, 0.5)
    variable = keras.Variable(np.ones(3, np.float32))
    optimizer = Adafactor(schedule, scale_by_parameter=False)
    optimizer.build([variable])
    step = tf.function(optimizer.apply)
    for n in range(5):
        before = variable.numpy()
        step([tf.ones(3)])
        np.testing.assert_allclose(before - variable.numpy(), float(schedule(n)), rtol=1e-5, atol=1e-7)
    again = keras.optimizers.deserialize(keras.optimizers.serialize(optimizer))
    assert again.get_config() == optimizer.get_config()
