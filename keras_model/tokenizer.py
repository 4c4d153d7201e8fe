"""T5's tokenizer: a SentencePiece model with sentinels, encoding and decoding as seqio's SentencePieceVocabulary does.

This module imports no TensorFlow.
"""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Iterable, Sequence
from pathlib import Path

PAD_ID, EOS_ID, UNK_ID = 0, 1, 2
"""T5's special ids; a model file that has others is refused."""


class TokenizerError(ValueError):
    """A file that is no SentencePiece model for T5, or a request that no tokenizer can fulfil."""


class T5Tokenizer:
    """Text to ids and back.

    The sentinels `<extra_id_0>`, `<extra_id_1>`, ... are the last ids in descending order: with T5's own vocabulary of
    32,000 pieces and 100 sentinels, `<extra_id_0>` is 32099. In a text they count where a word starts, as in seqio.

    Args:
        path: the SentencePiece model, usually called `spiece.model`.
        extra_ids: integer. The number of sentinels. Defaults to 100.

    Raises:
        TokenizerError: the file cannot be read, or pad, end of sequence and unknown are not 0, 1 and 2.
    """

    def __init__(self, path: str | os.PathLike[str], extra_ids: int = 100) -> None:
        import sentencepiece

        if extra_ids < 0:
            raise TokenizerError(f"extra_ids must be 0 or more. Received: {extra_ids}")
        try:
            self.model_bytes = Path(path).read_bytes()
        except OSError as error:
            raise TokenizerError(f"{path}: {error.strerror or error}.") from error
        self.extra_ids = extra_ids
        self._pieces = sentencepiece.SentencePieceProcessor()
        try:
            self._pieces.LoadFromSerializedProto(self.model_bytes + _sentinel_pieces(extra_ids))
        except RuntimeError as error:
            raise TokenizerError(f"{path}: not a SentencePiece model ({error}).") from error
        special = (self._pieces.pad_id(), self._pieces.eos_id(), self._pieces.unk_id())
        if special != (PAD_ID, EOS_ID, UNK_ID):
            raise TokenizerError(
                f"{path}: T5's vocabularies have pad, end of sequence and unknown at 0, 1 and 2, got {special}; "
                "train the model with pad_id=0, eos_id=1, unk_id=2, bos_id=-1."
            )

    @property
    def vocab_size(self) -> int:
        """Number of ids, sentinels included; 32,100 for T5's own vocabulary."""
        return self._pieces.get_piece_size()

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the model file, hexadecimal."""
        return hashlib.sha256(self.model_bytes).hexdigest()

    def encode(self, texts: Sequence[str], max_tokens: int | None = None) -> list[list[int]]:
        """Ids of each text, with the end-of-sequence id at the end.

        Args:
            texts: the texts.
            max_tokens: the greatest length of a result; a longer text is cut to `max_tokens - 1` ids before the
                end-of-sequence id is appended. Defaults to no limit.
        """
        return self.encode_with_lengths(texts, max_tokens)[0]

    def encode_with_lengths(
        self, texts: Sequence[str], max_tokens: int | None = None
    ) -> tuple[list[list[int]], list[int]]:
        """Like `encode`, and the lengths before cutting: a text was cut if its length exceeds `max_tokens`."""
        if isinstance(texts, str):
            raise TypeError("encode takes a list of texts. Received one string; put it into a list.")
        if max_tokens is not None and max_tokens < 1:
            raise TokenizerError(f"max_tokens must be at least 1, for the end-of-sequence id. Received: {max_tokens}")
        encoded = self._pieces.encode(list(texts), out_type=int)
        lengths = [len(ids) + 1 for ids in encoded]
        for ids in encoded:
            # In place: copying the ids of long passages costs a tenth of encoding them.
            if max_tokens is not None:
                del ids[max_tokens - 1 :]
            ids.append(EOS_ID)
        return encoded, lengths

    def decode(self, sequences: Iterable[Iterable[int]]) -> list[str]:
        """Texts of id sequences, each up to its first end-of-sequence id.

        Padding leaves no trace, and an id outside the vocabulary becomes the unknown piece, written ` ⁇ `.
        """
        size = self.vocab_size
        cleaned = []
        for sequence in sequences:
            ids: list[int] = []
            for i in sequence:
                if i == EOS_ID:
                    break
                ids.append(int(i) if 0 <= i < size else UNK_ID)
            cleaned.append(ids)
        return self._pieces.decode(cleaned) if cleaned else []

    @classmethod
    def train(
        cls,
        lines: Iterable[str],
        path: str | os.PathLike[str],
        vocab_size: int,
        extra_ids: int = 100,
        seed: int = 0,
        model_type: str = "unigram",
    ) -> T5Tokenizer:
        """Trains a SentencePiece model with T5's special ids; the same lines give the same file.

        Args:
            lines: the texts to learn from.
            path: the file to write.
            vocab_size: integer. Greatest number of pieces without sentinels; fewer are made where the text is small.
            extra_ids: integer. The number of sentinels of the returned tokenizer. Defaults to 100.
            seed: integer. Seed of SentencePiece's random numbers. Defaults to 0.
            model_type: string. `unigram`, as T5's own, or `bpe`, which keeps more whole words of a small text. Defaults
                to `unigram`.

        Raises:
            TokenizerError: SentencePiece cannot make such a model, for instance from no text.
        """
        import io

        import sentencepiece

        model = io.BytesIO()
        sentencepiece.set_random_generator_seed(seed)
        try:
            sentencepiece.SentencePieceTrainer.train(
                sentence_iterator=iter(lines),
                model_writer=model,
                model_type=model_type,
                vocab_size=vocab_size,
                hard_vocab_limit=False,
                character_coverage=1.0,
                pad_id=PAD_ID,
                eos_id=EOS_ID,
                unk_id=UNK_ID,
                bos_id=-1,
                num_threads=1,
                shuffle_input_sentence=False,
                minloglevel=2,
            )
        except RuntimeError as error:
            raise TokenizerError(f"SentencePiece cannot train a model of {vocab_size} pieces: {error}") from error
        path = Path(path)
        temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        temporary.write_bytes(model.getvalue())
        os.replace(temporary, path)
        return cls(path, extra_ids=extra_ids)


def _sentinel_pieces(extra_ids: int) -> bytes:
    """The sentinels as pieces to append to a serialised SentencePiece model, the highest number first.

    A protocol buffer can be extended by appending the bytes of further elements. The fields are those of ModelProto:
    pieces = 1 (a message), and in it piece = 1 (string), score = 2 (float), type = 3 (4 is USER_DEFINED).
    """
    serialised = b""
    for number in reversed(range(extra_ids)):
        text = f"▁<extra_id_{number}>".encode()
        piece = b"\x0a" + bytes([len(text)]) + text + b"\x15" + struct.pack("<f", 0.0) + b"\x18\x04"
        serialised += b"\x0a" + bytes([len(piece)]) + piece
    return serialised
