"""The tokenizer against literal ids, seqio's rules written out again, and sentencepiece itself on real text."""

import hashlib
import json
import subprocess
import sys

import pytest
import sentencepiece

from keras_model.tokenizers.byte_tokenizer import ByteTokenizer
from keras_model.tokenizers.sentencepiece import T5Tokenizer
from keras_model.tokenizers.tokenizer import TokenizerError

LINES = [
    "The cat sat on the mat, and the dog sat beside it.",
    "A dog is not a cat; a cat is not a dog.",
    "sentence1: Who sat on the mat? sentence2: The cat did.",
]


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return T5Tokenizer.train(LINES, tmp_path_factory.mktemp("vocabulary") / "spiece.model", vocab_size=60)


@pytest.fixture(scope="module")
def real(shared_data):
    return T5Tokenizer(shared_data / "t5_vocab" / "spiece.model")


def test_tokenizer_does_not_import_tensorflow(small, tmp_path):
    (tmp_path / "spiece.model").write_bytes(small.model_bytes)
    code = (
        "import sys; from keras_model.tokenizers.sentencepiece import T5Tokenizer;"
        "T5Tokenizer(sys.argv[1]).encode(['x']); print('tensorflow' in sys.modules or 'keras' in sys.modules)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "spiece.model")], capture_output=True, text=True, check=True
    )
    assert run.stdout == "False\n"


# Encoding.


def test_encoding_ends_with_eos_and_decodes_to_the_text(small):
    encoded = small.encode(LINES)
    assert [ids[-1] for ids in encoded] == [1, 1, 1]
    assert all(ids.count(1) == 1 for ids in encoded)
    assert small.decode(encoded) == LINES
    assert small.encode(["", "  "]) == [[1], [1]]
    assert small.encode([]) == []


def test_special_ids_and_sizes(small):
    pieces = small.vocab_size - 100
    assert 30 < pieces <= 60
    assert small.encode(["<extra_id_0> cat <extra_id_99>"])[0][0] == small.vocab_size - 1
    assert small.encode(["<extra_id_99>"]) == [[pieces, 1]]
    assert small.encode(["日"])[0][-2:] == [2, 1]  # unknown
    assert small.fingerprint == hashlib.sha256(small.model_bytes).hexdigest()


@pytest.mark.parametrize("max_tokens", [1, 2, 5, 100])
def test_truncation_keeps_the_first_ids_and_eos(small, max_tokens):
    whole = small.encode(LINES)
    cut, lengths = small.encode_with_lengths(LINES, max_tokens)
    assert lengths == [len(ids) for ids in whole]
    for ids, long in zip(cut, whole, strict=True):
        assert ids == ([*long[: max_tokens - 1], 1] if len(long) > max_tokens else long)
    assert small.encode(LINES, max_tokens) == cut


def test_wrong_requests_are_refused(small):
    with pytest.raises(TokenizerError, match="max_tokens must be at least 1"):
        small.encode(LINES, 0)
    with pytest.raises(TypeError, match="list of texts"):
        small.encode("one text")


# Decoding, as seqio's Vocabulary.decode does it.


def test_decoding_stops_at_eos_and_drops_padding(small):
    cat, dog = small.encode(["cat", "dog"])
    assert small.decode([cat + dog, [0, *cat, 0, 0], [1, *cat], [], [0, 0], cat[:-1]]) == [
        "cat",
        "cat",
        "",
        "",
        "",
        "cat",
    ]
    assert small.decode([]) == []


def test_ids_outside_the_vocabulary_become_unknown(small):
    cat = small.encode(["cat"])[0][:-1]
    assert small.decode([[*cat, small.vocab_size], [*cat, 2], [*cat, -1]]) == ["cat ⁇ "] * 3


def test_sentinels_decode_to_their_text(small):
    text = "<extra_id_0> cat <extra_id_1>"
    assert small.decode(small.encode([text])) == [text]


# Training.


