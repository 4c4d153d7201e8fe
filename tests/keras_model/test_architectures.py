"""The paper's other architectures (section 3.2) against their definition, written out in NumPy an example at a time."""

import dataclasses
import json
import math

import keras
import numpy as np
import pytest

from keras_model.checkpoints import save_model
from keras_model.checkpoints.converting import convert
from keras_model.checkpoints.formats.keras_hub_writer import save_preset
from keras_model.checkpoints.weights import weights
from keras_model.config import ConfigError, T5Config
from keras_model.decoding.beam import NEVER
from keras_model.decoding.generator import Generator
from keras_model.files.model_folder import CheckpointError
from keras_model.t5 import T5, load_model
from keras_model.training.step_memory import step_memory
from keras_model.training_run.fit_settings import TrainSettings
from keras_model.training_run.unfreezing import Unfreezing
from tests.keras_model.models import ARCHITECTURES, V1_0, make_model, sources

ALL = pytest.mark.parametrize("name", ARCHITECTURES)
ANSWERS = [[5, 6, 7, 1], [5, 6, 1], [9, 1]]
ACTIVATIONS = {"relu": lambda x: np.maximum(x, 0), "silu": lambda x: x / (1 + np.exp(-x))}


class Definition:
    """A T5 of any architecture, of its tensors by the names of its checkpoint, in float64."""

    def __init__(self, model):
        self.config = model.config
        self.tensors = {weight.name: weight.to_stored().astype(np.float64) for weight in weights(model)}

    def logits(self, source, target):
        """[target, vocab_size] of ids without padding; the target begins with the start id."""
        source, target = (self.tensors["shared.weight"][ids] for ids in (source, target))
        if self.config.architecture == "shared":
            encoded = self.stack(source, "encoder", "encoder", np.ones((len(source), len(source)), bool), True)
            x = self.stack(target, "decoder", "encoder", np.tri(len(target)) > 0, False, encoded)
        else:
            sees = np.tri(len(source) + len(target)) > 0
            prefix = self.config.architecture == "prefix_lm"
            sees[: len(source), : len(source)] |= prefix
            x = self.stack(np.concatenate([source, target]), "decoder", "decoder", sees, prefix)[len(source) :]
        if self.config.tie_word_embeddings:
            return x * self.config.d_model**-0.5 @ self.tensors["shared.weight"].T
        return x @ self.tensors["lm_head.weight"].T

    def log_probability(self, source, text):
        """Of a text, its end included."""
        logits = self.logits(source, [0, *text[:-1]])
        largest = logits.max(-1)
        normed = logits[range(len(text)), text] - largest - np.log(np.exp(logits - largest[:, None]).sum(-1))
        return normed.sum()

    def stack(self, x, stack, owner, sees, both_ways, encoded=None):
        """The blocks whose own tensors are `owner`'s; position bias and cross-attention are the stack's."""
        for i in range(self.config.num_layers):
            layer = f"{owner}.block.{i}.layer"
            table = i if self.config.position_bias_per_layer else 0
            bias = self.bias(f"{stack}.block.{table}.layer.0", len(x), both_ways) + np.where(sees, 0, -1e30)
            normed = self.norm(x, f"{layer}.0.layer_norm")
            x = x + self.attention(normed, normed, f"{layer}.0.SelfAttention", bias)
            if encoded is not None:
                cross = f"{stack}.block.{i}.layer.1"
                x = x + self.attention(self.norm(x, f"{cross}.layer_norm"), encoded, f"{cross}.EncDecAttention", 0)
            x = x + self.feed_forward(self.norm(x, f"{layer}.1.layer_norm"), f"{layer}.1.DenseReluDense")
        return self.norm(x, f"{owner}.final_layer_norm")

    def norm(self, x, name):
        root = np.sqrt((x**2).mean(-1, keepdims=True) + self.config.layer_norm_epsilon)
        return x / root * self.tensors[f"{name}.weight"]

    def attention(self, x, memory, name, bias):
        def heads(y, part):
            projected = y @ self.tensors[f"{name}.{part}.weight"].T
            return projected.reshape(len(y), self.config.num_heads, self.config.d_kv)

        scores = np.einsum("qhd,khd->hqk", heads(x, "q"), heads(memory, "k")) + bias
        shares = np.exp(scores - scores.max(-1, keepdims=True))
        shares /= shares.sum(-1, keepdims=True)
        context = np.einsum("hqk,khd->qhd", shares, heads(memory, "v")).reshape(len(x), -1)
        return context @ self.tensors[f"{name}.o.weight"].T

    def bias(self, name, length, both_ways):
        """[heads, length, length]"""
        table = self.tensors[f"{name}.SelfAttention.relative_attention_bias.weight"]
        buckets = len(table) // 2 if both_ways else len(table)
        exact, furthest = buckets // 2, self.config.relative_attention_max_distance
        found = np.zeros((length, length), int)
        for query in range(length):
            for key in range(length):
                distance = abs(query - key) if both_ways else max(query - key, 0)
                if distance >= exact:
                    share = math.log(distance / exact) / math.log(furthest / exact)
                    distance = min(exact + int(share * (buckets - exact)), buckets - 1)
                found[query, key] = distance + buckets * (both_ways and key > query)
        return table[found].transpose(2, 0, 1)

    def feed_forward(self, x, name):
        function = ACTIVATIONS[self.config.activation]
        if self.config.is_gated:
            wi_0, wi_1 = (self.tensors[f"{name}.wi_{i}.weight"].T for i in range(2))
            inner = function(x @ wi_0) * (x @ wi_1)
        else:
            inner = function(x @ self.tensors[f"{name}.wi.weight"].T)
        return inner @ self.tensors[f"{name}.wo.weight"].T


