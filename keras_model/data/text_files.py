"""Plain text files as examples of an unsupervised objective.

A document is a line; blank lines are passed over. Files are UTF-8, ends of line LF or CRLF. JSON lines, by a name in
`.jsonl` or `.json`, have the document under `text`; a name that ends in `.gz` or `.xz` is of a compressed file. Files
are read once, in order, in constant memory: a line has at most `MAX_LINE_BYTES`, unpacked.
"""

import gzip
import hashlib
import itertools
import json
import lzma
import zlib
from collections.abc import Callable, Generator, Iterable, Iterator
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np

from keras_model.data.batches import Examples
from keras_model.data.objectives import SHORTEST_CHUNK, Objective
from keras_model.tokenizers.tokenizer import Tokenizer

DOCUMENTS_AT_A_TIME = 1024
"""Documents that are tokenised in one call."""

MAX_LINE_BYTES = 4 << 20
"""The longest line, its end included; a book has about a megabyte."""

CHARACTERS_AT_A_TIME = 4 << 20
"""Where a call has no more documents than it takes to reach as many characters."""

TEXTS_AT_A_TIME = 128
"""Texts of which examples are made in one call."""

BLOCK_BYTES = 16_000_000
"""A block of documents ends with the one that reaches as many bytes of UTF-8."""

OPENERS: dict[str, Callable[..., Any]] = {".gz": gzip.open, ".xz": lzma.open}
JSON_SUFFIXES = (".jsonl", ".json")


def read_lines(file: Path) -> Iterator[tuple[int, str]]:
    """A text file's lines that are not blank, with their numbers, stripped.

    Raises:
        ValueError: the file cannot be read, is empty or no text, or has a line of more than `MAX_LINE_BYTES`.
    """
    number = 0
    try:
        with OPENERS.get(file.suffix, open)(file, "rb") as lines:
            for number, line in enumerate(iter(lambda: lines.readline(MAX_LINE_BYTES + 1), b""), 1):
                if len(line) > MAX_LINE_BYTES:
                    raise ValueError(f"{file}: line {number}: longer than {MAX_LINE_BYTES:,} bytes; no document is")
                try:
                    text = line.decode("utf-8").strip()
                except UnicodeDecodeError as error:
                    raise ValueError(f"{file}: line {number}: not UTF-8: {error.reason}") from None
                if "\0" in text:
                    raise ValueError(f"{file}: line {number}: not text: it has the byte 0")
                if text:
                    yield number, text
    except (EOFError, zlib.error, gzip.BadGzipFile, lzma.LZMAError) as error:
        raise ValueError(f"{file}: not a complete {file.suffix[1:]} file: {error}") from None
    except OSError as error:
        raise ValueError(f"{file}: cannot be read: {error.strerror}") from None
    if not number:
        raise ValueError(f"{file}: empty; there is no text in it")


def is_json(file: Path) -> bool:
    """Whether a file's name says that each line is a JSON object."""
    return (Path(file.stem) if file.suffix in OPENERS else file).suffix in JSON_SUFFIXES


def read_objects(file: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """The objects of a file of JSON lines, each with a `text`, and their lines' numbers.

    Raises:
        ValueError: as for `read_lines`, or a line is no such object.
    """
    for number, line in read_lines(file):
        try:
            found = json.loads(line)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict) or not isinstance(found.get("text"), str):
            raise ValueError(f'{file}: line {number}: not a JSON object with a "text"')
        yield number, found


def read_documents(files: Iterable[str | Path]) -> Iterator[str]:
    """The documents of text files.

    Raises:
        ValueError: a file cannot be read, is empty or no text, or has a line of more than `MAX_LINE_BYTES`.
    """
    for file in map(Path, files):
        if is_json(file):
            yield from (text for _, found in read_objects(file) if (text := found["text"].strip()))
        else:
            yield from (text for _, text in read_lines(file))


def is_held_out(document: str, share: float) -> bool:
    """Whether a document belongs to the held-out part of a corpus.

    That follows from the document alone: from a hash, whichever file it stands in, and so does every copy of it.

    Args:
        share: the part's share of all documents, from 0 to 1.
    """
    number = int.from_bytes(hashlib.blake2b(document.encode("utf-8", "replace"), digest_size=8).digest(), "big")
    return number < share * 2**64


