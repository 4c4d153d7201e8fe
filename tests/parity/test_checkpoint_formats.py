"""Folders as transformers and torch write them: PyTorch's files, shards, and every kind of T5, with equal results."""

import json
import os
import pickle

import numpy as np
import pytest

from keras_model.checkpoints import CheckpointError, model_fingerprint, save_model
from keras_model.decoding.generator import Generator
from keras_model.t5 import load_model
from tests.keras_model.foreign_checkpoints import cuts

pytestmark = [pytest.mark.parity, pytest.mark.filterwarnings("ignore")]

SMALL = {
    "vocab_size": 96,
    "d_model": 24,
    "d_kv": 6,
    "d_ff": 40,
    "num_layers": 2,
    "num_decoder_layers": 2,
    "num_heads": 3,
    "relative_attention_num_buckets": 16,
    "relative_attention_max_distance": 40,
    "decoder_start_token_id": 0,
    "pad_token_id": 0,
    "eos_token_id": 1,
}
GATED = {"feed_forward_proj": "gated-gelu"}
# Name: transformers' class, configuration, whether there is a head of its own.
KINDS = {
    "v1_0": ("T5", {}, False),
    "v1_1": ("T5", GATED, True),
    "mt5": ("MT5", GATED, True),
    "umt5": ("UMT5", GATED, True),
    "byt5": ("T5", {**GATED, "vocab_size": 384, "num_layers": 3, "num_decoder_layers": 1}, True),
    "gated_silu": ("T5", {"feed_forward_proj": "gated-silu"}, True),
    "gelu": ("T5", {"feed_forward_proj": "gelu"}, False),
}


def random_model(kind):
    """A model of transformers whose outputs depend visibly on its inputs."""
    import torch
    import transformers

    torch.set_num_threads(1)  # many times faster for models of this size
    torch.manual_seed(len(kind))
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    prefix, options, own_head = KINDS[kind]
    config = getattr(transformers, f"{prefix}Config")(**{**SMALL, **options})
    model = getattr(transformers, f"{prefix}ForConditionalGeneration")(config).eval()
    if own_head:
        model.lm_head.weight = torch.nn.Parameter(torch.randn_like(model.lm_head.weight))
        if prefix != "UMT5":  # which version 5 scales even so; see `without_scaling`
            model.config.scale_decoder_outputs = False
    for name, parameter in model.named_parameters():
        if "layer_norm" in name:
            parameter.data *= torch.empty_like(parameter).uniform_(0.5, 1.5)
        elif "relative_attention_bias" in name:
            parameter.data = torch.randn_like(parameter)
    return model


def theirs(model, encoder_ids, decoder_ids):
    import torch

    with torch.no_grad():
        mask = torch.tensor((encoder_ids != 0).astype(np.int64))
        ids, decoder = torch.tensor(encoder_ids), torch.tensor(decoder_ids)
        logits = model(input_ids=ids, attention_mask=mask, decoder_input_ids=decoder).logits.numpy()
        greedy = model.generate(ids, attention_mask=mask, do_sample=False, num_beams=1, max_new_tokens=12).numpy()[
            :, 1:
        ]
    return logits, np.pad(greedy, ((0, 0), (0, 12 - greedy.shape[1])))


def inputs(vocab_size):
    rng = np.random.default_rng(0)
    encoder_ids = rng.integers(2, vocab_size, (4, 50))
    encoder_ids[0, 20:] = 0
    return encoder_ids, rng.integers(0, vocab_size, (4, 45))


def assert_same(model, folder, factor=1.0):
    ours = load_model(folder)
    encoder_ids, decoder_ids = inputs(ours.config.vocab_size)
    logits, greedy = theirs(model, encoder_ids, decoder_ids)
    found = np.asarray(ours({"encoder_ids": encoder_ids, "decoder_ids": decoder_ids}))
    np.testing.assert_allclose(found, logits * factor, rtol=0, atol=1e-4 * max(1, np.std(logits * factor)))
    assert logits.std() > 0.1
    np.testing.assert_array_equal(Generator(ours).greedy(encoder_ids, 12), greedy)
    return ours


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_t5(kind, tmp_path):
    model = random_model(kind)
    model.save_pretrained(tmp_path / "theirs")
    # A umT5 has a head of its own and was trained without the scaling, which transformers 5 does all the same.
    factor = SMALL["d_model"] ** 0.5 if kind == "umt5" else 1.0
    ours = assert_same(model, tmp_path / "theirs", factor)
    assert ours.config.tie_word_embeddings != KINDS[kind][2]
    save_model(ours, tmp_path / "ours")
    assert_same(model, tmp_path / "ours", factor)


def write_bin(model, folder):
    """As transformers before version 5 wrote it."""
    import torch

    model.save_pretrained(folder)
    (folder / "model.safetensors").unlink()
    torch.save(model.state_dict(), folder / "pytorch_model.bin")
    return folder


