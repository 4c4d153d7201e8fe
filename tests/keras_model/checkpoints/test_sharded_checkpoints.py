"""Folders whose weights are in several files, and folders with PyTorch's files as far as they go without torch."""

import json
import subprocess
import sys

import numpy as np
import pytest
from safetensors.numpy import save_file

from keras_model.checkpoints import CheckpointError, model_fingerprint, open_checkpoint
from keras_model.checkpoints.configuration import infer_config
from keras_model.config import T5Config
from keras_model.t5 import load_model
from tests.keras_model.foreign_checkpoints import (
    cuts,
    mesh_variables,
    t5x_parameters,
    write_mesh_checkpoint,
    write_t5x_file,
    write_t5x_folder,
)

INDEX = "model.safetensors.index.json"
NORM = "encoder.final_layer_norm.weight"


@pytest.fixture
def sharded(references, tmp_path):
    """A v1.1 model in three shards: the folder, and the shard of each tensor."""
    folder, tensors = tmp_path / "sharded", references.tensors("v1_1")
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(references.config("v1_1")))
    places = {name: f"model-0000{1 + number % 3}-of-00003.safetensors" for number, name in enumerate(sorted(tensors))}
    for shard in sorted(set(places.values())):
        held = {name: np.ascontiguousarray(tensors[name]) for name in places if places[name] == shard}
        save_file(held, folder / shard)
    write_index(folder, places)
    return folder, places


def write_index(folder, places):
    (folder / INDEX).write_text(json.dumps({"metadata": {"total_size": 1}, "weight_map": places}))


@pytest.mark.tensorflow
def test_the_model_is_that_of_the_whole_file(sharded, references, tmp_path):
    folder, _ = sharded
    ours, theirs = load_model(folder), load_model(references.family_folder(tmp_path / "model", "v1_1"))
    for a, b in zip(ours.weights, theirs.weights, strict=True):
        np.testing.assert_array_equal(np.asarray(a), np.asarray(b), err_msg=a.path)


def test_one_file_comes_before_shards_and_both_before_pytorchs(sharded, references):
    folder, _ = sharded
    fingerprint = model_fingerprint(folder)
    (folder / "pytorch_model.bin").write_bytes(b"never read")
    assert model_fingerprint(folder) == fingerprint
    open_checkpoint(folder)
    save_file({"whole": np.ones(1, np.float32)}, folder / "model.safetensors")
    assert open_checkpoint(folder).tensors.names() == ["whole"]
    assert model_fingerprint(folder) != fingerprint


@pytest.mark.tensorflow
def test_shards_may_be_links(sharded, tmp_path):
    """As in Hugging Face's cache."""
    folder, places = sharded
    fingerprint = model_fingerprint(folder)
    shard = folder / places[NORM]
    shard.rename(tmp_path / "blob")
    shard.symlink_to(tmp_path / "blob")
    load_model(folder)
    assert model_fingerprint(folder) == fingerprint


@pytest.mark.parametrize(
    "name", ["../other", "/etc/passwd", "..", ".", "", "sub/file", "sub\\file", "a\0b", 3, None, []]
)
def test_shards_lie_in_the_folder(name, sharded):
    folder, places = sharded
    write_index(folder, {**places, NORM: name})
    for function in (load_model, model_fingerprint):
        with pytest.raises(CheckpointError, match=rf"{INDEX}: tensor {NORM}: expected the name of a file beside it"):
            function(folder)


def test_index_and_shards_have_to_agree(sharded):
    folder, places = sharded
    write_index(folder, {**places, "extra": places[NORM]})
    with pytest.raises(
        CheckpointError, match=rf"{places[NORM]}: tensor extra is missing; {INDEX} says that it is here"
    ):
        load_model(folder)
    write_index(folder, {name: shard for name, shard in places.items() if name != NORM})
    with pytest.raises(CheckpointError, match=rf"{places[NORM]}: tensor {NORM} is here, but {INDEX} does not say so"):
        load_model(folder)
    write_index(folder, places)
    (folder / places[NORM]).unlink()
    for function in (load_model, model_fingerprint):
        with pytest.raises(CheckpointError, match=rf"{places[NORM]}: .*No such file"):
            function(folder)


@pytest.mark.parametrize("places", [{}, [], None, "model.safetensors"])
def test_an_index_without_places_is_refused(places, sharded):
    folder, _ = sharded
    write_index(folder, places)
    with pytest.raises(CheckpointError, match=rf"{INDEX}: expected an object weight_map"):
        load_model(folder)


