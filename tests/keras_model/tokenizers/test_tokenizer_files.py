"""Which tokenizer a folder has, byT5's bytes, tokenizer.json, and files that are none."""

import base64
import json
import subprocess
import sys

import pytest
import sentencepiece

from keras_model.checkpoints import CheckpointError
from keras_model.tokenizers.byte_tokenizer import ByteTokenizer
from keras_model.tokenizers.loading import load_tokenizer
from keras_model.tokenizers.sentencepiece import T5Tokenizer
from keras_model.tokenizers.sentencepiece_model import USER_DEFINED, piece
from keras_model.tokenizers.tokenizer import TokenizerError

LINES = [
    "The cat sat on the mat, and the dog sat beside it.",
    "A dog is not a cat; a cat is not a dog.",
    "sentence1: Who sat on the mat? sentence2: The cat did.",
]
ODD = [
    "",
    "   ",
    " two  spaces ",
    "日本 cat ~ é \u00a0 \u200b\ufeff",
    "a\tb\nc",
    "\x00cat",
    "ﬁne ½ Å",
    "cat ▁dog▁",
    "<extra_id_0> cat <extra_id_3>",
]


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return T5Tokenizer.train(LINES, tmp_path_factory.mktemp("vocabulary") / "spiece.model", vocab_size=60)


def folder_with(path, **files):
    """A folder of files; `__` in a name is a slash, `_dot_` a dot."""
    for name, content in files.items():
        file = path / name.replace("__", "/").replace("_dot_", ".")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return path


def tokenizer_json(tokenizer, **changes):
    """The tokenizer.json of a SentencePiece model, as transformers 4 wrote them."""
    pieces = sentencepiece.SentencePieceProcessor(model_proto=tokenizer.model_bytes)
    vocabulary = [[pieces.id_to_piece(i), pieces.get_score(i)] for i in range(pieces.get_piece_size())]
    size = len(vocabulary)
    vocabulary += [[f"<extra_id_{n}>", 0.0] for n in reversed(range(tokenizer.extra_ids))]
    special = [(i, vocabulary[i][0]) for i in (0, 1, 2, *range(size, len(vocabulary)))]
    charsmap = sentencepiece_pb2_charsmap(tokenizer.model_bytes)
    return {
        "version": "1.0",
        "added_tokens": [{"id": i, "content": text, "special": True} for i, text in special],
        "normalizer": {"type": "Precompiled", "precompiled_charsmap": base64.b64encode(charsmap).decode()},
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [
                {"type": "WhitespaceSplit"},
                {"type": "Metaspace", "replacement": "▁", "add_prefix_space": True},
            ],
        },
        "model": {"type": "Unigram", "unk_id": 2, "vocab": vocabulary},
        **changes,
    }


def sentencepiece_pb2_charsmap(model_bytes):
    from sentencepiece import sentencepiece_model_pb2

    proto = sentencepiece_model_pb2.ModelProto()
    proto.ParseFromString(model_bytes)
    return proto.normalizer_spec.precompiled_charsmap


# What is found.


@pytest.mark.parametrize(
    "name", ["spiece_dot_model", "sentencepiece_dot_model", "assets__tokenizer__vocabulary_dot_spm"]
)
def test_a_sentencepiece_model_is_found(name, small, tmp_path):
    tokenizer = load_tokenizer(folder_with(tmp_path, **{name: small.model_bytes}))
    assert (tokenizer.vocab_size, tokenizer.fingerprint) == (small.vocab_size, small.fingerprint)


