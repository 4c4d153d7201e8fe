"""Model folders: logits equal to transformers' (stored references), round trips, and every fault named."""

import hashlib
import json
import os
import stat
import subprocess
import sys

import keras
import ml_dtypes
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from keras_model.checkpoints import CheckpointError, load_tokenizer, model_fingerprint, save_model
from keras_model.config import T5Config
from keras_model.t5 import T5, load_model
from keras_model.tokenizers.sentencepiece import T5Tokenizer

FAMILIES = ("v1_0", "v1_1")
CASES = ("short", "long_source", "long_target")
HEAD, SHARED = "lm_head.weight", "shared.weight"


def logits(model, inputs):
    return np.asarray(model({"encoder_ids": inputs["encoder_ids"], "decoder_ids": inputs["decoder_ids"]}))


def assert_as_close_as_transformers(ours, reference, family):
    """v1.0: within 1e-4 of transformers, relative to the spread where logits are small. v1.1: no further from its
    float64 run than twice its own float32 run."""
    if family == "v1_0":
        assert np.abs(ours - reference["logits"]).max() <= 1e-4 * min(1.0, reference["logits"].std())
    else:
        assert np.abs(ours - reference["logits64"]).max() <= 2 * reference["float32_error"]


@pytest.fixture
def changed(references, tmp_path):
    """Writes the stored model of a family with other tensors or another configuration; `...` takes a name out."""

    def write(family="v1_0", weights=None, drop=(), **config):
        values = {key: value for key, value in {**references.config(family), **config}.items() if value is not ...}
        kept = {**references.tensors(family), **(weights or {})}
        kept = {name: value for name, value in kept.items() if name not in drop}
        return references.write_folder(tmp_path / f"changed{len(list(tmp_path.iterdir()))}", values, kept)

    return write


# The numbers are transformers'.


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("name", CASES)
def test_logits_equal_the_stored_ones_of_transformers(family, name, references, tmp_path):
    reference = references.arrays(family, name)
    model = load_model(references.family_folder(tmp_path / "model", family))
    ours = logits(model, reference)[:, reference["positions"]]
    assert_as_close_as_transformers(ours, reference, family)


@pytest.mark.parametrize(
    ("checkpoint", "family"),
    [("hf_tiny_v1_0_safetensors", "v1_0"), ("hf_one_layer_v1_0", "v1_0"), ("t5x_tiny_v1_1", "v1_1")],
)
def test_logits_of_real_checkpoints_equal_the_stored_ones(checkpoint, family, references, shared_data):
    model = load_model(shared_data / "checkpoints" / checkpoint)
    for name in CASES:
        reference = references.arrays("checkpoints", f"{checkpoint}/{name}")
        ours = logits(model, reference)[:, reference["positions"], :: int(reference["stride"])]
        assert_as_close_as_transformers(ours, reference, family)


def test_logits_equal_those_stored_beside_the_t5x_checkpoint(shared_data):
    folder = shared_data / "checkpoints" / "t5x_tiny_v1_1"
    with np.load(folder / "hf_reference_logits.npz") as file:
        inputs = {"encoder_ids": file["input_ids"], "decoder_ids": file["decoder_input_ids"]}
        np.testing.assert_allclose(logits(load_model(folder), inputs), file["logits"], atol=1e-4, rtol=0)


# Round trips.


@pytest.mark.parametrize("family", FAMILIES)
def test_save_and_load_give_the_same_model(family, references, tmp_path):
    folder = references.family_folder(tmp_path / "model", family)
    model = load_model(folder)
    save_model(model, tmp_path / "saved")
    assert sorted(os.listdir(tmp_path / "saved")) == ["config.json", "model.safetensors"]
    before, after = load_file(folder / "model.safetensors"), load_file(tmp_path / "saved" / "model.safetensors")
    assert before.keys() == after.keys()
    for name, value in before.items():
        np.testing.assert_array_equal(after[name], value, err_msg=name)
    assert load_model(tmp_path / "saved").config == model.config
    assert model_fingerprint(tmp_path / "saved") == model_fingerprint(tmp_path / "saved")


