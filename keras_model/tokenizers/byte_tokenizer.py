"""byT5's tokenizer: a text's UTF-8 bytes, without a vocabulary. This module imports no TensorFlow."""

import hashlib
import re

from keras_model.tokenizers.tokenizer import (
    TOKENIZER_CONFIG_FILE,
    Tokenizer,
    TokenizerError,
    check_extra_ids,
    tokenizer_config,
)

FIRST_BYTE = 3
"""Id of the byte 0; 0 to 2 are padding, end of sequence and unknown, which no text gives."""

FIRST_SENTINEL = FIRST_BYTE + 256

_SENTINEL = re.compile(r"<extra_id_(0|[1-9][0-9]{0,4})>")


class ByteTokenizer(Tokenizer):
    """Byte b is id b + 3, and the sentinel `<extra_id_N>`, wherever it stands in a text, 259 + N.

    The texts `<pad>`, `</s>` and `<unk>` are bytes like any other, where transformers makes them the special ids.

    Decoding drops bytes that are no UTF-8, and every id that is no byte: sentinels, unknown, and ids beyond the last.

    Args:
        extra_ids: integer. The number of sentinels. Defaults to 125, which makes 384 ids.

    Source: ids as transformers' ByT5Tokenizer has them, texts as its decoding without special tokens and T5's own
    ByteVocabulary (seqio) give them.
    """

    def __init__(self, extra_ids: int = 125) -> None:
        check_extra_ids(extra_ids)
        self.extra_ids = extra_ids

    @property
    def vocab_size(self) -> int:
        """Number of ids, sentinels included; 384 for byT5."""
        return FIRST_SENTINEL + self.extra_ids

    @property
    def unknown_id(self) -> int:
        return FIRST_BYTE - 1

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(f"bytes with {self.extra_ids} sentinels".encode()).hexdigest()

    def sentinels(self, count: int) -> list[int]:
        """The ids of the last bytes, in descending order: 258, 257, ...

        byT5 was trained so (Xue et al. 2022, section 3.1); UTF-8 has none of the bytes of the first eleven.
        """
        if not 0 <= count <= 256:
            raise TokenizerError(f"The objective needs {count} sentinels; of bytes there are 256.")
        return list(range(FIRST_SENTINEL - 1, FIRST_SENTINEL - 1 - count, -1))

    def files(self) -> dict[str, bytes]:
        return {TOKENIZER_CONFIG_FILE: tokenizer_config("ByT5Tokenizer", self.extra_ids)}

    def _ids(self, texts: list[str]) -> list[list[int]]:
        return [
            self._with_sentinels(text) if "<extra_id_" in text else [byte + FIRST_BYTE for byte in text.encode()]
            for text in texts
        ]

    def _with_sentinels(self, text: str) -> list[int]:
        ids: list[int] = []
        start = 0
        for match in _SENTINEL.finditer(text):
            number = int(match[1])
            if number < self.extra_ids:
                ids += [byte + FIRST_BYTE for byte in text[start : match.start()].encode()]
                ids.append(FIRST_SENTINEL + number)
                start = match.end()
        return ids + [byte + FIRST_BYTE for byte in text[start:].encode()]

    def _texts(self, sequences: list[list[int]]) -> list[str]:
        return [
            bytes(i - FIRST_BYTE for i in ids if FIRST_BYTE <= i < FIRST_SENTINEL).decode("utf-8", "ignore")
            for ids in sequences
        ]
