"""`t5eval convert`: what is written is the source, and what cannot be written leaves nothing behind."""

from __future__ import annotations

import json
import os
import shutil
import stat
import zipfile
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from keras_model.checkpoints import converting, load_tokenizer, open_checkpoint
from keras_model.tokenizers.sentencepiece import T5Tokenizer
from tests.keras_model.conftest import FOLDER, References
from tests.keras_model.fake_hub import folder_content, running_hub

pytestmark = pytest.mark.tensorflow

TEXTS = ["a few words to learn from", "a few <extra_id_0> to <extra_id_3> from"]


@pytest.fixture(scope="module")
def tokenizer_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The tokenizer of a model of 64 ids."""
    path = tmp_path_factory.mktemp("vocabulary") / "spiece.model"
    return T5Tokenizer.train(TEXTS[:1], path, 40, extra_ids=20).files()


@pytest.fixture
def source(tmp_path: Path, tokenizer_files: dict[str, bytes]) -> Path:
    """A v1.1 that transformers wrote, with a tokenizer."""
    folder = References().family_folder(tmp_path / "source", "v1_1")
    for name, content in tokenizer_files.items():
        (folder / name).write_bytes(content)
    return folder


def tensors(folder: Path) -> dict[str, np.ndarray]:
    return load_file(folder / "model.safetensors")


def change_config(folder: Path, **changes: Any) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_to_keras_hub_and_back_is_the_same_model(t5eval: Any, source: Path, tmp_path: Path) -> None:
    preset, again = tmp_path / "new" / "preset", tmp_path / "again"
    done = t5eval("convert", source, preset, "--to", "keras_hub")
    assert (done.status, done.err) == (0, "")
    size = sum(value.size for value in tensors(source).values())
    said = [f"{source} (Hugging Face, {size:,} parameters)", f"is now the KerasHub preset {preset}"]
    assert done.out.splitlines()[:2] == said
    assert f"{len(tensors(source))} tensors, read back as float32 and equal to the source's; a" in done.out
    assert {path.name for path in preset.iterdir()} == {"assets", "config.json", "model.weights.h5", "tokenizer.json"}

    again.mkdir()
    done = t5eval("convert", preset, again)
    assert (done.status, done.err) == (0, "")
    assert "(KerasHub, " in done.out
    assert "is now the Hugging Face folder" in done.out
    expected, found = tensors(source), tensors(again)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_array_equal(found[name], value, err_msg=name)
    assert load_tokenizer(again).encode(TEXTS) == load_tokenizer(source).encode(TEXTS)
    umask = os.umask(0)
    os.umask(umask)
    for path in (*again.rglob("*"), *preset.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) == (0o777 if path.is_dir() else 0o666) & ~umask
    assert sorted(path.name for path in tmp_path.iterdir()) == ["again", "new", "source"]


@pytest.mark.parametrize("to", ["huggingface", "keras_hub"])
def test_a_conversion_that_was_made_is_said_and_succeeds(t5eval: Any, source: Path, tmp_path: Path, to: str) -> None:
    dest = tmp_path / "dest"
    first = t5eval("convert", source, dest, "--to", to)
    before = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in dest.rglob("*") if path.is_file()}
    again = t5eval("convert", source, dest, "--to", to)
    assert (first.status, again.status, again.err) == (0, 0, "")
    assert again.out == first.out.replace("is now the", "is already the")
    assert before == {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in dest.rglob("*") if path.is_file()}
    # What is there must be just what would be written.
    weights = load_file(source / "model.safetensors")
    name = next(iter(weights))
    save_file({**weights, name: weights[name] + 1}, source / "model.safetensors")
    other = t5eval("convert", source, dest, "--to", to)
    assert other.status == 2
    assert f"{dest}: is there already; name a folder that is new or empty. It holds something else: " in other.err


def test_bfloat16_is_the_source_rounded(t5eval: Any, source: Path, tmp_path: Path) -> None:
    done = t5eval("convert", source, tmp_path / "half", "--dtype", "bfloat16")
    assert "read back as bfloat16" in done.out
    with safe_open(tmp_path / "half" / "model.safetensors", "numpy") as file:
        for name, value in tensors(source).items():
            found = file.get_tensor(name)
            assert found.dtype == ml_dtypes.bfloat16
            np.testing.assert_array_equal(found, value.astype(ml_dtypes.bfloat16), err_msg=name)


def test_a_t5x_checkpoint_becomes_its_authors_hugging_face_folder(
    t5eval: Any, shared_data: Path, tmp_path: Path
) -> None:
    theirs = shared_data / "checkpoints" / "t5x_tiny_v1_1"
    done = t5eval("convert", theirs / "checkpoint_0", tmp_path / "model")
    assert done.status == 0
    assert "(T5X, " in done.out
    assert done.err.startswith("warning: ")
    assert "has no tokenizer; --vocab FILE" in done.err
    expected, found = tensors(theirs), tensors(tmp_path / "model")
    assert found.keys() <= expected.keys()
    for name, value in found.items():
        np.testing.assert_array_equal(value, expected[name], err_msg=name)


def test_a_vocabulary_can_be_named(t5eval: Any, source: Path, tmp_path: Path) -> None:
    (source / "spiece.model").rename(tmp_path / "elsewhere.model")
    values = tensors(source)
    for name in ("shared.weight", "lm_head.weight"):
        values[name] = np.resize(values[name], (400, values[name].shape[1]))
    save_file(values, source / "model.safetensors")
    change_config(source, vocab_size=400)
    for vocab, ids in ((tmp_path / "elsewhere.model", 117), ("bytes", 384)):
        done = t5eval("convert", source, tmp_path / f"with {ids}", "--vocab", vocab)
        assert f"a vocabulary of {ids} ids" in " ".join(done.out.split())
        assert load_tokenizer(tmp_path / f"with {ids}").vocab_size == ids


def test_a_preset_of_kerashub_with_its_own_small_vocabulary(t5eval: Any, tmp_path: Path) -> None:
    with zipfile.ZipFile(FOLDER / "keras_hub.zip") as archive:
        archive.extractall(tmp_path / "presets")
    done = t5eval("convert", tmp_path / "presets" / "v1_1", tmp_path / "model")
    assert (done.status, done.err) == (0, "")
    with np.load(tmp_path / "presets" / "outputs.npz") as outputs:
        assert load_tokenizer(tmp_path / "model").encode(TEXTS[:1])[0][:-1] == outputs["token_ids"].tolist()


def test_a_name_at_the_hub_is_converted_and_pinned(tensorflow_process: Any, source: Path, tmp_path: Path) -> None:
    with running_hub() as hub:
        commit = hub.commit("owner/model", folder_content(source))
        environment = os.environ | {"HF_ENDPOINT": hub.endpoint, "HF_HOME": str(tmp_path / "home"), "no_proxy": "*"}
        done = tensorflow_process("convert", "hf://owner/model", tmp_path / "model", env=environment)
        assert done.status == 0, done.err
        assert done.out.startswith(f"hf://owner/model@{commit} (Hugging Face, ")
        done = tensorflow_process("convert", "hf://owner/model", tmp_path / "model", env=environment)
        assert done.status == 0, done.err
        assert "is already the Hugging Face folder" in done.out
        (tmp_path / "notes").mkdir()
        (tmp_path / "notes" / "mine.txt").write_text("mine")
        hub.requests.clear()
        done = tensorflow_process("convert", "hf://owner/model", tmp_path / "notes", env=environment)
        assert (done.status, hub.requests) == (2, [])  # nothing is asked for a folder that is in use
    assert tensors(tmp_path / "model").keys() == tensors(source).keys()


def occupied(source: Path, destination: Path) -> None:
    destination.mkdir()
    (destination / "notes.txt").write_text("mine")


def a_file(source: Path, destination: Path) -> None:
    destination.write_text("mine")


def cut(source: Path, destination: Path) -> None:
    path = source / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1])


def another_vocabulary(source: Path, destination: Path) -> None:
    T5Tokenizer.train(TEXTS[:1], source / "spiece.model", 40)
    (source / "tokenizer_config.json").unlink()


@pytest.mark.parametrize(
    ("spoil", "options", "message"),
    [
        (occupied, [], "is there already; name a folder that is new or empty"),
        (a_file, [], "is there already; name a folder that is new or empty"),
        (lambda source, _: shutil.rmtree(source), [], "no such file or folder; "),
        (cut, [], "model.safetensors: cannot be read as a safetensors file"),
        (lambda source, _: (source / "spiece.model").write_bytes(b"no"), [], "spiece.model: not a SentencePiece model"),
        (another_vocabulary, [], "64 embeddings, fewer than the 117 ids of the vocabulary"),
        (
            lambda source, _: change_config(source, decoder_start_token_id=2),
            ["--to", "keras_hub"],
            "KerasHub's T5 cannot have decoder_start_token_id=2 (there 0)",
        ),
        (lambda source, _: None, ["--vocab", "nowhere.model"], "nowhere.model: No such file"),
        (lambda source, _: change_config(source, num_layers=7), [], "is missing; the configuration asks for it"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_leaves_nothing(
    spoil: Any, options: list[str], message: str, t5eval: Any, source: Path, tmp_path: Path
) -> None:
    spoil(source, tmp_path / "model")
    before = sorted(tmp_path.rglob("*"))
    done = t5eval("convert", source, tmp_path / "model", *options)
    assert (done.status, done.out, done.err.count("\n")) == (2, "", 1)
    assert message in done.err
    assert sorted(tmp_path.rglob("*")) == before


def test_a_tensor_that_is_not_finite_is_named(t5eval: Any, source: Path, tmp_path: Path) -> None:
    weights = tensors(source)
    name = "encoder.final_layer_norm.weight"
    weights[name][0] = np.nan
    save_file(weights, source / "model.safetensors")
    done = t5eval("convert", source, tmp_path / "model")
    assert (done.status, done.out, done.err.count("\n")) == (2, "", 1)
    assert f"tensor {name} holds NaN or infinity in 1 of {weights[name].size} numbers" in done.err
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize("format_", ["huggingface", "keras_hub"])
def test_what_reads_back_otherwise_is_not_kept(
    format_: str, t5eval: Any, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = converting.WRITERS[format_]

    def write_wrongly(model: Any, *rest: Any) -> None:
        weight = model.encoder.blocks[1].feed_forward.wo
        value = np.asarray(weight).copy()
        value[2, 3] += 1e-6
        weight.assign(value)
        write(model, *rest)

    monkeypatch.setitem(converting.WRITERS, format_, write_wrongly)
    done = t5eval("convert", source, tmp_path / "model", "--to", format_)
    assert done.status == 2
    assert "tensor encoder.block.1.layer.1.DenseReluDense.wo.weight was written otherwise" in done.err
    assert [path.name for path in tmp_path.iterdir()] == ["source"]


def test_of_two_at_once_one_is_kept_whole(
    t5eval: Any, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second begins and ends while the first writes; the same again is then what is there."""
    write, model = converting.WRITERS["huggingface"], tmp_path / "model"

    def write_late(*arguments: Any) -> None:
        monkeypatch.setitem(converting.WRITERS, "huggingface", write)
        assert t5eval("convert", source, model).status == 0
        write(*arguments)

    monkeypatch.setitem(converting.WRITERS, "huggingface", write_late)
    done = t5eval("convert", source, model)
    assert (done.status, done.err) == (2, f"t5eval: {model}: is there already; name a folder that is new or empty.\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model", "source"]
    for name, value in tensors(source).items():
        np.testing.assert_array_equal(tensors(model)[name], value, err_msg=name)
    assert t5eval("convert", source, model).status == 0


@pytest.mark.parametrize("format_", ["huggingface", "keras_hub"])
def test_a_full_disk_is_one_line_and_leaves_nothing(
    format_: str, t5eval_process: Any, source: Path, tmp_path: Path
) -> None:
    for name in ("spiece.model", "tokenizer_config.json"):
        (source / name).unlink()
    done = t5eval_process("convert", source, tmp_path / "model", "--to", format_, largest_file=20_000)
    assert (done.status, done.out, done.err.count("\n")) == (2, "", 1)
    assert done.err.startswith(f"t5eval: {tmp_path / 'model' / 'model.'}")
    assert "cannot be written (" in done.err
    assert "File too large" in done.err
    assert [path.name for path in tmp_path.iterdir()] == ["source"]
    open_checkpoint(source)