def inputs_of(length=23, target=9):
    return {"encoder_ids": sources(4, length), "decoder_ids": sources(4, target, seed=1) % 40}


@ALL
def test_it_is_the_definition(name):
    """In a batch whose rows are padded, and of any width; and what writes and ranks token by token is as well."""
    model, inputs = make_model(ARCHITECTURES[name], seed=2), inputs_of()
    if name == "language model":  # decoding merges it, reading does not
        model.enable_lora(2, matrices=("q", "k", "v", "wo"))
        for weight in model.trainable_weights:
            weight.assign(weight + keras.random.normal(weight.shape, stddev=0.3, seed=1))
    logits = np.asarray(model(inputs))
    definition = Definition(model)
    for row, (source, target) in enumerate(zip(*inputs.values(), strict=True)):
        expected = definition.logits(source[source != 0], target)
        np.testing.assert_allclose(logits[row], expected, atol=1e-5 * expected.std(), rtol=1e-4)
    wider = {key: np.pad(ids, ((0, 0), (0, 8))) for key, ids in inputs.items()}
    np.testing.assert_allclose(np.asarray(model(wider))[:, : logits.shape[1]], logits, atol=1e-4)
    generator = Generator(model)
    texts = generator.greedy(wider["encoder_ids"], 40)  # in two stretches
    ranked = generator.rank(inputs["encoder_ids"], ANSWERS)
    for source, text, found in zip(inputs["encoder_ids"], texts.tolist(), ranked, strict=True):
        source = source[source != 0]
        text = text[: [*text, 1].index(1) + 1]
        np.testing.assert_array_equal(text, definition.logits(source, [0, *text[:-1]]).argmax(-1))
        expected = [definition.log_probability(source, answer) for answer in ANSWERS]
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


def test_a_beam_is_the_definition():
    """In the static loop of an accelerator; test_beam.py has the other, whose caches grow."""
    model, source = make_model(ARCHITECTURES["prefix LM"], seed=2), sources(6, 9)
    definition = Definition(model)
    ids, scores = Generator(model, jit_compile=True).beam(source, 6, beam_size=3, alpha=0.0)
    for row, texts, found in zip(source, ids.tolist(), scores, strict=True):
        assert found[0] > NEVER
        for text, score in zip(texts, found, strict=True):
            if score == NEVER:
                continue  # fewer texts have ended
            text = text[: [*text, 1].index(1) + 1]
            assert score == pytest.approx(definition.log_probability(row[row != 0], text), abs=1e-4)


