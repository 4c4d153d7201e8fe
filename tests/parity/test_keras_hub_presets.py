"""Presets in both directions, by KerasHub's own loader and saver under its older name keras_nlp."""

import dataclasses

import keras
import numpy as np
import pytest

from keras_model.checkpoints.formats.keras_hub_writer import save_preset
from keras_model.config import T5Config
from keras_model.decoding.generator import Generator
from keras_model.t5 import T5, load_model
from keras_model.tokenizers.sentencepiece import T5Tokenizer

pytestmark = [pytest.mark.parity, pytest.mark.filterwarnings("ignore")]

SHAPE = {"vocab_size": 128, "d_model": 32, "d_kv": 6, "d_ff": 48, "num_heads": 4, "num_layers": 2}
FAMILIES = {
    "v1.0": T5Config(**SHAPE),
    "v1.1": T5Config(**SHAPE, feed_forward_proj="gated-gelu", tie_word_embeddings=False),
    "gated relu": T5Config(**SHAPE, feed_forward_proj="gated-relu"),
    "exact gelu": T5Config(**SHAPE, feed_forward_proj="gelu"),
    "silu": T5Config(**SHAPE, feed_forward_proj="silu", tie_word_embeddings=False, layer_norm_epsilon=1e-4),
    "mt5": T5Config(**SHAPE, model_type="mt5", feed_forward_proj="gated-gelu", tie_word_embeddings=False),
}
TEXTS = ["the cat saw a dog", "a dog <extra_id_0> the cat <extra_id_1> on the mat", "the mat"]


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    path = tmp_path_factory.mktemp("vocabulary") / "spiece.model"
    return T5Tokenizer.train([*TEXTS, "on the mat sat the cat"], path, 60, extra_ids=40)


def random_model(config):
    """A model in whose outputs every part of it shows."""
    keras.utils.set_random_seed(4)
    model = T5(config)
    for weight in model.weights:
        weight.assign(weight + keras.random.normal(weight.shape, stddev=0.3 if len(weight.shape) == 1 else 0.1))
    return model


def logits_of_kerashub(model, encoder_ids, decoder_ids):
    return np.asarray(
        model(
            {
                "encoder_token_ids": encoder_ids,
                "encoder_padding_mask": (encoder_ids != 0).astype(np.int32),
                "decoder_token_ids": decoder_ids,
                "decoder_padding_mask": np.ones_like(decoder_ids),
            }
        )
    )


def random_ids():
    rng = np.random.default_rng(0)
    encoder_ids, decoder_ids = rng.integers(2, 128, (3, 150)), rng.integers(2, 128, (3, 140))
    encoder_ids[0, 70:] = 0
    return encoder_ids, decoder_ids


@pytest.mark.parametrize("family", FAMILIES)
def test_a_written_preset_loads_in_keras_nlp(family, tokenizer, tmp_path):
    import keras_nlp

    model = random_model(FAMILIES[family])
    save_preset(model, tmp_path, tokenizer)
    hub = keras_nlp.models.T5Seq2SeqLM.from_preset(str(tmp_path))
    encoder_ids, decoder_ids = random_ids()
    ours = np.asarray(model({"encoder_ids": encoder_ids, "decoder_ids": decoder_ids}))
    np.testing.assert_allclose(logits_of_kerashub(hub, encoder_ids, decoder_ids), ours, atol=1e-4 * ours.std())

    assert [[*np.asarray(hub.preprocessor.tokenizer(text)).tolist(), 1] for text in TEXTS] == tokenizer.encode(TEXTS)


@pytest.mark.parametrize("family", ["v1.0", "v1.1"])
def test_a_written_preset_generates_the_same_texts_in_keras_nlp(family, tokenizer, tmp_path):
    import keras_nlp

    # KerasHub also emits ids that the tokenizer does not have, and fails on them: none here.
    model = random_model(dataclasses.replace(FAMILIES[family], vocab_size=tokenizer.vocab_size))
    save_preset(model, tmp_path, tokenizer)
    hub = keras_nlp.models.T5Seq2SeqLM.from_preset(str(tmp_path))
    hub.compile(sampler="greedy", jit_compile=False)
    ids = np.zeros((len(TEXTS), 30), np.int32)
    for row, encoded in zip(ids, tokenizer.encode(TEXTS), strict=True):
        row[: len(encoded)] = encoded
    expected = tokenizer.decode(Generator(model, emit_limit=tokenizer.vocab_size).greedy(ids, 9).tolist())
    assert all(expected)
    assert family == "v1.0" or len(set(expected)) > 1  # tied random weights repeat one token
    assert hub.generate(TEXTS, max_length=10) == expected


def test_a_written_preset_without_tokenizer_loads_without_preprocessor(tmp_path):
    import keras_nlp

    model = random_model(FAMILIES["v1.1"])
    save_preset(model, tmp_path)
    hub = keras_nlp.models.T5Seq2SeqLM.from_preset(str(tmp_path), preprocessor=None)
    encoder_ids, decoder_ids = random_ids()
    ours = np.asarray(model({"encoder_ids": encoder_ids, "decoder_ids": decoder_ids}))
    np.testing.assert_allclose(logits_of_kerashub(hub, encoder_ids, decoder_ids), ours, atol=1e-4 * ours.std())


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("whole_task", [False, True])
@pytest.mark.parametrize("family", ["v1.0", "v1.1"])
def test_what_kerashub_saves_again_is_read(family, whole_task, dtype, tokenizer, tmp_path):
    """As a backbone or a task, in one file or in shards, with another activation of its own spelling."""
    import keras_nlp

    model = random_model(FAMILIES[family])
    save_preset(model, tmp_path / "ours", tokenizer)
    hub = keras_nlp.models.T5Seq2SeqLM.from_preset(str(tmp_path / "ours"), dtype=dtype)
    # In bfloat16 one matrix does not fit into a shard of less.
    (hub if whole_task else hub.backbone).save_to_preset(str(tmp_path / "theirs"), max_shard_size=4e4 / 2**30)
    assert len(list((tmp_path / "theirs").glob("*.h5"))) > 1
    again = load_model(tmp_path / "theirs", dtype=dtype)
    assert again.config == model.config
    expected = load_model(tmp_path / "ours", dtype=dtype)
    for one, two in zip(expected.weights, again.weights, strict=True):
        np.testing.assert_array_equal(np.asarray(one), np.asarray(two), err_msg=one.path)
