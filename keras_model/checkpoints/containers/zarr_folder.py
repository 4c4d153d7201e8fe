"""Zarr arrays in a folder, each in a folder of its own, read through tensorstore."""

import math
from pathlib import Path
from typing import Any

import numpy as np

from keras_model.checkpoints.tensors import ShapedTensors, first_line, require_floating
from keras_model.files.model_folder import CheckpointError

_METADATA_FILE = ".zarray"
_MOST_COMPRESSED = 1100
"""No compression that is in use makes arrays smaller than by this factor, which is deflate's limit."""


class ZarrFolder(ShapedTensors):
    """The arrays in a folder whose names begin with a prefix.

    Raises:
        CheckpointError: tensorstore is not installed, or an array is damaged or lacks a part of its content.
    """

    def __init__(self, folder: Path, prefix: str) -> None:
        try:
            import tensorstore
        except ImportError as error:
            raise CheckpointError(
                f"{folder}: needs the package tensorstore to be read (pip install 't5eval[convert]')."
            ) from error
        self.source = str(folder)
        self._tensorstore = tensorstore
        self._arrays = {
            path.parent.name: self._open(path.parent) for path in folder.glob(f"{prefix}*/{_METADATA_FILE}")
        }
        self._shapes = {name: tuple(array.shape) for name, array in self._arrays.items()}

    def read(self, name: str) -> np.ndarray:
        array = self._arrays[name]
        require_floating(self.source, name, array.dtype.name)
        try:
            value = np.asarray(array.read().result())
        except Exception as error:  # tensorstore raises ValueError, OSError and more
            raise self._unreadable(name, error) from error
        self._parts(Path(self.source) / name, array)  # none has vanished since it was opened
        return value

    def _open(self, path: Path) -> Any:
        """An array, not yet read."""
        spec = {"driver": "zarr", "kvstore": {"driver": "file", "path": f"{path.resolve()}/"}}
        try:
            array = self._tensorstore.open(spec, open=True, read=True).result()
        except Exception as error:
            raise self._unreadable(path.name, error) from error
        parts = self._parts(path, array)
        chunk: Any = array.chunk_layout.read_chunk.shape
        itemsize = array.dtype.numpy_dtype.itemsize
        claimed, held = math.prod(array.shape) * itemsize, sum(file.stat().st_size for file in parts)
        if claimed > _MOST_COMPRESSED * held:
            raise CheckpointError(f"{self.source}: array {path.name} claims {claimed} bytes, which {held} cannot hold.")
        if (array.spec().to_json()["metadata"]["compressor"] or {}).get("id") == "gzip":
            for part in parts:
                if _gzip_size(part) != math.prod(chunk) * itemsize % 2**32:
                    raise CheckpointError(f"{part}: cut short, or another part's content.")
        return array

    def _parts(self, path: Path, array: Any) -> list[Path]:
        """The files of an array, all of which have to be there: zarr takes those that are absent for zeros."""
        parts = [file for file in path.rglob("*") if file.is_file() and not file.name.startswith(".")]
        chunk = array.chunk_layout.read_chunk.shape
        expected = math.prod(-(-size // part) for size, part in zip(array.shape, chunk, strict=True))
        if len(parts) != expected:
            raise CheckpointError(f"{self.source}: array {path.name} has {len(parts)} of its {expected} parts.")
        return parts

    def _unreadable(self, name: str, error: Exception) -> CheckpointError:
        return CheckpointError(f"{self.source}: array {name} cannot be read ({first_line(error)}).")


def _gzip_size(path: Path) -> int:
    """The size in bytes, modulo 2^32, that a file has when uncompressed, as its last four bytes say.

    tensorstore does not look at what follows the content, and so takes some files that are cut short.
    """
    with open(path, "rb") as file:
        file.seek(max(0, path.stat().st_size - 4))
        return int.from_bytes(file.read(), "little")
