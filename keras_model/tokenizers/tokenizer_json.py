"""A SentencePiece model made from `tokenizer.json`, the file of Hugging Face's tokenizers library.

transformers 5 saves this file alone. It holds the pieces, scores and character map of the SentencePiece model that it
was made from, so that the same model can be put together again; a file that says something else than such a model
computes is left to `fast_tokenizer.py`. The library there gives the same ids, but takes eight times the processor time
of SentencePiece for them, and leaves nothing to write as `spiece.model` or into a KerasHub preset.
"""

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from keras_model.files.model_folder import read_json
from keras_model.tokenizers import sentencepiece_model
from keras_model.tokenizers.sentencepiece_model import CONTROL, NORMAL, UNKNOWN, UNUSED
from keras_model.tokenizers.settings import sentinel_number
from keras_model.tokenizers.tokenizer import EOS_ID, PAD_ID, TokenizerError

_SPECIAL = ("<pad>", "</s>", "<unk>", "<s>")


def read_tokenizer_json(path: Path) -> tuple[bytes, int]:
    """The SentencePiece model that a `tokenizer.json` describes, and how many sentinels belong behind its pieces.

    Sentinels that do not stand at the end, the highest number first, are pieces of the model itself.

    Raises:
        TokenizerError: the file describes another kind of tokenizer, or one that a SentencePiece model cannot be.
        CheckpointError: the file cannot be read.
    """
    document = read_json(path)
    try:
        charsmap = _check_rules(document)
        vocabulary, unknown_id = _vocabulary(document)
        added = _added_tokens(document, vocabulary)
        extra_ids = _sentinels_at_the_end(added, len(vocabulary))
        pieces = vocabulary[: len(vocabulary) - extra_ids]
        content = b"".join(_piece(i, *pair, unknown_id, added) for i, pair in enumerate(pieces))
        special = (pieces[PAD_ID][0], pieces[EOS_ID][0], pieces[unknown_id][0])
        return content + sentencepiece_model.unigram_settings(special, unknown_id, charsmap), extra_ids
    except (_Refusal, UnicodeEncodeError) as error:
        reason = error if isinstance(error, _Refusal) else "a piece of its vocabulary has a lone surrogate"
        raise TokenizerError(f"{path}: {reason}, so that no SentencePiece model says the same.") from None


class _Refusal(Exception):
    """Why a file is not read; the message is a part of a sentence."""


def _check_rules(document: Mapping[str, Any]) -> bytes:
    """The character map, if a text is normalised and split as SentencePiece does it."""
    model = document.get("model")
    if not isinstance(model, dict) or model.get("type", "Unigram") != "Unigram" or isinstance(model.get("vocab"), dict):
        kind = model.get("type") if isinstance(model, dict) else None
        raise _Refusal(f"its model is not Unigram but {kind!r}")
    if model.get("byte_fallback"):
        raise _Refusal("its model has a byte fallback")
    normalizers, splitters = _steps(document, "normalizer"), _steps(document, "pre_tokenizer")
    kinds = [step.get("type") for step in normalizers]
    removing = [_removes_repeated_spaces(step) for step in normalizers]
    others = zip(kinds[1:], removing[1:], strict=True)
    if kinds[:1] != ["Precompiled"] or not all(kind == "Strip" or removes for kind, removes in others):
        raise _Refusal(f"its normalizer is not SentencePiece's Precompiled, with or without Strip, but {kinds}")
    splits = [step.get("type") for step in splitters]
    # Without the splitting at every white space, the normalizer must have reduced it.
    reduced = any(removing) and "Strip" in kinds
    if splits != ["WhitespaceSplit", "Metaspace"] and not (splits == ["Metaspace"] and reduced):
        raise _Refusal(f"its pre_tokenizer is not WhitespaceSplit with Metaspace but {splits}")
    metaspace = splitters[-1]
    prefix = metaspace.get("prepend_scheme", "always" if metaspace.get("add_prefix_space", True) else "never")
    if metaspace.get("replacement") != "▁" or prefix != "always":
        raise _Refusal("its Metaspace does not begin every word with ▁")
    charsmap = normalizers[0].get("precompiled_charsmap")
    if not isinstance(charsmap, str) or not charsmap:
        raise _Refusal("its precompiled_charsmap is empty")
    try:
        return base64.b64decode(charsmap, validate=True)
    except ValueError:
        raise _Refusal("its precompiled_charsmap is not base64") from None


