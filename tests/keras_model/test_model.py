"""The model's own properties; that it computes T5 is shown by test_checkpoints.py and tests/parity."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from keras_model.config import T5Config
from keras_model.model import Dropout, RelativePositionBias, bucket_of_distance, lookup
from keras_model.t5 import T5

V1_0 = T5Config(vocab_size=50, d_model=16, d_kv=4, d_ff=32, num_layers=2, num_decoder_layers=1, num_heads=3)
V1_1 = dataclasses.replace(V1_0, feed_forward_proj="gated-gelu", tie_word_embeddings=False, scale_decoder_outputs=False)
BOTH = pytest.mark.parametrize("config", [V1_0, V1_1], ids=["v1.0", "v1.1"])


def make_model(config, seed=0, **options):
    keras.utils.set_random_seed(seed)
    return T5(config, **options)


def ids(*shape, seed=0, low=2, high=50):
    return np.random.default_rng(seed).integers(low, high, shape).astype(np.int32)


# Positions.


def exact_bucket(distance, buckets, max_distance):
    """T5's bucket in integer arithmetic: the greatest k with (distance/exact)^(log buckets) >= (max/exact)^k."""
    exact = buckets // 2
    if distance < exact:
        return distance
    k = 0
    while k + 1 < buckets - exact and distance ** (buckets - exact) * exact ** (k + 1) >= max_distance ** (
        k + 1
    ) * exact ** (buckets - exact):
        k += 1
    return exact + k


@pytest.mark.parametrize(("buckets", "max_distance"), [(16, 128), (32, 128), (4, 128), (8, 128), (12, 100)])
def test_buckets_equal_exact_arithmetic(buckets, max_distance):
    expected = [exact_bucket(distance, buckets, max_distance) for distance in range(max_distance + 1)]
    assert bucket_of_distance(buckets, max_distance).tolist() == expected


def test_buckets_of_both_directions():
    bias = RelativePositionBias(T5Config(), bidirectional=True, name="bias", dtype="float32")
    causal = RelativePositionBias(T5Config(), bidirectional=False, name="bias", dtype="float32")
    offsets = np.array([[-1000, -128, -16, -8, -7, -1, 0, 1, 7, 8, 16, 128, 1000]])
    zero = np.array([[0]])
    assert np.asarray(bias.buckets(zero, offsets)).tolist() == [[[15, 15, 10, 8, 7, 1, 0, 17, 23, 24, 26, 31, 31]]]
    assert np.asarray(causal.buckets(zero, offsets)).tolist() == [[[31, 31, 16, 8, 7, 1, 0, 0, 0, 0, 0, 0, 0]]]


def test_position_bias_follows_given_positions():
    """Packing passes positions per row: only differences count."""
    bias = RelativePositionBias(V1_0, bidirectional=True, name="bias", dtype="float32")
    bias.build()
    positions = np.array([[0, 1, 2, 3], [5, 6, 7, 8], [0, 1, 0, 1]])
    values = np.asarray(bias(positions, positions))
    assert values.shape == (3, V1_0.num_heads, 4, 4)
    np.testing.assert_array_equal(values[0], values[1])
    np.testing.assert_array_equal(values[2, :, 2:, 2:], values[0, :, :2, :2])
    table = np.asarray(bias.table)
    np.testing.assert_allclose(values[0, :, 0, 2], table[16 + 2], rtol=1e-6)  # the key follows: second half
    np.testing.assert_allclose(values[0, :, 2, 0], table[2], rtol=1e-6)


# Masks.


@BOTH
def test_a_position_sees_only_what_precedes_it(config):
    model = make_model(config)
    encoder_ids, decoder_ids = ids(2, 9), ids(2, 8, seed=1)
    changed = decoder_ids.copy()
    changed[:, 5:] = (changed[:, 5:] + 1) % 50
    before = np.asarray(model({"encoder_ids": encoder_ids, "decoder_ids": decoder_ids}))
    after = np.asarray(model({"encoder_ids": encoder_ids, "decoder_ids": changed}))
    np.testing.assert_array_equal(before[:, :5], after[:, :5])
    assert np.abs(before[:, 5:] - after[:, 5:]).max() > 1e-3


@BOTH
def test_padding_and_batch_change_nothing(config):
    model = make_model(config)
    encoder_ids, decoder_ids = ids(4, 11), ids(4, 6, seed=1)
    encoder_ids[1, 4:] = 0
    together = np.asarray(model({"encoder_ids": encoder_ids, "decoder_ids": decoder_ids}))
    padded = np.pad(encoder_ids, ((0, 0), (0, 7)))
    np.testing.assert_allclose(
        np.asarray(model({"encoder_ids": padded, "decoder_ids": decoder_ids})), together, atol=1e-5
    )
    alone = np.asarray(model({"encoder_ids": encoder_ids[1:2, :4], "decoder_ids": decoder_ids[1:2]}))
    np.testing.assert_allclose(alone, together[1:2], atol=1e-5)


