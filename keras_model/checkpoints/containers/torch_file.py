"""The tensors of one file that PyTorch wrote, `pytorch_model.bin`."""

import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from keras_model.checkpoints.tensors import ShapedTensors, first_line, require_floating
from keras_model.files.model_folder import CheckpointError, pointer_fault

_ADVICE = re.compile(r"\s*(\(1\) )?(In PyTorch 2\.6|Re-running|Please file|If you trust|Check the documentation).*")
"""How PyTorch goes on after the reason: with ways to load the file nevertheless, which run what it holds."""


class TorchFile(ShapedTensors):
    """The tensors of a file that `torch.save` wrote, read without running what a pickle can hold.

    Raises:
        CheckpointError: torch is not installed, or the file is absent, damaged, holds code, or no tensors by name.
    """

    def __init__(self, path: Path) -> None:
        if fault := pointer_fault(path):
            raise CheckpointError(fault)
        try:
            import torch
        except ImportError as error:
            raise CheckpointError(
                f"{path}: needs the package torch to be read (pip install 't5eval[hf]'); "
                "a folder with model.safetensors does not."
            ) from error
        self.source = str(path)
        try:
            # Files of before 2020 are no zip archives and cannot be mapped into memory.
            mapped = zipfile.is_zipfile(path)
            found: Any = torch.load(path, map_location="cpu", weights_only=True, mmap=mapped)
        except Exception as error:  # torch raises whatever its pickle and zip readers raise
            reason = _ADVICE.sub("", first_line(error)) or type(error).__name__
            raise CheckpointError(f"{path}: cannot be read as PyTorch's weights ({reason}).") from error
        if not isinstance(found, dict) or not all(
            isinstance(name, str) and isinstance(tensor, torch.Tensor) for name, tensor in found.items()
        ):
            raise CheckpointError(f"{path}: expected tensors by name, as model.state_dict() gives, got something else.")
        self._tensors = found
        self._shapes = {name: tuple(tensor.shape) for name, tensor in found.items()}

    def read(self, name: str) -> np.ndarray:
        import ml_dtypes
        import torch

        tensor = self._tensors[name].detach()
        dtype = str(tensor.dtype).removeprefix("torch.")
        require_floating(self.source, name, dtype if tensor.layout is torch.strided else tensor.layout)
        if tensor.numel() * tensor.element_size() > tensor.untyped_storage().nbytes():
            raise CheckpointError(f"{self.source}: tensor {name}: has fewer numbers than its shape says.")
        if tensor.dtype is torch.bfloat16:
            return tensor.contiguous().view(torch.int16).numpy().view(ml_dtypes.bfloat16)
        return tensor.numpy()
