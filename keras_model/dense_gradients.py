"""Sums the repeated rows of a lookup's gradient before an optimizer sees it.

TensorFlow gives the gradient of a table lookup as `tf.IndexedSlices`: one row per looked-up id, repeated ids as
repeated rows. Keras 3 optimizers square and scale those rows one by one without adding them up first, so every
optimizer but plain SGD takes a wrong step for an id that occurs twice. In a T5 that is the relative position bias
(each bucket is looked up many times) and, where the logits do not share it, the token embedding.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf


def dense_gradient(gradient: Any) -> Any:
    """The gradient as one dense tensor, repeated rows added up.

    Args:
        gradient: a tensor, `tf.IndexedSlices`, or None (a variable that the loss does not depend on).

    Returns:
        A tensor of the variable's shape; None for None.
    """
    # The conversion of IndexedSlices is an unsorted segment sum, which adds repeated rows exactly.
    return None if gradient is None else tf.convert_to_tensor(gradient)


class DenseGradients:
    """Mixin for a `keras.optimizers.Optimizer`: gradients are dense before they are clipped, accumulated or applied.

    `class AdamW(DenseGradients, keras.optimizers.AdamW): ...` makes a Keras optimizer exact for lookups.
    """

    def apply(self, grads, trainable_variables=None):
        return super().apply([dense_gradient(gradient) for gradient in grads], trainable_variables)  # type: ignore[misc]
