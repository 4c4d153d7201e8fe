"""The second moments that Adafactor kept while a checkpoint was trained, for an optimizer that goes on from there.

T5's own fine-tuning went on with them, and with the checkpoint's step in Adafactor's decay 1 - t^-0.8: its
`finetune` restores every variable, the optimizer's among them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_model.checkpoints.tensors import Names, Origin, Tensors, renamed
from keras_model.checkpoints.weights import EMBEDDING, EMBEDDING_COPIES, places, weights
from keras_model.files.model_folder import CheckpointError

if TYPE_CHECKING:
    from keras_model.model import T5Network


@dataclasses.dataclass(frozen=True)
class Moments:
    """The second moments of a checkpoint; nothing but their step has been read into memory."""

    source: str
    step: int
    """Steps of the training that they are from."""
    slots: Mapping[str, Mapping[str, Origin]]
    """For each tensor, by its name at Hugging Face: `v`, or `v_row` and `v_col`, whatever the format calls them."""
    first_is_largest: bool
    """Of a matrix with two equal sides, which one counts as the larger: `v_row` belongs to the smaller side."""


def moments_of(
    arrays: Tensors, slots: Mapping[str, Mapping[str, str]], names: Names, step: int, first_is_largest: bool
) -> Moments | None:
    """The moments of a format that found slots by the names of its own parameters; None where there are none."""
    found: dict[str, Mapping[str, Origin]] = {}
    for parameter, own in slots.items():
        if ours := renamed(parameter, names):
            name, axes = ours
            found[name] = {slot: Origin(arrays, array, axes) for slot, array in own.items()}
    return Moments(arrays.source, step, found, first_is_largest) if found and step else None  # none before a step


def assign_moments(model: T5Network, optimizer: Any, moments: Moments) -> None:
    """Fills a built `Adafactor` of a model.

    Raises:
        CheckpointError: a variable's moments are missing, of another shape, or no numbers that moments can be.
    """
    transposed = {place.name: place.transposed for place in places(model.config)}
    for weight in weights(model):
        if weight.variable.trainable:
            targets = optimizer.slots(weight.variable)
            found = _values(moments, weight.name, tuple(weight.variable.shape), len(targets), transposed[weight.name])
            for target, (array, value) in zip(targets, found, strict=True):
                if value.shape != tuple(target.shape):
                    raise _unusable(moments, f"{array} has shape {value.shape}, where {tuple(target.shape)} is kept")
                if not np.isfinite(value).all() or (value < 0).any():
                    raise _unusable(moments, f"{array} holds numbers that are no means of squares")
                target.assign(value)


def _values(
    moments: Moments, name: str, shape: tuple[int, ...], count: int, transposed: bool
) -> Iterator[tuple[str, np.ndarray]]:
    """Names and values of a variable's moments, in the layout of the model: of its rows and its columns, or of all."""
    copies = (name, *EMBEDDING_COPIES) if name == EMBEDDING else (name,)
    slots = next((moments.slots[copy] for copy in copies if copy in moments.slots), {})
    wanted = ("v",) if count == 1 else ("v_row", "v_col")
    if missing := [slot for slot in wanted if slot not in slots]:
        raise _unusable(moments, f"it has no {missing[0]} of {name}")
    # The checkpoint's layout, [inputs, outputs], is the model's wherever Hugging Face's is the transposed one of both.
    flipped = (slots[wanted[0]].input_axes is not None) != transposed and len(shape) == 2
    if count == 1:
        value = slots["v"].arrays.read(slots["v"].name)
        yield slots["v"].name, np.asarray(value.T if flipped else value, np.float32)
        return
    stored = shape[::-1] if flipped else shape
    rows_are_second = stored[1] < stored[0] or (stored[0] == stored[1] and moments.first_is_largest)
    for slot in reversed(wanted) if rows_are_second != flipped else wanted:
        yield slots[slot].name, np.asarray(slots[slot].arrays.read(slots[slot].name), np.float32)


def _unusable(moments: Moments, fault: str) -> CheckpointError:
    return CheckpointError(
        f"{moments.source}: the optimizer's moments cannot be used: {fault}; --fresh-optimizer starts without them."
    )