def write_sharded_bin(model, folder):
    import torch

    write_bin(model, folder)
    (folder / "pytorch_model.bin").unlink()
    state = model.state_dict()
    places = {name: f"pytorch_model-0000{1 + i % 2}-of-00002.bin" for i, name in enumerate(state)}
    for shard in set(places.values()):
        torch.save({name: state[name] for name in places if places[name] == shard}, folder / shard)
    index = {"metadata": {"total_size": 0}, "weight_map": places}
    (folder / "pytorch_model.bin.index.json").write_text(json.dumps(index))
    return folder


def write_shards(model, folder):
    model.save_pretrained(folder, max_shard_size="20KB")
    assert len(list(folder.glob("model-*.safetensors"))) > 1
    return folder


@pytest.mark.parametrize("kind", ["v1_0", "v1_1"])
@pytest.mark.parametrize("write", [write_bin, write_sharded_bin, write_shards])
def test_files_of_pytorch_and_shards(write, kind, tmp_path):
    model = random_model(kind)
    folder = write(model, tmp_path / "model")
    assert_same(model, folder)
    assert len(model_fingerprint(folder)) == 64


def test_the_real_file_of_pytorch(shared_data):
    one = load_model(shared_data / "checkpoints" / "hf_tiny_v1_0_bin")
    two = load_model(shared_data / "checkpoints" / "hf_tiny_v1_0_safetensors")
    for a, b in zip(one.get_weights(), two.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float64"])
@pytest.mark.parametrize("legacy", [False, True])
def test_stored_types_and_the_form_of_before_2020(dtype, legacy, tmp_path):
    import torch

    model = random_model("v1_1").to(getattr(torch, dtype))
    folder = write_bin(model, tmp_path / "model")
    torch.save(
        model.state_dict(),
        folder / "pytorch_model.bin",
        _use_new_zipfile_serialization=not legacy,
    )
    assert_same(model.to(torch.float32), folder)


# Faults.


@pytest.mark.parametrize("legacy", [False, True])
def test_a_file_cut_short_is_refused_at_every_place(legacy, tmp_path):
    import torch

    model = random_model("v1_0")
    path = write_bin(model, tmp_path / "model") / "pytorch_model.bin"
    torch.save(model.state_dict(), path, _use_new_zipfile_serialization=not legacy)
    whole = path.read_bytes()
    for length in cuts(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(CheckpointError, match=r"pytorch_model.bin"):
            load_model(path.parent)


class Hostile:
    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return (os.mkdir, (str(self.marker),))


@pytest.mark.parametrize("writer", ["torch", "legacy", "pickle"])
def test_nothing_in_a_file_is_run(writer, tmp_path):
    import torch

    path = write_bin(random_model("v1_0"), tmp_path / "model") / "pytorch_model.bin"
    content = {"shared.weight": Hostile(tmp_path / "ran")}
    if writer == "pickle":
        path.write_bytes(pickle.dumps(content))
    else:
        torch.save(content, path, _use_new_zipfile_serialization=writer == "torch")
    with pytest.raises(CheckpointError, match=r"pytorch_model.bin: cannot be read as PyTorch's weights"):
        load_model(path.parent)
    assert not (tmp_path / "ran").exists()


FAULTS = {  # by the message: the file's content, made with torch, which `make test` does without
    "expected tensors by name": lambda torch: [1, 2],
    "by name, as model.state_dict": lambda torch: {"model": {"shared.weight": torch.zeros(2)}},
    "tensor shared.weight: weights are float64, float32, float16 or bfloat16, got int32": lambda torch: {
        "shared.weight": torch.ones((96, 24), dtype=torch.int32)
    },
    "got torch.sparse_coo": lambda torch: {"shared.weight": torch.ones((96, 24)).to_sparse()},
    r"asks for shape \(96, 24\), got \(1099511627776, 24\)": lambda torch: {
        "shared.weight": torch.zeros(1).expand(1 << 40, 24)
    },
    "has fewer numbers than its shape says": lambda torch: {"shared.weight": torch.zeros(1).expand(96, 24)},
}


@pytest.mark.parametrize("message", FAULTS)
def test_other_content_is_refused(message, tmp_path):
    import torch

    model = random_model("v1_0")
    path = write_bin(model, tmp_path / "model") / "pytorch_model.bin"
    content = FAULTS[message](torch)
    if isinstance(content, dict) and "shared.weight" in content:
        kept = {name: value for name, value in model.state_dict().items() if "embed" not in name and "head" not in name}
        content = {**kept, **content}
    torch.save(content, path)
    with pytest.raises(CheckpointError, match=f"pytorch_model.bin: .*{message}"):
        load_model(path.parent)
