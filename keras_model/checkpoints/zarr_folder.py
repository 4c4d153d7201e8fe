"""Zarr arrays in a folder, each in a folder of its own or all in one OCDBT database, read through tensorstore."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from keras_model.checkpoints.tensors import require_floating
from keras_model.model_folder import CheckpointError

OCDBT_FILE = "manifest.ocdbt"
_METADATA_FILE = ".zarray"
_MOST_COMPRESSED = 1100
"""No compression that is in use makes whole models smaller than by this factor, which is deflate's limit."""


class ZarrFolder:
    """The arrays below a folder whose names begin with a prefix.

    Raises:
        CheckpointError: tensorstore is not installed, or an array is damaged or lacks a part of its content.
    """

    def __init__(self, folder: Path, prefixes: tuple[str, ...]) -> None:
        try:
            import tensorstore
        except ImportError as error:
            raise CheckpointError(
                f"{folder}: needs the package tensorstore to be read (pip install 't5eval[convert]')."
            ) from error
        self.source = str(folder)
        self._tensorstore = tensorstore
        self._store: dict[str, Any] = {"driver": "file", "path": f"{folder.resolve()}/"}
        if (folder / OCDBT_FILE).is_file():
            self._store = {"driver": "ocdbt", "base": self._store}
        # Layers that lie in one array are read one after the other, from parts that hold all of them.
        self._cache = tensorstore.Context({"cache_pool": {"total_bytes_limit": 1 << 30}})
        parts: Counter[str] = Counter()
        names = set()
        for key in self._keys():
            name, _, part = key.partition("/")
            if name.startswith(prefixes):
                parts[name] += not part.startswith(".")
                if part == _METADATA_FILE:
                    names.add(name)
        self._arrays = {name: self._open(name) for name in sorted(names)}
        for name, array in self._arrays.items():
            self._check_parts(name, array, parts[name])
        claimed = sum(math.prod(array.shape) * array.dtype.numpy_dtype.itemsize for array in self._arrays.values())
        held = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
        if claimed > _MOST_COMPRESSED * held:
            raise CheckpointError(
                f"{folder}: {held} bytes cannot hold the {claimed} bytes that its arrays claim to have."
            )

    def names(self) -> list[str]:
        return list(self._arrays)

    def shape(self, name: str) -> tuple[int, ...]:
        return tuple(self._arrays[name].shape)

    def read(self, name: str, layer: int | None = None) -> np.ndarray:
        """An array, or of its second axis the one index `layer`."""
        array = self._arrays[name]
        require_floating(self.source, name, array.dtype.name)
        if layer is not None:
            array = self._open(name, context=self._cache)[:, layer]
        try:
            return np.asarray(array.read().result())
        except Exception as error:  # tensorstore raises ValueError, OSError and more
            raise self._unreadable(name, error) from error

    def _keys(self) -> list[str]:
        try:
            store = self._tensorstore.KvStore.open(self._store).result()
            return [key.decode(errors="replace") for key in store.list().result()]
        except Exception as error:
            raise CheckpointError(f"{self.source}: cannot be listed ({_first_line(error)}).") from error

    def _open(self, name: str, **options: Any) -> Any:
        spec = {"driver": "zarr", "kvstore": {**self._store, "path": f"{self._store.get('path', '')}{name}/"}}
        try:
            return self._tensorstore.open(spec, open=True, read=True, **options).result()
        except Exception as error:
            raise self._unreadable(name, error) from error

    def _check_parts(self, name: str, array: Any, found: int) -> None:
        """zarr takes parts that are absent for zeros; here all of them have to be there."""
        sizes = zip(array.shape, array.chunk_layout.read_chunk.shape, strict=True)
        expected = math.prod(-(-size // chunk) for size, chunk in sizes)
        if found != expected:
            raise CheckpointError(f"{self.source}: array {name} has {found} of its {expected} parts.")

    def _unreadable(self, name: str, error: Exception) -> CheckpointError:
        return CheckpointError(f"{self.source}: array {name} cannot be read ({_first_line(error)}).")


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
