"""Makes references/*.npz: what transformers computes for small T5s, for tests that run without it.

    python tests/keras_model/make_references.py [FOLDER OF REAL CHECKPOINTS]

`v1_0.npz` and `v1_1.npz` hold random models whole: `config` (JSON), `weights/NAME` in Hugging Face's layout, and for
each case `CASE/encoder_ids`, `CASE/decoder_ids`, `CASE/positions` (of the target, for which logits are kept),
`CASE/logits` by transformers in float32 and `CASE/logits64` in float64 (rounded to float32, which loses nothing that
matters), `CASE/float32_error`, the greatest distance of the two over all positions, and `CASE/greedy`, the ids that its
greedy search generates. `checkpoints.npz` holds the same, without weights and greedy ids, for checkpoints that are not
ours to distribute, under `FOLDER/CASE/...`.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import numpy as np

REFERENCES = Path(__file__).parent / "references"
CHECKPOINTS = ("hf_tiny_v1_0_safetensors", "hf_one_layer_v1_0", "t5x_tiny_v1_1")
SMALL = {
    "vocab_size": 64,
    "d_model": 16,
    "d_kv": 6,
    "d_ff": 24,
    "num_layers": 2,
    "num_decoder_layers": 2,
    "num_heads": 3,
}
FAMILIES = {
    "v1_0": {**SMALL, "feed_forward_proj": "relu", "tie_word_embeddings": True},
    "v1_1": {**SMALL, "feed_forward_proj": "gated-gelu", "tie_word_embeddings": False},
}
# Name: batch, source, target. The long ones reach the last bucket of the position bias.
CASES = {"short": (3, 7, 20), "long_source": (2, 200, 20), "long_target": (2, 12, 180)}
KEPT_POSITIONS = 3
"""The logits of the last so many target positions are kept."""
SEEDS = {"v1_0": 8, "v1_1": 20}
"""Seeds of models that end some of their greedy outputs early."""
NEW_TOKENS = 24


def random_folder(family: str, folder: Path, seed: int) -> None:
    """Saves a random model whose outputs depend visibly on its inputs."""
    import torch
    from transformers import T5Config, T5ForConditionalGeneration

    torch.set_num_threads(1)  # many times faster for models of this size
    torch.manual_seed(seed)
    config = T5Config(**FAMILIES[family], decoder_start_token_id=0)
    model = T5ForConditionalGeneration(config)
    if family == "v1_1":  # transformers ties in memory whatever the configuration says
        model.lm_head.weight = torch.nn.Parameter(torch.randn_like(model.lm_head.weight))
    for name, parameter in model.named_parameters():
        if "layer_norm" in name:
            parameter.data *= torch.empty_like(parameter).uniform_(0.5, 1.5)
        elif "relative_attention_bias" in name:
            parameter.data *= 8
        elif family == "v1_0" and (".o." in name or ".wo." in name):
            # The embedding is the head: without this, the token just read would have the highest logit.
            parameter.data *= 20
    model.save_pretrained(folder)
    # As the published files have it; transformers 5 writes tie_word_embeddings=true for every T5.
    values = json.loads((folder / "config.json").read_text())
    del values["scale_decoder_outputs"]
    values["tie_word_embeddings"] = FAMILIES[family]["tie_word_embeddings"]
    (folder / "config.json").write_text(json.dumps(values))


def case_inputs(vocab_size: int, case: str) -> tuple[np.ndarray, np.ndarray]:
    """Random ids; the first source is padded by half, the second by two."""
    batch, source, target = CASES[case]
    rng = np.random.default_rng(len(case))
    encoder_ids = rng.integers(2, vocab_size, (batch, source))
    encoder_ids[0, source // 2 :] = 0
    encoder_ids[1, -2:] = 0
    decoder_ids = rng.integers(2, vocab_size, (batch, target))
    decoder_ids[:, 0] = 0
    return encoder_ids, decoder_ids


def reference(model, case: str, greedy: bool) -> dict[str, np.ndarray]:
    """Runs transformers in float32 and float64."""
    import torch

    encoder_ids, decoder_ids = case_inputs(model.config.vocab_size, case)
    inputs = {"input_ids": torch.tensor(encoder_ids), "attention_mask": torch.tensor((encoder_ids != 0).astype(int))}
    positions = np.arange(decoder_ids.shape[1])[-KEPT_POSITIONS:]
    results = {"encoder_ids": encoder_ids.astype(np.int32), "decoder_ids": decoder_ids.astype(np.int32)}
    results["positions"] = positions
    with torch.no_grad():
        if greedy:
            options = {"do_sample": False, "num_beams": 1, "decoder_start_token_id": 0, "max_new_tokens": NEW_TOKENS}
            ids = model.float().generate(**inputs, **options).numpy()[:, 1:]
            padding = ((0, 0), (0, NEW_TOKENS - ids.shape[1]))
            results["greedy"] = np.pad(ids, padding).astype(np.int32)
        inputs["decoder_input_ids"] = torch.tensor(decoder_ids)
        # .float() and .double() convert the model in place.
        single = model.float()(**inputs).logits.numpy()
        double = model.double()(**inputs).logits.numpy()
    results["logits"], results["logits64"] = single[:, positions], double[:, positions].astype(np.float32)
    results["float32_error"] = np.abs(single - double).max()
    return results


def main(arguments: list[str]) -> None:
    from safetensors.numpy import load_file
    from transformers import T5ForConditionalGeneration

    REFERENCES.mkdir(exist_ok=True)
    for family in FAMILIES:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            random_folder(family, folder, SEEDS[family])
            model = T5ForConditionalGeneration.from_pretrained(folder).eval()
            arrays = {f"weights/{name}": value for name, value in load_file(folder / "model.safetensors").items()}
            arrays["config"] = np.array((folder / "config.json").read_text())
        for case in CASES:
            arrays |= {f"{case}/{key}": value for key, value in reference(model, case, greedy=True).items()}
        np.savez_compressed(REFERENCES / f"{family}.npz", **arrays)
    if arguments:
        arrays = {}
        for checkpoint in CHECKPOINTS:
            model = T5ForConditionalGeneration.from_pretrained(Path(arguments[0]) / checkpoint).eval()
            for case in CASES:
                values = reference(model, case, greedy=False)
                # A vocabulary of 32,128 would fill the file: every 97th id shows as much.
                stride = 97 if model.config.vocab_size > 10_000 else 7 if model.config.vocab_size > 1_000 else 1
                for key, value in values.items():
                    arrays[f"{checkpoint}/{case}/{key}"] = value[..., ::stride] if key.startswith("logits") else value
                arrays[f"{checkpoint}/{case}/stride"] = np.array(stride)
        np.savez_compressed(REFERENCES / "checkpoints.npz", **arrays)


if __name__ == "__main__":
    main(sys.argv[1:])
