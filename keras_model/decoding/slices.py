"""Work on many rows a few at a time, so that what lies between input and output never lies in memory for all rows."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

Tensor = Any


def in_slices(function: Callable[..., Tensor], tensors: tuple[Tensor, ...], rows: Tensor, dtype: Any) -> Tensor:
    """`function` of tensors [total, ...], where each row of the result needs that row of the tensors alone.

    To be called inside a `tf.function` whose shapes are open; the compiled body serves all slices.

    Args:
        function: takes a slice of each tensor, [at most rows, ...]; returns [the same number, ...].
        tensors: tensors with the same first dimension.
        rows: int scalar; the size of a slice.
        dtype: the result's.

    Returns:
        The results, one after the other, [total, ...].
    """
    total = tf.shape(tensors[0])[0]
    slices = tf.maximum(1, -(-total // rows))  # of nothing there is an empty slice

    def body(i: Tensor, results: tf.TensorArray) -> tuple:
        return i + 1, results.write(i, function(*(tensor[i * rows : (i + 1) * rows] for tensor in tensors)))

    results = tf.TensorArray(dtype, slices, infer_shape=False)
    return tf.while_loop(lambda i, _: i < slices, body, (0, results), parallel_iterations=1)[1].concat()
