"""The tokenizer that belongs to a checkpoint, found among its files. This module imports no TensorFlow."""

import os
from pathlib import Path

from keras_model.config import T5Config
from keras_model.files.model_folder import VOCABULARY_FILE, CheckpointError
from keras_model.tokenizers import sentencepiece_model
from keras_model.tokenizers.added_tokens import AddedToken
from keras_model.tokenizers.byte_tokenizer import FIRST_SENTINEL, ByteTokenizer
from keras_model.tokenizers.fast_tokenizer import LLAMA_FILE, MERGES_FILE, VOCAB_FILE, FastTokenizer
from keras_model.tokenizers.sentencepiece import DEFAULT_EXTRA_IDS, T5Tokenizer
from keras_model.tokenizers.settings import TOKENIZER_JSON_FILE, TokenizerSettings, read_settings, sentinel_number
from keras_model.tokenizers.tokenizer import Tokenizer, TokenizerError
from keras_model.tokenizers.tokenizer_json import read_tokenizer_json

BYTES = "bytes"
"""What a user says instead of a file for byT5's tokenizer."""

KERAS_HUB_FILE = "assets/tokenizer/vocabulary.spm"
SENTENCEPIECE_FILES = (VOCABULARY_FILE, "sentencepiece.model", KERAS_HUB_FILE)
"""Hugging Face's name, T5's own, KerasHub's."""


class NoTokenizerError(CheckpointError):
    """A folder without a tokenizer."""


def load_tokenizer(folder: str | os.PathLike[str] | None, vocab: str | os.PathLike[str] | None = None) -> Tokenizer:
    """The tokenizer of a model folder.

    It is byT5's where `tokenizer_config.json` (or else `config.json`) names that class. Otherwise it is the
    SentencePiece model `spiece.model`, `sentencepiece.model` or `assets/tokenizer/vocabulary.spm` (KerasHub), or else
    the one that `tokenizer.json` describes; where that describes none, or there are `vocab.json` and `merges.txt`, the
    library tokenizers runs it. Llama's `tokenizer.model` comes last. Sentinels are added to a SentencePiece model that
    has none itself: as many as `tokenizer_config.json` says, or else 100 (in a KerasHub preset without room, none).
    Padding is the vocabulary's own id, else that of the `pad_token`, else `pad_token_id` of `config.json`.

    Args:
        folder: the model folder, or the checkpoint's file in it; None for no folder, if a vocabulary is named.
        vocab: what to use instead of what is in the folder: the path of a SentencePiece model, which gets 100
            sentinels if it has none, or `bytes` for byT5's tokenizer. Defaults to none.

    Raises:
        NoTokenizerError: there is no tokenizer.
        CheckpointError: what is there cannot be used.
    """
    if str(vocab) == BYTES:
        return ByteTokenizer()
    try:
        if folder is None and vocab is not None:
            return T5Tokenizer(vocab)
        place = Path(folder or "")
        place = place if place.is_dir() else place.parent
        settings = read_settings(place)
        found = (
            _from_folder(place, settings)
            if vocab is None
            else T5Tokenizer(vocab, pad_id=settings.ids.get("pad_token_id"))
        )
    except TokenizerError as error:
        raise CheckpointError(str(error)) from error
    unknown = [] if vocab else [i for i, token in settings.added.items() if token.content == "<unk>"]
    for named in (settings.ids.get("unk_token_id"), *unknown):
        if named is not None and found.unknown_id not in (named, None):
            raise CheckpointError(
                f"{place}: its configuration says that the unknown id is {named!r}, in its vocabulary it is "
                f"{found.unknown_id}; the two do not belong together."
            )
    return found


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
        ("pad_token_id", config.pad_token_id, tokenizer.pad_id),
        ("eos_token_id", config.eos_token_id, tokenizer.eos_id),
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
            return _sentencepiece(folder / name, settings)
    if (folder / TOKENIZER_JSON_FILE).is_file():
        return _from_json(folder, settings)
    if (folder / VOCAB_FILE).is_file() and (folder / MERGES_FILE).is_file():
        return FastTokenizer(folder, settings)
    if (folder / LLAMA_FILE).is_file():
        return _sentencepiece(folder / LLAMA_FILE, settings)
    raise NoTokenizerError(
        f"{folder}: there is no tokenizer in it, none of {', '.join(SENTENCEPIECE_FILES)}, {TOKENIZER_JSON_FILE}, "
        f"{VOCAB_FILE} and {LLAMA_FILE}; --vocab FILE names a SentencePiece model, --vocab {BYTES} is byT5's tokenizer."
    )


