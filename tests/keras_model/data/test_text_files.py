"""Plain text files: documents, chunks, and examples that follow from the seed and their number."""

from __future__ import annotations

import gzip
import itertools
import lzma
import tracemalloc
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from keras_model.data import text_files
from keras_model.data.objectives import Objective
from keras_model.data.text_files import (
    DOCUMENTS_AT_A_TIME,
    MAX_LINE_BYTES,
    chunks,
    is_held_out,
    read_documents,
    text_blocks,
    text_examples,
    text_pairs,
)
from keras_model.tokenizers.byte_tokenizer import ByteTokenizer
from keras_model.tokenizers.sentencepiece import T5Tokenizer

BYTES = ByteTokenizer()


def ids(text: str) -> list[int]:
    return [byte + 3 for byte in text.encode()]


def test_a_document_is_a_line(tmp_path: Path) -> None:
    plain, packed = tmp_path / "a.txt", tmp_path / "b.txt.gz"
    objects, squeezed = tmp_path / "c.jsonl.gz", tmp_path / "d.txt.xz"
    objects.write_bytes(gzip.compress(b'{"text": " one\\ntwo", "url": "u"}\n\n{"text": " "}\n'))
    squeezed.write_bytes(lzma.compress(b"small\n"))
    plain.write_bytes("no longer\r\n\n  \n café \u2028au lait \nlast".encode())
    packed.write_bytes(gzip.compress(b"packed\n\ntwice\n"))
    assert list(read_documents([plain, packed])) == ["no longer", "café \u2028au lait", "last", "packed", "twice"]
    assert list(read_documents([objects, squeezed])) == ["one\ntwo", "small"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", None, "a.txt: cannot be read: No such file or directory"),
        ("a.txt", b"fine\n\xff\n", "a.txt: line 2: not UTF-8: invalid start byte"),
        ("a.txt", b"fine\nPK\x00\x01\n", "a.txt: line 2: not text: it has the byte 0"),
        ("a.txt", b"", "a.txt: empty; there is no text in it"),
        ("a.gz", gzip.compress(b"", mtime=0), "a.gz: empty; there is no text in it"),
        ("a.xz", b"plain text", "a.xz: not a complete xz file"),
        ("a.jsonl", b'{"text": 5}\n', 'a.jsonl: line 1: not a JSON object with a "text"'),
        ("a.json", b"[" * 100_000, 'a.json: line 1: not a JSON object with a "text"'),
        ("a.gz", b"plain text", "a.gz: not a complete gz file"),
        ("a.gz", gzip.compress(b"a long text" * 1000, mtime=0)[:-20], "a.gz: not a complete gz file"),
        ("a.gz", gzip.compress(b"x" * 1000, mtime=0)[:12] + b"\xff" * 20, "a.gz: not a complete gz file"),
    ],
)
def test_files_that_are_no_text(tmp_path: Path, name: str, content: bytes | None, message: str) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=message):
        list(read_documents([tmp_path / name]))


def test_a_line_of_a_compressed_file_is_bounded(tmp_path: Path) -> None:
    """2.5 MB of gzip that unpack to a line of 2.5 GB, which took as much memory; and lines at the bound."""
    bomb = tmp_path / "bomb.gz"
    block = gzip.compress(b"x" * (1 << 20))
    bomb.write_bytes(gzip.compress(b"first\n") + block * 2500)
    assert bomb.stat().st_size < 2_700_000
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=r"bomb.gz: line 2: longer than 4,194,304 bytes; no document is"):
            list(read_documents([bomb]))
        assert tracemalloc.get_traced_memory()[1] < 32 << 20
    finally:
        tracemalloc.stop()
    (tmp_path / "a.txt").write_bytes(b"x" * (MAX_LINE_BYTES - 1) + b"\n" + b"y" * (MAX_LINE_BYTES + 1))
    documents = read_documents([tmp_path / "a.txt"])
    assert len(next(documents)) == MAX_LINE_BYTES - 1
    with pytest.raises(ValueError, match="line 2: longer than"):
        next(documents)


def test_long_documents_are_tokenised_in_smaller_batches() -> None:
    class Counting(ByteTokenizer):
        sizes: ClassVar[list[int]] = []

        def encode(self, texts: Sequence[str]) -> list[list[int]]:
            self.sizes.append(len(texts))
            return [[5, 6, 1] for _ in texts]

    pieces = list(chunks(["x" * (1 << 20)] * 10, Counting(), lambda _: 4, joined=True))
    assert Counting.sizes == [4, 4, 2]
    assert [len(piece) for piece in pieces] == [4] * 5


def test_joined_documents_fill_every_chunk() -> None:
    documents = [f"document {n} has {n % 7 * 'many '}words" for n in range(2 * DOCUMENTS_AT_A_TIME + 5)]
    pieces = [piece.tolist() for piece in chunks(documents, BYTES, lambda _: 100, joined=True)]
    assert [i for piece in pieces for i in piece] == ids("".join(documents))
    assert {len(piece) for piece in pieces[:-1]} == {100}


