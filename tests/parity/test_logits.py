"""Logits against transformers: real checkpoints, random models of both families, and folders that we wrote."""

import json

import keras
import numpy as np
import pytest

from keras_model.checkpoints import save_model
from keras_model.config import T5Config
from keras_model.model import bucket_of_distance
from keras_model.t5 import T5, load_model

pytestmark = [pytest.mark.parity, pytest.mark.filterwarnings("ignore")]

LENGTHS = [(1, 1), (5, 3), (33, 20), (129, 64), (160, 140), (300, 257)]
CHECKPOINTS = {"hf_tiny_v1_0_safetensors": "v1_0", "hf_one_layer_v1_0": "v1_0", "t5x_tiny_v1_1": "v1_1"}


def inputs(vocab_size, source, target, batch=3):
    """Random ids with padding in two of the rows."""
    rng = np.random.default_rng(source)
    encoder_ids = rng.integers(2, vocab_size, (batch, source))
    encoder_ids[0, max(1, source // 3) :] = 0
    encoder_ids[1, max(1, source - 1) :] = 0
    return encoder_ids, rng.integers(0, vocab_size, (batch, target))


def assert_same_logits(folder, family, transformers_model, lengths=LENGTHS):
    """v1.0: within 1e-4, relative to the spread where logits are small. v1.1, whose logits are large: over all lengths
    together no further from transformers in float64 than three times its own float32 run: which of the two rounds more
    depends on the processor, and the largest of a few thousand errors was up to 2.2 times the other one."""
    ours, theirs, exact = load_model(folder), transformers_model(folder), transformers_model(folder, "float64")
    errors = []
    for source, target in lengths:
        encoder_ids, decoder_ids = inputs(ours.config.vocab_size, source, target)
        logits = np.asarray(ours({"encoder_ids": encoder_ids, "decoder_ids": decoder_ids}))
        reference = theirs.logits(encoder_ids, decoder_ids)
        double = exact.logits(encoder_ids, decoder_ids)
        if family == "v1_0":
            assert np.abs(logits - reference).max() <= 1e-4 * min(1.0, reference.std()), (source, target)
        else:
            np.testing.assert_allclose(logits, reference, atol=1e-4 * max(1.0, reference.std()))
            errors.append((np.abs(logits - double).max(), np.abs(reference - double).max()))
    if errors:
        our_error, their_error = np.max(errors, axis=0)
        assert our_error <= 3 * their_error


@pytest.mark.parametrize(("checkpoint", "family"), CHECKPOINTS.items())
def test_real_checkpoints(checkpoint, family, shared_data, transformers_model):
    # The vocabulary of the T5X checkpoint makes long targets large.
    lengths = LENGTHS[:4] if checkpoint == "t5x_tiny_v1_1" else LENGTHS
    assert_same_logits(shared_data / "checkpoints" / checkpoint, family, transformers_model, lengths)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("family", ["v1_0", "v1_1"])
def test_random_models(family, seed, random_folder, transformers_model):
    assert_same_logits(random_folder(family, seed), family, transformers_model)


@pytest.mark.parametrize("family", ["v1_0", "v1_1"])
def test_a_model_of_ordinary_width(family, tmp_path, transformers_model):
    """d_model 256, 4+4 layers, with our own initial values; large enough for errors to add up."""
    keras.utils.set_random_seed(0)
    own_head = {"feed_forward_proj": "gated-gelu", "tie_word_embeddings": False} if family == "v1_1" else {}
    config = T5Config(vocab_size=1000, d_model=256, d_kv=32, d_ff=512, num_layers=4, num_heads=8, **own_head)
    save_model(T5(config), tmp_path)
    assert_same_logits(tmp_path, family, transformers_model, LENGTHS[2:5])


@pytest.mark.parametrize("family", ["v1_0", "v1_1"])
def test_saved_folders_load_in_transformers_with_the_same_logits(family, random_folder, tmp_path, transformers_model):
    folder = random_folder(family, 0)
    save_model(load_model(folder), tmp_path)
    encoder_ids, decoder_ids = inputs(64, 20, 10)
    before = transformers_model(folder).logits(encoder_ids, decoder_ids)
    np.testing.assert_array_equal(transformers_model(tmp_path).logits(encoder_ids, decoder_ids), before)
    np.testing.assert_array_equal(
        transformers_model(tmp_path).greedy(encoder_ids, 12), transformers_model(folder).greedy(encoder_ids, 12)
    )


@pytest.mark.parametrize("tied", [True, False])
def test_folders_that_transformers_writes_today(tied, random_folder, tmp_path, transformers_model):
    """Version 5 writes tie_word_embeddings=true for every T5 and the scaling under its own name."""
    theirs = transformers_model(random_folder("v1_0" if tied else "v1_1", 1))
    theirs.model.save_pretrained(tmp_path)
    values = json.loads((tmp_path / "config.json").read_text())
    assert (values["tie_word_embeddings"], values["scale_decoder_outputs"]) == (True, tied)
    encoder_ids, decoder_ids = inputs(64, 20, 10)
    ours = load_model(tmp_path)
    assert ours.config.tie_word_embeddings == tied
    logits = np.asarray(ours({"encoder_ids": encoder_ids, "decoder_ids": decoder_ids}))
    np.testing.assert_allclose(logits, theirs.logits(encoder_ids, decoder_ids), atol=1e-4)


@pytest.mark.parametrize(("buckets", "max_distance"), [(32, 128), (8, 128), (64, 256), (32, 1000)])
def test_buckets(buckets, max_distance):
    import torch
    from transformers.models.t5.modeling_t5 import T5Attention

    distance = np.arange(2 * max_distance)
    ours = bucket_of_distance(buckets, max_distance)[np.minimum(distance, max_distance)]
    theirs = T5Attention._relative_position_bucket(torch.tensor(-distance), False, buckets, max_distance).numpy()
    np.testing.assert_array_equal(ours, theirs)
    ours = bucket_of_distance(buckets // 2, max_distance)[np.minimum(distance, max_distance)]
    theirs = T5Attention._relative_position_bucket(torch.tensor(-distance), True, buckets, max_distance).numpy()
    np.testing.assert_array_equal(ours, theirs)
