"""Tokenizers that no SentencePiece model can be, run by Hugging Face's library tokenizers: CodeT5's byte pairs, Llama's
pieces in a `tokenizer.json`, and whatever else that file describes. This module imports no TensorFlow."""

import dataclasses
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from keras_model.files.model_folder import VOCABULARY_FILE
from keras_model.tokenizers.settings import (
    ADDED_TOKENS_FILE,
    SPECIAL_TOKENS_FILE,
    TOKENIZER_JSON_FILE,
    TokenizerSettings,
    sentinel_number,
)
from keras_model.tokenizers.tokenizer import TOKENIZER_CONFIG_FILE, Tokenizer, TokenizerError

VOCAB_FILE, MERGES_FILE = "vocab.json", "merges.txt"
LLAMA_FILE = "tokenizer.model"
FILES = (
    TOKENIZER_JSON_FILE, VOCAB_FILE, MERGES_FILE, ADDED_TOKENS_FILE, SPECIAL_TOKENS_FILE, TOKENIZER_CONFIG_FILE,
    VOCABULARY_FILE, LLAMA_FILE,
)  # fmt: skip
"""What is kept of a folder, byte for byte, and written beside a model again."""
ROBERTA = {
    "bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>", "mask_token": "<mask>",
}  # fmt: skip
"""The special tokens of a byte-level BPE that names none."""


class FastTokenizer(Tokenizer):
    """What the library tokenizers makes of a folder's files. Every text ends with the end of sequence, as T5's do.

    Args:
        folder: holds `tokenizer.json`, or `vocab.json` and `merges.txt` of a byte-level BPE.
        settings: what its other files say.

    Raises:
        TokenizerError: a file cannot be read, or does not say which ids are padding and end of sequence.
    """

    def __init__(self, folder: Path, settings: TokenizerSettings) -> None:
        self._files = {name: (folder / name).read_bytes() for name in FILES if (folder / name).is_file()}
        self._source = str(folder / (TOKENIZER_JSON_FILE if TOKENIZER_JSON_FILE in self._files else VOCAB_FILE))
        try:
            import tokenizers

            if TOKENIZER_JSON_FILE in self._files:
                self._fast = tokenizers.Tokenizer.from_buffer(self._files[TOKENIZER_JSON_FILE])
            else:
                self._fast = _byte_pairs(folder, settings)
            self._fast.no_truncation()
            self._fast.no_padding()
        except ModuleNotFoundError as error:
            raise TokenizerError(
                f"{self._source}: its kind of tokenizer needs {error.name}: pip install tokenizers."
            ) from None
        except TokenizerError:
            raise
        except Exception as error:  # the library raises nothing more exact
            raise TokenizerError(f"{self._source}: the library tokenizers cannot read it ({error}).") from None
        self.pad_id, self.eos_id = (self._special(settings, name) for name in ("pad", "eos"))
        ids = self._fast.encode("").ids
        self.prefix = tuple(ids[:-1] if ids[-1:] == [self.eos_id] else ids)
        self._size = max(self._fast.get_vocab(with_added_tokens=True).values(), default=0) + 1
        self._unknown = self._fast.token_to_id(settings.special.get("unk_token", "<unk>"))
        added = self._fast.get_added_tokens_decoder().values()
        self.extra_ids = sum(sentinel_number(token.content) is not None for token in added)

    def _special(self, settings: TokenizerSettings, name: str) -> int:
        text = settings.special.get(f"{name}_token", {"pad": "<pad>", "eos": "</s>"}[name])
        found = self._fast.token_to_id(text)
        found = settings.ids.get(f"{name}_token_id") if found is None else found
        if found is None:
            raise TokenizerError(
                f"{self._source}: it has no {text}, and neither {TOKENIZER_CONFIG_FILE} nor config.json beside it says "
                f"which id is its {name}_token."
            )
        return found

    @property
    def vocab_size(self) -> int:
        """Number of ids, up to the greatest."""
        return self._size

    @property
    def fingerprint(self) -> str:
        digest = hashlib.sha256(json.dumps([self.pad_id, self.eos_id, self.prefix]).encode())
        for name in (TOKENIZER_JSON_FILE,) if TOKENIZER_JSON_FILE in self._files else FILES:
            digest.update(hashlib.sha256(self._files.get(name, b"")).digest())
        return digest.hexdigest()

    def files(self) -> dict[str, bytes]:
        return dict(self._files)

    def count_unknown(self, texts: Sequence[str]) -> int:
        return sum(self._unknown in ids for ids in self.encode(texts))

    def _ids(self, texts: list[str]) -> list[list[int]]:
        if self.threads == 1:
            return [self._fast.encode(text, add_special_tokens=False).ids for text in texts]
        return [encoded.ids for encoded in self._fast.encode_batch_fast(texts, add_special_tokens=False)]

    def _texts(self, sequences: list[list[int]]) -> list[str]:
        unwritten = {*self.prefix}
        written = [[i for i in ids if i not in unwritten] for ids in sequences]
        return self._fast.decode_batch(written, skip_special_tokens=False)


def _byte_pairs(folder: Path, settings: TokenizerSettings) -> Any:
    """RoBERTa's tokenizer, which is CodeT5's: pairs of bytes, `<s>` in front and `</s>` behind."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors

    tokenizer = Tokenizer(models.BPE.from_file(str(folder / VOCAB_FILE), str(folder / MERGES_FILE)))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=settings.add_prefix_space)
    tokenizer.decoder = decoders.ByteLevel()
    special = {**ROBERTA, **settings.special}
    own = {name: text for name, text in special.items() if tokenizer.token_to_id(text) is not None}
    tokenizer.add_special_tokens([AddedToken(t, normalized=False, lstrip=n == "mask_token") for n, t in own.items()])
    for i, token in sorted(settings.added.items()):
        tokenizer.add_tokens([AddedToken(**dataclasses.asdict(token))])
        if tokenizer.token_to_id(token.content) != i:
            raise TokenizerError(f"{folder}: the token {token.content!r} was added as {i}, which is not free for it.")
    first, last = (special.get(a, special[b]) for a, b in (("cls_token", "bos_token"), ("sep_token", "eos_token")))
    if not {first, last} <= {*own.values()}:
        raise TokenizerError(f"{folder / VOCAB_FILE}: it has no {first} and {last}, which stand around every text.")
    ids = [tokenizer.token_to_id(text) or 0 for text in (last, first)]
    tokenizer.post_processor = processors.RobertaProcessing(
        (last, ids[0]), (first, ids[1]), trim_offsets=False, add_prefix_space=False
    )
    return tokenizer