def chunks(
    documents: Iterable[str],
    tokenizer: Tokenizer,
    length: Callable[[int], int],
    joined: bool,
    limit_tokens: int | None = None,
) -> Iterator[np.ndarray]:
    """The ids of documents in pieces.

    Args:
        tokenizer: makes ids of them; the ends of sequence are left out.
        length: the ids of piece number n, from 0.
        joined: whether the documents are joined, as by T5 without a mark between them, and only the very last piece is
            shorter. Otherwise the last piece of each document is.
        limit_tokens: the most ids of all pieces together; None for no limit.

    Returns:
        int32 arrays, shape [from SHORTEST_CHUNK to `length`]; shorter ones are left out.
    """
    number, left = 0, float("inf") if limit_tokens is None else limit_tokens

    def cut(ids: np.ndarray, only_full: bool) -> Generator[np.ndarray, None, np.ndarray]:
        """Yields the pieces, and returns what is left over."""
        nonlocal number, left
        while (size := int(min(length(number), left))) >= SHORTEST_CHUNK:
            if len(ids) < (size if only_full else SHORTEST_CHUNK):
                return ids
            yield ids[:size]
            number, left, ids = number + 1, left - min(size, len(ids)), ids[size:]
        return ids[:0]

    rest = np.zeros(0, np.int32)
    for batch in _batches(documents):
        # Half the time of np.array, which looks at every id twice.
        arrays = [np.fromiter(ids, np.int32, len(ids)) for ids in tokenizer.encode(batch)]
        encoded = [ids[len(tokenizer.prefix) : -1] for ids in arrays]
        if joined:
            rest = yield from cut(np.concatenate([rest, *encoded]), only_full=True)
        else:
            for ids in encoded:
                yield from cut(ids, only_full=False)
        if left < SHORTEST_CHUNK:
            return
    yield from cut(rest, only_full=False)


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


def text_blocks(
    documents: Iterable[str],
    tokenizer: Tokenizer,
    objective: Objective,
    seed: int = 0,
    limit_tokens: int | None = None,
) -> Iterator[tuple[int, Iterator[Examples]]]:
    """The blocks of documents, each with the examples that an objective makes of it, `TEXTS_AT_A_TIME` at a time.

    A block's examples follow from its number and its own documents, which are joined with no other block's. So several
    jobs can share the blocks: where a block's examples are not asked for, its documents are read, and not tokenised.

    Args:
        seed: a non-negative integer. The same documents, objective and seed give the same examples.
        limit_tokens: the most ids of the documents that are used, of the blocks whose examples are asked for; None for
            all.

    Returns:
        Blocks' numbers, from 0, and their examples, to be asked for before the next block.
    """
    left = limit_tokens

    def examples(number: int, block: Iterator[str]) -> Iterator[Examples]:
        nonlocal left
        pieces = chunks(block, tokenizer, objective.chunk_length, objective.joins_documents, left)
        for first in itertools.count(0, TEXTS_AT_A_TIME):
            texts = list(itertools.islice(pieces, TEXTS_AT_A_TIME))
            if not texts:
                return
            if left is not None:
                left -= sum(map(len, texts))
            yield objective.examples(texts, first, np.random.default_rng([seed, first, number]))

    for number, block in itertools.groupby(_with_blocks(documents), key=itemgetter(0)):
        yield number, examples(number, map(itemgetter(1), block))
        if left is not None and left < SHORTEST_CHUNK:
            return


def _with_blocks(documents: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Documents, each after the number of its block."""
    number, size = 0, 0
    for document in documents:
        yield number, document
        size += len(document.encode("utf-8", "replace"))  # JSON can have half a surrogate pair
        if size >= BLOCK_BYTES:
            number, size = number + 1, 0


def text_examples(
    documents: Iterable[str],
    tokenizer: Tokenizer,
    objective: Objective,
    seed: int = 0,
    limit_tokens: int | None = None,
) -> Iterator[Examples]:
    """The examples of all blocks, one after the other; see `text_blocks`."""
    for _, examples in text_blocks(documents, tokenizer, objective, seed, limit_tokens):
        yield from examples


def text_pairs(
    files: Iterable[str | Path], tokenizer: Tokenizer, objective: Objective, seed: int = 0
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The examples that an objective makes of text files.

    Args:
        files: their paths.
        tokenizer: makes ids of the text.
        objective: makes a source and a target of a piece of text.
        seed: a non-negative integer. The same files, objective and seed give the same examples.

    Returns:
        Sources and targets, int32, each ending in EOS.

    Raises:
        ValueError: a file cannot be read, is empty, or is no text.
    """
    for examples in text_examples(read_documents(files), tokenizer, objective, seed):
        yield from zip(examples.sources, examples.targets, strict=True)