def test_bfloat16_models_are_saved_as_such(references, tmp_path):
    model = load_model(references.family_folder(tmp_path / "model", "v1_1"), dtype="bfloat16")
    save_model(model, tmp_path / "saved")
    assert {value.dtype for value in load_file_any(tmp_path / "saved").values()} == {np.dtype(ml_dtypes.bfloat16)}
    again = load_model(tmp_path / "saved", dtype="bfloat16")
    for one, two in zip(model.weights, again.weights, strict=True):
        np.testing.assert_array_equal(np.asarray(one), np.asarray(two), err_msg=one.path)


def load_file_any(folder):
    from safetensors import safe_open

    with safe_open(folder / "model.safetensors", framework="numpy") as file:
        return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  (no mapping)


@pytest.mark.parametrize("dtype", [np.float32, ml_dtypes.bfloat16])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_tensor_that_is_not_finite_is_named(value, dtype, references, changed):
    weights = {name: tensor.astype(dtype) for name, tensor in references.tensors("v1_0").items()}
    name = "decoder.block.1.layer.2.DenseReluDense.wo.weight"
    weights[name][1, 2] = weights[name][0, 0] = value
    message = rf"model\.safetensors: tensor {name} holds NaN or infinity in 2 of {weights[name].size:,} numbers"
    with pytest.raises(CheckpointError, match=message):
        load_model(changed(weights=weights))


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16, np.float64])
def test_other_floating_types_load_exactly(dtype, references, changed):
    weights = {name: value.astype(dtype) for name, value in references.tensors("v1_0").items()}
    rounded = {name: value.astype(np.float32) for name, value in weights.items()}
    one = load_model(changed(weights=weights))
    two = load_model(changed(weights=rounded))
    for a, b in zip(one.weights, two.weights, strict=True):
        np.testing.assert_array_equal(np.asarray(a), np.asarray(b), err_msg=a.path)


# What older and newer files look like.


def same_weights(one, two):
    return all(np.array_equal(a, b) for a, b in zip(one.get_weights(), two.get_weights(), strict=True))


@pytest.mark.parametrize("family", FAMILIES)
def test_duplicate_and_missing_embedding_keys(family, references, changed, tmp_path):
    plain = load_model(references.family_folder(tmp_path / "plain", family))
    shared = references.tensors(family)[SHARED]
    copies = {"encoder.embed_tokens.weight": shared, "decoder.embed_tokens.weight": shared}
    if family == "v1_0":
        copies[HEAD] = shared
    unused = {"decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight": np.ones((32, 3), np.float32)}
    assert same_weights(load_model(changed(family, {**copies, **unused})), plain)
    for name in copies:
        alone = changed(family, {name: shared}, drop=[SHARED])
        assert same_weights(load_model(alone), plain)


@pytest.mark.parametrize(
    ("config", "tied", "scaled"),
    [
        ({"tie_word_embeddings": ...}, True, True),
        ({"tie_word_embeddings": True}, True, True),
        # transformers 5: tie_word_embeddings says nothing, the tensors do.
        ({"tie_word_embeddings": True, "scale_decoder_outputs": True}, True, True),
        ({"tie_word_embeddings": True, "scale_decoder_outputs": False}, True, False),
    ],
)
def test_the_configuration_decides_tying_and_scaling(config, tied, scaled, references, changed):
    reference = references.arrays("v1_0", "short")
    model = load_model(changed(**config))
    assert (model.config.tie_word_embeddings, model.config.scale_decoder_outputs) == (tied, scaled)
    factor = 1 if scaled else 16**0.5
    ours = logits(model, reference)[:, reference["positions"]]
    np.testing.assert_allclose(ours, factor * reference["logits"], atol=1e-5 * factor)


def test_a_v1_1_model_that_transformers_5_wrote(references, changed, tmp_path):
    """It says that the embeddings are tied, and has a head of its own."""
    new = changed("v1_1", tie_word_embeddings=True, scale_decoder_outputs=False)
    old = references.family_folder(tmp_path / "old", "v1_1")
    assert load_model(new).config == load_model(old).config
    assert same_weights(load_model(new), load_model(old))


# Faults.


def one_tensor(name, value):
    return {"weights": {name: value}}


