"""What a model folder's JSON files say of its tokenizer, beside the vocabulary itself."""

import dataclasses
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from keras_model.files.model_folder import CONFIG_FILE, CheckpointError, read_json
from keras_model.tokenizers.tokenizer import MAX_EXTRA_IDS, TOKENIZER_CONFIG_FILE

ADDED_TOKENS_FILE = "added_tokens.json"

_SENTINEL = re.compile(r"▁?<extra_id_(0|[1-9][0-9]{0,5})>")


@dataclasses.dataclass(frozen=True)
class TokenizerSettings:
    """What is said of a tokenizer.

    Attributes:
        is_bytes: whether it is byT5's, by transformers' name of its class.
        extra_ids: the number of sentinels; None where nothing is said.
        added: tokens with the ids they were given outside the vocabulary's file.
    """

    is_bytes: bool
    extra_ids: int | None
    added: Mapping[int, str]


def sentinel_number(token: str) -> int | None:
    """The N of `<extra_id_N>`, with or without the mark of a word's start; None for any other token."""
    match = _SENTINEL.fullmatch(token)
    return int(match[1]) if match else None


def read_settings(folder: Path) -> TokenizerSettings:
    """The settings in `tokenizer_config.json`, `added_tokens.json` and `config.json`, as far as they are there.

    Raises:
        CheckpointError: one of the files cannot be read, or has a value of the wrong type.
    """
    source = folder / TOKENIZER_CONFIG_FILE
    config = read_json(source) if source.is_file() else {}
    model = read_json(folder / CONFIG_FILE) if (folder / CONFIG_FILE).is_file() else {}
    added = _added_tokens(folder, config)
    # transformers writes extra_ids=0 where it also lists the sentinels by name.
    named = [*_strings(config.get("additional_special_tokens")), *_strings(config.get("extra_special_tokens"))]
    numbers = [number for token in [*named, *added.values()] if (number := sentinel_number(token)) is not None]
    extra_ids = config.get("extra_ids")
    if extra_ids is not None and (isinstance(extra_ids, bool) or not isinstance(extra_ids, int) or extra_ids < 0):
        raise CheckpointError(f"{source}: extra_ids must be 0 or more, got {extra_ids!r}.")
    if numbers:
        extra_ids = max(extra_ids or 0, max(numbers) + 1)
    if extra_ids is not None and extra_ids > MAX_EXTRA_IDS:
        raise CheckpointError(f"{source}: {extra_ids:,} sentinels; a tokenizer has {MAX_EXTRA_IDS:,} at most.")
    name = config.get("tokenizer_class") or model.get("tokenizer_class") or ""
    return TokenizerSettings(isinstance(name, str) and name.lower().startswith("byt5"), extra_ids, added)


def _added_tokens(folder: Path, config: Mapping[str, Any]) -> dict[int, str]:
    """Tokens by their ids; `added_tokens_decoder` is from id to token, the older file from token to id."""
    source = folder / ADDED_TOKENS_FILE
    pairs = [(i, token) for token, i in read_json(source).items()] if source.is_file() else []
    decoder = config.get("added_tokens_decoder") or {}
    if not isinstance(decoder, dict):
        raise CheckpointError(f"{folder / TOKENIZER_CONFIG_FILE}: added_tokens_decoder must be an object.")
    for key, value in decoder.items():
        pairs.append((int(key) if key.isascii() and key.isdigit() and len(key) < 10 else key, value))
    added: dict[int, str] = {}
    for i, token in pairs:
        text = token.get("content") if isinstance(token, dict) else token
        if isinstance(i, bool) or not isinstance(i, int) or not isinstance(text, str):
            raise CheckpointError(f"{folder}: an added token is a text with an id, got {token!r} with {i!r}.")
        added[i] = text
    return added


def _strings(value: object) -> list[str]:
    """The texts in a list of tokens, each a text or an object with its content."""
    tokens = value if isinstance(value, list) else []
    texts = [token.get("content") if isinstance(token, dict) else token for token in tokens]
    return [text for text in texts if isinstance(text, str)]
