"""The tensors of a checkpoint, as every format hands them over: under Hugging Face's names and in its layout."""

import dataclasses
import math
import re
from collections.abc import Mapping, Sequence
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


class ShapedTensors:
    """Tensors of known shapes: what the files of every kind have in common; each reads in its own way."""

    source: str
    _shapes: dict[str, tuple[int, ...]]

    def names(self) -> list[str]:
        return list(self._shapes)

    def shape(self, name: str) -> tuple[int, ...]:
        return self._shapes[name]


@dataclasses.dataclass(frozen=True)
class Origin:
    """Where a tensor lies in a checkpoint with a layout of its own, or of several files."""

    arrays: Tensors
    name: str
    """The array's name there."""
    input_axes: int | None = None
    """How many leading axes of the array are the input of a matrix [inputs, outputs], counted as slices do (-1: all but
    the last). They become the columns of Hugging Face's [outputs, inputs]. None: the array is taken as it is."""


class RenamedTensors:
    """Tensors over arrays that have other names and layouts, or lie in several files.

    Args:
        source: see `Tensors`.
        origins: for each tensor, by its name here, where it lies.
    """

    def __init__(self, source: str, origins: Mapping[str, Origin]) -> None:
        self.source = source
        self._origins = origins

    def names(self) -> list[str]:
        return list(self._origins)

    def stored_name(self, name: str) -> str:
        """What the checkpoint itself calls a tensor."""
        return self._origins[name].name

    def shape(self, name: str) -> tuple[int, ...]:
        origin = self._origins[name]
        return _matrix_shape(origin.arrays.shape(origin.name), origin.input_axes)

    def read(self, name: str) -> np.ndarray:
        origin = self._origins[name]
        value = origin.arrays.read(origin.name)
        if origin.input_axes is None or value.ndim < 2:
            return value
        outputs, inputs = _matrix_shape(value.shape, origin.input_axes)
        return value.reshape(inputs, outputs).T


Names = Sequence[tuple[str, str, int | None]]
"""A format's names: a pattern of its own, what Hugging Face calls that, with the pattern's groups, and the input axes
(see `Origin`)."""


def renamed(name: str, names: Names) -> tuple[str, int | None] | None:
    """An array's name at Hugging Face, and its input axes; None where T5 has no such array."""
    matches = ((re.fullmatch(pattern, name), ours, axes) for pattern, ours, axes in names)
    return next(((match.expand(ours), axes) for match, ours, axes in matches if match), None)


def origins_of(arrays: Tensors, names: Names) -> dict[str, Origin]:
    """Where each of Hugging Face's tensors lies. An array that T5 does not have keeps its own name.

    Raises:
        CheckpointError: two arrays are one and the same in T5.
    """
    origins: dict[str, Origin] = {}
    for name in arrays.names():
        ours, axes = renamed(name, names) or (name, None)
        if ours in origins:
            raise CheckpointError(
                f"{arrays.source}: tensors {origins[ours].name} and {name} are one and the same in T5."
            )
        origins[ours] = Origin(arrays, name, axes)
    return origins


WRAPPERS = ("module.", "_orig_mod.", "model.")
"""What the names of all tensors begin with if a model was saved within DataParallel, torch.compile or a trainer."""


def without_wrapper(tensors: Tensors) -> Tensors:
    """The same tensors without what a wrapper around the model put before all their names."""
    names = stored = tensors.names()
    while prefix := next((p for p in WRAPPERS if names and all(name.startswith(p) for name in names)), ""):
        names = [name.removeprefix(prefix) for name in names]
    if names == stored:
        return tensors
    return RenamedTensors(tensors.source, {name: Origin(tensors, old) for name, old in zip(names, stored, strict=True)})


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


def first_line(error: Exception) -> str:
    """What a library says of its error, in one line."""
    return str(error).strip().partition("\n")[0] or type(error).__name__