def _steps(document: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """The steps of a normalizer or pre_tokenizer, whether there are several in a sequence or one."""
    step = document.get(name)
    steps = [step]
    if isinstance(step, dict) and step.get("type") == "Sequence":
        steps = step.get("normalizers" if name == "normalizer" else "pretokenizers") or []
    if not isinstance(steps, list) or not all(isinstance(step, dict) for step in steps):
        raise _Refusal(f"its {name} is {str(step)[:60]}")
    return steps


def _removes_repeated_spaces(step: Mapping[str, Any]) -> bool:
    return (
        step.get("type") == "Replace"
        and step.get("pattern") == {"Regex": " {2,}"}
        and step.get("content") in (" ", "▁")
    )


def _vocabulary(document: Mapping[str, Any]) -> tuple[list[tuple[str, float]], int]:
    """Pieces with their scores, and the id of the unknown one."""
    pairs, unknown_id = document["model"].get("vocab"), document["model"].get("unk_id")
    if not isinstance(pairs, list):
        raise _Refusal("its vocabulary is not a list")
    vocabulary: list[tuple[str, float]] = []
    for pair in pairs:
        match pair:
            case [str(text), int() | float() as score] if -1e30 < score < 1e30:
                vocabulary.append((text, float(score)))
            case _:
                raise _Refusal(f"its vocabulary's entry {len(vocabulary)} is not a text with a number")
    if [text for text, _ in vocabulary[:2]] != ["<pad>", "</s>"]:
        raise _Refusal("its first two pieces are not <pad> and </s>")
    if isinstance(unknown_id, bool) or not isinstance(unknown_id, int) or not 1 < unknown_id < len(vocabulary):
        raise _Refusal(f"its unk_id is {unknown_id!r}, not an id of its vocabulary behind <pad> and </s>")
    if len({text for text, _ in vocabulary}) < len(vocabulary):
        raise _Refusal("a piece is twice in its vocabulary")
    return vocabulary, unknown_id


def _added_tokens(document: Mapping[str, Any], vocabulary: list[tuple[str, float]]) -> dict[int, str]:
    """The added tokens by their ids; sentinels beyond the vocabulary are appended to it."""
    tokens = document.get("added_tokens") or []
    added: dict[int, str] = {}
    for token in tokens if isinstance(tokens, list) else [tokens]:
        match token:
            case {"id": int(i), "content": str(text)}:
                added[i] = text
            case _:
                raise _Refusal(f"its added token {len(added)} is not a content with an id")
    for i, text in sorted(added.items()):
        if sentinel_number(text) is None and text not in _SPECIAL:
            raise _Refusal(f"the token {text!r} was added to its vocabulary")
        if i == len(vocabulary):
            vocabulary.append((text, 0.0))
        if not 0 <= i < len(vocabulary) or vocabulary[i][0] != text:
            raise _Refusal(f"its added token {text!r} has the id {i}, which is not free for it")
    return added


def _sentinels_at_the_end(added: Mapping[int, str], size: int) -> int:
    """How many sentinels stand at the end as T5's do, the highest number first; 0 if there are others too."""
    numbers = {i: number for i, text in added.items() if (number := sentinel_number(text)) is not None}
    expected = {size - 1 - number: number for number in range(len(numbers))}
    return len(numbers) if numbers == expected else 0


def _piece(i: int, text: str, score: float, unknown_id: int, added: Mapping[int, str]) -> bytes:
    number = sentinel_number(added.get(i, ""))
    if number is not None:
        return sentencepiece_model.sentinels([number])
    if i == unknown_id:
        return sentencepiece_model.piece(text, score, UNKNOWN)
    if i in added:
        return sentencepiece_model.piece(text, score, CONTROL)
    # A word is split off at every ▁, so that a piece with one further inside is never found.
    return sentencepiece_model.piece(text, score, UNUSED if "▁" in text[1:] else NORMAL)
