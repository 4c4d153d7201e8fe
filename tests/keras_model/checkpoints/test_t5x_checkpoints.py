"""T5X's checkpoints: the same weights as in Hugging Face's form give the same model; faults are named."""

import json
import shutil
import sys

import ml_dtypes
import numpy as np
import pytest

from keras_model.checkpoints import CheckpointError, model_fingerprint, open_checkpoint
from keras_model.checkpoints.containers.msgpack_file import MsgpackFile
from keras_model.config import T5Config
from keras_model.t5 import load_model
from tests.keras_model.foreign_checkpoints import (
    cuts,
    flax_bytes,
    nested,
    t5x_parameters,
    write_t5x_file,
    write_t5x_folder,
)

FAMILIES = ("v1_0", "v1_1")
WRITERS = {"file": write_t5x_file, "folder": write_t5x_folder}
QUERY = "encoder/layers_0/attention/query/kernel"


@pytest.fixture
def written(references, tmp_path):
    """Writes the stored model of a family in one of the forms, with other parameters if given."""

    def write(form, family="v1_1", changes=None, drop=(), **options):
        parameters = {**t5x_parameters(references.tensors(family), **options), **(changes or {})}
        kept = {name: value for name, value in parameters.items() if name not in drop}
        return WRITERS[form](tmp_path / f"checkpoint_{len(list(tmp_path.iterdir()))}", kept)

    return write


def assert_same_weights(one, two):
    for a, b in zip(one.weights, two.weights, strict=True):
        np.testing.assert_array_equal(np.asarray(a), np.asarray(b), err_msg=a.path)


@pytest.mark.parametrize("heads", [None, 3])
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("form", WRITERS)
@pytest.mark.tensorflow
def test_the_model_is_that_of_the_hugging_face_folder(form, family, heads, references, written, tmp_path):
    folder = references.family_folder(tmp_path / "model", family)
    path = written(form, family, heads=heads)
    ours, theirs = load_model(path), load_model(folder)
    assert ours.config == T5Config.from_dict(references.config(family))
    assert_same_weights(ours, theirs)
    reference = references.arrays(family, "short")
    inputs = {name: reference[name] for name in ("encoder_ids", "decoder_ids")}
    np.testing.assert_array_equal(np.asarray(ours(inputs)), np.asarray(theirs(inputs)))


@pytest.mark.tensorflow
def test_logits_of_the_real_checkpoint_equal_the_stored_ones(shared_data):
    """Read as T5X's file, though model.safetensors lies beside it."""
    folder = shared_data / "checkpoints" / "t5x_tiny_v1_1"
    model = load_model(folder / "checkpoint_0")
    assert_same_weights(model, load_model(folder))
    with np.load(folder / "hf_reference_logits.npz") as file:
        logits = model({"encoder_ids": file["input_ids"], "decoder_ids": file["decoder_input_ids"]})
        np.testing.assert_allclose(np.asarray(logits), file["logits"], atol=1e-4, rtol=0)


@pytest.mark.parametrize("compressor", [None, "gzip", "blosc"])
def test_compressions(compressor, references, tmp_path):
    parameters = t5x_parameters(references.tensors("v1_1"))
    one = write_t5x_folder(tmp_path / "one", parameters, compressor)
    tensors = open_checkpoint(one).tensors
    for name, value in references.tensors("v1_1").items():
        np.testing.assert_array_equal(tensors.read(name), value, err_msg=name)


@pytest.mark.parametrize("dtype", [ml_dtypes.bfloat16, np.float16])
@pytest.mark.parametrize("form", WRITERS)
def test_half_precision(form, dtype, references, tmp_path):
    rounded = {name: value.astype(dtype) for name, value in references.tensors("v1_0").items()}
    tensors = open_checkpoint(WRITERS[form](tmp_path / "checkpoint_1", t5x_parameters(rounded))).tensors
    for name, value in rounded.items():
        read = tensors.read(name)
        assert read.dtype == dtype
        np.testing.assert_array_equal(read, value, err_msg=name)


@pytest.mark.parametrize("form", WRITERS)
def test_a_folder_of_checkpoints_stands_for_its_newest(form, references, tmp_path):
    parameters = t5x_parameters(references.tensors("v1_0"))
    for step in (900, 1000):
        values = {name: value * step for name, value in parameters.items()}
        path = WRITERS[form](tmp_path / f"checkpoint_{step}", values)
    np.testing.assert_array_equal(
        open_checkpoint(tmp_path).tensors.read("shared.weight"), references.tensors("v1_0")["shared.weight"] * 1000
    )
    assert model_fingerprint(tmp_path) == model_fingerprint(path)


