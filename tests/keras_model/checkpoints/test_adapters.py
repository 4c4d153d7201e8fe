"""Folders of LoRA and of adapter layers: written, read, merged, and refused with one line where they do not fit."""

from __future__ import annotations

import functools
import json
import shutil

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from keras_model.adaptation import Adapters, LoRA, matrices_of
from keras_model.checkpoints import CheckpointError, load_model, load_tokenizer, save_adapters, save_model
from keras_model.checkpoints.converting import convert
from keras_model.checkpoints.fingerprint import base_at, model_fingerprint
from keras_model.checkpoints.formats.keras_hub_writer import save_preset
from keras_model.tokenizers.byte_tokenizer import ByteTokenizer
from tests.keras_model.models import V1_0, V1_1, make_model, sources

INPUTS = {"encoder_ids": sources(3, 7), "decoder_ids": sources(3, 5, seed=1)}
LORA, ADAPTERS = LoRA(3, 6.0, tuple(matrices_of(V1_1))), Adapters(5)


def write(folder, adaptation, config=V1_1):
    """A base, what is trained beside it, and the model of the two."""
    model = make_model(config)
    save_model(model, folder / "base")
    model.adapt(adaptation)
    rng = np.random.default_rng(0)
    for weight in model.trainable_weights:
        weight.assign(weight + rng.normal(size=weight.shape, scale=0.3))
    model.base = base_at(folder / "base", str(folder / "base"))
    save_adapters(model, folder / "new")
    return model