def test_a_given_mask_replaces_the_derived_one():
    model = make_model(V1_0)
    inputs = {"encoder_ids": ids(2, 6), "decoder_ids": ids(2, 3)}
    derived = np.asarray(model(inputs))
    mask = np.ones((2, 6), bool)
    np.testing.assert_array_equal(np.asarray(model({**inputs, "encoder_mask": mask})), derived)
    mask[:, 3:] = False
    cut = {**inputs, "encoder_ids": inputs["encoder_ids"][:, :3]}
    np.testing.assert_allclose(np.asarray(model({**inputs, "encoder_mask": mask})), np.asarray(model(cut)), atol=1e-5)


# Gradients: Keras 3 optimizers do not sum the repeated rows of a sparse gradient.


@BOTH
def test_every_gradient_is_dense(config):
    model = make_model(config)
    with tf.GradientTape() as tape:
        logits = model({"encoder_ids": ids(2, 7), "decoder_ids": ids(2, 5)}, training=True)
        loss = ops.mean(ops.square(logits))
    gradients = tape.gradient(loss, [v.value for v in model.trainable_variables])
    for variable, gradient in zip(model.trainable_variables, gradients, strict=True):
        assert isinstance(gradient, tf.Tensor), variable.path
        assert np.abs(gradient).max() > 0, variable.path


def test_lookup_sums_the_gradients_of_repeated_ids():
    """Against the product with a one-hot matrix, for the gradient and for one step of an optimizer that squares it."""
    start = np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32)
    weights = np.random.default_rng(1).normal(size=(2, 3, 4)).astype(np.float32)
    repeated = np.array([[5, 2, 5], [2, 2, 0]])

    def one_hot_product(table, wanted):
        return ops.matmul(ops.one_hot(wanted, 6), table)

    results = []
    for rows_of in (lookup, one_hot_product):
        table = keras.Variable(start)
        with tf.GradientTape() as tape:
            loss = ops.sum(ops.square(rows_of(ops.copy(table), repeated) * weights))
        gradient = tape.gradient(loss, table.value)
        optimizer = keras.optimizers.Adam(0.1)
        optimizer.apply([gradient], [table])
        results.append((np.asarray(gradient), np.asarray(table)))
    (gradient, updated), (expected_gradient, expected_updated) = results
    np.testing.assert_allclose(gradient, expected_gradient, rtol=1e-5)
    np.testing.assert_allclose(updated, expected_updated, rtol=1e-5)
    assert np.abs(updated - start)[[0, 2, 5]].min() > 0.05
    np.testing.assert_array_equal(updated[[1, 3, 4]], start[[1, 3, 4]])


# Initial values.


def test_initial_values_have_the_published_spread():
    config = dataclasses.replace(
        V1_1, vocab_size=400, d_model=48, d_kv=16, d_ff=80, relative_attention_num_buckets=64, num_heads=8
    )
    model = make_model(config)
    inner = 8 * 16
    expected = {
        "embedding": 1.0,
        "query": (48 * 16) ** -0.5,
        "key": 48**-0.5,
        "value": 48**-0.5,
        "output": inner**-0.5,
        "wi_0": 48**-0.5,
        "wi_1": 48**-0.5,
        "wo": 80**-0.5,
        "table": 48**-0.5,
        "matrix": 48**-0.5,
    }
    seen = set()
    for variable in model.trainable_variables:
        kind, value = variable.path.rsplit("/", 1)[1], np.asarray(variable)
        if kind == "scale":
            np.testing.assert_array_equal(value, 1)
        else:
            seen.add(kind)
            assert abs(value.mean()) < 0.15 * expected[kind], variable.path
            assert value.std() == pytest.approx(expected[kind], rel=0.12), variable.path
    assert seen == expected.keys()


def test_initializer_factor_scales_the_spread_and_seeds_reproduce_it():
    model, again = make_model(V1_0, seed=3), make_model(V1_0, seed=3)
    scaled = make_model(dataclasses.replace(V1_0, initializer_factor=0.5), seed=3)
    for one, two, half in zip(model.weights, again.weights, scaled.weights, strict=True):
        np.testing.assert_array_equal(np.asarray(one), np.asarray(two))
        if one.path.endswith("query"):
            np.testing.assert_allclose(np.asarray(half), 0.5 * np.asarray(one), rtol=1e-6)


# Dropout.