def test_it_is_found_without_tensorflow(small, tmp_path):
    folder_with(tmp_path, spiece_dot_model=small.model_bytes)
    code = (
        "import sys; from keras_model.tokenizers.loading import load_tokenizer; load_tokenizer(sys.argv[1]);"
        "print('tensorflow' in sys.modules or 'keras' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert run.stdout == "False\n"


@pytest.mark.parametrize(
    ("settings", "sentinels"),
    [
        (None, 100),
        ({}, 100),
        ({"extra_ids": 7}, 7),
        ({"extra_ids": 0}, 0),
        ({"extra_ids": 0, "additional_special_tokens": ["<extra_id_0>", "<extra_id_4>"]}, 5),
        ({"extra_special_tokens": [{"content": "<extra_id_2>"}]}, 3),
    ],
)
def test_the_number_of_sentinels(settings, sentinels, small, tmp_path):
    files = {"spiece_dot_model": small.model_bytes}
    if settings is not None:
        files["tokenizer_config_dot_json"] = settings
    tokenizer = load_tokenizer(folder_with(tmp_path, **files))
    pieces = small.vocab_size - 100
    assert tokenizer.vocab_size == pieces + sentinels
    if sentinels:
        assert tokenizer.encode(["<extra_id_0>"]) == [[tokenizer.vocab_size - 1, 1]]


def test_a_model_with_sentinels_of_its_own_gets_no_more(small, tmp_path):
    """mT5's vocabulary has them."""
    own = small.model_bytes + b"".join(piece(f"▁<extra_id_{n}>", kind=USER_DEFINED) for n in (2, 1, 0))
    for i, settings in enumerate(({}, {"extra_ids": 0}, {"extra_ids": 3})):
        folder = folder_with(tmp_path / str(i), spiece_dot_model=own, tokenizer_config_dot_json=settings)
        tokenizer = load_tokenizer(folder)
        assert tokenizer.vocab_size == small.vocab_size - 100 + 3
        assert tokenizer.encode(["<extra_id_0>"]) == [[tokenizer.vocab_size - 1, 1]]


def test_added_sentinels_keep_their_ids(small, tmp_path):
    first = small.vocab_size - 100
    ascending = {f"<extra_id_{n}>": first + n for n in range(5)}
    one = {"added_tokens_decoder": {str(first + 2): {"content": "<extra_id_0>"}}, "extra_ids": 3}
    for i, (name, content) in enumerate((("added_tokens", ascending), ("tokenizer_config", one))):
        folder = folder_with(tmp_path / str(i), **{"spiece_dot_model": small.model_bytes, f"{name}_dot_json": content})
        tokenizer = load_tokenizer(folder)
        assert tokenizer.vocab_size == first + (5, 3)[i]
        assert tokenizer.encode(["<extra_id_0>"]) == [[first + (0, 2)[i], 1]]
        assert tokenizer.decode([[first + (0, 2)[i]]]) == ["<extra_id_0>"]
    gap = folder_with(tmp_path / "gap", spiece_dot_model=small.model_bytes, added_tokens_dot_json={"<extra_id_0>": 999})
    with pytest.raises(CheckpointError, match=r"does not have \('<extra_id_0>' as 999\); --vocab .* goes without"):
        load_tokenizer(gap)


def test_the_unknown_id_need_not_be_2(tmp_path):
    """umT5 has the start of sequence at 2 and what is unknown at 3."""
    path = tmp_path / "spiece.model"
    with path.open("wb") as file:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(LINES), model_writer=file, vocab_size=40, hard_vocab_limit=False, minloglevel=2,
            pad_id=0, eos_id=1, bos_id=2, unk_id=3,
        )  # fmt: skip
    tokenizer = load_tokenizer(tmp_path)
    assert tokenizer.encode(["日"])[0][-2:] == [3, 1]
    assert tokenizer.decode([[tokenizer.vocab_size + 5]]) == [" ⁇ "]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("config", {"unk_token_id": 3}),
        ("tokenizer_config", {"added_tokens_decoder": {"3": {"content": "<unk>"}}}),
        ("added_tokens", {"<unk>": 0}),
    ],
)
def test_the_unknown_id_is_the_vocabularys(name, content, small, tmp_path):
    sound = folder_with(
        tmp_path / "sound",
        spiece_dot_model=small.model_bytes,
        config_dot_json={"unk_token_id": 2},
        tokenizer_config_dot_json={"added_tokens_decoder": {"2": {"content": "<unk>"}}},
    )
    assert load_tokenizer(sound).fingerprint == small.fingerprint
    other = folder_with(tmp_path / "other", **{"spiece_dot_model": small.model_bytes, f"{name}_dot_json": content})
    with pytest.raises(CheckpointError, match=r"says that the unknown id is .*, in its vocabulary it is 2; the two do"):
        load_tokenizer(other)
    if name == "config":
        with pytest.raises(CheckpointError, match="says that the unknown id is"):
            load_tokenizer(other, sound / "spiece.model")


def test_a_vocabulary_that_is_named_overrules_the_folder(small, tmp_path):
    folder = folder_with(tmp_path, spiece_dot_model=b"broken", other_dot_model=small.model_bytes)
    assert load_tokenizer(folder, folder / "other.model").fingerprint == small.fingerprint
    assert load_tokenizer(folder, "bytes").vocab_size == 384
    with pytest.raises(CheckpointError, match=r"absent.model: No such file"):
        load_tokenizer(folder, folder / "absent.model")


