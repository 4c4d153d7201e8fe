"""Plain text files as examples of an unsupervised objective.

A document is a line; blank lines are passed over. Files are UTF-8, ends of line LF or CRLF, and compressed where their
name ends in `.gz`. They are read once, in order, in constant memory: a line has at most `MAX_LINE_BYTES`, unpacked.
"""

import gzip
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from keras_model.data.objectives import SHORTEST_CHUNK, Objective
from keras_model.tokenizers.tokenizer import Tokenizer

DOCUMENTS_AT_A_TIME = 1024
"""Documents that are tokenised in one call."""

MAX_LINE_BYTES = 4 << 20
"""The longest line, its end included; a book has about a megabyte."""

CHARACTERS_AT_A_TIME = 4 << 20
"""Where a call has no more documents than it takes to reach as many characters."""


def read_documents(files: Iterable[str | Path]) -> Iterator[str]:
    """The documents of text files.

    Raises:
        ValueError: a file cannot be read, is no text, or has a line of more than `MAX_LINE_BYTES`.
    """
    for file in map(Path, files):
        try:
            with gzip.open(file) if file.suffix == ".gz" else file.open("rb") as lines:
                for number, line in enumerate(iter(lambda: lines.readline(MAX_LINE_BYTES + 1), b""), 1):
                    if len(line) > MAX_LINE_BYTES:
                        raise ValueError(f"{file}: line {number}: longer than {MAX_LINE_BYTES:,} bytes; no document is")
                    try:
                        document = line.decode("utf-8").strip()
                    except UnicodeDecodeError as error:
                        raise ValueError(f"{file}: line {number}: not UTF-8: {error.reason}") from None
                    if document:
                        yield document
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise ValueError(f"{file}: not a complete gzip file: {error}") from None
        except OSError as error:
            raise ValueError(f"{file}: cannot be read: {error.strerror}") from None


def chunks(documents: Iterable[str], tokenizer: Tokenizer, length: int, joined: bool) -> Iterator[np.ndarray]:
    """The ids of documents in pieces of `length`.

    Args:
        tokenizer: makes ids of them; the ends of sequence are left out.
        length: ids of a piece.
        joined: whether the documents are joined, as by T5 without a mark between them, and only the very last piece is
            shorter. Otherwise the last piece of each document is.

    Returns:
        int32 arrays, shape [from SHORTEST_CHUNK to `length`]; shorter ones are left out.
    """
    rest: list[int] = []
    for batch in _batches(documents):
        for ids in tokenizer.encode(batch):
            rest += ids[len(tokenizer.prefix) : -1]
            full = len(rest) // length * length if joined else len(rest)
            yield from _pieces(rest[:full], length)
            del rest[:full]
    yield from _pieces(rest, length)


def _batches(documents: Iterable[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    characters = 0
    for document in documents:
        batch.append(document)
        characters += len(document)
        if len(batch) == DOCUMENTS_AT_A_TIME or characters >= CHARACTERS_AT_A_TIME:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


def _pieces(ids: Sequence[int], length: int) -> Iterator[np.ndarray]:
    for start in range(0, len(ids), length):
        piece = np.array(ids[start : start + length], np.int32)
        if len(piece) >= SHORTEST_CHUNK:
            yield piece


def text_pairs(
    files: Iterable[str | Path], tokenizer: Tokenizer, objective: Objective, seed: int = 0
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The examples that an objective makes of text files.

    Args:
        files: their paths.
        tokenizer: makes ids of the text.
        objective: makes a source and a target of a chunk.
        seed: a non-negative integer. Example k follows from the seed, k and its chunk alone.

    Returns:
        Sources and targets, int32, each ending in EOS.

    Raises:
        ValueError: a file cannot be read, or is no text.
    """
    pieces = chunks(read_documents(files), tokenizer, objective.chunk_length, objective.joins_documents)
    for number, ids in enumerate(pieces):
        yield objective.pair(ids, np.random.default_rng([seed, number]))
