"""The tensors of one safetensors file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from keras_model.checkpoints.tensors import require_floating
from keras_model.model_folder import CheckpointError

_NUMPY_NAMES = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16"}


class SafetensorsFile:
    """The tensors of one safetensors file; checked for truncation when it is opened.

    Raises:
        CheckpointError: the file is absent, truncated or no safetensors file.
    """

    def __init__(self, path: Path) -> None:
        import ml_dtypes  # noqa: F401  (makes NumPy understand bfloat16, which safetensors hands over by name)
        from safetensors import SafetensorError, safe_open

        self.source = str(path)
        try:
            self._file = safe_open(path, framework="numpy")
        except (SafetensorError, OSError) as error:
            raise CheckpointError(f"{path}: cannot be read as a safetensors file ({error}).") from error

    def names(self) -> list[str]:
        return list(self._file.keys())

    def shape(self, name: str) -> tuple[int, ...]:
        return tuple(self._file.get_slice(name).get_shape())

    def read(self, name: str) -> np.ndarray:
        dtype = self._file.get_slice(name).get_dtype()
        require_floating(self.source, name, _NUMPY_NAMES.get(dtype, dtype))
        return self._file.get_tensor(name)
