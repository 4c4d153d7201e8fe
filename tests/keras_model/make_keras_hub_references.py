"""Makes references/keras_hub.zip: presets that KerasHub saved, with its logits, for tests that run without KerasHub.

    python tests/keras_model/make_keras_hub_references.py

`v1_0` was saved from a T5Backbone, `v1_1` from a T5Seq2SeqLM with its tokenizer, its weights in shards. `outputs.npz`
holds `FAMILY/logits` for `FAMILY/encoder_ids` and `FAMILY/decoder_ids`, and `token_ids` of `TEXT`.
"""

from __future__ import annotations

import io
import tempfile
import zipfile
from pathlib import Path

import numpy as np

ARCHIVE = Path(__file__).parent / "references" / "keras_hub.zip"
SHAPE = {
    "vocabulary_size": 64,
    "num_layers": 2,
    "num_heads": 3,
    "hidden_dim": 16,
    "intermediate_dim": 24,
    "key_value_dim": 6,
}
TEXT = "a few words to learn from"


def vocabulary() -> bytes:
    import sentencepiece

    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([TEXT]),
        model_writer=model,
        vocab_size=40,
        hard_vocab_limit=False,
        normalization_rule_name="identity",  # the others are tables of 240 KB
        pad_id=0,
        eos_id=1,
        unk_id=2,
        bos_id=-1,
        minloglevel=2,
    )
    return model.getvalue()


def write(folder: Path) -> None:
    """Writes the presets and the outputs."""
    import keras
    from keras_hub.models import T5Backbone, T5Seq2SeqLM, T5Seq2SeqLMPreprocessor, T5Tokenizer
    from keras_hub.src.utils.keras_utils import gelu_approximate

    families = {
        "v1_0": {"activation": "relu", "use_gated_activation": False},
        "v1_1": {"activation": gelu_approximate, "use_gated_activation": True, "tie_embedding_weights": False},
    }
    tokenizer = T5Tokenizer(vocabulary())
    outputs = {"token_ids": np.asarray(tokenizer(TEXT))}
    for family, arguments in families.items():
        rng = np.random.default_rng(len(outputs))
        backbone = T5Backbone(**SHAPE, **arguments, name="t5_backbone")
        for variable in backbone.weights:
            if len(variable.shape) == 1:
                variable.assign(rng.uniform(0.5, 1.5, variable.shape))
            else:
                variable.assign(rng.normal(0, 1 if "embedding" in variable.path else 0.3, variable.shape))
        model = T5Seq2SeqLM(backbone, T5Seq2SeqLMPreprocessor(tokenizer))
        if family == "v1_0":
            backbone.save_to_preset(folder / family)
        else:
            model.save_to_preset(folder / family, max_shard_size=25e3 / 2**30)
        encoder_ids, decoder_ids = rng.integers(2, 64, (2, 150)), rng.integers(0, 64, (2, 5))
        encoder_ids[0, 70:] = 0
        inputs = {
            "encoder_token_ids": encoder_ids,
            "encoder_padding_mask": (encoder_ids != 0).astype(int),
            "decoder_token_ids": decoder_ids,
            "decoder_padding_mask": np.ones_like(decoder_ids),
        }
        values = {
            "encoder_ids": encoder_ids,
            "decoder_ids": decoder_ids,
            "logits": keras.ops.convert_to_numpy(model(inputs)),
        }
        outputs |= {f"{family}/{name}": value for name, value in values.items()}
    np.savez_compressed(folder / "outputs.npz", **outputs)


def main() -> None:
    with tempfile.TemporaryDirectory() as name, zipfile.ZipFile(ARCHIVE, "w", zipfile.ZIP_DEFLATED) as archive:
        write(Path(name))
        for path in sorted(Path(name).rglob("*.*")):
            # Without a time, so that the same presets give the same archive.
            archive.writestr(zipfile.ZipInfo(str(path.relative_to(name))), path.read_bytes(), zipfile.ZIP_DEFLATED, 9)


if __name__ == "__main__":
    main()