def logits(model):
    return np.asarray(model(INPUTS))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The folders and the model of an adaptation."""

    @functools.cache
    def make(adaptation):
        folder = tmp_path_factory.mktemp(adaptation.name)
        return folder, write(folder, adaptation)

    return make


@pytest.fixture(params=[LORA, ADAPTERS], ids=["lora", "adapters"])
def written(request, made):
    return made(request.param)


def copy(made, adaptation, folder):
    """A copy that refers to its own base."""
    shutil.copytree(made(adaptation)[0], folder, dirs_exist_ok=True)
    change(folder, base_model_name_or_path=str(folder / "base"))


@pytest.fixture
def copied(written, tmp_path):
    """A copy of those folders, moved away from where they were written, and the model."""
    return shutil.copytree(written[0], tmp_path / "copy"), written[1]


def change(folder, **values):
    file = folder / "new/adapter_config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **values}))


def change_tensors(folder, function):
    file = folder / "new/adapter_model.safetensors"
    save_file(function(load_file(file)), file)


def test_read_as_the_model_that_was_written(written):
    folder, model = written
    assert sorted(path.name for path in (folder / "new").iterdir()) == [
        "adapter_config.json", "adapter_model.safetensors", "base.json",
    ]  # fmt: skip
    loaded = load_model(folder / "new")
    np.testing.assert_allclose(logits(loaded), logits(model), rtol=1e-4, atol=1e-4)
    assert loaded.adaptation == (None if model.adaptation is LORA else ADAPTERS)


def test_the_base_is_also_found_beside_it(copied):
    folder, model = copied
    change(folder, base_model_name_or_path="/nowhere/base")
    np.testing.assert_allclose(logits(load_model(folder / "new")), logits(model), rtol=1e-4, atol=1e-4)
    shutil.rmtree(folder / "base")
    with pytest.raises(CheckpointError, match=r"new: its base /nowhere/base is not there; say where it is as base_mod"):
        load_model(folder / "new")


def test_adapters_for_another_base_are_refused(copied):
    folder, _ = copied
    change(folder, base_model_name_or_path=str(folder / "base"))
    save_model(make_model(V1_1, seed=7), folder / "base")
    with pytest.raises(CheckpointError, match=r"new: adapters for another base: .* hash [0-9a-f]{12}, those of .*base"):
        load_model(folder / "new")


def test_the_fingerprint_is_of_base_and_new_weights(copied):
    folder, _ = copied
    change(folder, base_model_name_or_path="base")
    first = model_fingerprint(folder / "new")
    change_tensors(folder, lambda tensors: {name: value + 1 for name, value in tensors.items()})
    second = model_fingerprint(folder / "new")
    save_model(make_model(V1_1, seed=7), folder / "base")
    assert len({first, second, model_fingerprint(folder / "new"), model_fingerprint(folder / "base")}) == 4


def test_the_tokenizer_is_its_own_or_the_bases(tmp_path):
    config = V1_1.from_dict({**V1_1.to_dict(), "vocab_size": 384, "num_decoder_layers": 1})
    write(tmp_path, ADAPTERS, config)
    for name, content in ByteTokenizer().files().items():
        (tmp_path / "base" / name).write_bytes(content)
    assert load_tokenizer(tmp_path / "new").fingerprint == ByteTokenizer().fingerprint


def test_lora_is_merged_by_saving_and_by_converting(tmp_path):
    config = V1_1.from_dict({**V1_1.to_dict(), "num_decoder_layers": 2})
    model = write(tmp_path, LORA, config)
    save_model(model, tmp_path / "saved")
    save_preset(model, tmp_path / "preset")
    convert(tmp_path / "new", tmp_path / "converted")
    for name in ("saved", "preset", "converted"):
        merged = load_model(tmp_path / name)
        assert merged.adaptation is None
        np.testing.assert_allclose(logits(merged), logits(model), rtol=1e-4, atol=1e-4)
    with pytest.raises(CheckpointError, match=r"beside which nothing is trained; `t5eval convert .*new NEW` "):
        base_at(tmp_path / "new", "new")


def test_adapter_layers_are_not_merged(tmp_path, made):
    copy(made, ADAPTERS, tmp_path)
    model = made(ADAPTERS)[1]
    for save in (save_model, save_preset):
        with pytest.raises(CheckpointError, match="adapter layers cannot be merged into a T5"):
            save(model, tmp_path / "saved")
    with pytest.raises(CheckpointError, match="new: adapter layers cannot be merged into a T5"):
        convert(tmp_path / "new", tmp_path / "converted")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["base", "new"]
    with pytest.raises(ValueError, match="needs a model with LoRA or adapter layers, and with its base"):
        save_adapters(make_model(V1_0), tmp_path / "saved")


A = "base_model.model.encoder.block.0.layer.0.SelfAttention.q.lora_A.weight"
B = A.replace("_A", "_B")
DOWN = "encoder.block.0.feed_forward_adapter.down.weight"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"peft_type": "IA3"}, "peft_type='IA3' is not read here, plain LoRA is"),
        ({"use_dora": True}, "use_dora=True is not read here"),
        ({"alpha_pattern": {"q": 3}}, "alpha_pattern="),
        ({"init_lora_weights": "pissa"}, "init_lora_weights='pissa' is not read here"),
        ({"alora_invocation_tokens": [3]}, "alora_invocation_tokens"),
        ({"lora_alpha": -1}, r"r and lora_alpha must be positive, got 3 and -1"),
        ({"r": "3"}, "r and lora_alpha must be positive"),
        ({"base_model_name_or_path": None}, "base_model_name_or_path names no base"),
        ({"base_model_name_or_path": "new"}, "its base .*new is adapters itself"),
        ({"base_model_name_or_path": "../nothing/there"}, "its base ../nothing/there is not there"),
        ({"adaptation": {"name": "adapters", "size": 0}}, "adaptation: size must be an integer of at least 1"),
        ({"adaptation": {"name": "adapters", "size": 10**12}}, "size=1000000000000, but adapter_model"),
        ({"adaptation": {"name": "prefix"}}, "adaptation: neither lora nor adapters"),
        ({"adaptation": 3}, "adaptation: neither lora nor adapters"),
    ],
)
def test_configurations_that_are_not_read(tmp_path, made, values, message):
    copy(made, LORA, tmp_path)
    change(tmp_path, **values)
    with pytest.raises(CheckpointError, match=message) as error:
        load_model(tmp_path / "new")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("adaptation", "function", "message"),
    [
        (LORA, lambda t: {**t, "lm_head.weight": t[A]}, "has no place for tensor lm_head.weight"),
        (LORA, lambda t: {**t, A.replace(".q.", ".x."): t[A]}, r"has no place for tensor base_model.*\.x\.lora_A"),
        (LORA, lambda t: {k: v for k, v in t.items() if k != B}, "of encoder.*q.weight there is .*lora_A.weight alone"),
        (LORA, lambda t: {**t, A: t[A][:, 1:]}, r"have shapes \(3, 15\) and \(12, 3\)"),
        (LORA, lambda t: {**t, A: t[A][1:]}, r"have shapes \(2, 16\) and \(12, 3\)"),
        (LORA, lambda t: {**t, A: t[A] * np.nan}, "lora_A.weight holds NaN or infinity in 48 of 48 numbers"),
        (ADAPTERS, lambda t: {**t, "x": t[DOWN]}, "this model has no place for tensor x"),
        (ADAPTERS, lambda t: {k: v for k, v in t.items() if k != DOWN}, f"tensor {DOWN} is missing"),
        (ADAPTERS, lambda t: {**t, DOWN: t[DOWN][1:]}, r"the model asks for shape \(5, 16\), got \(4, 16\)"),
        (ADAPTERS, lambda t: {**t, DOWN: t[DOWN] * np.inf}, "holds NaN or infinity"),
        (ADAPTERS, lambda t: {**t, DOWN: t[DOWN].astype(int)}, "weights are float64, float32"),
    ],
)
def test_tensors_that_do_not_fit(tmp_path, made, adaptation, function, message):
    copy(made, adaptation, tmp_path)
    change_tensors(tmp_path, function)
    with pytest.raises(CheckpointError, match=message) as error:
        load_model(tmp_path / "new")
    assert "\n" not in str(error.value)


def test_a_folder_without_weights(tmp_path, made):
    copy(made, LORA, tmp_path)
    (tmp_path / "new/adapter_model.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"new: adapter_config\.json is there, but no adapter_model\.safetensors"):
        load_model(tmp_path / "new")
