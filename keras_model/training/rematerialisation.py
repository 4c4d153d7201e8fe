"""Blocks whose activations are computed twice, so that between the two passes only their inputs are held."""

from typing import Any

import tensorflow as tf

Tensor = Any


def rematerialised(
    block: Any,
    x: Tensor,
    biases: list[Tensor],
    memory: Tensor | None = None,
    memory_biases: list[Tensor] | None = None,
    training: bool = False,
) -> Tensor:
    """What a block of the model returns, with the same gradients and, in training, the memory of its inputs alone.

    The backward pass computes the block again from the random states that it had, so that dropout is the same.
    Gradients go to the block's weights, `x`, `memory` and the first of the biases, the position bias; the others are
    masks.
    """
    if not training:
        return block(x, biases, memory, memory_biases, training=False)
    position_bias, *masks = biases
    # Tensors, since a custom gradient is not defined for variables under every strategy.
    weights = [tf.convert_to_tensor(variable) for variable in block.trainable_variables]
    before = [tf.convert_to_tensor(variable) for variable in block.non_trainable_variables]
    after: list[Tensor] = []

    def run(weights: list[Tensor], inputs: list[Tensor]) -> Tensor:
        x, position_bias, *rest = inputs
        encoded = rest[0] if rest else None
        result, after[:] = block.stateless_call(
            weights, before, x, [position_bias, *masks], encoded, memory_biases, training=True
        )
        return result

    @tf.custom_gradient
    def twice(*tensors: Tensor) -> Any:
        weights, inputs = list(tensors[: -len(given)]), list(tensors[-len(given) :])

        def gradient(upstream: Tensor) -> list[Tensor]:
            # 0, which only the gradient tells: else a compiler would see that all this has been computed already, and
            # hold it, or compute it before it is needed.
            later = tf.minimum(tf.abs(tf.reshape(upstream, [-1])[0]), 0)
            x, position_bias, *rest = inputs
            again = [x + later, position_bias, *(encoded + later for encoded in rest)]
            with tf.GradientTape() as tape:
                tape.watch([weights, again])
                result = run(weights, again)
            return tape.gradient(result, [*weights, *again], upstream)

        return run(weights, inputs), gradient

    given = [x, position_bias] if memory is None else [x, position_bias, memory]
    result = twice(*weights, *given)
    for variable, old, new in zip(block.non_trainable_variables, before, after, strict=True):
        if new is not old:
            variable.assign(new)
    return result
