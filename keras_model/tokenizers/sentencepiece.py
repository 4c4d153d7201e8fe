"""T5's tokenizer: a SentencePiece model with sentinels, encoding and decoding as seqio's SentencePieceVocabulary does.

This module imports no TensorFlow.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from keras_model.files.atomic import replacing
from keras_model.files.model_folder import VOCABULARY_FILE, pointer_fault
from keras_model.tokenizers.sentencepiece_model import sentinels
from keras_model.tokenizers.tokenizer import (
    EOS_ID,
    PAD_ID,
    TOKENIZER_CONFIG_FILE,
    Tokenizer,
    TokenizerError,
    check_extra_ids,
    tokenizer_config,
)

if TYPE_CHECKING:
    import sentencepiece

DEFAULT_EXTRA_IDS = 100


class T5Tokenizer(Tokenizer):
    """A SentencePiece model with sentinels.

    The sentinels `<extra_id_0>`, `<extra_id_1>`, ... are the last ids in descending order: with T5's own vocabulary of
    32,000 pieces and 100 sentinels, `<extra_id_0>` is 32099. In a text they count where a word starts, as in seqio.

    Args:
        model: the SentencePiece model, usually called `spiece.model`: its path or its content.
        extra_ids: integer. The number of sentinels to append to the model's pieces; a model that has `<extra_id_0>`
            among them, as mT5's, gets none. Defaults to 100.
        source: what error messages call the model. Defaults to its path.

    Raises:
        TokenizerError: the file cannot be read, is no SentencePiece model, or has other ids than 0 and 1 for pad and
            end of sequence.
    """

    def __init__(
        self, model: str | os.PathLike[str] | bytes, extra_ids: int = DEFAULT_EXTRA_IDS, source: str | None = None
    ) -> None:
        check_extra_ids(extra_ids)
        if isinstance(model, bytes):
            self.model_bytes = model
            source = source or "the vocabulary"
        else:
            source = source or str(model)
            try:
                self.model_bytes = Path(model).read_bytes()
            except OSError as error:
                raise TokenizerError(f"{source}: {error.strerror or error}.") from error
            if fault := pointer_fault(Path(model)):
                raise TokenizerError(fault)
        # Read without sentinels first: behind a file that was cut, they would pass for its missing bytes.
        own = _processor(self.model_bytes, source)
        has_sentinels = any(own.piece_to_id(text) != own.unk_id() for text in ("▁<extra_id_0>", "<extra_id_0>"))
        self.extra_ids = 0 if has_sentinels else extra_ids
        self._pieces = _processor(self.model_with_sentinels, source) if self.extra_ids else own
        special = (self._pieces.pad_id(), self._pieces.eos_id())
        if special != (PAD_ID, EOS_ID):
            raise TokenizerError(
                f"{source}: T5's vocabularies have pad and end of sequence at 0 and 1, got {special}; "
                "train the model with pad_id=0, eos_id=1, unk_id=2, bos_id=-1."
            )

    @property
    def vocab_size(self) -> int:
        """Number of ids, sentinels included; 32,100 for T5's own vocabulary."""
        return self._pieces.get_piece_size()

    @property
    def model_with_sentinels(self) -> bytes:
        """A SentencePiece model that has the sentinels among its own pieces, for who does not append them."""
        return self.model_bytes + sentinels(reversed(range(self.extra_ids)))

    @property
    def fingerprint(self) -> str:
        """See `Tokenizer`; with 100 sentinels, as T5 has, the SHA-256 of the model file."""
        digest = hashlib.sha256(self.model_bytes).hexdigest()
        if self.extra_ids == DEFAULT_EXTRA_IDS:
            return digest
        return hashlib.sha256(f"{digest} with {self.extra_ids} sentinels".encode()).hexdigest()

    def files(self) -> dict[str, bytes]:
        return {
            VOCABULARY_FILE: self.model_bytes,
            TOKENIZER_CONFIG_FILE: tokenizer_config("T5Tokenizer", self.extra_ids),
        }

    def _ids(self, texts: list[str]) -> list[list[int]]:
        return self._pieces.encode(texts, out_type=int, num_threads=self.threads)

    def count_unknown(self, texts: Sequence[str]) -> int:
        return sum(self._pieces.unk_id() in ids for ids in self.encode(texts))

    def _texts(self, sequences: list[list[int]]) -> list[str]:
        # An id outside the vocabulary becomes the unknown piece, written ` ⁇ `; its id is 2 in most, 3 in umT5's.
        size, unknown = self.vocab_size, self._pieces.unk_id()
        return self._pieces.decode([[i if 0 <= i < size else unknown for i in ids] for ids in sequences])

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
                unk_id=2,
                bos_id=-1,
                num_threads=1,
                shuffle_input_sentence=False,
                minloglevel=2,
            )
        except RuntimeError as error:
            raise TokenizerError(f"SentencePiece cannot train a model of {vocab_size} pieces: {error}") from error
        path = Path(path)
        with replacing(path) as temporary:
            temporary.write_bytes(model.getvalue())
        return cls(path, extra_ids=extra_ids)


def _processor(model: bytes, source: str) -> sentencepiece.SentencePieceProcessor:
    import sentencepiece

    pieces = sentencepiece.SentencePieceProcessor()
    try:
        pieces.LoadFromSerializedProto(model)
    except RuntimeError as error:
        raise TokenizerError(f"{source}: not a SentencePiece model ({error}).") from error
    return pieces
