"""T5's tokenizer: a SentencePiece model with sentinels, encoding and decoding as seqio's SentencePieceVocabulary does.

This module imports no TensorFlow.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_model.files.atomic import replacing
from keras_model.files.model_folder import VOCABULARY_FILE, pointer_fault
from keras_model.tokenizers.added_tokens import AddedToken, Splitter
from keras_model.tokenizers.sentencepiece_model import USER_DEFINED, piece, sentinels
from keras_model.tokenizers.tokenizer import (
    EOS_ID,
    PAD_ID,
    TOKENIZER_CONFIG_FILE,
    Tokenizer,
    TokenizerError,
    check_extra_ids,
    known,
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
        pad_id: integer. The id of padding, for a model that has none of its own. Defaults to none.
        added: tokens by their ids, found in a text before it is cut into pieces: pieces of the model, or more that come
            after the sentinels, without a gap.

    Raises:
        TokenizerError: the file cannot be read, is no SentencePiece model, or has no padding or end of sequence.
    """

    def __init__(
        self,
        model: str | os.PathLike[str] | bytes,
        extra_ids: int = DEFAULT_EXTRA_IDS,
        source: str | None = None,
        pad_id: int | None = None,
        added: Mapping[int, AddedToken] | None = None,
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
        _require_utf8(own, source)
        self.has_sentinels = any(own.piece_to_id(text) != own.unk_id() for text in ("▁<extra_id_0>", "<extra_id_0>"))
        self.extra_ids = 0 if self.has_sentinels else extra_ids
        self.added = dict(sorted((added or {}).items()))
        # With the added tokens among the pieces, they are decoded; the splitter keeps them from being encoded as such.
        last = own.get_piece_size() + self.extra_ids - 1
        more = b"".join(piece(token.content, kind=USER_DEFINED) for i, token in self.added.items() if i > last)
        self._pieces = _processor(self.model_with_sentinels + more, source) if self.extra_ids or more else own
        self._splitter = Splitter(self.added) if added else None
        self.pad_id = pad_id if own.pad_id() < 0 and pad_id is not None else own.pad_id()
        self.eos_id = own.eos_id()
        if self.pad_id < 0 or self.eos_id < 0:
            name, option = ("padding", "pad_id=0") if self.pad_id < 0 else ("end of sequence", "eos_id=1")
            raise TokenizerError(
                f"{source}: it has no {name}; train it with {option}, or name the padding as pad_token_id in the "
                "config.json beside it."
            )

    @property
    def vocab_size(self) -> int:
        """Number of ids, sentinels included; 32,100 for T5's own vocabulary."""
        return self._pieces.get_piece_size()

    def id_of(self, text: str) -> int | None:
        """The id of a piece or token; None if there is none."""
        found = self._pieces.piece_to_id(text)
        return None if found == self._pieces.unk_id() and self._pieces.id_to_piece(found) != text else found

    def is_text(self, i: int) -> bool:
        """Whether an id stands for a text, and not for an end, padding or what is unknown."""
        return not (self._pieces.is_control(i) or self._pieces.is_unknown(i))

    @property
    def model_with_sentinels(self) -> bytes:
        """A SentencePiece model that has the sentinels among its own pieces, for who does not append them."""
        return self.model_bytes + sentinels(reversed(range(self.extra_ids)))

    @property
    def fingerprint(self) -> str:
        """See `Tokenizer`; with 100 sentinels, as T5 has, the SHA-256 of the model file."""
        found = hashlib.sha256(self.model_bytes).hexdigest()
        if self.extra_ids != DEFAULT_EXTRA_IDS:
            found = hashlib.sha256(f"{found} with {self.extra_ids} sentinels".encode()).hexdigest()
        if self._named or self.added:
            found = hashlib.sha256(f"{found} {self.pad_id} {self.added}".encode()).hexdigest()
        return found

    @property
    def _named(self) -> dict[str, str]:
        """The special tokens by the names that transformers has for them, where they are not T5's."""
        ids = {"pad_token": self.pad_id, "eos_token": self.eos_id, "unk_token": self._pieces.unk_id()}
        usual = {"pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>"}
        found = {name: self._pieces.id_to_piece(i) for name, i in ids.items()}
        return found if found != usual or (self.pad_id, self.eos_id) != (PAD_ID, EOS_ID) else {}

    def files(self) -> dict[str, bytes]:
        more: dict[str, Any] = dict(self._named)
        if self.added:
            more["added_tokens_decoder"] = {str(i): dataclasses.asdict(token) for i, token in self.added.items()}
        return {
            VOCABULARY_FILE: self.model_bytes,
            TOKENIZER_CONFIG_FILE: tokenizer_config("T5Tokenizer", self.extra_ids, **more),
        }

    @property
    def unknown_id(self) -> int:
        return self._pieces.unk_id()

    def _ids(self, texts: list[str]) -> list[list[int]]:
        splitter = self._splitter
        if splitter is None or not any(map(splitter.is_in, texts)):
            return self._pieces.encode(texts, out_type=int, num_threads=self.threads)
        parts = [list(splitter.parts(text)) for text in texts]
        between = iter(self._ids([part for row in parts for part in row if isinstance(part, str)]))
        return [[i for part in row for i in ([part] if isinstance(part, int) else next(between))] for row in parts]

    def count_unknown(self, texts: Sequence[str]) -> int:
        return sum(self._pieces.unk_id() in ids for ids in self.encode(texts))

    def _texts(self, sequences: list[list[int]]) -> list[str]:
        return self._pieces.decode([known(ids, self.vocab_size, self.unknown_id) for ids in sequences])

    @classmethod
    def train(
        cls,
        lines: Iterable[str],
        path: str | os.PathLike[str],
        vocab_size: int,
        extra_ids: int = 100,
        seed: int = 0,
        model_type: str = "unigram",
        character_coverage: float = 1.0,
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
            character_coverage: float. The share of the text's characters that the pieces cover; the rarest of the rest
                are unknown. Defaults to all.

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
                character_coverage=character_coverage,
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


def _require_utf8(pieces: sentencepiece.SentencePieceProcessor, source: str) -> None:
    """SentencePiece takes pieces of any bytes, and fails at the first text that has one."""
    try:
        pieces.id_to_piece(list(range(pieces.get_piece_size())))
    except UnicodeDecodeError as error:
        raise TokenizerError(f"{source}: one of its pieces is not UTF-8, {error.object[:20]!r}.") from None
