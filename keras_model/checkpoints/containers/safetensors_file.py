"""The tensors of one safetensors file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from keras_model.checkpoints.tensors import ShapedTensors, require_floating
from keras_model.files.atomic import replacing
from keras_model.files.model_folder import CheckpointError, pointer_fault

_NUMPY_NAMES = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16"}


class SafetensorsFile(ShapedTensors):
    """The tensors of one safetensors file; checked for truncation when it is opened.

    Raises:
        CheckpointError: the file is absent, truncated or no safetensors file.
    """

    def __init__(self, path: Path) -> None:
        self.source = str(path)
        with self._opened() as file:
            self._shapes = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118

    def read(self, name: str) -> np.ndarray:
        # Opened anew for each tensor: the file is mapped into memory, where all that was ever read of it would stay.
        with self._opened() as file:
            dtype = file.get_slice(name).get_dtype()
            require_floating(self.source, name, _NUMPY_NAMES.get(dtype, dtype))
            return file.get_tensor(name)

    def _opened(self) -> Any:
        import ml_dtypes  # noqa: F401  (makes NumPy understand bfloat16, which safetensors hands over by name)
        from safetensors import SafetensorError, safe_open

        try:
            return safe_open(self.source, framework="numpy")
        except (SafetensorError, OSError) as error:
            if fault := pointer_fault(Path(self.source)):
                raise CheckpointError(fault) from None
            raise CheckpointError(f"{self.source}: cannot be read as a safetensors file ({error}).") from error


def write_tensors(path: Path, tensors: Mapping[str, np.ndarray]) -> None:
    """Writes a safetensors file, which replaces one that is there when it is whole.

    Raises:
        CheckpointError: it cannot be written, for instance to a full disk.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import save_file

    with replacing(path) as temporary:
        try:
            # transformers refuses a file that does not say which framework's layout it has.
            save_file(dict(tensors), temporary, metadata={"format": "pt"})
        except SafetensorError as error:
            raise CheckpointError(f"{path}: cannot be written ({error}).") from error