@pytest.mark.parametrize("name", ["shared", "prefix LM"])
def test_it_survives_its_files(name, tmp_path):
    model, inputs = make_model(ARCHITECTURES[name]), inputs_of(9, 4)
    logits = np.asarray(model(inputs))
    model.save(tmp_path / "model.keras")
    save_model(model, tmp_path / "folder")
    for again in (keras.saving.load_model(tmp_path / "model.keras"), load_model(tmp_path / "folder")):
        assert again.config == model.config
        np.testing.assert_array_equal(np.asarray(again(inputs)), logits)
    written = json.loads((tmp_path / "folder/config.json").read_text())
    assert written["model_type"] == f"{model.config.model_type}-{model.config.architecture}"  # refused elsewhere
    assert "architectures" not in written


def test_what_is_shared_stands_once():
    config = ARCHITECTURES["shared"]
    model, whole = T5(config), T5(dataclasses.replace(config, architecture="encoder_decoder"))
    for ours, theirs in zip(model.encoder.blocks, model.decoder.blocks, strict=True):
        assert ours.self_attention is theirs.self_attention
    inner = config.num_heads * config.d_kv
    each = 4 * config.d_model * inner + 2 * config.d_model * config.d_ff + 2 * config.d_model
    assert whole.count_params() - model.count_params() == config.num_layers * each + config.d_model
    model.enable_lora(2, matrices=("q", "wo"))
    assert len(model.trainable_weights) == 2 * config.num_layers * (
        1 + 1 + 1
    )  # self- and cross-attention, feed forward


def test_memory_and_thawing():
    """Of a step, by the sums of its matrices; and of the blocks that there are."""
    for config in ARCHITECTURES.values():
        model = T5(config)
        assert step_memory(config, 1, 1, 1).weights == 4 * model.count_params()
        thawing = Unfreezing(model, TrainSettings(steps=6, gradual_unfreezing=True))
        assert len(thawing.starts) == config.num_layers
        thawing.enter(0)
        assert model.decoder.blocks[-1].feed_forward.wo.trainable
        assert not model.decoder.blocks[0].feed_forward.wo.trainable


def test_what_cannot_be_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"architecture must be one of encoder_decoder, shared, .* Received: 'gpt'"):
        T5Config(architecture="gpt")
    with pytest.raises(ConfigError, match=r"num_decoder_layers must be num_layers=2\. Received: 3"):
        dataclasses.replace(V1_0, num_layers=2, architecture="prefix_lm")
    model = T5(ARCHITECTURES["shared"])
    with pytest.raises(CheckpointError, match="KerasHub has no T5 of architecture='shared'"):
        save_preset(model, tmp_path / "preset")
    save_model(model, tmp_path / "folder")
    with pytest.raises(CheckpointError, match="neither transformers nor KerasHub has a T5 of architecture='shared'"):
        convert(tmp_path / "folder", tmp_path / "other")
    assert {path.name for path in tmp_path.iterdir()} == {"folder"}


def test_a_configuration_says_only_what_is_its_own():
    """So that of a preset with half the layers both stacks have half, and one with its own head is not scaled."""
    base = T5Config.preset("t5-small").stated()
    half = T5Config.from_dict({**base, "num_layers": 3, "tie_word_embeddings": False, "architecture": "shared"})
    assert (half.num_decoder_layers, half.scale_decoder_outputs) == (3, False)
    assert T5Config.from_dict({**base, "num_decoder_layers": 2}).num_layers == 6
    uneven = T5Config.preset("byt5-small")
    assert T5Config.from_dict(uneven.stated()) == uneven
    assert T5Config.from_dict({**uneven.stated(), "num_layers": 6}).num_decoder_layers == 4
    assert "architecture" not in T5Config().to_dict()
