"""Checkpoints of T5 on Mesh TensorFlow: the same weights as in Hugging Face's form give the same model."""

import json

import ml_dtypes
import numpy as np
import pytest

from keras_model.checkpoints import CheckpointError, model_fingerprint, open_checkpoint
from keras_model.config import T5Config
from keras_model.t5 import load_model
from tests.keras_model.foreign_checkpoints import cuts, mesh_variables, write_mesh_checkpoint

pytestmark = pytest.mark.tensorflow

QUERY = "encoder/block_000/layer_000/SelfAttention/q"


@pytest.fixture
def written(references, tmp_path):
    """Writes the stored model of a family, with other variables if given; gives the prefix."""

    def write(family="v1_0", changes=None, drop=()):
        variables = {**mesh_variables(references.tensors(family)), **(changes or {})}
        kept = {name: value for name, value in variables.items() if name not in drop}
        return write_mesh_checkpoint(tmp_path / f"mesh{len(list(tmp_path.iterdir()))}", kept)

    return write


@pytest.mark.parametrize("family", ["v1_0", "v1_1"])
def test_the_model_is_that_of_the_hugging_face_folder(family, references, written, tmp_path):
    prefix = written(family)
    theirs = load_model(references.family_folder(tmp_path / "model", family))
    reference = references.arrays(family, "short")
    inputs = {name: reference[name] for name in ("encoder_ids", "decoder_ids")}
    for path in (prefix, prefix.parent):
        ours = load_model(path)
        assert ours.config == T5Config.from_dict(references.config(family))
        for a, b in zip(ours.weights, theirs.weights, strict=True):
            np.testing.assert_array_equal(np.asarray(a), np.asarray(b), err_msg=a.path)
        np.testing.assert_array_equal(np.asarray(ours(inputs)), np.asarray(theirs(inputs)))


def test_other_names_of_the_same(references, tmp_path):
    """Norms, the gated layer and the heads' axis as other versions of Mesh TensorFlow have them."""
    variables = {}
    for name, value in mesh_variables(references.tensors("v1_1")).items():
        if name.endswith("SelfAttention/q"):
            value = value.reshape(16, 3, 6)
        elif name.endswith("SelfAttention/o"):
            value = value.reshape(3, 6, 16)
        name = name.replace("/layer_norm/", "/rms_norm/") if "block" in name else name.replace("rms", "final_layer")
        variables[name.replace("DenseReluDense", "DenseGatedGelu")] = value
    # Early models have one that nothing reads.
    variables["decoder/block_000/layer_001/EncDecAttention/relative_attention_bias"] = np.ones((3, 32), np.float32)
    variables["encoder/embedding"] = variables["decoder/embedding"] = variables.pop("shared/embedding")
    model = load_model(write_mesh_checkpoint(tmp_path / "mesh", variables))
    theirs = load_model(references.family_folder(tmp_path / "model", "v1_1"))
    for a, b in zip(model.weights, theirs.weights, strict=True):
        np.testing.assert_array_equal(np.asarray(a), np.asarray(b), err_msg=a.path)


def test_bfloat16(references, tmp_path):
    rounded = {name: value.astype(ml_dtypes.bfloat16) for name, value in references.tensors("v1_0").items()}
    tensors = open_checkpoint(write_mesh_checkpoint(tmp_path / "mesh", mesh_variables(rounded))).tensors
    for name, value in rounded.items():
        read = tensors.read(name)
        assert read.dtype == ml_dtypes.bfloat16
        np.testing.assert_array_equal(read, value, err_msg=name)


def test_a_folder_stands_for_the_step_that_it_names_or_the_newest(references, tmp_path):
    variables = mesh_variables(references.tensors("v1_0"))
    prefixes = {
        step: write_mesh_checkpoint(tmp_path / "mesh", {name: value * step for name, value in variables.items()}, step)
        for step in (1000, 900)
    }
    shared = references.tensors("v1_0")["shared.weight"]
    assert (tmp_path / "mesh" / "checkpoint").is_file()
    np.testing.assert_array_equal(open_checkpoint(tmp_path / "mesh").tensors.read("shared.weight"), shared * 900)
    assert model_fingerprint(tmp_path / "mesh") == model_fingerprint(prefixes[900])
    (tmp_path / "mesh" / "checkpoint").unlink()
    np.testing.assert_array_equal(open_checkpoint(tmp_path / "mesh").tensors.read("shared.weight"), shared * 1000)
    assert model_fingerprint(tmp_path / "mesh") == model_fingerprint(prefixes[1000]) != model_fingerprint(prefixes[900])


def test_a_config_beside_the_checkpoint_wins_and_has_to_fit(references, written):
    prefix = written()
    config = {**references.config("v1_0"), "layer_norm_epsilon": 1e-5}
    (prefix.parent / "config.json").write_text(json.dumps(config))
    assert load_model(prefix).config.layer_norm_epsilon == 1e-5
    (prefix.parent / "config.json").write_text(json.dumps({**config, "d_ff": 25}))
    with pytest.raises(CheckpointError, match=r"\(encoder/.*/wi/kernel\): the configuration asks for shape \(25, 16\)"):
        load_model(prefix.parent)


# Faults.


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"drop": [QUERY]}, r"no tensor encoder.block.0.layer.0.SelfAttention.q.weight to infer one from"),
        ({"drop": ["shared/embedding"]}, r"no tensor shared.weight to infer one from"),
        ({"drop": ["encoder/rms_norm/scale"]}, r"tensor encoder.final_layer_norm.weight is missing"),
        ({"changes": {"encoder/extra": np.ones(2)}}, r"no place for tensor encoder/extra"),
        (
            {"changes": {"encoder/rms_norm/scale": np.ones(15, np.float32)}},
            r"encoder.final_layer_norm.weight \(encoder/rms_norm/scale\): .* asks for shape \(16,\), got \(15,\)",
        ),
        ({"changes": {QUERY: np.ones((16, 18), np.int32)}}, rf"tensor {QUERY}: weights are float64, .*, got int32"),
        (
            {"changes": {"encoder/final_layer_norm/scale": np.ones(16, np.float32)}},
            r"tensors encoder/final_layer_norm/scale and encoder/rms_norm/scale are one and the same in T5",
        ),
    ],
)
def test_what_does_not_fit_is_named(change, message, written):
    prefix = written(**change)
    with pytest.raises(CheckpointError, match=message) as raised:
        load_model(prefix)
    assert str(prefix) in str(raised.value)


@pytest.mark.parametrize("suffix", [".index", ".data-00000-of-00001"])
def test_a_file_cut_short_is_refused_at_every_place(suffix, written):
    prefix = written()
    file = prefix.with_name(prefix.name + suffix)
    whole = file.read_bytes()
    for length in cuts(len(whole)):
        file.write_bytes(whole[:length])
        with pytest.raises(CheckpointError, match=prefix.name):
            load_model(prefix)
    file.unlink()
    with pytest.raises(CheckpointError, match="mesh"):
        load_model(prefix)


def test_changed_content_is_noticed(written):
    prefix = written()
    file = prefix.with_name(prefix.name + ".data-00000-of-00001")
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 255
    file.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"tensor .* cannot be read \(.*[Cc]hecksum"):
        load_model(prefix)


def test_another_models_checkpoint_is_refused(tmp_path):
    variables = {"bert/embeddings/word_embeddings": np.ones((8, 4), np.float32)}
    with pytest.raises(CheckpointError, match=r"no config.json beside it, and no tensor shared.weight"):
        load_model(write_mesh_checkpoint(tmp_path / "mesh", variables))