def test_nothing_found_says_what_to_do(tmp_path):
    with pytest.raises(CheckpointError, match=r"no tokenizer in it, none of spiece.model.*--vocab FILE"):
        load_tokenizer(tmp_path)


def test_fingerprints_tell_tokenizers_apart(small, tmp_path):
    path = folder_with(tmp_path, spiece_dot_model=small.model_bytes) / "spiece.model"
    found = {T5Tokenizer(path, n).fingerprint for n in (0, 5, 100)} | {ByteTokenizer(n).fingerprint for n in (0, 125)}
    assert len(found) == 5


@pytest.mark.parametrize("extra_ids", [0, 9, 100])
def test_what_is_written_is_read_back(extra_ids, small, tmp_path):
    for i, tokenizer in enumerate((T5Tokenizer(small.model_bytes, extra_ids), ByteTokenizer(extra_ids))):
        folder = tmp_path / str(i)
        folder.mkdir()
        for name, content in tokenizer.files().items():
            (folder / name).write_bytes(content)
        again = load_tokenizer(folder)
        assert again.fingerprint == tokenizer.fingerprint
        assert again.encode(ODD) == tokenizer.encode(ODD)


# Bytes.


def test_bytes_are_ids_plus_three():
    tokenizer = ByteTokenizer()
    for text in [*LINES, *ODD[:-1], "Пример ✓ 日本語 \U0001f600"]:
        assert tokenizer.encode([text]) == [[*(byte + 3 for byte in text.encode()), 1]]
        assert tokenizer.decode(tokenizer.encode([text])) == [text]
    assert tokenizer.vocab_size == 384
    assert tokenizer.encode(["a<extra_id_0>b<extra_id_124><extra_id_125>"])[0][:4] == [100, 259, 101, 383]


def test_bytes_that_are_no_text_are_dropped():
    tokenizer = ByteTokenizer()
    assert tokenizer.decode([[0xC3 + 3, 97 + 3, 0, 2, 259, 400, 98 + 3, 1, 99 + 3]]) == ["ab"]
    assert tokenizer.decode([]) == []


@pytest.mark.parametrize("spelling", ["ByT5Tokenizer", "ByT5TokenizerFast"])
def test_a_folder_can_name_the_byte_tokenizer(spelling, tmp_path):
    folder = folder_with(tmp_path, tokenizer_config_dot_json={"tokenizer_class": spelling, "extra_ids": 125})
    assert load_tokenizer(folder).fingerprint == ByteTokenizer().fingerprint


# Any text.


@pytest.mark.parametrize("kind", ["pieces", "bytes"])
def test_lone_surrogates_count_as_the_replacement_character(kind, small):
    tokenizer = small if kind == "pieces" else ByteTokenizer()
    assert tokenizer.encode(["cat \ud800 dog"]) == tokenizer.encode(["cat \ufffd dog"])


@pytest.mark.parametrize("kind", ["pieces", "bytes"])
def test_very_long_texts_are_cut_and_counted(kind, small):
    tokenizer = small if kind == "pieces" else ByteTokenizer()
    encoded, lengths = tokenizer.encode_with_lengths(["cat " * 100_000, "", "cat"], 512)
    assert [len(ids) for ids in encoded] == [512, 1, lengths[2]]
    assert lengths[0] > 100_000
    assert encoded[0][-1] == 1


# tokenizer.json alone.


