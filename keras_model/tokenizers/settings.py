"""What a model folder's JSON files say of its tokenizer, beside the vocabulary itself."""

import dataclasses
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from keras_model.files.model_folder import CONFIG_FILE, CheckpointError, read_json
from keras_model.tokenizers.added_tokens import AddedToken
from keras_model.tokenizers.tokenizer import MAX_EXTRA_IDS, TOKENIZER_CONFIG_FILE

ADDED_TOKENS_FILE = "added_tokens.json"
SPECIAL_TOKENS_FILE = "special_tokens_map.json"
TOKENIZER_JSON_FILE = "tokenizer.json"

_SENTINEL = re.compile(r"▁?<extra_id_(0|[1-9][0-9]{0,5})>")


@dataclasses.dataclass(frozen=True)
class TokenizerSettings:
    """What is said of a tokenizer.

    Attributes:
        is_bytes: whether it is byT5's, by transformers' name of its class.
        extra_ids: the number of sentinels; None where nothing is said.
        added: tokens with the ids they were given outside the vocabulary's file.
        special: the texts of special tokens by transformers' names, such as `pad_token`.
        ids: the special ids of the model's configuration, by its names, such as `pad_token_id`.
        rows: how many embeddings the model has; infinity where that is not said.
        add_prefix_space: whether a text is read as if a space stood before it, where its vocabulary leaves that open.
    """

    is_bytes: bool
    extra_ids: int | None
    added: Mapping[int, AddedToken]
    special: Mapping[str, str]
    ids: Mapping[str, int]
    rows: float
    add_prefix_space: bool


def sentinel_number(token: str) -> int | None:
    """The N of `<extra_id_N>`, with or without the mark of a word's start; None for any other token."""
    match = _SENTINEL.fullmatch(token)
    return int(match[1]) if match else None


def read_settings(folder: Path) -> TokenizerSettings:
    """The settings in the JSON files of a tokenizer and in the model's `config.json`, as far as they are there.

    Raises:
        CheckpointError: one of the files cannot be read, or has a value of the wrong type.
    """
    source = folder / TOKENIZER_CONFIG_FILE
    config, model, names = (_object(folder / name) for name in (source.name, CONFIG_FILE, SPECIAL_TOKENS_FILE))
    added = _added_tokens(folder, config)
    # transformers writes extra_ids=0 where it also lists the sentinels by name.
    named = [*_strings(config.get("additional_special_tokens")), *_strings(config.get("extra_special_tokens"))]
    texts = [*named, *(token.content for token in added.values())]
    numbers = [number for text in texts if (number := sentinel_number(text)) is not None]
    extra_ids = config.get("extra_ids")
    if extra_ids is not None and (isinstance(extra_ids, bool) or not isinstance(extra_ids, int) or extra_ids < 0):
        raise CheckpointError(f"{source}: extra_ids must be 0 or more, got {extra_ids!r}.")
    if numbers:
        extra_ids = max(extra_ids or 0, max(numbers) + 1)
    if extra_ids is not None and extra_ids > MAX_EXTRA_IDS:
        raise CheckpointError(f"{source}: {extra_ids:,} sentinels; a tokenizer has {MAX_EXTRA_IDS:,} at most.")
    name = config.get("tokenizer_class") or model.get("tokenizer_class") or ""
    own = model.get("config")
    arguments = own if isinstance(own, dict) else model  # KerasHub's, or transformers'
    rows = arguments.get("vocabulary_size", arguments.get("vocab_size"))
    return TokenizerSettings(
        is_bytes=isinstance(name, str) and name.lower().startswith("byt5"),
        extra_ids=extra_ids,
        added=added,
        special={
            key: text[0] for key, value in {**names, **config}.items() if key.endswith("_token")
            if (text := _strings([value]))
        },
        ids={key: i for key, i in model.items() if key.endswith("_token_id") and type(i) is int},
        rows=rows if isinstance(rows, int) else math.inf,
        add_prefix_space=config.get("add_prefix_space") is True,
    )  # fmt: skip


def _object(path: Path) -> dict[str, Any]:
    return read_json(path) if path.is_file() else {}


def _added_tokens(folder: Path, config: Mapping[str, Any]) -> dict[int, AddedToken]:
    """Tokens by their ids.

    `tokenizer.json` lists them, `added_tokens_decoder` is from id to token, the oldest file from token to id.
    """
    listed = _object(folder / TOKENIZER_JSON_FILE).get("added_tokens")
    tokens = listed if isinstance(listed, list) else []
    pairs: list[tuple[Any, Any]] = [(token.get("id"), token) for token in tokens if isinstance(token, dict)]
    pairs += [(i, token) for token, i in _object(folder / ADDED_TOKENS_FILE).items()]
    decoder = config.get("added_tokens_decoder") or {}
    if not isinstance(decoder, dict):
        raise CheckpointError(f"{folder / TOKENIZER_CONFIG_FILE}: added_tokens_decoder must be an object.")
    for key, value in decoder.items():
        pairs.append((int(key) if key.isascii() and key.isdigit() and len(key) < 10 else key, value))
    added: dict[int, AddedToken] = {}
    fields = {field.name for field in dataclasses.fields(AddedToken)} - {"content"}
    for i, token in pairs:
        text = token.get("content") if isinstance(token, dict) else token
        if isinstance(i, bool) or not isinstance(i, int) or not isinstance(text, str) or not text:
            raise CheckpointError(f"{folder}: an added token is a text with an id, got {token!r} with {i!r}.")
        flags = {name: token[name] is True for name in fields if name in token} if isinstance(token, dict) else {}
        if isinstance(token, dict) or i not in added:
            added[i] = AddedToken(text, **flags)
    return added


def _strings(value: object) -> list[str]:
    """The texts in a list of tokens, each a text or an object with its content."""
    tokens = value if isinstance(value, list) else []
    texts = [token.get("content") if isinstance(token, dict) else token for token in tokens]
    return [text for text in texts if isinstance(text, str)]