NORM = "encoder.block.1.layer.0.layer_norm.weight"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"drop": [NORM]}, f"model.safetensors: tensor {NORM} is missing"),
        ({"drop": [SHARED]}, f"tensor {SHARED} is missing"),
        (one_tensor("encoder.block.2.extra", np.ones(1)), "no place for tensor encoder.block.2.extra"),
        (
            {"weights": {f"extra.{i}": np.ones(1) for i in range(7)}},
            "no place for tensor extra.0, extra.1, extra.2, extra.3, extra.4 and 2 more",
        ),
        (
            one_tensor(NORM, np.ones(15, np.float32)),
            rf"tensor {NORM}: the configuration asks for shape \(16,\), got \(15,\)",
        ),
        (
            one_tensor(NORM, np.ones(16, np.int32)),
            f"tensor {NORM}: weights are float64, float32, float16 or bfloat16, got I32",
        ),
        (
            one_tensor(HEAD, np.ones((64, 16), np.float32)),
            f'{HEAD} differs from {SHARED}.*"tie_word_embeddings": false',
        ),
        (
            one_tensor("encoder.embed_tokens.weight", np.ones((64, 16), np.float32)),
            f"encoder.embed_tokens.weight differs from {SHARED}; T5 has one embedding",
        ),
        ({"model_type": "bart"}, "config.json: model_type must be one of t5, mt5, umt5. Received: 'bart'"),
        ({"feed_forward_proj": "gated-tanh"}, "config.json: feed_forward_proj must be one of"),
        ({"num_layers": 3}, "tensor encoder.block.2.layer.0.layer_norm.weight is missing"),
        ({"num_layers": 1}, r"no place for tensor encoder.block.1.layer.0.SelfAttention.k.weight.*and 3 more"),
        ({"vocab_size": 65}, rf"tensor {SHARED}: the configuration asks for shape \(65, 16\), got \(64, 16\)"),
        (
            {"feed_forward_proj": "gated-gelu", "dense_act_fn": ..., "is_gated_act": ...},
            "DenseReluDense.wi_0.weight is missing",
        ),
    ],
)
def test_what_does_not_fit_is_named(change, message, changed):
    with pytest.raises(CheckpointError, match=message):
        load_model(changed(**change))


@pytest.mark.parametrize("kept", [0, 5, 100, -1])
def test_a_truncated_weight_file_is_refused(kept, references, tmp_path):
    path = references.family_folder(tmp_path / "model", "v1_0") / "model.safetensors"
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(CheckpointError, match=r"model.safetensors: cannot be read as a safetensors file"):
        load_model(tmp_path / "model")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "not valid JSON"),
        (b"\xff\xfe", "not valid JSON"),
        (b"[" * 100_000, "not valid JSON"),
        (b"[1]", "expected a JSON object, got list"),
    ],
)
def test_a_broken_config_is_refused(content, message, references, tmp_path):
    (references.family_folder(tmp_path / "model", "v1_0") / "config.json").write_bytes(content)
    with pytest.raises(CheckpointError, match=f"config.json: {message}"):
        load_model(tmp_path / "model")


