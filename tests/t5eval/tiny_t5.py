"""A tiny random T5 with a vocabulary of the embedded suite, as a folder; its answers differ from input to input."""

from __future__ import annotations

from pathlib import Path

from t5eval.data import open_split
from t5eval.demo.demo import suite_folder
from task_specs import get


def write_tiny_t5(folder: Path) -> Path:
    """Writes the folder, and returns it."""
    import keras

    from keras_model.checkpoints import save_model
    from keras_model.config import T5Config
    from keras_model.t5 import T5
    from keras_model.tokenizers.sentencepiece import T5Tokenizer

    rte = get("glue/rte")
    lines = [pair.inputs for e in open_split(rte, "train", suite_folder()) for pair in rte.pairs(e)]
    folder.mkdir(parents=True)
    tokenizer = T5Tokenizer.train(lines, folder / "spiece.model", 300)
    keras.utils.set_random_seed(3)
    model = T5(
        T5Config(
            vocab_size=tokenizer.vocab_size,
            d_model=16,
            d_kv=4,
            d_ff=16,
            num_layers=1,
            num_heads=2,
            dropout_rate=0.0,
            feed_forward_proj="gated-gelu",
            tie_word_embeddings=False,
        )
    )
    for weight in model.weights:
        weight.assign(weight + keras.random.normal(weight.shape, stddev=0.3))
    save_model(model, folder, tokenizer)
    return folder
