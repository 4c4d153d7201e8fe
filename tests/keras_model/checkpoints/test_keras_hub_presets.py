"""KerasHub's presets: what KerasHub saved is read with its logits, what is written is laid out as KerasHub's own."""

from __future__ import annotations

import json
import shutil
import sys
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from keras_model.checkpoints import CheckpointError, model_fingerprint, open_checkpoint
from keras_model.checkpoints.formats.keras_hub_writer import save_preset
from keras_model.config import T5Config
from keras_model.t5 import T5, load_model
from keras_model.tokenizers.sentencepiece import T5Tokenizer

ARCHIVE = Path(__file__).parents[1] / "references" / "keras_hub.zip"
FAMILIES = ("v1_0", "v1_1")
SHAPE = {"vocab_size": 64, "num_layers": 2, "num_heads": 3, "d_model": 16, "d_ff": 24, "d_kv": 6}
V1_1 = T5Config(**SHAPE, feed_forward_proj="gated-gelu", tie_word_embeddings=False)
TEXT = "a few words to learn from"


@pytest.fixture(scope="module")
def presets(tmp_path_factory):
    """The folder of the stored presets; not to be written to."""
    folder = tmp_path_factory.mktemp("presets")
    with zipfile.ZipFile(ARCHIVE) as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture(scope="module")
def outputs(presets):
    with np.load(presets / "outputs.npz") as file:
        return dict(file)


@pytest.fixture
def preset(presets, tmp_path):
    """Copies a stored preset, with a change to config.json's arguments."""

    def copy(family: str = "v1_0", drop: str = "", **arguments: Any) -> Path:
        folder = tmp_path / family
        shutil.copytree(presets / family, folder)
        change_json(folder / "config.json", lambda values: values["config"].update(arguments))
        change_json(folder / "config.json", lambda values: values["config"].pop(drop, None))
        return folder

    return copy


def change_json(path, change):
    values = json.loads(path.read_text())
    change(values)
    path.write_text(json.dumps(values))


def datasets(path):
    """Paths, shapes and types of everything in an HDF5 file."""
    found = {}
    with h5py.File(path) as file:
        file.visititems(
            lambda name, item: (
                found.update({name: (item.shape, item.dtype)}) if isinstance(item, h5py.Dataset) else None
            )
        )
    return found


@pytest.fixture(scope="module")
def tokenizer(presets):
    return T5Tokenizer(presets / "v1_1" / "assets" / "tokenizer" / "vocabulary.spm", extra_ids=7)


# Reading.


@pytest.mark.parametrize("family", FAMILIES)
def test_logits_equal_the_stored_ones_of_kerashub(family, presets, outputs):
    model = load_model(presets / family)
    ours = model({name: outputs[f"{family}/{name}"] for name in ("encoder_ids", "decoder_ids")})
    expected = outputs[f"{family}/logits"]
    assert expected.std() > 0.5
    np.testing.assert_allclose(np.asarray(ours), expected, atol=2e-5 * expected.std())


def test_the_configuration_is_kerashubs(presets):
    assert open_checkpoint(presets / "v1_0").config == T5Config(**SHAPE)
    assert open_checkpoint(presets / "v1_1").config == V1_1
    assert open_checkpoint(presets / "v1_1").format == "KerasHub"
    assert len({model_fingerprint(presets / family) for family in FAMILIES}) == 2


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"activation": "gelu"}, {"feed_forward_proj": "gelu"}),
        ({"activation": "swish"}, {"feed_forward_proj": "silu"}),
        ({"activation": "keras_nlp>gelu_approximate"}, {"feed_forward_proj": "gelu_new"}),
        ({"key_value_dim": None}, {"d_kv": 5}),
        ({"layer_norm_epsilon": 1e-5, "dropout": 0.2}, {"layer_norm_epsilon": 1e-5, "dropout_rate": 0.2}),
    ],
)
def test_arguments_become_the_configuration(arguments, expected, preset):
    assert open_checkpoint(preset(**arguments)).config == T5Config(**{**SHAPE, **expected})


# Writing.