def test_absent_files_are_named(references, tmp_path):
    with pytest.raises(CheckpointError, match=r"nowhere: no checkpoint. There is no such file or folder"):
        load_model(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(
        CheckpointError, match=r"empty: no checkpoint. The folder is empty. Looked for those of Hugging Face, "
    ):
        load_model(tmp_path / "empty")
    folder = references.family_folder(tmp_path / "model", "v1_0")
    (folder / "model.safetensors").rename(folder / "model.safetensor")
    with pytest.raises(CheckpointError, match=r"The folder holds config.json, model.safetensor. Looked for .*T5X"):
        model_fingerprint(folder)
    (folder / "model.safetensor").rename(folder / "model.safetensors")
    (folder / "config.json").unlink()
    for function in (load_model, model_fingerprint):
        with pytest.raises(CheckpointError, match=r"model/config.json: No such file"):
            function(folder)
    with pytest.raises(CheckpointError, match=r"no tokenizer in it"):
        load_tokenizer(tmp_path)


def test_fingerprints_stored_by_earlier_runs_stay_valid(references, tmp_path):
    """The definition written out again, for a folder with one weight file."""
    folder = references.family_folder(tmp_path / "model", "v1_0")
    config = json.dumps(T5Config.from_dict(references.config("v1_0")).to_dict(), sort_keys=True).encode()
    weights = hashlib.sha256((folder / "model.safetensors").read_bytes()).digest()
    assert model_fingerprint(folder) == hashlib.sha256(config + weights).hexdigest()


def test_checkpoints_are_told_apart_without_tensorflow():
    code = "import sys, keras_model.checkpoints; assert not {'tensorflow', 'keras', 'torch'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_loading_draws_no_random_numbers(references, tmp_path, monkeypatch):
    folder = references.family_folder(tmp_path / "model", "v1_1")

    def refuse(*_, **__):
        raise AssertionError("drawn")

    with monkeypatch.context() as patch:
        patch.setattr(keras.initializers.RandomNormal, "__call__", refuse)
        model = load_model(folder)
        with pytest.raises(AssertionError, match="drawn"):
            T5(model.config)
    assert np.std(np.asarray(T5(model.config).head.matrix)) > 0.1  # new models are random again


# Saving.


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    return T5Tokenizer.train(["a few words to learn from"], tmp_path_factory.mktemp("v") / "v", 40, extra_ids=7)


def test_the_tokenizer_travels_with_the_model(tokenizer, tmp_path):
    model = T5(T5Config(vocab_size=64, d_model=8, d_kv=4, d_ff=8, num_layers=1, num_heads=2))
    save_model(model, tmp_path / "new" / "folder", tokenizer)
    again = load_tokenizer(tmp_path / "new" / "folder")
    assert (again.vocab_size, again.extra_ids, again.fingerprint) == (tokenizer.vocab_size, 7, tokenizer.fingerprint)
    (tmp_path / "new" / "folder" / "tokenizer_config.json").unlink()
    assert load_tokenizer(tmp_path / "new" / "folder").extra_ids == 100
    (tmp_path / "new" / "folder" / "tokenizer_config.json").write_text('{"extra_ids": "7"}')
    with pytest.raises(CheckpointError, match=r"tokenizer_config.json: extra_ids must be 0 or more, got '7'"):
        load_tokenizer(tmp_path / "new" / "folder")
    (tmp_path / "new" / "folder" / "spiece.model").write_bytes(b"no model")
    (tmp_path / "new" / "folder" / "tokenizer_config.json").unlink()
    with pytest.raises(CheckpointError, match=r"spiece.model: not a SentencePiece model"):
        load_tokenizer(tmp_path / "new" / "folder")


def test_files_have_the_permissions_of_the_umask(tokenizer, tmp_path):
    model = T5(T5Config(vocab_size=64, d_model=8, d_kv=4, d_ff=8, num_layers=1, num_heads=2))
    for umask, mode in ((0o022, 0o644), (0o027, 0o640), (0o077, 0o600)):
        before = os.umask(umask)
        try:
            save_model(model, tmp_path, tokenizer)
        finally:
            os.umask(before)
        assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {mode}


def test_a_failed_save_leaves_the_old_files_whole(references, tmp_path, monkeypatch):
    folder = references.family_folder(tmp_path / "model", "v1_0")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    model = load_model(folder)
    model.token_embedding.embedding.assign(keras.ops.zeros((64, 16)))

    def disk_full(values, path, metadata=None):
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("safetensors.numpy.save_file", disk_full)
    with pytest.raises(OSError, match="No space left"):
        save_model(model, folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_the_fingerprint_follows_weights_and_configuration(references, tmp_path):
    folder = references.family_folder(tmp_path / "model", "v1_0")
    first = model_fingerprint(folder)
    assert len(first) == 64
    values = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**values, "transformers_version": "1"}))
    assert model_fingerprint(folder) == first  # nothing that is computed changes
    (folder / "config.json").write_text(json.dumps({**values, "tie_word_embeddings": False}))
    second = model_fingerprint(folder)
    weights = load_file(folder / "model.safetensors")
    weights[NORM] = weights[NORM] + 1
    save_file(weights, folder / "model.safetensors")
    assert len({first, second, model_fingerprint(folder)}) == 3