def test_training_is_deterministic(small, tmp_path):
    again = T5Tokenizer.train(LINES, tmp_path / "again.model", vocab_size=60)
    assert again.model_bytes == small.model_bytes
    assert [path.name for path in tmp_path.iterdir()] == ["again.model"]
    other = T5Tokenizer.train(LINES[:2], tmp_path / "other.model", vocab_size=60, extra_ids=3)
    assert other.model_bytes != small.model_bytes
    assert other.encode(["<extra_id_2>"]) == [[other.vocab_size - 3, 1]]


def test_training_on_nothing_is_refused(tmp_path):
    with pytest.raises(TokenizerError, match="cannot train a model of 60 pieces"):
        T5Tokenizer.train([], tmp_path / "none.model", vocab_size=60)
    assert list(tmp_path.iterdir()) == []


# Files.


def test_files_that_are_no_t5_vocabulary_are_refused(tmp_path):
    path = tmp_path / "spiece.model"
    with pytest.raises(TokenizerError, match=r"spiece.model: No such file"):
        T5Tokenizer(path)
    path.write_bytes(b"not a model")
    with pytest.raises(TokenizerError, match=r"spiece.model: not a SentencePiece model"):
        T5Tokenizer(path)
    with path.open("wb") as file:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(LINES), model_writer=file, vocab_size=30, minloglevel=2
        )
    with pytest.raises(TokenizerError, match="it has no padding; train it with pad_id=0"):
        T5Tokenizer(path)


# T5's own vocabulary.


def test_literal_ids_of_the_real_vocabulary(real):
    assert real.vocab_size == 32100
    assert real.encode(["translate English to German: That is good."]) == [
        [13959, 1566, 12, 2968, 10, 466, 19, 207, 5, 1]
    ]
    assert real.encode(["<extra_id_0>", "the <extra_id_1> park <extra_id_99>"]) == [
        [32099, 1],
        [8, 32098, 2447, 32000, 1],
    ]
    assert real.decode([[32099, 1], [32100, 1], [32127, 1], [8, 32098, 2447]]) == [
        "<extra_id_0>",
        " ⁇ ",
        " ⁇ ",
        "the <extra_id_1> park",
    ]


def real_texts(shared_data):
    """Sentences, questions and summaries, some with characters outside the vocabulary."""
    sentences = (shared_data / "glue" / "SST-2" / "dev.tsv").read_text(encoding="utf-8").split("\n")
    articles = json.loads((shared_data / "squad" / "dev-v1.1.json").read_text(encoding="utf-8"))["data"]
    contexts = [paragraph["context"] for article in articles[:12] for paragraph in article["paragraphs"]]
    romanian = (shared_data / "wmt" / "en-ro" / "newsdev2016.ro").read_text(encoding="utf-8").split("\n")
    highlights = (shared_data / "predictions" / "cnn_dailymail" / "test.highlights").read_text(encoding="utf-8")
    return sentences + contexts + romanian + highlights.split("\n")[:3000] + ["日本 ~ {x} \u200b\ufeff é", "a\tb  c\n"]


def test_real_text_equals_sentencepiece(real, shared_data):
    plain = sentencepiece.SentencePieceProcessor(model_file=str(shared_data / "t5_vocab" / "spiece.model"))
    texts = real_texts(shared_data)
    encoded = real.encode(texts)
    assert len(texts) > 6000
    assert any(2 in ids for ids in encoded)
    assert [ids[:-1] for ids in encoded] == plain.encode(texts)
    assert real.decode(encoded) == plain.decode([ids[:-1] for ids in encoded])


def test_texts_that_the_real_vocabulary_cannot_write(real, shared_data):
    references = (shared_data / "wmt" / "en-fr" / "newstest2014.fr").read_text(encoding="utf-8").split("\n")[:-1]
    assert (real.count_unknown(references), len(references)) == (131, 3003)
    assert real.count_unknown(["plain", "{", "日本", ""]) == 2
    assert ByteTokenizer().count_unknown(["日本"]) == 0
