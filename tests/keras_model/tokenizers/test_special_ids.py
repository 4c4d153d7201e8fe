"""Vocabularies whose special ids are not T5's, tokens that were added, and what the library tokenizers runs."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
import sentencepiece

from keras_model.checkpoints import CheckpointError
from keras_model.data.batches import Examples, make_batch, make_packed_batch
from keras_model.data.objectives import Objective
from keras_model.tokenizers.added_tokens import AddedToken, Splitter
from keras_model.tokenizers.loading import load_tokenizer
from keras_model.tokenizers.sentencepiece import T5Tokenizer

LINES = [
    "The cat sat on the mat, and the dog sat beside it.",
    "A dog is not a cat; a cat is not a dog.",
    "0 1 2 < > [ ]",
]


def model(**options: object) -> bytes:
    found = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(LINES),
        model_writer=found,
        vocab_size=60,
        hard_vocab_limit=False,
        minloglevel=2,
        **options,
    )
    return found.getvalue()


def folder_of(path: Path, files: dict[str, bytes | dict[str, object]]) -> Path:
    path.mkdir(exist_ok=True)
    for name, content in files.items():
        (path / name).write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return path


@pytest.fixture
def madlad(tmp_path: Path) -> Path:
    """Unknown, padding and end at 0, 1 and 2, as in MADLAD-400, and a tag."""
    vocabulary = model(unk_id=0, bos_id=1, eos_id=2, pad_id=-1, user_defined_symbols=["<2de>"])
    return folder_of(tmp_path / "madlad", {"spiece.model": vocabulary, "tokenizer_config.json": {"pad_token": "<s>"}})


def written(tokenizer: T5Tokenizer, folder: Path) -> Path:
    return folder_of(folder, dict(tokenizer.files()))


def test_the_files_say_which_ids_are_special(madlad: Path, tmp_path: Path) -> None:
    tokenizer = load_tokenizer(madlad)
    assert (tokenizer.pad_id, tokenizer.eos_id) == (1, 2)
    [ids] = tokenizer.encode(["<2de> cat ☃"])
    assert (ids[0], ids[-1]) == (3, 2)
    assert 0 in ids  # what is unknown, which is neither padding nor left out
    assert tokenizer.decode([[*ids, 1, 1]]) == tokenizer.decode([ids]) == ["<2de> cat  ⁇ "]
    again = load_tokenizer(written(tokenizer, tmp_path / "again"))
    assert (again.fingerprint, again.encode(LINES)) == (tokenizer.fingerprint, tokenizer.encode(LINES))
    (madlad / "tokenizer_config.json").unlink()
    with pytest.raises(
        CheckpointError, match="it has no padding; train it with pad_id=0, or name the padding as pad_t"
    ):
        load_tokenizer(madlad)
    (madlad / "config.json").write_text('{"pad_token_id": 1}')
    assert load_tokenizer(madlad).pad_id == 1


def test_training_pads_and_ends_with_them(madlad: Path) -> None:
    tokenizer = load_tokenizer(madlad)
    sides = tokenizer.encode(["cat ☃", LINES[0]])
    examples = Examples.from_sequences(sides, sides, tokenizer.pad_id)
    batch = make_batch(examples, np.arange(2), 3, 1, decoder_start_id=0)
    for row, ids in zip(batch.labels, [*sides, []], strict=True):
        assert row.tolist() == [*ids, *[1] * (len(row) - len(ids))]
    assert batch.encoder_ids[2].tolist() == [1] * batch.encoder_ids.shape[1]
    packed = make_packed_batch(examples, [np.array([0, 1])], 1, (90, 90), 0)
    assert packed.labels[0].tolist() == [*sides[0], *sides[1], *[1] * (90 - len(sides[0]) - len(sides[1]))]
    with pytest.raises(ValueError, match="holds id 1, which is padding"):
        Examples.from_sequences([[3, 1, 2]], [[2]], tokenizer.pad_id)
    generator = np.random.default_rng(0)
    objectives = [Objective.of(name, tokenizer, 32) for name in ("spans", "prefix_lm")]
    for one in objectives:
        made = one.examples([np.arange(5, 30, dtype=np.int32)], 0, generator)
        source, target = made.sources[0], made.targets[0]
        assert (source[-1], target[-1]) == (2, 2)


@pytest.mark.parametrize("file", ["tokenizer_config.json", "added_tokens.json", "tokenizer.json"])
def test_added_tokens_keep_their_ids(file: str, tmp_path: Path) -> None:
    vocabulary = model(pad_id=0, eos_id=1, unk_id=2, bos_id=-1)
    size = T5Tokenizer(vocabulary).vocab_size
    tokens = {"<sep>": size, "<sep>x": size + 1}
    listed: dict[str, dict[str, object]] = {
        "tokenizer_config.json": {"added_tokens_decoder": {str(i): {"content": t} for t, i in tokens.items()}},
        "added_tokens.json": dict(tokens),
        "tokenizer.json": {"added_tokens": [{"id": i, "content": t} for t, i in tokens.items()]},
    }
    tokenizer = load_tokenizer(folder_of(tmp_path / "one", {"spiece.model": vocabulary, file: listed[file]}))
    plain = T5Tokenizer(vocabulary)
    assert tokenizer.vocab_size == size + 2
    assert tokenizer.encode(LINES) == plain.encode(LINES)
    cat, dog = plain.encode(["cat"])[0][:-1], plain.encode(["a dog"])[0][:-1]
    expected = [*cat, size, *dog, size + 1, size, 1]
    assert tokenizer.encode(["cat<sep>a dog <sep>x<sep>", "cat"]) == [expected, [*cat, 1]]
    assert tokenizer.decode([expected]) == ["cat<sep> a dog<sep>x<sep>"]
    assert tokenizer.encode(["<extra_id_0>"]) == [[size - 1, 1]]
    again = load_tokenizer(written(tokenizer, tmp_path / "again"))
    assert again.encode(["cat<sep>a dog"]) == tokenizer.encode(["cat<sep>a dog"])
    assert again.fingerprint == tokenizer.fingerprint != plain.fingerprint


def test_how_a_token_is_found() -> None:
    splitter = Splitter({7: AddedToken("ab"), 8: AddedToken("abc", lstrip=True), 9: AddedToken("ok", single_word=True)})
    assert list(splitter.parts("x  abcab ok oko")) == ["x", 8, "", 7, " ", 9, " oko"]
    assert not splitter.is_in("oko a b")


def test_pairs_of_bytes_as_code_t5_has_them(tmp_path: Path) -> None:
    tokenizers = pytest.importorskip("tokenizers")
    pairs = tokenizers.ByteLevelBPETokenizer()
    special = ["<pad>", "<s>", "</s>", "<unk>"]
    pairs.train_from_iterator(LINES, vocab_size=300, special_tokens=special, show_progress=False)
    folder = tmp_path / "code"
    folder.mkdir()
    pairs.save_model(str(folder))
    size = pairs.get_vocab_size()
    (folder / "added_tokens.json").write_text(json.dumps({"<extra_id_0>": size}))
    tokenizer = load_tokenizer(folder)
    assert (tokenizer.pad_id, tokenizer.eos_id, tokenizer.vocab_size) == (0, 2, size + 1)
    text = "The cat\n\tsat <extra_id_0> é"
    parts = [pairs.encode(part).ids for part in text.split("<extra_id_0>")]
    assert tokenizer.encode([text]) == [[1, *parts[0], size, *parts[1], 2]]
    assert tokenizer.encode_with_lengths([text], 4) == ([[1, *parts[0][:2], 2]], [len(parts[0] + parts[1]) + 3])
    assert tokenizer.decode(tokenizer.encode([text])) == [text]
    again = load_tokenizer(written(tokenizer, tmp_path / "again"))
    assert (again.fingerprint, again.encode([text])) == (tokenizer.fingerprint, tokenizer.encode([text]))
    (folder / "added_tokens.json").write_text(json.dumps({"<mask>": size + 5}))
    with pytest.raises(CheckpointError, match=f"'<mask>' was added as {size + 5}, which is not free for it"):
        load_tokenizer(folder)