@pytest.mark.parametrize("family", FAMILIES)
def test_what_is_written_is_laid_out_as_kerashubs_own(family, presets, tokenizer, tmp_path):
    model = load_model(presets / family)
    save_preset(model, tmp_path / "saved", tokenizer)

    theirs: dict[str, Any] = {}
    for path in (presets / family).glob("*.weights.h5"):
        theirs |= datasets(path)
    assert datasets(tmp_path / "saved" / "model.weights.h5") == theirs
    for name in ("config.json", "tokenizer.json") if family == "v1_1" else ("config.json",):
        saved, original = (json.loads((place / name).read_text()) for place in (tmp_path / "saved", presets / family))
        for defaulted in ("config_file", "sequence_length", "add_bos", "add_eos"):
            original["config"].pop(defaulted, None)
        assert saved == original

    again = load_model(tmp_path / "saved")
    assert again.config == model.config
    for one, two in zip(model.weights, again.weights, strict=True):
        np.testing.assert_array_equal(np.asarray(one), np.asarray(two), err_msg=one.path)


def test_the_written_vocabulary_has_the_sentinels(tokenizer, tmp_path):
    save_preset(T5(V1_1), tmp_path, tokenizer)
    again = T5Tokenizer(tmp_path / "assets" / "tokenizer" / "vocabulary.spm")
    texts = [TEXT, "learn <extra_id_0> words <extra_id_6>"]
    assert again.encode(texts) == tokenizer.encode(texts)
    assert again.vocab_size == tokenizer.vocab_size


def test_bfloat16_is_written_as_keras_does(tmp_path):
    model = T5(V1_1, dtype="bfloat16")
    save_preset(model, tmp_path)
    with h5py.File(tmp_path / "model.weights.h5") as file:
        embedding = file["layers/reversible_embedding/vars/0"]
        assert (embedding.dtype, embedding.attrs["dtype"]) == ("V2", "bfloat16")
    again = load_model(tmp_path, dtype="bfloat16")
    for one, two in zip(model.weights, again.weights, strict=True):
        np.testing.assert_array_equal(np.asarray(one), np.asarray(two), err_msg=one.path)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"num_decoder_layers": 1}, r"num_decoder_layers=1 \(there 2\)"),
        ({"relative_attention_num_buckets": 8}, r"relative_attention_num_buckets=8 \(there 32\)"),
        ({"relative_attention_max_distance": 64}, r"relative_attention_max_distance=64 \(there 128\)"),
        ({"scale_decoder_outputs": False}, r"scale_decoder_outputs=False \(there True\)"),
        ({"decoder_start_token_id": 3}, r"decoder_start_token_id=3 \(there 0\)"),
        ({"model_type": "umt5"}, "a position bias in every layer"),
    ],
)
def test_what_kerashub_cannot_be_is_said_before_anything_is_written(config, message, tmp_path):
    with pytest.raises(CheckpointError, match=message):
        save_preset(T5(T5Config(**{**SHAPE, **config})), tmp_path / "saved")
    assert list(tmp_path.iterdir()) == []


def test_a_tokenizer_of_bytes_is_refused_too(tmp_path):
    with pytest.raises(CheckpointError, match="a tokenizer that is no SentencePiece model"):
        save_preset(T5(V1_1), tmp_path / "saved", object())
    assert list(tmp_path.iterdir()) == []


# Faults.


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"num_buckets": 64}, "config.json: T5Backbone has an unknown argument num_buckets"),
        ({"drop": "hidden_dim"}, "config.json: T5Backbone lacks hidden_dim"),
        ({"hidden_dim": "16"}, "config.json: hidden_dim must be an integer of at least 1. Received: '16'"),
        ({"num_heads": 0, "key_value_dim": None}, "config.json: (key_value_dim|num_heads) must be an integer"),
        ({"dropout": 2}, r"config.json: dropout must be in \[0, 1\)"),
        ({"activation": "tanh"}, "config.json: activation must be one of relu, gelu"),
        ({"activation": {"class_name": "Evil", "config": "relu"}}, "config.json: activation must be one of"),
        ({"activation": "gelu", "use_gated_activation": True}, "exact GELU.*keras_hub>gelu_approximate"),
        ({"use_gated_activation": "yes"}, "use_gated_activation must be true or false, got 'yes'"),
        ({"num_layers": 3}, "tensor decoder.block.0.*relative_attention_bias.weight is missing"),
        ({"num_layers": 10**12}, "tensor decoder.block.0.* is missing|tensor encoder.block.4.* is missing"),
        ({"num_layers": 1}, "tensor decoder.block.0.layer.1.layer_norm.weight is missing"),
        ({"hidden_dim": 17}, r"the configuration asks for shape \(64, 17\), got \(64, 16\)"),
        ({"tie_embedding_weights": False}, "tensor lm_head.weight is missing"),
    ],
)
def test_arguments_that_do_not_fit_are_named(change, message, preset):
    with pytest.raises(CheckpointError, match=message):
        load_model(preset(**change))