def test_tokenizer_json_gives_the_same_ids(small, tmp_path):
    tokenizer = load_tokenizer(folder_with(tmp_path, tokenizer_dot_json=tokenizer_json(small)))
    assert tokenizer.vocab_size == small.vocab_size
    texts = [text for text in [*LINES, *ODD] if "▁" not in text]
    assert tokenizer.encode(texts) == small.encode(texts)
    assert tokenizer.decode(small.encode(LINES)) == LINES
    folder = tmp_path / "again"
    folder.mkdir()
    for name, content in tokenizer.files().items():
        (folder / name).write_bytes(content)
    assert load_tokenizer(folder).encode(texts) == small.encode(texts)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": {"type": "BPE", "vocab": {}, "merges": []}, "added_tokens": []}, "has no <pad>, and neither"),
        ({"model": None}, "its model is not Unigram"),
        ({"model": {"type": "Unigram", "unk_id": 2, "vocab": [["<pad>", 0.0], ["</s>"]]}}, "entry 1 is not a text"),
        (
            {"model": {"type": "Unigram", "unk_id": 2, "vocab": [["a", 0.0]] * 5}, "added_tokens": []},
            "first two pieces",
        ),
        (
            {"model": {"type": "Unigram", "unk_id": "2", "vocab": [["<pad>", 0], ["</s>", 0], ["x", 0]]}},
            "unk_id is '2'",
        ),
        ({"normalizer": [[[[[]]]]]}, "its normalizer is"),
        ({"normalizer": {"type": "Precompiled", "precompiled_charsmap": "?"}}, "not base64"),
        ({"added_tokens": ["x"]}, "added token 0 is not a content with an id"),
        ({"model": {"unk_id": 2, "vocab": [["<pad>", 10**400]]}}, "entry 0 is not a text with a number"),
        (
            {
                "model": {"unk_id": 2, "vocab": [["<pad>", 0], ["</s>", 0], ["<unk>", 0], ["\ud800", 0]]},
                "added_tokens": [],
            },
            "lone surrogate",
        ),
    ],
)
def test_a_damaged_tokenizer_json_is_refused(changes, message, small, tmp_path):
    folder = folder_with(tmp_path, tokenizer_dot_json=tokenizer_json(small, **changes))
    with pytest.raises(CheckpointError, match=message):
        load_tokenizer(folder)


def test_the_real_tokenizer_json_loads(shared_data):
    folder = shared_data / "checkpoints" / "hf_tiny_v1_0_safetensors"
    tokenizer = load_tokenizer(folder)
    assert tokenizer.vocab_size == json.loads((folder / "config.json").read_text())["vocab_size"]
    assert tokenizer.decode(tokenizer.encode(["A test of things."])) == ["A test of things."]


# Files that are none.


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.5, 0.9, 0.999])
def test_truncated_models_are_refused(share, small, tmp_path):
    path = tmp_path / "spiece.model"
    path.write_bytes(small.model_bytes[: int(share * len(small.model_bytes))])
    with pytest.raises(TokenizerError, match=r"spiece.model: "):
        T5Tokenizer(path)


@pytest.mark.parametrize(
    "content", [b"", b"\x00" * 1000, b"Ein Text.\n" * 100, b"\x0a\xff\xff\xff\xff\x0f", b"PK\x03\x04"]
)
def test_other_files_are_refused(content, tmp_path):
    with pytest.raises(CheckpointError, match=r"spiece.model: "):
        load_tokenizer(folder_with(tmp_path, spiece_dot_model=content))


@pytest.mark.parametrize("raw", [b"\xff", "▁é".encode()[:-1], b"\xed\xa0\x80"])
def test_pieces_that_are_not_utf_8_are_refused(raw, small, tmp_path):
    """SentencePiece itself reads them, and gives an error when a text has such a piece."""
    stand_in = "x" * len(raw)
    other = small.model_bytes + piece(stand_in).replace(stand_in.encode(), raw)
    sentencepiece.SentencePieceProcessor(model_proto=other)
    with pytest.raises(CheckpointError, match=r"spiece.model: one of its pieces is not UTF-8, b'"):
        load_tokenizer(folder_with(tmp_path, spiece_dot_model=other))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (b"{", "not valid JSON"),
        (b"[" * 100_000, "not valid JSON"),
        ([], "expected a JSON object"),
        ({"extra_ids": "many"}, "extra_ids must be 0 or more"),
        ({"extra_ids": -1}, "extra_ids must be 0 or more"),
        ({"extra_ids": True}, "extra_ids must be 0 or more"),
        ({"extra_ids": 10**9}, "10,000 at most"),
        ({"additional_special_tokens": ["<extra_id_999999>"]}, "10,000 at most"),
        ({"added_tokens_decoder": {"x": "y"}}, "an added token is a text with an id"),
        ({"added_tokens_decoder": {"40000": {"content": "<mask>"}}}, "tokens were added"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, message, small, tmp_path):
    folder = folder_with(tmp_path, spiece_dot_model=small.model_bytes, tokenizer_config_dot_json=settings)
    with pytest.raises(CheckpointError, match=message):
        load_tokenizer(folder)
