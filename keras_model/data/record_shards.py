"""One shard of prepared records: a safetensors file of tokenised examples, written whole and read by mapping it.

Its tensors are `source_offsets` and `target_offsets` (int64, shape [records + 1]) and `source_values` and
`target_values` (int32, shape [tokens]), as in `RaggedIds`. The same examples give the same bytes.
"""

import dataclasses
import hashlib
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from keras_model.data.batches import Examples, RaggedIds
from keras_model.data.mapped_array import MappedArray
from keras_model.files.atomic import replacing
from keras_model.files.strict_json import parse_json

SIDES = ("source", "target")


class RecordError(ValueError):
    """Prepared records that cannot be written, or are not there, damaged, or of another make."""


@dataclasses.dataclass(frozen=True)
class Shard:
    """What the manifest says of a shard."""

    file: str
    """Its path, relative to the folder."""
    records: int
    source_tokens: int
    target_tokens: int
    bytes: int
    """Size of the file."""
    sha256: str
    """Of the file."""

    def __post_init__(self) -> None:
        numbers = (self.records, self.source_tokens, self.target_tokens, self.bytes)
        if not all(isinstance(number, int) and number >= 0 for number in numbers):
            raise TypeError(f"a shard's counts are whole numbers, got {numbers}")
        if not isinstance(self.file, str) or not isinstance(self.sha256, str):
            raise TypeError("a shard's file and hash are texts")


def write_shard(folder: Path, file: str, examples: Examples) -> Shard:
    """Writes a shard; it has its name only once it is complete and on the disk.

    Raises:
        RecordError: the disk is full, or the like.
    """
    from safetensors.numpy import save

    tensors = {}
    for side, ids in zip(SIDES, (examples.sources, examples.targets), strict=True):
        tensors[f"{side}_values"] = np.ascontiguousarray(ids.values, np.int32)
        tensors[f"{side}_offsets"] = np.ascontiguousarray(ids.offsets, np.int64)
    content = save(tensors)
    path = folder / file
    try:
        with replacing(path) as temporary:
            temporary.write_bytes(content)
    except OSError as error:
        raise RecordError(f"{path}: cannot be written: {error.strerror or error}") from error
    return Shard(
        file=file,
        records=len(examples),
        source_tokens=len(examples.sources.values),
        target_tokens=len(examples.targets.values),
        bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
    )


def read_shard(folder: Path, shard: Shard) -> Examples:
    """A shard's examples, their values mapped from the file.

    Only sizes and offsets are checked; `check_content` reads everything.

    Raises:
        RecordError: the file is not there, or not as long or of the form that the manifest says.
    """
    path = _path(folder, shard)
    try:
        size = path.stat().st_size
    except OSError as error:
        raise RecordError(f"{path}: a shard that the manifest names cannot be read: {error.strerror}") from None
    if size != shard.bytes:
        raise RecordError(
            f"{path}: has {size:,} bytes, the manifest says {shard.bytes:,}; "
            "prepare the records again, or copy them anew"
        )
    tensors, start = _header(path, size)
    sides = []
    for side, tokens in zip(SIDES, (shard.source_tokens, shard.target_tokens), strict=True):
        offsets = _tensor(path, tensors, start, f"{side}_offsets", "I64", shard.records + 1)
        values = _tensor(path, tensors, start, f"{side}_values", "I32", tokens)
        offsets = np.array(offsets)
        if offsets[0] != 0 or offsets[-1] != tokens or (np.diff(offsets) < 1).any():
            raise RecordError(f"{path}: {side}_offsets do not rise from 0 to {tokens:,}; the file is damaged")
        sides.append(RaggedIds(MappedArray([values]), offsets))
    return Examples(sources=sides[0], targets=sides[1], known_fingerprint=shard.sha256)


def check_content(folder: Path, shard: Shard) -> None:
    """Compares a whole shard with its hash. Raises RecordError if it is damaged, or cannot be read."""
    path = _path(folder, shard)
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise RecordError(f"{path}: cannot be read: {error.strerror}") from None
    if found != shard.sha256:
        raise RecordError(
            f"{path}: its SHA-256 is {found}, the manifest says {shard.sha256}; prepare the records again"
        )


def _path(folder: Path, shard: Shard) -> Path:
    path = PurePosixPath(shard.file)
    if path.is_absolute() or ".." in path.parts:
        raise RecordError(f"{folder}: the manifest names a shard outside the folder: {shard.file!r}")
    return folder / path


def _header(path: Path, size: int) -> tuple[dict[str, Any], int]:
    """The descriptions of a safetensors file's tensors, and where their bytes start."""
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if not 2 <= length <= size - 8:
                raise ValueError("its header is longer than the file")
            tensors = parse_json(file.read(length))
            if not isinstance(tensors, dict):
                raise ValueError("its header is no object")
    except (OSError, ValueError) as error:
        raise RecordError(f"{path}: not a safetensors file: {error}") from None
    return tensors, 8 + length


def _tensor(path: Path, tensors: dict[str, Any], start: int, name: str, dtype: str, count: int) -> np.ndarray:
    """One tensor, mapped."""
    numpy_dtype = np.dtype({"I32": "<i4", "I64": "<i8"}[dtype])
    found: Any = tensors.get(name)
    try:
        first, end = found["data_offsets"]
        good = found["dtype"] == dtype and found["shape"] == [count] and end - first == count * numpy_dtype.itemsize
        good = good and first >= 0 and start + end <= path.stat().st_size
    except (TypeError, KeyError, ValueError):
        good = False
    if not good:
        raise RecordError(f"{path}: {name} must be {dtype} of shape [{count}], its header says {found}")
    if count == 0:
        return np.zeros(0, numpy_dtype)  # an empty range cannot be mapped
    # Without the class of its own, which makes every slice slower.
    return np.asarray(np.memmap(path, numpy_dtype, "r", offset=start + first, shape=(count,)))
