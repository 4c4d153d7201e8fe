"""`t5eval.train_vocabulary`: a SentencePiece vocabulary of any mixture of texts."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from t5eval.api.arguments import PathName, names_of
from t5eval.support.stages import stage
from task_specs.support.errors import UserError

# SentencePiece passes over longer ones in silence.
BYTES_OF_LINE = 4000
# SentencePiece's own: what is rarer is unknown. T5's German, French and Romanian need no more.
CHARACTER_COVERAGE = 0.9995


@dataclass(frozen=True)
class Vocabulary:
    """A vocabulary that was trained.

    Attributes:
        path: the SentencePiece model, as it was named.
        pieces: how many it has, without sentinels.
        sentinels: how many come besides.
        characters: how many were read of each file.
        sha256: of the model.
    """

    path: str
    pieces: int
    sentinels: int
    characters: tuple[int, ...]
    sha256: str

    def to_json(self) -> dict[str, Any]:
        """Returns what `t5eval data vocabulary --json` prints."""
        return asdict(self)


def train_vocabulary(
    files: PathName | Sequence[PathName],
    *,
    out: PathName,
    size: int = 32_000,
    sentinels: int = 100,
    rates: Sequence[float] = (),
    characters: int = 100_000_000,
) -> Vocabulary:
    """Trains a SentencePiece model with T5's special ids; the same texts give the same file.

    Args:
        files: text files, a document a line, or JSON lines with a `text`.
        out: the file of the model.
        size: the most pieces.
        sentinels: how many sentinels the vocabulary has besides. T5's 100 every reader adds by itself; with another
            number they are in the file.
        rates: how much is read of each file, in proportion to the others; equal amounts if empty. Reading ends where
            the first file does.
        characters: the most that are read.

    Raises:
        UserError: a file cannot be read, the rates are not those of the files, or SentencePiece finds too little text.
    """
    from keras_model.files.atomic import replacing
    from keras_model.tokenizers.sentencepiece import DEFAULT_EXTRA_IDS, T5Tokenizer

    names, path = names_of(files), Path(out)
    shares = list(rates) or [1.0] * len(names)
    if len(shares) != len(names) or not all(0 < share < float("inf") for share in shares):
        raise UserError(f"--rates are positive numbers, one for each file: got {len(shares)} for {len(names)} files")
    read = [0] * len(names)
    with stage("training the vocabulary"):
        try:
            made = T5Tokenizer.train(
                _lines(names, shares, characters, read), path, size, sentinels, character_coverage=CHARACTER_COVERAGE
            )
        except ValueError as error:
            raise UserError(str(error)) from None
        except OSError as error:
            raise UserError(f"{path}: cannot be written: {error.strerror or error}") from None
    pieces = made.vocab_size - sentinels
    if sentinels != DEFAULT_EXTRA_IDS:
        with replacing(path) as temporary:
            temporary.write_bytes(made.model_with_sentinels)
        made = T5Tokenizer(path)
    return Vocabulary(os.fspath(out), pieces, sentinels, tuple(read), made.fingerprint)


def _lines(names: Sequence[str], shares: Sequence[float], most: int, read: list[int]) -> Iterator[str]:
    """Yields the documents of files in pieces, always of the one that is furthest behind its share, until one ends."""
    from keras_model.data.text_files import read_documents

    documents = [read_documents([name]) for name in names]
    while sum(read) < most:
        file = min(range(len(names)), key=lambda number: read[number] / shares[number])
        document = next(documents[file], None)
        if document is None:
            return
        read[file] += len(document)
        yield from _pieces(document)


def _pieces(document: str) -> Iterator[str]:
    """Yields a document in lines that are short enough, cut between words."""
    most = BYTES_OF_LINE // 4  # characters, of which one has at most four bytes
    for line in document.splitlines():
        while len(line) > most:
            cut = line.rfind(" ", 1, most) if " " in line[1:most] else most
            yield line[:cut]
            line = line[cut:].lstrip()
        if line:
            yield line