def _from_json(folder: Path, settings: TokenizerSettings) -> Tokenizer:
    """The tokenizer of a `tokenizer.json`: as a SentencePiece model if it can be one, else as it is."""
    try:
        model, extra_ids = read_tokenizer_json(folder / TOKENIZER_JSON_FILE)
    except TokenizerError as reason:
        try:
            return FastTokenizer(folder, settings)
        except TokenizerError as error:
            raise TokenizerError(f"{error} {reason}") from None
    return T5Tokenizer(model, extra_ids, source=str(folder / TOKENIZER_JSON_FILE))


def _bytes(folder: Path, settings: TokenizerSettings) -> ByteTokenizer:
    tokenizer = ByteTokenizer() if settings.extra_ids is None else ByteTokenizer(settings.extra_ids)
    for i, token in settings.added.items():
        if i >= FIRST_SENTINEL and sentinel_number(token.content) != i - FIRST_SENTINEL:
            raise CheckpointError(
                f"{folder}: the token {token.content!r} was added as {i}, which byT5's tokenizer does not have; "
                f"--vocab {BYTES} goes without."
            )
    return tokenizer


def _sentencepiece(path: Path, settings: TokenizerSettings) -> Tokenizer:
    """The tokenizer of a SentencePiece model, if it has every token that was added under its id.

    Sentinels that were added in another order than T5's are appended in theirs; other tokens come behind them. What the
    model's own file marks as defined by its user is found in a text first as well, as transformers does.
    """
    own = T5Tokenizer(path, 0, pad_id=0)
    size = own.vocab_size
    added = {i: token for i, token in sorted(settings.added.items()) if i >= size}
    numbers = {i: number for i, token in added.items() if (number := sentinel_number(token.content)) is not None}
    others = {i: token for i, token in added.items() if i not in numbers}
    count = DEFAULT_EXTRA_IDS if settings.extra_ids is None else settings.extra_ids
    no_room = path.name == Path(KERAS_HUB_FILE).name and size + count > settings.rows  # KerasHub adds none itself
    if own.has_sentinels or (settings.extra_ids is None and (no_room or size in others)):
        count = 0
    model, first = own.model_bytes, size + count
    wrong = {i for i, number in numbers.items() if i + number != first - 1}
    if wrong and list(numbers) == list(range(size, size + len(numbers))):
        model, first = model + sentencepiece_model.sentinels(numbers.values()), size + len(numbers)
        count, wrong = 0, set()
    wrong |= {*others} ^ {*range(first, first + len(others))}
    if not wrong:
        padding = _padding(own, settings)
        marked = sentencepiece_model.user_defined(own.model_bytes).items()
        pieces = {i: AddedToken(text, special=False) for i, text in marked if sentinel_number(text) is None}
        listed = {i: token for i, token in settings.added.items() if own.id_of(token.content) == i < size}
        others |= pieces | {i: t for i, t in listed.items() if own.is_text(i) and sentinel_number(t.content) is None}
        return T5Tokenizer(model, count, source=str(path), pad_id=padding, added=others)
    if (path.parent / TOKENIZER_JSON_FILE).is_file():
        return FastTokenizer(path.parent, settings)
    names = ", ".join(f"{token.content!r} as {i}" for i, token in added.items() if i in wrong)
    raise CheckpointError(
        f"{path}: tokens were added that this vocabulary does not have ({names}); --vocab {path} goes without."
    )


def _padding(own: T5Tokenizer, settings: TokenizerSettings) -> int | None:
    """The id of padding for a SentencePiece model that has none of its own; None if nothing says it."""
    text = settings.special.get("pad_token", "")
    places = [i for i, token in settings.added.items() if token.content == text]
    found = own.id_of(text) if text else None
    return next(iter(places), settings.ids.get("pad_token_id") if found is None else found)
