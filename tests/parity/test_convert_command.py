"""`t5eval convert`, judged by the libraries that the results are for."""

import dataclasses
import zipfile

import numpy as np
import pytest

from keras_model.checkpoints import save_model
from keras_model.config import T5Config
from keras_model.t5 import T5, load_model
from keras_model.tokenizers.sentencepiece import T5Tokenizer
from t5eval.cli.main import run
from tests.keras_model.conftest import FOLDER

pytestmark = [pytest.mark.parity, pytest.mark.filterwarnings("ignore")]

V1_0 = T5Config(vocab_size=32128, d_model=16, d_kv=4, d_ff=24, num_layers=2, num_heads=3)
FAMILIES = {
    "v1.0": V1_0,
    "v1.1": dataclasses.replace(
        V1_0, feed_forward_proj="gated-gelu", tie_word_embeddings=False, scale_decoder_outputs=False
    ),
}


@pytest.mark.parametrize("family", ["v1_0", "v1_1"])
def test_a_preset_of_kerashub_becomes_a_folder_with_its_logits_in_transformers(family, transformers_model, tmp_path):
    with zipfile.ZipFile(FOLDER / "keras_hub.zip") as archive:
        archive.extractall(tmp_path)
    assert run(["convert", str(tmp_path / family), str(tmp_path / "model")]) == 0
    with np.load(tmp_path / "outputs.npz") as outputs:
        ids = (outputs[f"{family}/encoder_ids"], outputs[f"{family}/decoder_ids"])
        expected = outputs[f"{family}/logits"]
    logits = transformers_model(tmp_path / "model").logits(*ids)
    np.testing.assert_allclose(logits, expected, atol=1e-4 * expected.std())


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("by_way_of_keras_hub", [False, True])
def test_logits_and_ids_in_transformers(family, by_way_of_keras_hub, shared_data, transformers_model, tmp_path):
    import transformers

    vocabulary = shared_data / "t5_vocab" / "spiece.model"
    model = T5(FAMILIES[family])
    save_model(model, tmp_path / "source")
    source = tmp_path / "source"
    if by_way_of_keras_hub:
        assert (
            run(["convert", str(source), str(tmp_path / "preset"), "--to", "keras_hub", "--vocab", str(vocabulary)])
            == 0
        )
        source = tmp_path / "preset"
        assert run(["convert", str(source), str(tmp_path / "model")]) == 0
    else:
        assert run(["convert", str(source), str(tmp_path / "model"), "--vocab", str(vocabulary)]) == 0

    rng = np.random.default_rng(0)
    encoder_ids, decoder_ids = rng.integers(2, 32100, (2, 140)), rng.integers(2, 32100, (2, 9))
    encoder_ids[0, 60:] = 0
    ours = np.asarray(model({"encoder_ids": encoder_ids, "decoder_ids": decoder_ids}))
    theirs = transformers_model(tmp_path / "model").logits(encoder_ids, decoder_ids)
    np.testing.assert_allclose(theirs, ours, atol=1e-4 * ours.std())

    texts = (shared_data / "glue" / "SST-2" / "dev.tsv").read_text(encoding="utf-8").split("\n")[:300]
    texts += ["The <extra_id_0> walks in <extra_id_1> park", "<extra_id_99>", ""]
    reference = transformers.T5Tokenizer.from_pretrained(str(vocabulary.parent))(texts)["input_ids"]
    assert transformers.AutoTokenizer.from_pretrained(str(tmp_path / "model"))(texts)["input_ids"] == reference
    assert T5Tokenizer(vocabulary).encode(texts) == reference


def test_keras_nlp_loads_what_is_made_of_a_folder_of_transformers(random_folder, transformers_model, tmp_path):
    import keras_nlp

    source = random_folder("v1_1", 3)
    assert run(["convert", str(source), str(tmp_path / "preset"), "--to", "keras_hub"]) == 0
    hub = keras_nlp.models.T5Seq2SeqLM.from_preset(str(tmp_path / "preset"), preprocessor=None)
    rng = np.random.default_rng(0)
    size = load_model(source).config.vocab_size
    encoder_ids, decoder_ids = rng.integers(2, size, (2, 140)), rng.integers(2, size, (2, 9))
    encoder_ids[0, 60:] = 0
    inputs = {
        "encoder_token_ids": encoder_ids,
        "encoder_padding_mask": (encoder_ids != 0).astype(np.int32),
        "decoder_token_ids": decoder_ids,
        "decoder_padding_mask": np.ones_like(decoder_ids),
    }
    expected = transformers_model(source).logits(encoder_ids, decoder_ids)
    np.testing.assert_allclose(np.asarray(hub(inputs)), expected, atol=1e-4 * expected.std())
