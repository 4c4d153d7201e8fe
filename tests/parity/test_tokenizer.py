"""Ids and texts against the tokenizer of transformers over real text."""

import json

import pytest

from keras_model.tokenizers.byte_tokenizer import ByteTokenizer
from keras_model.tokenizers.loading import load_tokenizer
from keras_model.tokenizers.sentencepiece import T5Tokenizer

pytestmark = [pytest.mark.parity, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def both(shared_data):
    import transformers

    path = shared_data / "t5_vocab" / "spiece.model"
    return T5Tokenizer(path), transformers.T5Tokenizer.from_pretrained(str(path.parent))


def real_texts(shared_data):
    sentences = (shared_data / "glue" / "SST-2" / "dev.tsv").read_text(encoding="utf-8").split("\n")
    articles = json.loads((shared_data / "squad" / "dev-v1.1.json").read_text(encoding="utf-8"))["data"]
    contexts = [paragraph["context"] for article in articles for paragraph in article["paragraphs"]]
    german = (shared_data / "wmt" / "en-de" / "newstest2014.de").read_text(encoding="utf-8").split("\n")
    highlights = (shared_data / "predictions" / "cnn_dailymail" / "test.highlights").read_text(encoding="utf-8")
    return sentences + contexts + german + highlights.split("\n")


def test_ids_of_real_text(both, shared_data):
    ours, theirs = both
    texts = real_texts(shared_data)
    assert len(texts) > 15_000
    encoded = ours.encode(texts)
    reference = theirs(texts)["input_ids"]
    different = [text for text, a, b in zip(texts, encoded, reference, strict=True) if a != b]
    assert different == []


def test_truncation(both, shared_data):
    ours, theirs = both
    texts = real_texts(shared_data)[:500]
    assert ours.encode(texts, max_tokens=12) == theirs(texts, max_length=12, truncation=True)["input_ids"]


def test_text_of_real_ids(both, shared_data):
    ours, theirs = both
    encoded = [ids for ids in ours.encode(real_texts(shared_data)) if 2 not in ids]
    reference = theirs.batch_decode(encoded, skip_special_tokens=True, clean_up_tokenization_spaces=False)
    assert ours.decode(encoded) == reference


def test_sentinels(both):
    ours, theirs = both
    texts = ["<extra_id_0>", "The <extra_id_0> walks in <extra_id_1> park", "<extra_id_99> cute dog <extra_id_5>"]
    assert ours.encode(texts) == theirs(texts)["input_ids"]


def test_tokenizer_json_alone(both, shared_data, tmp_path):
    """transformers 5 saves this file and no SentencePiece model."""
    ours, theirs = both
    theirs.save_pretrained(tmp_path)
    (tmp_path / "spiece.model").unlink(missing_ok=True)
    again = load_tokenizer(tmp_path)
    assert again.vocab_size == ours.vocab_size
    texts = real_texts(shared_data)
    assert again.encode(texts) == ours.encode(texts)
    assert again.decode(ours.encode(texts)) == ours.decode(ours.encode(texts))


def test_the_real_tokenizer_json_of_another_vocabulary(shared_data):
    import transformers

    folder = shared_data / "checkpoints" / "hf_tiny_v1_0_safetensors"
    ours = load_tokenizer(folder)
    theirs = transformers.PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"))
    texts = real_texts(shared_data)[:3000]
    assert ours.encode(texts) == theirs(texts)["input_ids"]


def test_bytes(shared_data):
    import transformers

    ours, theirs = ByteTokenizer(), transformers.ByT5Tokenizer()
    assert ours.vocab_size == len(theirs) == 384
    texts = [*real_texts(shared_data)[::20], "日本語 \U0001f600", "<extra_id_0> x <extra_id_124>", ""]
    encoded = ours.encode(texts)
    assert encoded == theirs(texts)["input_ids"]
    assert ours.decode(encoded) == theirs.batch_decode(encoded, skip_special_tokens=True)
    damaged = [ids[::2] for ids in encoded[:200]]
    assert ours.decode(damaged) == theirs.batch_decode([ids[: ids.index(1)] if 1 in ids else ids for ids in damaged])


def test_folders_of_bytes_are_exchanged(tmp_path):
    import transformers

    for i, extra_ids in enumerate((125, 7)):
        theirs, ours = tmp_path / f"theirs{i}", tmp_path / f"ours{i}"
        ours.mkdir()
        transformers.ByT5Tokenizer(extra_ids=extra_ids).save_pretrained(theirs)
        assert load_tokenizer(theirs).fingerprint == ByteTokenizer(extra_ids).fingerprint
        for name, content in ByteTokenizer(extra_ids).files().items():
            (ours / name).write_bytes(content)
        again = transformers.AutoTokenizer.from_pretrained(ours)
        text = f"é <extra_id_0><extra_id_{extra_ids - 1}>"
        assert again(text)["input_ids"] == ByteTokenizer(extra_ids).encode([text])[0]
