"""Logits and greedy ids against KerasHub's T5Seq2SeqLM, filled with the weights of a random model of ours."""

import functools

import keras
import numpy as np
import pytest

from keras_model.config import T5Config
from keras_model.decoding.generator import Generator
from keras_model.t5 import T5

pytestmark = [pytest.mark.parity, pytest.mark.filterwarnings("ignore")]

SHAPE = {"vocab_size": 64, "d_model": 32, "d_kv": 6, "d_ff": 48, "num_heads": 4, "num_layers": 2}
FAMILIES = {
    "v1.0": T5Config(**SHAPE),
    "v1.1": T5Config(**SHAPE, feed_forward_proj="gated-gelu", tie_word_embeddings=False),
}


def hub_model(model):
    """KerasHub's T5 with the weights of ours."""
    import keras_hub

    config = model.config
    tanh_gelu = functools.partial(keras.activations.gelu, approximate=True)
    backbone = keras_hub.models.T5Backbone(
        vocabulary_size=config.vocab_size,
        num_layers=config.num_layers,
        num_heads=config.num_heads,
        hidden_dim=config.d_model,
        intermediate_dim=config.d_ff,
        key_value_dim=config.d_kv,
        dropout=0.0,
        activation=tanh_gelu if config.is_gated else "relu",
        use_gated_activation=config.is_gated,
        tie_embedding_weights=config.tie_word_embeddings,
    )
    backbone.token_embedding.embeddings.assign(model.token_embedding.embedding)
    if model.head is not None:
        backbone.token_embedding.reverse_embeddings.assign(model.head.matrix)
    for stack, prefix in ((model.encoder, "encoder"), (model.decoder, "decoder")):
        layers = getattr(backbone, f"{prefix}_transformer_layers")
        layers[0].self_attention.relative_attention_bias.assign(stack.position_biases[0].table)
        getattr(backbone, f"{prefix}_layer_norm").weight.assign(stack.final_norm.scale)
        for block, layer in zip(stack.blocks, layers, strict=True):
            for kind in ("self_attention", "cross_attention") if block.is_crossed else ("self_attention",):
                getattr(layer, f"{kind}_layer_norm").weight.assign(getattr(block, f"{kind}_norm").scale)
                for part in ("query", "key", "value", "output"):
                    kernel = getattr(getattr(layer, kind), f"{part}_projector").kernel
                    kernel.assign(getattr(getattr(block, kind), f"{part}_matrix"))
            layer.layer_norm.weight.assign(block.feed_forward_norm.scale)
            feed_forward = block.feed_forward
            layer.input_projector.kernel.assign(feed_forward.wi_0 if config.is_gated else feed_forward.wi)
            if config.is_gated:
                layer.gate_projector.kernel.assign(feed_forward.wi_1)
            layer.output_projector.kernel.assign(feed_forward.wo)
    return keras_hub.models.T5Seq2SeqLM(backbone)


@pytest.mark.parametrize("family", FAMILIES)
def test_logits_and_greedy_ids(family):
    keras.utils.set_random_seed(2)
    model = T5(FAMILIES[family])
    for block in model.decoder.blocks:  # so that more than the last token decides
        for matrix in (block.self_attention.output_matrix, block.cross_attention.output_matrix, block.feed_forward.wo):
            matrix.assign(matrix * 20)
    hub = hub_model(model)
    rng = np.random.default_rng(0)
    encoder_ids, decoder_ids = rng.integers(2, 64, (4, 150)), rng.integers(2, 64, (4, 140))
    encoder_ids[0, 70:], encoder_ids[1, -1:] = 0, 0
    mask = (encoder_ids != 0).astype(np.int32)

    ours = np.asarray(model({"encoder_ids": encoder_ids, "decoder_ids": decoder_ids}))
    inputs = {"encoder_token_ids": encoder_ids, "encoder_padding_mask": mask}
    decoder = {"decoder_token_ids": decoder_ids, "decoder_padding_mask": np.ones_like(decoder_ids)}
    theirs = np.asarray(hub({**inputs, **decoder}))
    np.testing.assert_allclose(ours, theirs, atol=1e-4 * max(1.0, theirs.std()))

    steps = 20
    start = np.zeros((4, steps + 1), np.int32)
    decoder = {"decoder_token_ids": start, "decoder_padding_mask": (np.arange(steps + 1) < 1) * np.ones_like(start)}
    hub.compile(sampler="greedy", jit_compile=False)
    ids = np.asarray(hub.generate({**inputs, **decoder}, stop_token_ids=None)["decoder_token_ids"])[:, 1:]
    expected = Generator(model).greedy(encoder_ids, steps)
    assert len(np.unique(expected)) > 2
    for row, reference in zip(ids, expected, strict=True):
        # KerasHub was told not to stop: what follows our end-of-sequence id does not count.
        length = (reference == 1).argmax() + 1 if (reference == 1).any() else steps
        np.testing.assert_array_equal(row[:length], reference[:length])
