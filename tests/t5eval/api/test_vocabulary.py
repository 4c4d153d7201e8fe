"""A vocabulary of a mixture of texts."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from keras_model.tokenizers.sentencepiece import T5Tokenizer
from t5eval.api.vocabulary import BYTES_OF_LINE, _lines, _pieces, train_vocabulary
from task_specs.support.errors import UserError


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    chance = random.Random(2)
    words = ["".join(chance.choices("abcdefghij", k=chance.randint(2, 7))) for _ in range(300)]
    english = [" ".join(chance.choices(words, k=12)) for _ in range(600)]
    (tmp_path / "en.txt").write_text("\n".join(english))
    german = [json.dumps({"text": f"Größe {number} und Länge {number % 7}"}) for number in range(600)]
    (tmp_path / "de.jsonl").write_text("\n".join(german))
    return [tmp_path / "en.txt", tmp_path / "de.jsonl"]


def test_a_vocabulary_has_t5s_special_ids_and_sentinels(files: list[Path], tmp_path: Path) -> None:
    made = train_vocabulary(files, out=tmp_path / "spiece.model", size=200, rates=[10, 1])
    tokenizer = T5Tokenizer(tmp_path / "spiece.model")
    assert (tokenizer.pad_id, tokenizer.eos_id, tokenizer.unknown_id) == (0, 1, 2)
    assert (made.pieces, made.sentinels, tokenizer.vocab_size) == (200, 100, 300)
    assert tokenizer.sentinels(2) == [299, 298]
    assert made.sha256 == tokenizer.fingerprint
    english, german = made.characters
    assert 9 < english / german < 11
    again = train_vocabulary(files, out=tmp_path / "again.model", size=200, rates=[10, 1])
    assert (tmp_path / "again.model").read_bytes() == (tmp_path / "spiece.model").read_bytes()
    assert again.sha256 == made.sha256
    other = train_vocabulary(files, out=tmp_path / "other.model", size=200)
    assert other.sha256 != made.sha256
    assert other.characters[0] == pytest.approx(other.characters[1], rel=0.05)


def test_another_number_of_sentinels_is_in_the_file(files: list[Path], tmp_path: Path) -> None:
    train_vocabulary(files, out=tmp_path / "spiece.model", size=200, sentinels=300)
    tokenizer = T5Tokenizer(tmp_path / "spiece.model")
    assert tokenizer.vocab_size == 500
    assert tokenizer.sentinels(300) == list(range(499, 199, -1))


def test_reading_ends_at_the_limit_or_with_a_file(files: list[Path]) -> None:
    names = [str(file) for file in files]
    read = [0, 0]
    list(_lines(names, [1, 1], 1000, read))
    assert 1000 <= sum(read) < 1200
    read = [0, 0]
    list(_lines(names, [1, 1000], 10**9, read))
    assert read[1] == sum(len(json.loads(line)["text"]) for line in files[1].read_text().splitlines())


def test_long_documents_are_cut_between_words() -> None:
    document = " ".join(["goat"] * 1000)
    pieces = list(_pieces(document))
    assert " ".join(pieces) == document
    assert max(len(piece.encode()) for piece in pieces) <= BYTES_OF_LINE
    assert [len(piece) for piece in _pieces("é" * 2500)] == [1000, 1000, 500]


def test_mistakes(files: list[Path], tmp_path: Path) -> None:
    (tmp_path / "empty.txt").write_text("")
    with pytest.raises(UserError, match=r"empty\.txt: empty; there is no text in it"):
        train_vocabulary(tmp_path / "empty.txt", out=tmp_path / "v")
    with pytest.raises(UserError, match="--rates are positive numbers, one for each file: got 1 for 2 files"):
        train_vocabulary(files, out=tmp_path / "v", rates=[1])
    (tmp_path / "one.txt").write_text("a\n")
    with pytest.raises(UserError, match="SentencePiece cannot train a model of 1 pieces"):
        train_vocabulary(tmp_path / "one.txt", out=tmp_path / "v", size=1)
    assert not (tmp_path / "v").exists()
