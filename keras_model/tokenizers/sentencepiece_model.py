"""SentencePiece model files, written field by field.

A model file is a protocol buffer, `ModelProto` of sentencepiece_model.proto. Such a message can be extended by
appending the bytes of further elements; the numbers here are the fields' numbers there.
"""

import struct
from collections.abc import Iterable, Iterator
from typing import Any

NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED = 1, 2, 3, 4, 5
"""Types of pieces: user-defined ones are found in a text whatever their score, control and unused ones never."""


def piece(text: str, score: float = 0.0, kind: int = NORMAL) -> bytes:
    """One piece of the vocabulary, to append to a model's bytes.

    Raises:
        OverflowError: the score is too large for single precision.
    """
    return _bytes(1, _bytes(1, text.encode()) + _varint(2 << 3 | 5) + struct.pack("<f", score) + _integer(3, kind))


def sentinels(numbers: Iterable[int]) -> bytes:
    """The pieces `▁<extra_id_N>` of some numbers, in their order, to append to a model's bytes."""
    return b"".join(piece(f"▁<extra_id_{number}>", kind=USER_DEFINED) for number in numbers)


def unigram_settings(special: tuple[str, str, str], unknown_id: int, charsmap: bytes) -> bytes:
    """What a unigram model with T5's special ids has beside its pieces.

    Args:
        special: the pieces for pad, end of sequence and what is unknown.
        unknown_id: integer. The id of the last of them.
        charsmap: the compiled table by which characters are normalised.
    """
    pad, end, unknown = (text.encode() for text in special)
    ids = _integer(40, unknown_id) + _integer(41, -1) + _integer(42, 1) + _integer(43, 0)
    names = _bytes(45, unknown) + _bytes(47, end) + _bytes(48, pad)
    spaces = _integer(3, 1) + _integer(4, 1) + _integer(5, 1)  # one before the text, none twice, all written as ▁
    return _bytes(2, _integer(3, 1) + ids + names) + _bytes(3, _bytes(2, charsmap) + spaces)


def user_defined(model: bytes) -> dict[int, str]:
    """The user-defined pieces of a model by their ids, but for those that begin with the mark of a word's start."""
    if _integer(3, USER_DEFINED) not in model:
        return {}
    try:
        pieces = [dict(_fields(content)) for field, content in _fields(model) if field == 1]
        texts = {i: str(fields[1], "utf-8") for i, fields in enumerate(pieces) if fields.get(3) == USER_DEFINED}
    except (LookupError, TypeError, UnicodeDecodeError):  # of a damaged file that SentencePiece let pass
        return {}
    return {i: text for i, text in texts.items() if not text.startswith("▁")}


def _fields(message: bytes) -> Iterator[tuple[int, Any]]:
    """The fields of a message that SentencePiece has read: their numbers, with bytes or an integer."""
    place = 0
    while place < len(message):
        key, place = _read_varint(message, place)
        match key & 7:
            case 0:
                value, place = _read_varint(message, place)
                yield key >> 3, value
            case 2:
                size, place = _read_varint(message, place)
                yield key >> 3, message[place : place + size]
                place += size
            case kind:
                place += {1: 8, 5: 4}[kind]


def _read_varint(message: bytes, place: int) -> tuple[int, int]:
    """An integer, and the place after it."""
    value = shift = 0
    while True:
        byte = message[place]
        value, shift, place = value | (byte & 127) << shift, shift + 7, place + 1
        if byte < 128:
            return value, place


def _bytes(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _integer(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value % 2**64)


def _varint(value: int) -> bytes:
    low = bytearray()
    while value > 127:
        low.append(value & 127 | 128)
        value >>= 7
    return bytes(low) + bytes([value])
