"""TensorBoard's event files, read without TensorFlow: the scalars of a training run, by name.

A file is a row of records (length, checksum, bytes, checksum), each an `Event` message of protocol buffers. What is
needed of the format is little: `Event.step` (2) and `Event.summary` (5); `Summary.value` (1); of a value its tag (1)
and its number, which TensorFlow 2 writes as a tensor (8) and TensorFlow 1 as a float (2).

Source: tensorflow/core/util/event.proto, summary.proto, tensor.proto; tensorflow/core/lib/io/record_writer.h.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

Curve = list[tuple[int, float]]
"""Steps and values, by step."""

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_DT_FLOAT, _DT_DOUBLE = 1, 2


def read_curves(logs: Path) -> dict[str, Curve]:
    """Returns the scalars of a folder of event files, name to curve, in the order of the names.

    A run that was resumed has several files; what the newer one says of a step counts. The newer one begins at a later
    step, whatever the clock was that its name has. A file that ends within a record, as that of a killed run does, or
    is damaged, counts up to there. Numbers that are not finite are left out.
    """
    files = [(path.name, list(_readable(path))) for path in logs.glob("events.out.tfevents.*")]
    files.sort(key=lambda file: (min((step for step, _, _ in file[1]), default=0), file[0]))
    found: dict[str, dict[int, float]] = {}
    for _, scalars in files:
        for step, tag, value in scalars:
            found.setdefault(tag, {})[step] = value
    return {tag: sorted(points.items()) for tag, points in sorted(found.items())}


def _readable(path: Path) -> Iterator[tuple[int, str, float]]:
    """Yields the finite scalars of a file, as far as it can be read."""
    with suppress(OSError, ValueError, IndexError, struct.error):
        for step, tag, value in _scalars(path.read_bytes()):
            if math.isfinite(value):
                yield step, tag, value


def _scalars(raw: bytes) -> Iterator[tuple[int, str, float]]:
    """Yields step, tag and number of every scalar in a file.

    Raises:
        ValueError, IndexError, struct.error: a record is not what it should be.
    """
    start = 0
    while start + 12 <= len(raw):
        (length,) = struct.unpack_from("<Q", raw, start)
        record = raw[start + 12 : start + 12 + length]
        if len(record) < length:
            return
        start += length + 16
        step, summaries = 0, []
        for number, value in _fields(record):
            if number == 2 and isinstance(value, int):
                step = value
            elif number == 5 and isinstance(value, bytes):
                summaries.append(value)
        for summary in summaries:
            for number, value in _fields(summary):
                if number == 1 and isinstance(value, bytes):
                    yield from ((step, tag, scalar) for tag, scalar in _named_number(value))


def _named_number(value: bytes) -> Iterator[tuple[str, float]]:
    """Yields the tag and the number of a summary's value; nothing where that is no single number."""
    parts: Mapping[int, int | bytes] = dict(_fields(value))
    tag, simple, tensor = parts.get(1), parts.get(2), parts.get(8)
    if not isinstance(tag, bytes):
        return
    number: float | None = None
    if isinstance(simple, bytes) and len(simple) == 4:
        (number,) = struct.unpack("<f", simple)
    elif isinstance(tensor, bytes):
        number = _number(dict(_fields(tensor)))
    if number is not None:
        yield tag.decode("utf-8", errors="replace"), number


def _number(tensor: Mapping[int, int | bytes]) -> float | None:
    """Returns a scalar tensor's number: in its content (4), or among its floats (5) or doubles (6)."""
    form, size, place = {_DT_FLOAT: ("<f", 4, 5), _DT_DOUBLE: ("<d", 8, 6)}.get(int(tensor.get(1, 0)), ("", 0, 0))
    for number in (4, place):
        held = tensor.get(number)
        if form and isinstance(held, bytes) and len(held) == size:
            return float(struct.unpack(form, held)[0])
    return None


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yields number and value of a message's fields; fixed-size ones as their bytes."""
    place = 0
    while place < len(message):
        key, place = _varint(message, place)
        kind = key & 7
        if kind == _VARINT:
            value, place = _varint(message, place)
            yield key >> 3, value
            continue
        if kind == _BYTES:
            size, place = _varint(message, place)
        else:
            size = {_FIXED64: 8, _FIXED32: 4}.get(kind, -1)
        if size < 0 or place + size > len(message):
            raise ValueError("not a message of protocol buffers")
        yield key >> 3, message[place : place + size]
        place += size


def _varint(message: bytes, place: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        byte = message[place]
        place += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, place
    raise ValueError("a number of more than 64 bits")
