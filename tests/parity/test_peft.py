"""LoRA against the library PEFT: what one writes the other reads, with the same logits and texts."""

import warnings

import numpy as np
import pytest

from keras_model.checkpoints import load_model, save_adapters
from keras_model.checkpoints.converting import convert
from keras_model.checkpoints.fingerprint import base_at

pytestmark = [pytest.mark.parity, pytest.mark.filterwarnings("ignore")]


def inputs(vocab_size):
    rng = np.random.default_rng(0)
    encoder_ids, decoder_ids = (rng.integers(2, vocab_size, (3, length)).astype(np.int32) for length in (33, 20))
    encoder_ids[0, 11:] = 0
    return {"encoder_ids": encoder_ids, "decoder_ids": decoder_ids}


def of_peft(model, batch):
    import torch

    ids, labels = (torch.tensor(batch[name].astype(np.int64)) for name in ("encoder_ids", "decoder_ids"))
    with torch.no_grad():
        return model(input_ids=ids, attention_mask=(ids != 0).long(), decoder_input_ids=labels).logits.numpy()


def base_in_transformers(folder):
    import transformers

    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    return transformers.T5ForConditionalGeneration.from_pretrained(folder)


@pytest.mark.parametrize("family", ["v1_0", "v1_1"])
def test_peft_loads_what_we_write(random_folder, tmp_path, family):
    import peft

    base = random_folder(family, 0)
    model = load_model(base)
    batch = inputs(model.config.vocab_size)
    before = np.asarray(model(batch))
    model.enable_lora(4, 6.0, ("q", "v", "o", "wo"))
    rng = np.random.default_rng(1)
    for weight in model.trainable_weights:
        weight.assign(rng.normal(size=weight.shape, scale=0.2))
    model.base = base_at(base, str(base))
    save_adapters(model, tmp_path / "lora")
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # PEFT warns of keys and weights that it does not know
        warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing.*")
        loaded = peft.PeftModel.from_pretrained(base_in_transformers(base), tmp_path / "lora").eval()
    expected = of_peft(loaded, batch)
    scale = np.abs(expected).max()
    assert np.abs(expected - before).max() > 0.1 * scale
    np.testing.assert_allclose(np.asarray(model(batch)), expected, atol=1e-4 * scale)
    convert(tmp_path / "lora", tmp_path / "merged")
    np.testing.assert_allclose(np.asarray(load_model(tmp_path / "merged")(batch)), expected, atol=1e-4 * scale)


@pytest.mark.parametrize(
    ("family", "options"),
    [
        ("v1_0", {"target_modules": ["q", "v"], "lora_alpha": 16}),
        ("v1_1", {"target_modules": "all-linear", "use_rslora": True, "rank_pattern": {"k": 2}}),
        ("v1_1", {"target_modules": r"decoder\..*\.(wi_0|o)", "lora_dropout": 0.1}),
    ],
    ids=["q and v", "all, stabilised, other ranks", "some of the decoder"],
)
@pytest.mark.parametrize("safe", [True, False], ids=["safetensors", "bin"])
def test_we_load_what_peft_writes(random_folder, tmp_path, family, options, safe):
    import peft

    base = random_folder(family, 0)
    config = peft.LoraConfig(r=4, task_type="SEQ_2_SEQ_LM", init_lora_weights=False, **options)
    model = peft.get_peft_model(base_in_transformers(base), config).eval()
    model.save_pretrained(tmp_path / "lora", safe_serialization=safe)
    ours = load_model(tmp_path / "lora")
    batch = inputs(ours.config.vocab_size)
    expected = of_peft(model, batch)
    scale = np.abs(expected).max()
    assert np.abs(expected - np.asarray(load_model(base)(batch))).max() > 1e-3 * scale
    np.testing.assert_allclose(np.asarray(ours(batch)), expected, atol=1e-4 * scale)
