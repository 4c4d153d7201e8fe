"""Files of models that are not what their names say: pointers, wrapped names, configurations that contradict."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save, save_file

from keras_model.checkpoints.opening import open_checkpoint
from keras_model.checkpoints.weights import check, places, values
from keras_model.config import ConfigError, T5Config
from keras_model.data.records import RecordError, read_manifest
from keras_model.files.model_folder import CheckpointError, read_json
from keras_model.tokenizers.loading import require_ids_of
from keras_model.tokenizers.sentencepiece import T5Tokenizer
from keras_model.tokenizers.tokenizer import TokenizerError
from keras_model.training_run.run_checkpoints import STATE_FILE, read_progress

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 242041896\n"
CONFIG = T5Config(vocab_size=16, d_model=8, d_kv=4, d_ff=8, num_layers=1, num_heads=2)


def folder_of(path: Path, prefix: str = "") -> Path:
    path.mkdir(exist_ok=True)
    (path / "config.json").write_text(json.dumps(CONFIG.to_dict()))
    rng = np.random.default_rng(0)
    tensors = {prefix + p.name: rng.standard_normal(p.shape).astype("f4") for p in places(CONFIG)}
    save_file(tensors, path / "model.safetensors")
    return path


@pytest.mark.parametrize("name", ["model.safetensors", "pytorch_model.bin", "config.json"])
def test_a_pointer_of_git_lfs(tmp_path: Path, name: str) -> None:
    folder = folder_of(tmp_path / "model")
    if name != "config.json":
        (folder / "model.safetensors").unlink()
    (folder / name).write_bytes(POINTER)
    with pytest.raises(CheckpointError, match=rf"{name}: a Git LFS pointer, not the file itself; `git lfs pull`"):
        open_checkpoint(folder)


def test_a_vocabulary_that_is_a_pointer_of_git_lfs(tmp_path: Path) -> None:
    (tmp_path / "spiece.model").write_bytes(POINTER)
    with pytest.raises(TokenizerError, match=r"spiece.model: a Git LFS pointer"):
        T5Tokenizer(tmp_path / "spiece.model")


def test_a_damaged_pytorch_file_brings_no_advice_to_load_it_unsafely(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    folder = folder_of(tmp_path / "model")
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(b"\x80\x02cos\nsystem\nq\x00.")
    with pytest.raises(CheckpointError, match="cannot be read as PyTorch's weights") as caught:
        open_checkpoint(folder)
    assert "weights_only" not in str(caught.value)
    assert "arbitrary code" not in str(caught.value)


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "model.", "module._orig_mod."])
def test_names_within_a_wrapper(tmp_path: Path, prefix: str) -> None:
    plain, wrapped = (open_checkpoint(folder_of(tmp_path / str(bool(p)), p)) for p in ("", prefix))
    check(wrapped.config, wrapped.tensors)
    for (name, value), (other, same) in zip(
        values(CONFIG, plain.tensors), values(CONFIG, wrapped.tensors), strict=True
    ):
        assert name == other
        np.testing.assert_array_equal(value, same)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"dense_act_fn": "gelu_new", "is_gated_act": True}, (True, "gelu_new")),
        ({"dense_act_fn": "silu", "is_gated_act": True}, (True, "silu")),
        ({"dense_act_fn": "gelu", "is_gated_act": False}, (False, "gelu")),
        ({"dense_act_fn": "relu"}, (False, "relu")),
        ({"feed_forward_proj": "gated-gelu", "dense_act_fn": "gelu_new", "is_gated_act": True}, (True, "gelu_new")),
    ],
)
def test_the_activation_without_feed_forward_proj(said: dict[str, Any], expected: tuple[bool, str]) -> None:
    config = T5Config.from_dict(said)
    assert (config.is_gated, config.activation) == expected


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"model_type": {}}, "model_type must be one of"),
        ({"model_type": []}, "model_type must be one of"),
        ({"feed_forward_proj": "relu", "is_gated_act": True}, "is_gated_act=true contradicts"),
        ({"feed_forward_proj": "gated-gelu", "is_gated_act": False}, "is_gated_act=false contradicts"),
    ],
)
def test_configurations_that_are_refused(said: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        T5Config.from_dict(said)


@pytest.mark.parametrize(
    ("ids", "rows", "message"),
    [
        ({"pad_token_id": 1}, 16, "says pad_token_id=1, its tokenizer has 0"),
        ({"eos_token_id": 2}, 16, "says eos_token_id=2, its tokenizer has 1"),
        ({}, 17, "16 embeddings, fewer than the 17 ids"),
    ],
)
def test_special_ids_are_the_tokenizers(ids: dict[str, int], rows: int, message: str) -> None:
    tokenizer: Any = SimpleNamespace(vocab_size=rows, pad_id=0, eos_id=1)
    config = T5Config.from_dict({**CONFIG.to_dict(), **ids})
    with pytest.raises(CheckpointError, match=message):
        require_ids_of(config, tokenizer, "model")
    require_ids_of(CONFIG, SimpleNamespace(vocab_size=16, pad_id=0, eos_id=1), "model")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"d_model": 8, "d_model": 9}', "the name 'd_model' stands twice"),
        ("[" * 100 + "]" * 100, "nested too deeply"),
        ('{"a": ' + "9" * 4301 + "}", "not valid JSON"),
    ],
)
def test_json_is_strict(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(CheckpointError, match=message):
        read_json(tmp_path / "config.json")


@pytest.mark.parametrize(
    "progress",
    [
        None,
        "[]",
        '{"step": 1}',
        '{"step": "1", "fixed": {}, "scores": {}}',
        '{"step": 1, "fixed": [], "scores": {}}',
        '{"step": 1, "fixed": {}, "scores": {"x": {}}}',
        '{"step": 1, "fixed": {}, "scores": {"1": {"glue/rte": "50"}}}',
        '{"step": 1, "fixed": {}, "scores": {"1": [50]}}',
    ],
)
def test_a_training_state_that_does_not_say_where_it_stood(tmp_path: Path, progress: str | None) -> None:
    metadata = None if progress is None else {"progress": progress}
    (tmp_path / STATE_FILE).write_bytes(save({"a": np.zeros(1, "f4")}, metadata=metadata))
    with pytest.raises(CheckpointError, match=f"{STATE_FILE}: does not say where its run stood. Remove"):
        read_progress(tmp_path)


SET = '"shards": [], "records": 0, "tokens": {"inputs": 0, "targets": 0}'


@pytest.mark.parametrize(
    "made",
    [
        "{}",
        "[]",
        '{"shards": []}',
        f'{{{SET}, "truncated": {{"inputs": "1"}}}}',
        f'{{{SET}, "left_out": []}}',
        f'{{{SET}, "data": {{}}}}',
        f'{{{SET}, "data": {{"files": []}}}}',
        '{"shards": [{"file": 1}], "records": 0, "tokens": {"inputs": 0, "targets": 0}}',
        '{"shards": [], "records": 0, "tokens": {"inputs": 0, "targets": null}}',
    ],
)
def test_a_manifest_of_another_shape(tmp_path: Path, made: str) -> None:
    from keras_model.data.records import FORMAT, VERSION

    def write(text: str) -> None:
        head = f'"format": {json.dumps(FORMAT)}, "version": {VERSION}'
        (tmp_path / "manifest.json").write_text(f'{{{head}, "sets": {{"a": {text}}}}}')

    write(f"{{{SET}}}")
    assert len(read_manifest(tmp_path)["a"]) == 0
    write(made)
    with pytest.raises(RecordError, match="not the manifest of prepared records"):
        read_manifest(tmp_path)
