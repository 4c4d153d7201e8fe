"""The tokenizer that belongs to a checkpoint, found among its files. This module imports no TensorFlow."""

from __future__ import annotations

import math
import os
from pathlib import Path

from keras_model.config import T5Config
from keras_model.files.model_folder import CONFIG_FILE, VOCABULARY_FILE, CheckpointError, read_json
from keras_model.tokenizers import sentencepiece_model
from keras_model.tokenizers.byte_tokenizer import FIRST_SENTINEL, ByteTokenizer
from keras_model.tokenizers.sentencepiece import DEFAULT_EXTRA_IDS, T5Tokenizer
from keras_model.tokenizers.settings import TokenizerSettings, read_settings, sentinel_number
from keras_model.tokenizers.tokenizer import EOS_ID, PAD_ID, Tokenizer, TokenizerError
from keras_model.tokenizers.tokenizer_json import read_tokenizer_json

BYTES = "bytes"
"""What a user says instead of a file for byT5's tokenizer."""

KERAS_HUB_FILE = "assets/tokenizer/vocabulary.spm"
SENTENCEPIECE_FILES = (VOCABULARY_FILE, "sentencepiece.model", KERAS_HUB_FILE)
"""Hugging Face's name, T5's own, KerasHub's."""

TOKENIZER_JSON_FILE = "tokenizer.json"


class NoTokenizerError(CheckpointError):
    """A folder without a tokenizer."""


def load_tokenizer(folder: str | os.PathLike[str], vocab: str | os.PathLike[str] | None = None) -> Tokenizer:
    """The tokenizer of a model folder.

    It is byT5's where `tokenizer_config.json` (or else `config.json`) names that class. Otherwise it is the
    SentencePiece model `spiece.model`, `sentencepiece.model` or `assets/tokenizer/vocabulary.spm` (KerasHub), or else
    the one that `tokenizer.json` describes. Sentinels are added to a SentencePiece model that has none itself: as many
    as `tokenizer_config.json` says, or else 100 (in a KerasHub preset whose model has too few ids for them, none).

    Args:
        folder: the model folder, or the checkpoint's file in it.
        vocab: what to use instead of what is in the folder: the path of a SentencePiece model, which gets 100
            sentinels if it has none, or `bytes` for byT5's tokenizer. Defaults to none.

    Raises:
        NoTokenizerError: there is no tokenizer.
        CheckpointError: what is there cannot be used.
    """
    folder = Path(folder)
    folder = folder if folder.is_dir() else folder.parent
    try:
        if vocab is None:
            settings = read_settings(folder)
            tokenizer = _from_folder(folder, settings)
            unknown = [i for i, token in settings.added.items() if token == "<unk>"]
        else:
            tokenizer, unknown = ByteTokenizer() if str(vocab) == BYTES else T5Tokenizer(vocab), []
    except TokenizerError as error:
        raise CheckpointError(str(error)) from error
    config = read_json(folder / CONFIG_FILE) if (folder / CONFIG_FILE).is_file() else {}
    for named in (config.get("unk_token_id"), *unknown):
        if named is not None and named != tokenizer.unknown_id:
            raise CheckpointError(
                f"{folder}: its configuration says that the unknown id is {named!r}, in its vocabulary it is "
                f"{tokenizer.unknown_id}; the two do not belong together."
            )
    return tokenizer


def require_ids_of(config: T5Config, tokenizer: Tokenizer, source: str) -> None:
    """Raises an error if a model's configuration has other special ids, or fewer ids, than its tokenizer.

    Raises:
        CheckpointError: as said; `source` is what it calls the model.
    """
    if tokenizer.vocab_size > config.vocab_size:
        raise CheckpointError(
            f"{source}: its model has {config.vocab_size:,} embeddings, fewer than the {tokenizer.vocab_size:,} ids of "
            "the vocabulary; the two do not belong together."
        )
    for name, own, expected in (
        ("pad_token_id", config.pad_token_id, PAD_ID),
        ("eos_token_id", config.eos_token_id, EOS_ID),
    ):
        if own != expected:
            raise CheckpointError(
                f"{source}: its configuration says {name}={own}, its tokenizer has {expected} for that; "
                "the two do not belong together."
            )


def _from_folder(folder: Path, settings: TokenizerSettings) -> Tokenizer:
    if settings.is_bytes:
        return _bytes(folder, settings)
    for name in SENTENCEPIECE_FILES:
        if (folder / name).is_file():
            tokenizer = _sentencepiece(folder / name, settings)
            if name == KERAS_HUB_FILE and tokenizer.vocab_size > _keras_hub_rows(folder):
                return T5Tokenizer(
                    folder / name, extra_ids=0
                )  # KerasHub adds no sentinels, and there is no room for any
            return tokenizer
    path = folder / TOKENIZER_JSON_FILE
    if path.is_file():
        model, extra_ids = read_tokenizer_json(path)
        return T5Tokenizer(model, extra_ids, source=str(path))
    raise NoTokenizerError(
        f"{folder}: there is no tokenizer in it, none of {', '.join(SENTENCEPIECE_FILES)} and {TOKENIZER_JSON_FILE}; "
        f"--vocab FILE names a SentencePiece model, --vocab {BYTES} is byT5's tokenizer."
    )


def _keras_hub_rows(folder: Path) -> float:
    """How many embeddings the model of a KerasHub preset has, as far as its config.json says."""
    path = folder / CONFIG_FILE
    arguments = read_json(path).get("config") if path.is_file() else None
    rows = arguments.get("vocabulary_size") if isinstance(arguments, dict) else None
    return rows if isinstance(rows, int) else math.inf


def _bytes(folder: Path, settings: TokenizerSettings) -> ByteTokenizer:
    tokenizer = ByteTokenizer() if settings.extra_ids is None else ByteTokenizer(settings.extra_ids)
    for i, token in settings.added.items():
        if i >= FIRST_SENTINEL and sentinel_number(token) != i - FIRST_SENTINEL:
            raise CheckpointError(
                f"{folder}: the token {token!r} was added as {i}, which byT5's tokenizer does not have; "
                f"--vocab {BYTES} goes without."
            )
    return tokenizer


def _sentencepiece(path: Path, settings: TokenizerSettings) -> T5Tokenizer:
    """The tokenizer of a SentencePiece model, if it has every token that was added under its id.

    Sentinels that were added in another order than T5's are appended in theirs.
    """
    tokenizer = T5Tokenizer(path, DEFAULT_EXTRA_IDS if settings.extra_ids is None else settings.extra_ids)
    last, first = tokenizer.vocab_size - 1, tokenizer.vocab_size - tokenizer.extra_ids
    added = {i: token for i, token in sorted(settings.added.items()) if i >= first}
    numbers = {i: number for i, token in added.items() if (number := sentinel_number(token)) is not None}
    if len(numbers) == len(added):
        if all(i + number == last for i, number in numbers.items()):
            return tokenizer
        if list(numbers) == list(range(first, first + len(numbers))):
            model = tokenizer.model_bytes + sentencepiece_model.sentinels(numbers.values())
            return T5Tokenizer(model, 0, source=str(path))
    names = ", ".join(f"{token!r} as {i}" for i, token in added.items() if last - i != numbers.get(i))
    raise CheckpointError(
        f"{path}: tokens were added that this vocabulary does not have ({names}); --vocab {path} goes without."
    )
