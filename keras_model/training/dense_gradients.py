"""What a Keras optimizer gets wrong about gradients, put right before it sees them.

**Repeated rows.** TensorFlow gives the gradient of a table lookup as `tf.IndexedSlices`: one row per looked-up id,
repeated ids as repeated rows. Keras 3 optimizers square and scale those rows one by one without adding them up first,
so every optimizer but plain SGD takes a wrong step for an id that occurs twice. In a T5 that is the relative position
bias (each bucket is looked up many times) and, where the logits do not share it, the token embedding.

**The global norm.** Keras clips by the norm of each replica's own gradient, before the replicas' gradients are added
up, so that a step on two replicas is not the one that a single device takes.
"""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from keras_model.backend import keras, require_methods

require_methods(keras.optimizers.Optimizer, "apply", "_clip_gradients", "_all_reduce_sum_gradients")


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
    """Mixin for a `keras.optimizers.Optimizer`: gradients are dense before they are clipped, accumulated or applied,
    and their norm, to which `global_clipnorm` is the limit, is that of the sum over all replicas.

    Attributes:
        gradient_norm: float32 keras.Variable, the norm of the last step's gradient of all variables together, before
            clipping; from `build` on. It is no state of the optimizer and is not saved. 0 under Keras'
            `gradient_accumulation_steps`, where not every step has one.
    """

    gradient_norm: Any = None
    began: Sequence[int] = ()
    """For each variable, in their order, the steps that were taken before it was trained; empty where none were."""

    def build(self, variables):
        if self.gradient_norm is None:
            self.gradient_norm = keras.Variable(
                0.0, dtype="float32", trainable=False, aggregation="only_first_replica", name="gradient_norm"
            )
        super().build(variables)  # type: ignore[misc]

    @property
    def tells_norm(self) -> bool:
        """Whether each step has a `gradient_norm`."""
        return not self.gradient_accumulation_steps  # type: ignore[attr-defined]

    def steps_of(self, variable: Any) -> Any:
        """The number of the step that is being taken, counted from a variable's first, which is 1."""
        began = self.began[self._get_variable_index(variable)] if self.began else 0  # type: ignore[attr-defined]
        return self.iterations + 1 - began if began else self.iterations + 1  # type: ignore[attr-defined]

    def take_over(self, before: Any) -> None:
        """Goes on where an optimizer of the same kind stopped that had some of the variables; both are built."""
        self.iterations.assign(before.iterations)  # type: ignore[attr-defined]
        for variable in before._trainable_variables:
            for new, old in zip(self.slots(variable), before.slots(variable), strict=True):
                new.assign(old)

    def slots(self, variable: Any) -> Sequence[Any]:
        """The optimizer's state of one variable."""
        raise NotImplementedError

    def apply(self, grads, trainable_variables=None):
        return super().apply([dense_gradient(gradient) for gradient in grads], trainable_variables)  # type: ignore[misc]

    def _clip_gradients(self, grads):
        return grads if self.global_clipnorm else super()._clip_gradients(grads)  # type: ignore[misc, attr-defined]

    def _all_reduce_sum_gradients(self, grads_and_vars):
        summed = super()._all_reduce_sum_gradients(grads_and_vars)  # type: ignore[misc]
        norm = tf.linalg.global_norm([tf.cast(gradient, tf.float32) for gradient, _ in summed if gradient is not None])
        if self.tells_norm:
            self.gradient_norm.assign(norm)
        limit = self.global_clipnorm  # type: ignore[attr-defined]
        if not limit:
            return summed
        scale = limit / tf.maximum(norm, limit)
        return [(None if g is None else g * tf.cast(scale, g.dtype), variable) for g, variable in summed]


@keras.saving.register_keras_serializable("t5eval")
class AdamW(DenseGradients, keras.optimizers.AdamW):
    """Keras' AdamW, exact for lookups and on several replicas."""

    def slots(self, variable):
        index = self._get_variable_index(variable)
        return [self._momentums[index], self._velocities[index]]

    def update_step(self, gradient, variable, learning_rate):
        if self.began:
            # Keras corrects the moments' bias, through the rate, by the steps of the run; here it is the variable's.
            ours, theirs = self._bias(self.steps_of(variable)), self._bias(self.iterations + 1)
            learning_rate = learning_rate * (ours / theirs)
        super().update_step(gradient, variable, learning_rate)

    def _bias(self, step):
        step = tf.cast(step, tf.float32)
        return tf.sqrt(1.0 - tf.pow(self.beta_2, step)) / (1.0 - tf.pow(self.beta_1, step))