def test_a_folder_that_orbax_wrote(references, tmp_path):
    """T5X saves through Orbax into `checkpoint_N/state`; in the tree stands a text where an array is elsewhere."""
    tensors = references.tensors("v1_1")
    plain = write_t5x_folder(tmp_path / "checkpoint_1", t5x_parameters(tensors))
    folder = tmp_path / "model" / "checkpoint_7"
    folder.mkdir(parents=True)
    shutil.copytree(plain, folder / "state")
    (folder / "train_ds").mkdir()
    leaves = {
        name: value if value.ndim == 1 else f"PLACEHOLDER://target.{name.replace('/', '.')}"
        for name, value in t5x_parameters(tensors).items()
    }
    tree = {"target": nested(leaves), "state": {"step": np.int32(7)}}
    (folder / "state" / "checkpoint").write_bytes(flax_bytes(tree))
    (folder.parent / "config.json").write_text(json.dumps(references.config("v1_1")))
    for path in (folder, folder.parent, folder / "state"):
        found = open_checkpoint(path).tensors
        assert set(found.names()) == set(tensors)
        for name, value in tensors.items():
            np.testing.assert_array_equal(found.read(name), value, err_msg=name)
    assert open_checkpoint(folder).config == T5Config.from_dict(references.config("v1_1"))
    assert model_fingerprint(folder) == model_fingerprint(folder.parent)
    next((folder / "state").glob("target.*attention*/1.0")).unlink()
    with pytest.raises(CheckpointError, match="has 1 of its 2 parts"):
        open_checkpoint(folder)
    (folder / "state" / "manifest.ocdbt").write_bytes(b"x")
    with pytest.raises(CheckpointError, match="its arrays are in one database"):
        open_checkpoint(folder)


@pytest.mark.parametrize("form", WRITERS)
@pytest.mark.tensorflow
def test_a_config_beside_the_checkpoint_wins_and_has_to_fit(form, references, written, tmp_path):
    path = written(form)
    config = {**references.config("v1_1"), "relative_attention_max_distance": 64}
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert load_model(path).config.relative_attention_max_distance == 64
    (tmp_path / "config.json").write_text(json.dumps({**config, "num_heads": 2}))
    with pytest.raises(CheckpointError, match=r"q.weight \(.*query/kernel\): the configuration asks for shape"):
        load_model(path)


@pytest.mark.parametrize("form", WRITERS)
def test_the_fingerprint_follows_the_parameters_alone(form, references, written):
    one = written(form)
    other = written(form, changes={QUERY: np.zeros((16, 18), np.float32)})
    assert model_fingerprint(one) == model_fingerprint(one) != model_fingerprint(other)
    if form == "folder":
        before = model_fingerprint(one)
        next(one.glob("state.*/0")).write_bytes(b"another optimizer state")
        assert model_fingerprint(one) == before


# Faults.


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"drop": [QUERY]}, r"no tensor encoder.block.0.layer.0.SelfAttention.q.weight to infer one from"),
        ({"drop": ["encoder/encoder_norm/scale"]}, r"tensor encoder.final_layer_norm.weight is missing"),
        ({"changes": {"decoder/extra/kernel": np.ones((2, 2))}}, r"no place for tensor decoder/extra/kernel"),
        (
            {"changes": {"decoder/decoder_norm/scale": np.ones(15, np.float32)}},
            r"decoder.final_layer_norm.weight \(decoder/decoder_norm/scale\): .* asks for shape \(16,\), got \(15,\)",
        ),
        (
            {"changes": {QUERY: np.ones((16, 18), np.int32)}},
            r"tensor .*attention.query.kernel: weights are float64, .*, got int32",
        ),
        (
            {"changes": {"encoder/encoder/attention/query/kernel": np.ones((16, 2, 18))}},
            r"encoder/encoder/attention/query/kernel holds all layers of the encoder in one array \(scan over layers\)",
        ),
    ],
)
@pytest.mark.parametrize("form", WRITERS)
@pytest.mark.tensorflow
def test_what_does_not_fit_is_named(form, change, message, written):
    path = written(form, **change)
    with pytest.raises(CheckpointError, match=message) as raised:
        load_model(path)
    assert path.name in str(raised.value)


def test_an_encoder_alone_is_refused(references, tmp_path):
    parameters = t5x_parameters(references.tensors("v1_0"))
    encoder = {name: value for name, value in parameters.items() if not name.startswith("decoder")}
    with pytest.raises(CheckpointError, match=r"the tensors are no T5's: num_decoder_layers must be an integer of at"):
        load_model(write_t5x_file(tmp_path / "checkpoint_1", encoder))


