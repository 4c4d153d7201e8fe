"""Arrays in a file of MessagePack as flax writes it, the form of T5X's checkpoint files.

The file is mapped into memory and walked through once: what is small is read, of arrays only the place is kept. An
array is then a view of the file, so that reading a checkpoint takes no memory for the optimizer's states in it, and no
length that the file claims is believed before the bytes are there. The msgpack library can do neither: it hands over
every array as bytes of its own, the optimizer's states included, which are several times the model, and tells no place
of one without reading all of it into its buffer.

Source: the MessagePack specification; `flax/serialization.py` for arrays (extension 1: shape, dtype, bytes), scalars
(extension 3) and arrays of more than 1 GiB, which are cut into chunks.
"""

import dataclasses
import math
import mmap
import struct
from pathlib import Path
from typing import Any

import numpy as np

from keras_model.checkpoints.tensors import FLOATING
from keras_model.files.model_folder import CheckpointError

_NDARRAY, _NUMPY_SCALAR = 1, 3
_CHUNKED = "__msgpack_chunked_array__"
_MOST_NESTED = 64
_LONGEST_TEXT = 65_536
_MOST_VALUES = 1_000_000
_LENGTHS = {1: ">B", 2: ">H", 4: ">I"}
_SIZES = FLOATING | {"bool": 1, "int8": 1, "uint8": 1, "int16": 2, "uint16": 2, "int32": 4, "uint32": 4, "int64": 8}
"""Bytes of a number, by the name of its type. Arrays of other types are passed over."""


@dataclasses.dataclass(frozen=True)
class StoredArray:
    """An array in the file; of one piece, or of chunks that follow one another in the flattened array."""

    shape: tuple[int, ...]
    dtype: str
    pieces: tuple[tuple[int, int], ...]
    """Offset and length in bytes of each."""


