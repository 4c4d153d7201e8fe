"""The tensors of a checkpoint, as every format hands them over: under Hugging Face's names and in its layout."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from keras_model.files.model_folder import CheckpointError

FLOATING = {"float64": 8, "float32": 4, "float16": 2, "bfloat16": 2}
"""Types that weights may have, by NumPy's names, with their sizes in bytes."""

_FLOATING_NAMES = "float64, float32, float16 or bfloat16"


class Tensors(Protocol):
    """The tensors of a checkpoint, read one at a time so that a large one never lies in memory twice.

    A format hands them over under Hugging Face's names and in its layout; what it reads them from, its arrays, has
    those of the program that wrote the checkpoint.
    """

    source: str
    """What an error message calls the checkpoint, usually the file."""

    def names(self) -> list[str]: ...
    def shape(self, name: str) -> tuple[int, ...]: ...
    def read(self, name: str) -> np.ndarray: ...


@dataclasses.dataclass(frozen=True)
class Origin:
    """Where a tensor lies in a checkpoint with a layout of its own."""

    name: str
    """The array's name there."""
    input_axes: int | None = None
    """How many leading axes of the array are the input of a matrix [inputs, outputs], counted as slices do (-1: all but
    the last). They become the columns of Hugging Face's [outputs, inputs]. None: the array is taken as it is."""


class RenamedTensors:
    """Tensors over arrays that have other names and layouts."""

    def __init__(self, arrays: Tensors, origins: Mapping[str, Origin]) -> None:
        """Args:
        arrays: the arrays.
        origins: for each tensor, by Hugging Face's name, where it lies.
        """
        self.source = arrays.source
        self._arrays = arrays
        self._origins = origins

    def names(self) -> list[str]:
        return list(self._origins)

    def stored_name(self, name: str) -> str:
        """What the checkpoint itself calls a tensor."""
        return self._origins[name].name

    def shape(self, name: str) -> tuple[int, ...]:
        origin = self._origins[name]
        return _matrix_shape(self._arrays.shape(origin.name), origin.input_axes)

    def read(self, name: str) -> np.ndarray:
        origin = self._origins[name]
        value = self._arrays.read(origin.name)
        if origin.input_axes is None or value.ndim < 2:
            return value
        outputs, inputs = _matrix_shape(value.shape, origin.input_axes)
        return value.reshape(inputs, outputs).T


WRAPPERS = ("module.", "_orig_mod.", "model.")
"""What the names of all tensors begin with if a model was saved within DataParallel, torch.compile or a trainer."""


def without_wrapper(tensors: Tensors) -> Tensors:
    """The same tensors without what a wrapper around the model put before all their names."""
    names = stored = tensors.names()
    while prefix := next((p for p in WRAPPERS if names and all(name.startswith(p) for name in names)), ""):
        names = [name.removeprefix(prefix) for name in names]
    if names == stored:
        return tensors
    return RenamedTensors(tensors, {name: Origin(old) for name, old in zip(names, stored, strict=True)})


def _matrix_shape(shape: tuple[int, ...], input_axes: int | None) -> tuple[int, ...]:
    if input_axes is None or len(shape) < 2:
        return shape
    return math.prod(shape[input_axes:]), math.prod(shape[:input_axes])


def require_floating(source: str, name: str, dtype: Any) -> None:
    """Refuses a type that weights do not have.

    Raises:
        CheckpointError: it is none of `FLOATING`.
    """
    if str(dtype) not in FLOATING:
        raise CheckpointError(f"{source}: tensor {name}: weights are {_FLOATING_NAMES}, got {dtype}.")