@pytest.mark.parametrize("file", [INDEX, "model-00002-of-00003.safetensors", "config.json"])
def test_a_file_cut_short_is_refused_at_every_place(file, sharded):
    path = sharded[0] / file
    whole = path.read_bytes().rstrip()
    for length in cuts(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(CheckpointError, match=file):
            load_model(sharded[0])


def test_without_torch_the_message_says_what_to_install(references, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(references.config("v1_0")))
    (folder / "pytorch_model.bin").write_bytes(b"anything")
    message = r"pytorch_model.bin: needs the package torch to be read \(pip install 't5eval\[hf\]'\)"
    with pytest.raises(CheckpointError, match=message):
        load_model(folder)
    assert len(model_fingerprint(folder)) == 64


@pytest.mark.tensorflow
def test_every_form_is_fingerprinted_without_the_packages_that_read_it(sharded, references, tmp_path):
    tensors = references.tensors("v1_0")
    paths = [
        sharded[0],
        references.family_folder(tmp_path / "whole", "v1_0"),
        write_t5x_file(tmp_path / "checkpoint_1", t5x_parameters(tensors)),
        write_t5x_folder(tmp_path / "checkpoint_2", t5x_parameters(tensors)),
        write_mesh_checkpoint(tmp_path / "mesh", mesh_variables(tensors)),
    ]
    code = (
        "import sys; from keras_model.checkpoints import model_fingerprint\n"
        "print(*(model_fingerprint(path) for path in sys.argv[1:]))\n"
        "assert not {'tensorflow', 'keras', 'torch', 'tensorstore', 'safetensors'} & set(sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", code, *map(str, paths)], check=True, capture_output=True, text=True)
    assert found.stdout.split() == [model_fingerprint(path) for path in paths]
    assert len(set(found.stdout.split())) == len(paths)


@pytest.mark.tensorflow
def test_other_models_are_refused_by_their_configuration(references, tmp_path):
    folder = references.write_folder(tmp_path / "bert", {"model_type": "bert"}, {"bert.x": np.ones(1, np.float32)})
    with pytest.raises(
        CheckpointError, match=r"config.json: model_type must be one of t5, mt5, umt5. Received: 'bert'"
    ):
        load_model(folder)
    config = {**references.config("v1_0"), "is_encoder_decoder": False}
    encoder = {name: value for name, value in references.tensors("v1_0").items() if not name.startswith("decoder")}
    with pytest.raises(CheckpointError, match=r"is_encoder_decoder must be true"):
        load_model(references.write_folder(tmp_path / "encoder", config, encoder))
    with pytest.raises(CheckpointError, match=r"tensor decoder.block.0.* is missing"):
        load_model(references.write_folder(tmp_path / "encoder2", references.config("v1_0"), encoder))


@pytest.mark.tensorflow
def test_a_damaged_configuration_takes_no_memory(references, tmp_path):
    config = {**references.config("v1_0"), "d_ff": 1 << 40}
    with pytest.raises(
        CheckpointError, match=r"the configuration asks for shape \(1099511627776, 16\), got \(24, 16\)"
    ):
        load_model(references.write_folder(tmp_path / "large", config, references.tensors("v1_0")))


# The configuration that tensors show.


class Stored:
    """Tensors in memory."""

    source = "memory"

    def __init__(self, tensors):
        self._tensors = tensors

    def names(self):
        return list(self._tensors)

    def shape(self, name):
        return self._tensors[name].shape

    def read(self, name):
        return self._tensors[name]


BIAS = "block.1.layer.0.SelfAttention.relative_attention_bias.weight"


@pytest.mark.parametrize("family", ["v1_0", "v1_1"])
def test_tensors_show_the_configuration(family, references):
    tensors = references.tensors(family)
    expected = T5Config.from_dict(references.config(family))
    assert infer_config(Stored(tensors)) == expected
    copy = {**tensors, "decoder.embed_tokens.weight": tensors["shared.weight"]}
    del copy["shared.weight"]
    assert infer_config(Stored(copy)) == expected
    umt5 = {**tensors, **{f"{stack}.{BIAS}": np.ones((32, 3), np.float32) for stack in ("encoder", "decoder")}}
    assert infer_config(Stored(umt5)).model_type == "umt5"
    deeper = {**tensors, "encoder.block.2.x": np.ones(1), "encoder.block.9.x": np.ones(1)}
    assert (infer_config(Stored(deeper)).num_layers, infer_config(Stored(deeper)).num_decoder_layers) == (3, 2)


@pytest.mark.parametrize(
    ("name", "shape", "message"),
    [
        ("shared.weight", (64,), r"memory: tensor shared.weight: expected two dimensions, got shape \(64,\)"),
        ("encoder.block.0.layer.0.SelfAttention.q.weight", (19, 16), "has 19 rows, which 3 heads do not share evenly"),
        ("encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight", (32, 0), "which 0 heads do not share"),
        ("encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight", (3, 3), "num_buckets must be even"),
        ("shared.weight", (0, 16), "vocab_size must be an integer of at least 1"),
    ],
)
def test_impossible_shapes(name, shape, message, references):
    tensors = {**references.tensors("v1_0"), name: np.ones(shape, np.float32)}
    with pytest.raises(CheckpointError, match=message):
        infer_config(Stored(tensors))