def test_a_file_cut_short_is_refused_at_every_place(written):
    path = written("file")
    whole = path.read_bytes()
    for length in cuts(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(CheckpointError, match=path.name):
            load_model(path)


@pytest.mark.parametrize("compressor", [None, "gzip", "blosc"])
@pytest.mark.parametrize("name", ["checkpoint", f"target.{QUERY}/.zarray", f"target.{QUERY}/1.0"])
@pytest.mark.tensorflow
def test_a_folder_with_a_file_cut_short_is_refused_at_every_place(name, compressor, references, tmp_path):
    path = write_t5x_folder(tmp_path / "checkpoint_1", t5x_parameters(references.tensors("v1_1")), compressor)
    first, _, last = name.rpartition("/")
    file = path / first.replace("/", ".") / last
    whole = file.read_bytes()
    for length in cuts(len(whole)):
        file.write_bytes(whole[:length])
        with pytest.raises(CheckpointError, match=path.name):
            load_model(path)


def test_absent_parts_are_not_taken_for_zeros(written):
    path = written("folder")
    (path / f"target.{QUERY.replace('/', '.')}" / "1.0").unlink()
    with pytest.raises(CheckpointError, match=r"array target.*query.kernel has 1 of its 2 parts"):
        load_model(path)
    for file in (path / f"target.{QUERY.replace('/', '.')}").iterdir():
        file.unlink()
    with pytest.raises(CheckpointError, match=rf"there is no array of parameter {QUERY}, which checkpoint lists"):
        load_model(path)


def test_an_array_that_claims_more_than_its_parts_can_hold_is_refused(written):
    path = written("folder")
    metadata = path / f"target.{QUERY.replace('/', '.')}" / ".zarray"
    values = json.loads(metadata.read_text())
    metadata.write_text(json.dumps({**values, "shape": [1 << 20, 1 << 20], "chunks": [1 << 19, 1 << 20]}))
    with pytest.raises(CheckpointError, match=r"claims 4398046511104 bytes, which \d+ cannot hold"):
        load_model(path)


@pytest.mark.tensorflow
def test_without_tensorstore_the_message_says_what_to_install(written, monkeypatch):
    file, folder = written("file"), written("folder")
    monkeypatch.setitem(sys.modules, "tensorstore", None)
    with pytest.raises(CheckpointError, match=r"needs the package tensorstore to be read \(pip install 't5eval\[conv"):
        load_model(folder)
    assert model_fingerprint(folder)
    load_model(file)


# The file of MessagePack itself.


def content(path, value):
    path.write_bytes(value if isinstance(value, bytes) else flax_bytes(value))
    return MsgpackFile(path).content


def test_every_kind_of_value(tmp_path):
    values = [
        *(None, True, False, 0, 127, 128, 1 << 8, 1 << 16, 1 << 33, -1, -32, -33, -200, -40000, -(1 << 33), 0.5),
        *("", "é" * 20, "a" * 300, "b" * 65_536, [], list(range(20)), list(range(70_000)), {}),
        *({str(i): i for i in range(size)} for size in (3, 20, 70_000)),
    ]
    assert content(tmp_path / "file", values) == values


@pytest.mark.parametrize("size", [0, 1, 40, 300, 70_000])
def test_arrays(size, tmp_path):
    value = np.random.default_rng(0).standard_normal((size, 1)).astype(np.float32)
    found = content(tmp_path / "file", {"a": value, "b": np.float32(3)})
    file = MsgpackFile(tmp_path / "file")
    np.testing.assert_array_equal(file.read(found["a"]), value)
    assert file.read(found["b"]) == 3


def test_arrays_in_chunks(tmp_path):
    """As flax cuts arrays of more than 1 GiB."""
    value = np.arange(12, dtype=np.float32)
    chunked = {
        "__msgpack_chunked_array__": True,
        "shape": {"0": 3, "1": 4},
        "chunks": {"0": value[:5], "1": value[5:10], "2": value[10:]},
    }
    found = content(tmp_path / "file", {"a": chunked})
    np.testing.assert_array_equal(MsgpackFile(tmp_path / "file").read(found["a"]), value.reshape(3, 4))
    del chunked["chunks"]["2"]
    with pytest.raises(CheckpointError, match=r"chunks of an array before byte \d+ do not make up its shape \[3, 4\]"):
        content(tmp_path / "file", {"a": chunked})


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (b"", "cannot be read"),
        (b"\xc1", "byte 0 is 0xc1, which begins no value"),
        (b"\x01\x02", "1 bytes follow after its end"),
        (b"\xdd\xff\xff\xff\xff", "it ends at byte 5, where byte 6 is expected"),
        (b"\xdb\xff\xff\xff\xff", "a text of 4294967295 bytes"),
        (b"\xc6\xff\xff\xff\xff", "where byte 4294967300 is expected"),
        (b"\x91" * 100, "deeper nested"),
        (b"\xdd\x7f\xff\xff\xff" + b"\x01" * 1_100_000, "more values, than a model has"),
        (b"\xa1\xff", "is not UTF-8"),
        (b"\x81\x01\x01", "the key at byte 1 is no text"),
        (b"\x82\xa1a\x01\xa1a\x01", "or there for the second time"),
        (b"\xc7\x05\x01\x93\x91\x09\xa0\xc4", "no content|ends at byte"),
        (flax_bytes(np.ones(3)).replace(b"\x91\x03", b"\x91\x04"), r"which its shape \[4\] contradicts"),
    ],
)
def test_damaged_files(value, message, tmp_path):
    with pytest.raises(CheckpointError, match=message):
        content(tmp_path / "file", value)
