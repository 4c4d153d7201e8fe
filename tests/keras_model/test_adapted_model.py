"""LoRA and adapter layers in a model: what it computes with them, whatever computes it, and what stays frozen."""

from __future__ import annotations

import dataclasses

import keras
import numpy as np
import pytest

from keras_model.adaptation import matrices_of
from keras_model.model import Adapter
from keras_model.training.losses import TokenCrossEntropy
from tests.keras_model.models import FAMILIES, V1_0, make_model, next_log_probabilities, sources

GIVEN = {
    "lora": lambda model: model.enable_lora(3, 6.0, tuple(matrices_of(model.config))),
    "adapters": lambda model: model.add_adapters(5),
}
ONE_LAYER = dataclasses.replace(V1_0, num_decoder_layers=1)
INPUTS = {"encoder_ids": sources(4, 7), "decoder_ids": sources(4, 5, seed=1)}


def make_adapted(config, given, seed=0):
    """A model whose new weights are far from zero."""
    model = make_model(config, seed)
    GIVEN[given](model)
    rng = np.random.default_rng(seed)
    for weight in model.trainable_weights:
        weight.assign(weight + rng.normal(size=weight.shape, scale=0.3))
    return model


def logits(model):
    return np.asarray(model(INPUTS))


@pytest.mark.parametrize("family", FAMILIES)
def test_lora_adds_a_product_to_each_matrix(family):
    """The same model with the products written into its matrices."""
    model, merged = make_adapted(FAMILIES[family], "lora"), make_model(FAMILIES[family])
    changed = 0
    for layer, own in zip(model._flatten_layers(), merged._flatten_layers(), strict=True):
        for name, lora in getattr(layer, "lora", {}).items():
            (same,) = [weight for weight in own._trainable_variables if weight.name == name]
            same.assign(same + 6.0 / 3 * np.asarray(lora.a) @ np.asarray(lora.b))
            changed += 1
    blocks = len(model.encoder.blocks) + 2 * len(model.decoder.blocks)
    feed_forward = len(model.encoder.blocks) + len(model.decoder.blocks)
    assert changed == 4 * blocks + (3 if model.config.is_gated else 2) * feed_forward
    np.testing.assert_allclose(logits(model), logits(merged), rtol=1e-3, atol=1e-3)
    assert np.abs(logits(model) - logits(make_model(FAMILIES[family]))).max() > 0.5


