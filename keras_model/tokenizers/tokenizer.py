"""What every tokenizer here is: texts to ids and back, with T5's ends and cuts. This module imports no TensorFlow."""

import abc
import itertools
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from keras_model.files.atomic import replacing

PAD_ID, EOS_ID = 0, 1
"""The special ids of T5, mT5, umT5 and byT5; other families have others."""

MAX_EXTRA_IDS = 10_000
"""The most sentinels a tokenizer can have; T5 has 100, byT5 125, umT5 300."""

UNKNOWN = " ⁇ "
"""What SentencePiece, and so T5, writes for the unknown id."""

TOKENIZER_CONFIG_FILE = "tokenizer_config.json"


class TokenizerError(ValueError):
    """A file that is no tokenizer of a T5, or a request that no tokenizer can fulfil."""


class Tokenizer(abc.ABC):
    """Text to ids and back.

    A text may hold lone surrogates, which JSON can bring and which no encoding of Unicode has: each is read as U+FFFD,
    the replacement character.

    Attributes:
        pad_id: the id of padding.
        eos_id: the id of the end of sequence.
        prefix: ids that every text begins with, such as the `<s>` of CodeT5's; none in most.
        extra_ids: the number of sentinels that come after the vocabulary itself.
        threads: how many threads encode many texts, where a tokenizer can use several; -1 for one per core.
    """

    pad_id: int = PAD_ID
    eos_id: int = EOS_ID
    prefix: tuple[int, ...] = ()
    extra_ids: int = 0
    threads: int = -1

    @property
    @abc.abstractmethod
    def vocab_size(self) -> int:
        """Number of ids, sentinels included."""

    @property
    def unknown_id(self) -> int | None:
        """The id of what the vocabulary lacks: 2 in most T5s, 3 in umT5's; None where that is not looked at."""
        return None

    @property
    @abc.abstractmethod
    def fingerprint(self) -> str:
        """SHA-256, hexadecimal; tokenizers that give other ids or other texts have other fingerprints."""

    @abc.abstractmethod
    def files(self) -> dict[str, bytes]:
        """What a model folder holds of this tokenizer: names and contents, which `load_tokenizer` reads back."""

    def save(self, folder: Path) -> None:
        """Writes `files` into a folder that is there; each replaces one of its name when it is whole."""
        for name, content in self.files().items():
            with replacing(folder / name) as temporary:
                temporary.write_bytes(content)

    @abc.abstractmethod
    def _ids(self, texts: list[str]) -> list[list[int]]:
        """A new list of ids for each text, without prefix and end of sequence; the texts are valid Unicode."""

    @abc.abstractmethod
    def _texts(self, sequences: list[list[int]]) -> list[str]:
        """Texts of id sequences, whatever the ids, none of which is the end of sequence."""

    def count_unknown(self, texts: Sequence[str]) -> int:
        """How many texts hold a character that no id stands for, so that a model cannot write it."""
        return 0

    def sentinels(self, count: int) -> list[int]:
        """Ids that stand for what an objective takes out of a text: those of `<extra_id_0>`, `<extra_id_1>`, ...

        Where these do not suffice, the ids below go on, as in T5: in its vocabularies the rarest pieces, which then
        have two meanings.

        Raises:
            TokenizerError: the vocabulary has no `<extra_id_0>`, or not so many ids.
        """
        names = [f"<extra_id_{number}>" for number in range(count)]
        own = (ids[len(self.prefix) : -1] for ids in self.encode(names))
        found = [ids[0] for ids in itertools.takewhile(lambda ids: len(ids) == 1, own)]
        if count and not found:
            raise TokenizerError(f"The objective needs {count} sentinels; the vocabulary has no <extra_id_0>.")
        lowest = min(found, default=0)
        more = range(lowest - 1, lowest - 1 - (count - len(found)), -1)
        if more and more[-1] <= max(self.pad_id, self.eos_id, self.unknown_id or 0):
            raise TokenizerError(f"The objective needs {count} sentinels; the vocabulary has {self.vocab_size} ids.")
        return [*found, *more]

    def encode(self, texts: Sequence[str], max_tokens: int | None = None) -> list[list[int]]:
        """Ids of each text, with the end-of-sequence id at the end.

        Args:
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
        special = len(self.prefix) + 1
        if max_tokens is not None and max_tokens < special:
            raise TokenizerError(
                f"max_tokens must be at least {special}, for the end-of-sequence id. Received: {max_tokens}"
            )
        encoded = self._ids(_valid(texts))
        lengths = [len(ids) + special for ids in encoded]
        for ids in encoded:
            ids[:0] = self.prefix
            # In place: copying the ids of long passages costs a tenth of encoding them.
            if max_tokens is not None:
                del ids[max_tokens - 1 :]
            ids.append(self.eos_id)
        return encoded, lengths

    def decode(self, sequences: Iterable[Iterable[int]]) -> list[str]:
        """Texts of id sequences, each up to its first end-of-sequence id; padding leaves no trace."""
        cut = []
        for sequence in sequences:
            ids: list[int] = []
            for i in sequence:
                if i == self.eos_id:
                    break
                if i != self.pad_id:
                    ids.append(int(i))
            cut.append(ids)
        return self._texts(cut) if cut else []


def known(ids: Iterable[int], size: int, unknown: int) -> list[int]:
    """The ids, with the unknown one for those that no vocabulary of this size has, as seqio decodes them.

    A T5 has embeddings that no id of its vocabulary stands for: 32,128 for 32,100.
    """
    return [i if 0 <= i < size else unknown for i in ids]


def check_extra_ids(extra_ids: int) -> None:
    """Raises TokenizerError if this is no number of sentinels."""
    if not 0 <= extra_ids <= MAX_EXTRA_IDS:
        raise TokenizerError(f"extra_ids must be from 0 to {MAX_EXTRA_IDS:,}. Received: {extra_ids}")


def tokenizer_config(tokenizer_class: str, extra_ids: int, **more: Any) -> bytes:
    """The `tokenizer_config.json` of a tokenizer, for us and for transformers."""
    values: dict[str, Any] = {"tokenizer_class": tokenizer_class, "extra_ids": extra_ids, **more}
    return (json.dumps(values, indent=2, sort_keys=True) + "\n").encode()


def _valid(texts: Sequence[str]) -> list[str]:
    """The texts without lone surrogates."""
    try:
        for text in texts:
            text.encode()
        return list(texts)
    except UnicodeEncodeError:
        return [text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") for text in texts]