def test_a_foreign_class_is_refused_and_not_imported(preset, tmp_path, monkeypatch):
    (tmp_path / "evil_package.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    folder = preset()
    foreign = {"module": "evil_package", "class_name": "Evil", "registered_name": "Evil"}
    change_json(folder / "config.json", lambda values: values.update(foreign))
    with pytest.raises(CheckpointError, match=r"expected KerasHub's T5Backbone .*, got 'Evil'"):
        load_model(folder)
    assert "evil_package" not in sys.modules


def test_a_preset_of_a_hugging_face_config_is_refused(preset):
    folder = preset()
    (folder / "config.json").write_text('{"model_type": "t5"}')
    with pytest.raises(CheckpointError, match="expected KerasHub's T5Backbone"):
        load_model(folder)


def test_a_task_must_be_t5s_and_agree(preset):
    folder = preset("v1_1")
    task = folder / "task.json"
    change_json(task, lambda values: values["config"]["backbone"]["config"].update(layer_norm_epsilon=1e-3))
    with pytest.raises(CheckpointError, match=r"task.json: its backbone is not the one in config.json"):
        load_model(folder)
    change_json(task, lambda values: values.update(class_name="TextClassifier"))
    with pytest.raises(CheckpointError, match=r"task.json: expected KerasHub's T5Seq2SeqLM"):
        load_model(folder)


@pytest.mark.parametrize("kept", [0, 7, 1000, -1])
def test_a_truncated_file_is_refused(kept, preset):
    path = preset() / "model.weights.h5"
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(CheckpointError, match=r"model.weights.h5: cannot be read as an HDF5 file"):
        load_model(path.parent)


@pytest.mark.parametrize(
    ("weight_map", "message"),
    [
        ({"a": "../v1_0/model.weights.h5"}, "it must be an .h5 file in the same folder"),
        ({"a": ["/etc/passwd"]}, "it must be an .h5 file in the same folder"),
        ({"a": "config.json"}, "it must be an .h5 file in the same folder"),
        ({"a": "model_00009.weights.h5"}, "model_00009.weights.h5, which is not there"),
        ({"a": f"{'x' * 300}.h5"}, "names x{100}, which is not there"),
        (["model_00000.weights.h5"], "weight_map must be an object"),
        ({}, "tensor shared.weight is missing"),
    ],
)
def test_a_list_of_shards_is_not_trusted(weight_map, message, preset):
    folder = preset("v1_1")
    (folder / "model.weights.json").write_text(json.dumps({"weight_map": weight_map}))
    with pytest.raises(CheckpointError, match=message):
        load_model(folder)


def test_shards_that_overlap_are_refused(preset):
    folder = preset("v1_1")
    shutil.copy(folder / "model_00001.weights.h5", folder / "model_00007.weights.h5")
    change_json(folder / "model.weights.json", lambda values: values["weight_map"].update(x="model_00007.weights.h5"))
    with pytest.raises(CheckpointError, match=r"model_00007.weights.h5: .* is also in another file of the preset"):
        load_model(folder)


NORM = "layers/t5_layer_norm/vars/0"


@pytest.mark.parametrize(
    ("replacement", "message"),
    [
        (lambda file: file.create_dataset(NORM, (16,), "f4"), "t5_layer_norm/vars/0 is not stored whole"),
        (lambda file: file.create_dataset(NORM, (16,), "f4", external="elsewhere"), "is not stored whole"),
        (lambda file: file.create_dataset(NORM, data=h5py.Empty("f4")), "t5_layer_norm/vars/0 is empty"),
        (lambda file: file.create_dataset(NORM, data=np.ones(16, "i1")), "weights are float64, .* got int8"),
        (
            lambda file: file.__setitem__(NORM, h5py.ExternalLink("other.h5", "/x")),
            "encoder.final_layer_norm.* missing",
        ),
        (lambda file: file.__setitem__(NORM, h5py.SoftLink("/layers/t5_layer_norm_1/vars/0")), "layer_norm.* missing"),
        (
            lambda file: file.create_dataset("layers/extra/vars/0", data=[1.0]),
            "no place for tensor layers/extra/vars/0",
        ),
    ],
)
def test_tensors_that_are_not_where_keras_writes_them(replacement, message, preset):
    folder = preset()
    with h5py.File(folder / "model.weights.h5", "a") as file:
        if "extra" not in message:
            del file[NORM]
        replacement(file)
    with pytest.raises(CheckpointError, match=message):
        load_model(folder)
