"""The loop around the steps of a search, in two forms: static for accelerators; on CPU, caches grow with the texts and
inputs leave when they are done."""

import dataclasses
from typing import Any

import tensorflow as tf

from keras_model.decoding.cached_decoder import State

Tensor = Any

STRETCH = 32
"""Steps between two looks at the whole: the caches then grow by so many positions, and finished inputs leave. Texts are
mostly far shorter than they may be."""


def decoding_loop(proceed: Any, step: Any, variables: tuple, state: State, steps: Tensor) -> tuple:
    """Runs `step` until no input proceeds, for `steps` positions at most.

    An input that has finished keeps the variables that it then has. It goes on taking part until the end of the loop,
    or of a stretch where it is left out if that leaves at most three quarters of the inputs; a step must change nothing
    of it that matters.

    Args:
        proceed: takes the position and the variables; bool [inputs], which inputs need another step.
        step: takes the position, the variables and the state; returns the variables, keys and values after it.
        variables: tensors [inputs, ...], whose shapes but the first dimension do not change.
        state: the state before the first step.
        steps: int scalar.

    Returns:
        The variables of all inputs after the last step.
    """
    if state.static:
        return static_loop(proceed, step, variables, state, steps)
    return growing_loop(proceed, step, variables, state, steps)


def static_loop(proceed: Any, step: Any, variables: tuple, state: State, steps: Tensor) -> tuple:
    """One loop, with caches of their full size: what accelerators run. Its shapes are fixed; see `decoding_loop`."""
    return _steps_up_to(steps, proceed, step, tf.constant(0), variables, state.grown(steps), steps)[1]


def growing_loop(proceed: Any, step: Any, variables: tuple, state: State, steps: Tensor) -> tuple:
    """A loop of stretches, after each of which caches grow and finished inputs leave: for CPUs; see `decoding_loop`."""

    def stretch(position: Tensor, inputs: Tensor, variables: tuple, results: tuple, held: tuple) -> tuple:
        size = tf.minimum(position + STRETCH, steps)
        current = _filled(state, held).grown(size)
        position, variables, keys, values = _steps_up_to(size, proceed, step, position, variables, current, steps)
        results = tuple(
            tf.tensor_scatter_nd_update(result, inputs[:, tf.newaxis], variable)
            for result, variable in zip(results, variables, strict=True)
        )
        current = dataclasses.replace(current, keys=keys, values=values)
        kept = tf.where(proceed(position, *variables))[:, 0]
        few = 4 * tf.size(kept) <= 3 * tf.size(inputs)

        def left() -> tuple:
            chosen = tuple(tf.gather(variable, kept) for variable in variables)
            return tf.gather(inputs, kept), chosen, _held(current.of_inputs(kept))

        inputs, variables, held = tf.cond(few, left, lambda: (inputs, variables, _held(current)))
        return position, inputs, variables, results, held

    inputs = tf.range(tf.shape(variables[0])[0])
    first = (tf.constant(0), inputs, variables, variables, _held(state))
    shapes = tf.nest.map_structure(lambda tensor: tf.TensorShape([None] * len(tensor.shape)), first)
    return tf.while_loop(
        lambda position, inputs, variables, *rest: _goes_on(proceed, position, variables, steps), stretch, first, shapes
    )[3]


def _goes_on(proceed: Any, position: Tensor, variables: tuple, steps: Tensor) -> Tensor:
    return (position < steps) & tf.reduce_any(proceed(position, *variables))


def _steps_up_to(
    size: Tensor, proceed: Any, step: Any, position: Tensor, variables: tuple, state: State, steps: Tensor
) -> tuple:
    """Steps up to position `size`, for which the caches have room; position, variables, keys and values after them."""

    def body(position: Tensor, variables: tuple, keys: Any, values: Any) -> tuple:
        return (position + 1, *step(position, *variables, dataclasses.replace(state, keys=keys, values=values)))

    return tf.while_loop(
        lambda position, variables, *caches: (position < size) & _goes_on(proceed, position, variables, steps),
        body,
        (position, variables, state.keys, state.values),
    )


def _held(state: State) -> tuple:
    """What of a state belongs to its inputs."""
    return state.memory_keys, state.memory_values, state.memory_bias, state.keys, state.values


def _filled(state: State, held: tuple) -> State:
    """The inverse of `_held`."""
    memory_keys, memory_values, memory_bias, keys, values = held
    return dataclasses.replace(
        state, memory_keys=memory_keys, memory_values=memory_values, memory_bias=memory_bias, keys=keys, values=values
    )
