"""Small random models whose next token depends on more than the last one, for the tests of decoding."""

from __future__ import annotations

import dataclasses
import functools

import keras
import numpy as np

from keras_model.config import T5Config
from keras_model.decoding.generator import Generator
from keras_model.t5 import T5

V1_0 = T5Config(vocab_size=40, d_model=16, d_kv=4, d_ff=32, num_layers=1, num_decoder_layers=3, num_heads=3)
V1_1 = dataclasses.replace(
    V1_0, feed_forward_proj="gated-gelu", tie_word_embeddings=False, scale_decoder_outputs=False, num_layers=2
)
UMT5 = dataclasses.replace(V1_1, model_type="umt5", feed_forward_proj="gated-silu")
FAMILIES = {"v1.0": V1_0, "v1.1": V1_1, "umT5": UMT5}
ARCHITECTURES = {
    "shared": dataclasses.replace(V1_0, num_layers=2, num_decoder_layers=2, architecture="shared"),
    "language model": dataclasses.replace(V1_0, num_layers=3, num_decoder_layers=3, architecture="language_model"),
    "prefix LM": dataclasses.replace(UMT5, num_layers=3, num_decoder_layers=3, architecture="prefix_lm"),
}


def make_model(config: T5Config, seed: int = 0, **options) -> T5:
    """A random model."""
    keras.utils.set_random_seed(seed)
    model = T5(config, **options)
    for block in model.decoder.blocks:
        attentions = [block.self_attention, *([block.cross_attention] if block.is_crossed else [])]
        for matrix in (*(attention.output_matrix for attention in attentions), block.feed_forward.wo):
            matrix.assign(matrix * 4)
    return model


@functools.cache
def generator_of(config: T5Config) -> Generator:
    """The generator of `make_model(config)`, whose weights no test changes: each search is compiled once for all."""
    return Generator(make_model(config))


def sources(batch: int, length: int, seed: int = 0, vocab_size: int = 40) -> np.ndarray:
    """Random ids padded to random lengths."""
    rng = np.random.default_rng(seed)
    ids = rng.integers(2, vocab_size, (batch, length))
    ids[np.arange(length) >= rng.integers(1, length + 1, batch)[:, None]] = 0
    return ids.astype(np.int32)


def next_log_probabilities(model: T5, encoder_ids: np.ndarray, decoder_ids: np.ndarray) -> np.ndarray:
    """By the full forward pass in float64: [batch, target, vocab_size] for decoder inputs [batch, target]."""
    logits = np.asarray(model({"encoder_ids": encoder_ids, "decoder_ids": decoder_ids}), np.float64)
    logits -= logits.max(-1, keepdims=True)
    return logits - np.log(np.exp(logits).sum(-1, keepdims=True))
