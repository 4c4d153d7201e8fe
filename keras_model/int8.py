"""Weights of eight bits, for inference: each matrix as int8 numbers, times a float32 scale for each of its outputs.

What multiplies a matrix gets it in floating point, made anew each time. So the model takes a quarter of the memory
while it lies there, its arithmetic is that of rounded weights, and it is no faster.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from keras_model.backend import keras
from keras_model.model import RelativePositionBias, T5Network, TokenEmbedding

LARGEST = 127


class Int8Matrix:
    """Stands where a float matrix was: TensorFlow and NumPy see the floats that it stands for.

    Args:
        numbers: int8 variable [rows, columns].
        scale: float32 variable, [rows, 1] or [1, columns].
        dtype: what the matrix was.
    """

    trainable = False

    def __init__(self, numbers: keras.Variable, scale: keras.Variable, dtype: str) -> None:
        self.numbers, self.scale, self.dtype = numbers, scale, dtype
        self.shape, self.name = numbers.shape, numbers.name

    def __tf_tensor__(self, dtype: Any = None, name: str | None = None) -> tf.Tensor:
        floats = tf.cast(tf.convert_to_tensor(self.numbers), tf.float32) * tf.convert_to_tensor(self.scale)
        return tf.cast(floats, dtype or self.dtype, name=name)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(tf.convert_to_tensor(self), dtype)


def quantize_int8(model: T5Network) -> None:
    """Rounds the matrices of a model in place, and freezes it; norms and position biases, which are small, stay."""
    for layer in model._flatten_layers(include_self=False):
        if isinstance(layer, RelativePositionBias):
            continue
        attributes = {id(value): name for name, value in vars(layer).items()}
        for variable in list(layer._trainable_variables):
            if len(variable.shape) == 2:
                # One scale for each output: a row of the embedding, which is the head's too, or a column.
                matrix = _rounded(layer, variable, axis=1 if isinstance(layer, TokenEmbedding) else 0)
                setattr(layer, attributes[id(variable)], matrix)
    model.trainable = False


def _rounded(layer: keras.layers.Layer, variable: keras.Variable, axis: int) -> Int8Matrix:
    """The matrix that takes a variable's place among the layer's weights."""
    values = np.asarray(variable, np.float32)
    scale = np.abs(values).max(axis, keepdims=True) / np.float32(LARGEST)
    scale[scale == 0] = 1.0
    layer._tracker.unlock()
    layer._untrack_variable(variable)
    new = (
        layer.add_weight(value.shape, "zeros", dtype, trainable=False, name=f"{variable.name}_{name}")
        for name, dtype, value in (("int8", "int8", values), ("scale", "float32", scale))
    )
    numbers, scales = new
    layer._tracker.lock()
    numbers.assign(np.rint(values / scale).astype(np.int8))
    scales.assign(scale)
    return Int8Matrix(numbers, scales, variable.dtype)