class MsgpackFile:
    """A file of MessagePack, walked through.

    Raises:
        CheckpointError: the file is absent, truncated, or no MessagePack of flax's.
    """

    def __init__(self, path: Path) -> None:
        self.source = str(path)
        try:
            with open(path, "rb") as file:
                self._bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:  # ValueError: an empty file
            raise CheckpointError(f"{path}: cannot be read ({error}).") from error
        self._at = 0
        self._values = 0
        self.content = self._value(0)
        """Objects as dicts, arrays as StoredArray, everything else as it is; None for what is none of ours."""
        if self._at != len(self._bytes):
            raise self._damaged(f"{len(self._bytes) - self._at} bytes follow after its end")

    def read(self, array: StoredArray) -> np.ndarray:
        """An array, as a view of the file where it is of one piece."""
        import ml_dtypes  # noqa: F401  (makes NumPy understand bfloat16)

        dtype = np.dtype(array.dtype)
        pieces = [
            np.frombuffer(self._bytes, dtype, count=length // dtype.itemsize, offset=offset)
            for offset, length in array.pieces
        ]
        return (pieces[0] if len(pieces) == 1 else np.concatenate(pieces)).reshape(array.shape)

    def _damaged(self, fault: str) -> CheckpointError:
        return CheckpointError(f"{self.source}: no checkpoint that flax wrote, or a damaged one: {fault}.")

    def _take(self, length: int) -> int:
        """The offset of the next bytes, which are passed."""
        start = self._at
        if start + length > len(self._bytes):
            raise self._damaged(f"it ends at byte {len(self._bytes)}, where byte {start + length} is expected")
        self._at += length
        return start

    def _number(self, form: str) -> Any:
        start = self._take(struct.calcsize(form))
        return struct.unpack_from(form, self._bytes, start)[0]

    def _text(self, length: int) -> str:
        if length > _LONGEST_TEXT:
            raise self._damaged(f"a text of {length} bytes at byte {self._at}")
        start = self._take(length)
        try:
            return self._bytes[start : start + length].decode()
        except UnicodeDecodeError as error:
            raise self._damaged(f"a text at byte {start} is not UTF-8") from error

    def _value(self, depth: int) -> Any:
        """The value that begins here."""
        self._values += 1
        if depth > _MOST_NESTED or self._values > _MOST_VALUES:
            raise self._damaged(f"deeper nested, or more values, than a model has, at byte {self._at}")
        start = self._at
        kind = self._number(">B")
        if kind <= 0x7F or kind >= 0xE0:
            return kind if kind <= 0x7F else kind - 256
        if kind <= 0x8F:
            return self._map(kind & 0x0F, depth)
        if kind <= 0x9F:
            return [self._value(depth + 1) for _ in range(kind & 0x0F)]
        if kind <= 0xBF:
            return self._text(kind & 0x1F)
        if kind in (0xC0, 0xC2, 0xC3):
            return {0xC0: None, 0xC2: False, 0xC3: True}[kind]
        if 0xC4 <= kind <= 0xC6:  # bytes
            self._take(self._number(_LENGTHS[1 << (kind - 0xC4)]))
            return None
        if 0xC7 <= kind <= 0xC9:
            return self._extension(self._number(_LENGTHS[1 << (kind - 0xC7)]), depth)
        if 0xCA <= kind <= 0xD3:
            return self._number(">" + "fdBHIQbhiq"[kind - 0xCA])
        if 0xD4 <= kind <= 0xD8:
            return self._extension(1 << (kind - 0xD4), depth)
        if 0xD9 <= kind <= 0xDB:
            return self._text(self._number(_LENGTHS[1 << (kind - 0xD9)]))
        if kind in (0xDC, 0xDD):
            return [self._value(depth + 1) for _ in range(self._number(_LENGTHS[2 if kind == 0xDC else 4]))]
        if kind in (0xDE, 0xDF):
            return self._map(self._number(_LENGTHS[2 if kind == 0xDE else 4]), depth)
        raise self._damaged(f"byte {start} is {kind:#x}, which begins no value")

    def _map(self, size: int, depth: int) -> Any:
        values: dict[str, Any] = {}
        for _ in range(size):
            start = self._at
            key = self._value(depth + 1)
            if not isinstance(key, str) or key in values:
                raise self._damaged(f"the key at byte {start} is no text, or there for the second time")
            values[key] = self._value(depth + 1)
        return self._joined(values) if _CHUNKED in values else values

    def _extension(self, length: int, depth: int) -> StoredArray | None:
        kind = self._number(">b")
        start = self._take(length)
        if kind not in (_NDARRAY, _NUMPY_SCALAR):
            return None
        end, self._at = self._at, start
        array = self._array(end, depth)
        self._at = end
        return array

    def _array(self, end: int, depth: int) -> StoredArray | None:
        """The array in an extension that begins here and ends at `end`: a list of its shape, its type and its bytes."""
        start = self._at
        if self._number(">B") != 0x93:
            raise self._damaged(f"the array at byte {start} is no list of shape, type and content")
        shape, dtype = self._value(depth + 1), self._value(depth + 1)
        kind = self._number(">B")
        if not (_is_shape(shape) and isinstance(dtype, str) and 0xC4 <= kind <= 0xC6):
            raise self._damaged(f"the array at byte {start} has no shape, no type or no content")
        length = self._number(_LENGTHS[1 << (kind - 0xC4)])
        offset = self._at
        if offset + length != end or length != math.prod(shape) * _SIZES.get(dtype, length):
            raise self._damaged(f"the array at byte {start} has {length} bytes, which its shape {shape} contradicts")
        return StoredArray(tuple(shape), dtype, ((offset, length),)) if dtype in _SIZES else None

    def _joined(self, values: dict[str, Any]) -> StoredArray:
        """A large array, which flax cuts into chunks: {"shape": {"0": rows, ...}, "chunks": {"0": array, ...}}."""
        shape, chunks = _listed(values.get("shape")), _listed(values.get("chunks"))
        arrays = [chunk for chunk in chunks if isinstance(chunk, StoredArray) and len(chunk.shape) == 1]
        types = {array.dtype for array in arrays}
        whole = _is_shape(shape) and sum(array.shape[0] for array in arrays) == math.prod(shape)
        if not (whole and len(arrays) == len(chunks) and len(types) == 1):
            raise self._damaged(f"the chunks of an array before byte {self._at} do not make up its shape {shape}")
        return StoredArray(tuple(shape), types.pop(), tuple(piece for array in arrays for piece in array.pieces))


def _is_shape(value: object) -> bool:
    return isinstance(value, list) and all(type(n) is int and n >= 0 for n in value)


def _listed(values: object) -> list[Any]:
    """The list that flax writes as {"0": ..., "1": ...}."""
    if not isinstance(values, dict) or set(values) != {str(i) for i in range(len(values))}:
        return []
    return [values[str(i)] for i in range(len(values))]