def test_separate_documents_end_with_their_chunks() -> None:
    pieces = [piece.tolist() for piece in chunks(["abcdefg", "hij", "k", "lm"], BYTES, lambda _: 3, joined=False)]
    # A single id cannot be both read and written.
    assert pieces == [ids("abc"), ids("def"), ids("hij"), ids("lm")]


def test_pieces_of_several_lengths_and_a_limit() -> None:
    documents = [f"document {n} has {n % 7 * 'many '}words" for n in range(50)]
    text = ids("".join(documents))
    lengths = [7, 30, 11]
    pieces = [piece.tolist() for piece in chunks(documents, BYTES, lambda n: lengths[n % 3], joined=True)]
    assert [len(piece) for piece in pieces[:-1]] == [lengths[n % 3] for n in range(len(pieces) - 1)]
    assert list(itertools.chain(*pieces)) == text
    for limit, joined in ((100, True), (101, True), (48, True), (49, True), (40, False)):
        found = list(chunks(documents, BYTES, lambda n: lengths[n % 3], joined, limit_tokens=limit))
        # One id that is left over makes no piece.
        assert limit - 1 <= sum(map(len, found)) <= limit
    assert sum(map(len, chunks(documents, BYTES, lambda _: 7, True, limit_tokens=10**6))) in (len(text), len(text) - 1)


def test_held_out_documents_follow_from_their_text_alone() -> None:
    documents = [f"document {n}" for n in range(20_000)]
    held = [is_held_out(document, 0.01) for document in documents]
    assert sum(held) == pytest.approx(200, abs=45)  # three standard deviations
    assert held == [is_held_out(document, 0.01) for document in documents]
    assert all(is_held_out(document, 0.02) for document, is_in in zip(documents, held, strict=True) if is_in)
    assert not is_held_out("any", 0.0)


def test_examples_follow_from_seed_and_number(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("".join(f"{n} bottles of beer on the wall\n" for n in range(40)))
    objective = Objective.of("spans", BYTES, inputs=64)
    first, again, other = (list(text_pairs([path], BYTES, objective, seed)) for seed in (1, 1, 2))
    assert len(first) == -(-len("".join(read_documents([path]))) // objective.chunk_length(0))
    for (source, target), (source_again, target_again) in zip(first, again, strict=True):
        np.testing.assert_array_equal(source, source_again)
        np.testing.assert_array_equal(target, target_again)
    assert any(len(a) != len(b) or (a != b).any() for (a, _), (b, _) in zip(first, other, strict=True))
    assert {len(source) for source, _ in first[:-1]} == {64}
    assert all(len(source) <= 64 for source, _ in text_pairs([path], BYTES, Objective.of("prefix_lm", BYTES, 64)))


@pytest.mark.parametrize("name", ["spans", "prefix_lm", "ul2"])
def test_blocks_are_made_without_those_before_them(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_files, "BLOCK_BYTES", 1000)
    documents = [f"document {n} has {n % 7 * 'mäny '}words \ud800" for n in range(200)]
    objective = Objective.of(name, BYTES, inputs=32)

    def fingerprints(wanted: Callable[[int], bool]) -> dict[int, list[str]]:
        blocks = text_blocks(documents, BYTES, objective, seed=3)
        return {number: [part.fingerprint() for part in block] for number, block in blocks if wanted(number)}

    whole = fingerprints(lambda _: True)
    assert list(whole) == [*range(9)]
    assert len({*itertools.chain(*whole.values())}) == sum(map(len, whole.values()))  # no random number comes twice
    for rest in range(3):
        mine = fingerprints(lambda number, rest=rest: number % 3 == rest)
        assert mine == {number: found for number, found in whole.items() if number % 3 == rest}


def test_a_limit_reaches_over_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it is reached, no document is read further."""
    monkeypatch.setattr(text_files, "BLOCK_BYTES", 50)
    read = []
    documents = (read.append(n) or "ten bytes." for n in range(5000))
    found = [*text_examples(documents, BYTES, Objective.of("lm", BYTES, inputs=8), limit_tokens=123)]
    # Each block of 50 ids has 7 pieces of 7 ids; one id that is left over makes no piece.
    assert [int(sum(part.targets.lengths - 1)) for part in found] == [49, 49, 25]
    assert len(read) <= 3 * 5 + 1


def test_real_text_with_t5s_vocabulary(shared_data: Path) -> None:
    tokenizer = T5Tokenizer(shared_data / "t5_vocab" / "spiece.model")
    text = shared_data / "predictions" / "cnn_dailymail" / "test.highlights"
    objective = Objective.of("spans", tokenizer)
    assert objective.special.sentinels.tolist() == list(range(32099, 32071, -1))
    pairs = list(text_pairs([text], tokenizer, objective))
    # T5's published lengths, in every chunk but the last.
    assert {(len(source), len(target)) for source, target in pairs[:-1]} == {(512, 114)}
    documents = tokenizer.encode(list(read_documents([text])))
    assert 568 * (len(pairs) - 1) < sum(len(ids) - 1 for ids in documents) <= 568 * len(pairs)