def test_an_adapter_is_a_bottleneck_with_a_residual():
    adapter = Adapter(V1_0, 4, "adapter", "float32")
    adapter.build()
    down, up = (np.random.default_rng(0).normal(size=shape) for shape in ((16, 4), (4, 16)))
    adapter.down.assign(down)
    adapter.up.assign(up)
    x = np.random.default_rng(1).normal(size=(2, 3, 16))
    expected = x + np.maximum(x @ down, 0) @ up
    np.testing.assert_allclose(adapter(x.astype(np.float32)), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("after", [("attention", "feed_forward"), ("feed_forward",), ("attention",)])
def test_adapters_come_after_the_sub_layers_that_are_named(after):
    model = make_model(V1_0)
    model.add_adapters(5, after)
    for block in (*model.encoder.blocks, *model.decoder.blocks):
        attention = {"self_attention", "cross_attention"} if block.is_crossed else {"self_attention"}
        assert {*block.adapters} == (attention if "attention" in after else set()) | {*after} - {"attention"}
    trained = {weight.path.rpartition("/")[0].rpartition("/")[2] for weight in model.trainable_weights}
    assert all(name.endswith(("_norm", "_adapter")) for name in trained)
    assert sum("norm" in weight.path for weight in model.trainable_weights) == 2 * 1 + 3 * 3 + 2


@pytest.mark.parametrize("given", GIVEN)
def test_starts_as_the_model_it_was(given):
    """LoRA exactly; adapters, whose weights are near zero, nearly."""
    model = make_model(V1_0)
    before = logits(model)
    GIVEN[given](model)
    assert np.abs(logits(model) - before).max() <= (0 if given == "lora" else 1e-3 * np.abs(before).max())


@pytest.mark.parametrize(("family", "given"), [("v1.0", "adapters"), ("v1.1", "lora")])
def test_decoding_computes_the_same(family, given):
    """Token by token with caches, as greedy and beam do it with either memory, and ranked."""
    model = make_adapted(FAMILIES[family], given)
    source, answers = INPUTS["encoder_ids"], [[5, 9, 1], [5, 1], [30, 31, 1]]
    ids = np.zeros((len(source), 1), np.int32)
    for _ in range(6):
        best = next_log_probabilities(model, source, ids)[:, -1].argmax(-1)
        ids = np.concatenate([ids, best[:, np.newaxis]], axis=1)
    ended = np.cumsum(ids[:, 1:] == 1, axis=1) - (ids[:, 1:] == 1) > 0
    expected = np.where(ended, 0, ids[:, 1:])
    np.testing.assert_array_equal(model.generate(source, 6), expected)
    texts, scores = model._current_generator().beam(source, 6, 2, alpha=0.0)
    for row, (text, score) in enumerate(zip(texts[:, 0], scores[:, 0], strict=True)):
        text = text[: [*text, 1].index(1) + 1]
        found = next_log_probabilities(model, source[row : row + 1], np.array([[0, *text[:-1]]]))[0]
        assert score == pytest.approx(found[range(len(text)), text].sum(), abs=1e-4)
    ranked = model._current_generator().rank(source, answers)
    for column, answer in enumerate(answers):
        read = np.tile([0, *answer[:-1]], (len(source), 1))
        found = next_log_probabilities(model, source, read)[:, range(len(answer)), answer].sum(-1)
        np.testing.assert_allclose(ranked[:, column], found, rtol=1e-4, atol=1e-4)


def test_weights_that_are_added_show_in_the_next_text():
    model = make_model(V1_0)
    source = INPUTS["encoder_ids"]
    before = model.generate(source, 6)
    GIVEN["adapters"](model)
    for weight in model.trainable_weights:
        weight.assign(weight + np.random.default_rng(0).normal(size=weight.shape))
    assert (model.generate(source, 6) != before).any()


@pytest.mark.parametrize("given", GIVEN)
def test_fit_changes_only_what_is_new(given, tmp_path):
    """A compiled model is compiled again; optimizer state exists for the new weights alone; the norms go with adapters.
    A .keras file has all of it."""
    model = make_model(ONE_LAYER)
    model.compile("adam", TokenCrossEntropy())
    GIVEN[given](model)
    labels = INPUTS["decoder_ids"]
    with pytest.raises(ValueError, match="compile"):
        model.fit(INPUTS, labels, verbose=0)
    model.compile(keras.optimizers.AdamW(0.01, weight_decay=0.1), TokenCrossEntropy(), run_eagerly=True)
    before = {weight.path: np.asarray(weight) for weight in model.weights}
    model.fit(INPUTS, labels, epochs=3, verbose=0)
    changed = {weight.path for weight in model.weights if (np.asarray(weight) != before[weight.path]).any()}
    trained = {weight.path for weight in model.trainable_weights}
    assert changed == trained
    assert len(before) == len(model.weights)
    new = ("_lora_a", "_lora_b") if given == "lora" else ("down", "up", "scale")
    assert all(path.endswith(new) for path in trained)
    assert len(model.optimizer.variables) == 2 + 2 * len(trained)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.adaptation == model.adaptation
    np.testing.assert_array_equal(logits(loaded), logits(model))
    assert [w.path for w in loaded.trainable_weights] == [w.path for w in model.trainable_weights]


@pytest.mark.parametrize("given", GIVEN)
def test_half_precision_keeps_the_new_weights_in_float32(given):
    exact = make_adapted(V1_0, given)
    model = make_model(V1_0, dtype="bfloat16")
    GIVEN[given](model)
    for weight, value in zip(model.weights, exact.get_weights(), strict=True):
        weight.assign(value)
    if given == "lora":
        assert {weight.dtype for weight in model.trainable_weights} == {"float32"}
    difference = np.abs(logits(model) - logits(exact))
    assert 0 < difference.max() < 0.2 * np.abs(logits(exact)).max()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda model: model.enable_lora(13), r"matrix q has shape \(16, 12\); a rank above 12 is none. Received: ra"),
        (lambda model: model.enable_lora(0), r"rank must be an integer of at least 1\. Received: rank=0"),
        (lambda model: model.enable_lora(True), "rank must be an integer"),
        (lambda model: model.enable_lora(2, -1.0), r"alpha must be a positive number\. Received: alpha=-1\.0"),
        (lambda model: model.enable_lora(2, float("nan")), "alpha must be a positive number"),
        (lambda model: model.enable_lora(2, matrices=["q", "wi_0"]), r"among q, k, v, o, wi, wo\. Received: 'wi_0'"),
        (lambda model: model.enable_lora(2, matrices=[]), "needs a matrix"),
        (lambda model: model.add_adapters(0), r"size must be an integer of at least 1"),
        (lambda model: model.add_adapters(2, ["norm"]), r"after must be among attention, feed_forward\. Received: 'n"),
        (lambda model: model.add_adapters(2, []), "come after something"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_before_anything_is_frozen(call, message):
    model = make_model(V1_0)
    with pytest.raises(ValueError, match=message):
        call(model)
    assert len(model.trainable_weights) == len(model.weights)
    assert model.adaptation is None


def test_a_model_takes_one_of_them_once():
    model = make_model(V1_0)
    model.enable_lora(2)
    with pytest.raises(ValueError, match="the model has lora already"):
        model.add_adapters(2)