def test_dropout_is_one_mask_for_all_positions_of_a_row():
    keras.utils.set_random_seed(0)
    dropout = Dropout(dataclasses.replace(V1_0, dropout_rate=0.25), name="dropout", dtype="float32")
    dropped = np.asarray(dropout(np.ones((64, 5, 40), np.float32), training=True))
    np.testing.assert_array_equal(dropped, dropped[:, :1].repeat(5, axis=1))
    assert set(np.unique(dropped).tolist()) == {0.0, np.float32(1 / 0.75)}
    assert (dropped == 0).mean() == pytest.approx(0.25, abs=0.03)
    assert np.abs(dropped[0] - dropped[1]).max() > 0
    np.testing.assert_array_equal(np.asarray(dropout(np.ones((2, 5, 40)), training=False)), 1)


def test_dropout_acts_in_training_only():
    model = make_model(V1_0)
    inputs = {"encoder_ids": ids(2, 7), "decoder_ids": ids(2, 5)}
    plain = np.asarray(model(inputs))
    np.testing.assert_array_equal(np.asarray(model(inputs, training=False)), plain)
    first, second = np.asarray(model(inputs, training=True)), np.asarray(model(inputs, training=True))
    assert np.abs(first - plain).max() > 1e-3
    assert np.abs(first - second).max() > 1e-3
    off = make_model(dataclasses.replace(V1_0, dropout_rate=0.0))
    np.testing.assert_array_equal(np.asarray(off(inputs, training=True)), np.asarray(off(inputs)))


# Precision.


@BOTH
def test_bfloat16_stays_close_and_gives_float32_logits(config):
    model, mixed = make_model(config), make_model(config, dtype="mixed_bfloat16")
    inputs = {"encoder_ids": ids(3, 30), "decoder_ids": ids(3, 20)}
    exact, rounded = model(inputs), mixed(inputs)
    assert rounded.dtype == tf.float32
    error = np.abs(np.asarray(exact) - np.asarray(rounded)).max()
    assert 0 < error < 0.1 * np.asarray(exact).std()
    assert {str(v.dtype) for v in mixed.trainable_variables} == {"float32"}
    assert {str(v.dtype) for v in make_model(config, dtype="bfloat16").trainable_variables} == {"bfloat16"}


def test_norm_softmax_and_logits_run_in_float32_under_bfloat16():
    """No exponential, root or output product of the graph has a bfloat16 operand."""
    mixed = make_model(V1_0, dtype="mixed_bfloat16")
    signature = [tf.TensorSpec((None, None), tf.int32)] * 2
    graph = tf.function(lambda e, d: mixed({"encoder_ids": e, "decoder_ids": d}), signature).get_concrete_function()
    operations = graph.graph.get_operations()
    for kind, count in {"Softmax": 2 + 2, "Rsqrt": 2 * 2 + 3 + 2}.items():
        found = [op for op in operations if op.type == kind]
        assert len(found) == count
        assert {op.inputs[0].dtype for op in found} == {tf.float32}
    head = next(op for op in operations if op.type == "MatMul" and op.outputs[0].shape[1] == V1_0.vocab_size)
    assert head.inputs[0].dtype == tf.float32


@pytest.mark.parametrize("dtype", ["float16", "mixed_float16"])
def test_float16_is_refused_with_the_reason(dtype):
    with pytest.raises(ValueError, match=f"65,504.*{dtype}"):
        T5(V1_0, dtype=dtype)


# Keras.


@BOTH
def test_it_trains_with_fit_and_survives_a_keras_file(config, tmp_path):
    model = make_model(config)
    inputs = {"encoder_ids": ids(8, 7), "decoder_ids": ids(8, 5)}
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.01), loss=loss)
    history = model.fit(inputs, ids(8, 5, seed=2), epochs=8, batch_size=4, verbose=0).history["loss"]
    assert history[-1] < 0.8 * history[0]
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(np.asarray(again(inputs)), np.asarray(model(inputs)))
    assert again.config == config


def test_one_trace_serves_all_shapes():
    model = make_model(V1_0)
    traces = []

    @tf.function(input_signature=[tf.TensorSpec((None, None), tf.int32)] * 2)
    def run(encoder_ids, decoder_ids):
        traces.append(1)
        return model({"encoder_ids": encoder_ids, "decoder_ids": decoder_ids})

    for batch, source, target in [(1, 1, 1), (3, 140, 2), (2, 5, 133)]:
        inputs = {"encoder_ids": ids(batch, source), "decoder_ids": ids(batch, target)}
        np.testing.assert_allclose(run(*inputs.values()), np.asarray(model(inputs)), atol=1e-5)
    assert len(traces) == 1
