"""Adafactor as T5 was trained with it."""

import math

import tensorflow as tf

from keras_model.backend import keras, ops
from keras_model.training.dense_gradients import DenseGradients


@keras.saving.register_keras_serializable("t5eval")
class Adafactor(DenseGradients, keras.optimizers.Optimizer):
    """Adafactor with factored second moments, update clipping and parameter scaling, without momentum.

    For a gradient G of a variable X at step t (the first step is 1), with b = 1 - t^decay_exponent:

        V = b V + (1 - b) (G^2 + epsilon)             kept as its row and column means where X is factored
        U = G / sqrt(V)
        X = X - rate(t) * max(parameter_floor, rms(X)) * U / max(1, rms(U) / clipping_threshold)

    A variable is factored over its two largest axes if both are at least `min_dim_size_to_factor` long. It then has
    no moment of its own size: the state of a matrix [n, m] is n + m numbers.

    `keras.optimizers.Adafactor` is another optimizer: it factors every matrix, never takes a rate above 1/sqrt(t),
    and allocates full-size moments.

    Args:
        learning_rate: float, or a `keras.optimizers.schedules.LearningRateSchedule`. Used exactly as given, relative
            to each variable's scale unless `scale_by_parameter` is False. Defaults to 1e-3, T5's constant rate.
        decay_exponent: float, negative. Defaults to -0.8.
        clipping_threshold: float, the largest root mean square of an update before the rate; None for no clipping.
            Defaults to 1.0.
        scale_by_parameter: bool. Multiply the rate by the variable's root mean square. Defaults to True.
        parameter_floor: float, the smallest scale, which lets a variable leave zero. Defaults to 1e-3.
        min_dim_size_to_factor: int. Defaults to 128.
        epsilon: float, added to the squared gradient. Defaults to 1e-30.
        **kwargs: the arguments of `keras.optimizers.Optimizer` (name, clipnorm, gradient_accumulation_steps, ...).

    Source: Shazeer and Stern 2018 (arXiv:1804.04235), algorithms 4 to 6; T5's settings from Raffel et al. 2020,
    section 3.1.2.
    """

    def __init__(
        self,
        learning_rate=1e-3,
        decay_exponent=-0.8,
        clipping_threshold=1.0,
        scale_by_parameter=True,
        parameter_floor=1e-3,
        min_dim_size_to_factor=128,
        epsilon=1e-30,
        name="adafactor",
        **kwargs,
    ):
        super().__init__(learning_rate=learning_rate, name=name, **kwargs)
        if not -1.0 <= decay_exponent < 0.0:
            raise ValueError(f"decay_exponent must lie in [-1, 0). Received: decay_exponent={decay_exponent}")
        self.decay_exponent = decay_exponent
        self.clipping_threshold = clipping_threshold
        self.scale_by_parameter = scale_by_parameter
        self.parameter_floor = parameter_floor
        self.min_dim_size_to_factor = min_dim_size_to_factor
        self.epsilon = epsilon

    def factored_axes(self, shape: tuple[int, ...]) -> tuple[int, int] | None:
        """The axes (row, column) over which a variable of this shape is factored, or None where it is not."""
        if len(shape) < 2:
            return None
        by_size = sorted(range(len(shape)), key=lambda axis: shape[axis])
        row_axis, column_axis = sorted(by_size[-2:])
        if min(shape[row_axis], shape[column_axis]) < self.min_dim_size_to_factor:
            return None
        return row_axis, column_axis

    def build(self, variables):
        if self.built:
            return
        super().build(variables)
        # Per variable: (row means, column means) where it is factored, else (moments,).
        self._moments = [self._add_moments(variable) for variable in variables]

    def _add_moments(self, variable):
        shape = tuple(variable.shape)
        axes = self.factored_axes(shape)
        if axes is None:
            return (self.add_variable_from_reference(variable, name="moments"),)
        row_axis, column_axis = axes
        name = variable.path.replace("/", "_")
        return (
            self.add_variable(_without(shape, column_axis), dtype=variable.dtype, name=f"{name}_row_moments"),
            self.add_variable(_without(shape, row_axis), dtype=variable.dtype, name=f"{name}_column_moments"),
        )

    def slots(self, variable):
        return self._moments[self._get_variable_index(variable)]

    def update_step(self, gradient, variable, learning_rate):
        gradient = ops.cast(gradient, variable.dtype)
        step = ops.cast(self.steps_of(variable), variable.dtype)
        mixing = ops.power(step, self.decay_exponent)  # 1 - b
        square = ops.square(gradient)

        moments = self._moments[self._get_variable_index(variable)]
        axes = self.factored_axes(tuple(variable.shape))
        if axes is None:
            (moment,) = moments
            self._mix(moment, square, mixing)
            update = gradient * ops.rsqrt(moment)
        else:
            row_axis, column_axis = axes
            row, column = moments
            self._mix(row, ops.mean(square, axis=column_axis), mixing)
            self._mix(column, ops.mean(square, axis=row_axis), mixing)
            # V[i, j] = row[i] * column[j] / mean(row). The row axis comes first, so it keeps its number in `row`.
            row_scale = ops.rsqrt(row / ops.mean(row, axis=row_axis, keepdims=True))
            update = gradient * ops.expand_dims(row_scale, column_axis) * ops.expand_dims(ops.rsqrt(column), row_axis)

        rate = ops.cast(learning_rate, variable.dtype)
        if self.scale_by_parameter:
            rate = rate * ops.maximum(_rms(variable), self.parameter_floor)
        if self.clipping_threshold is not None:
            rate = rate / ops.maximum(1.0, _rms(update) / self.clipping_threshold)
        self.assign_sub(variable, rate * update)

    def _mix(self, moment, square, mixing):
        self.assign(moment, (1.0 - mixing) * moment + mixing * (square + self.epsilon))

    def get_config(self):
        return {
            **super().get_config(),
            "decay_exponent": self.decay_exponent,
            "clipping_threshold": self.clipping_threshold,
            "scale_by_parameter": self.scale_by_parameter,
            "parameter_floor": self.parameter_floor,
            "min_dim_size_to_factor": self.min_dim_size_to_factor,
            "epsilon": self.epsilon,
        }


def _without(shape, axis):
    return shape[:axis] + shape[axis + 1 :]


def _rms(tensor):
    # l2_loss, half the sum of squares, reads once and writes nothing; mean(square) writes an array of squares first.
    tensor = tf.convert_to_tensor(tensor)
    return ops.sqrt(tf.nn.l2_loss(tensor) * (2.0 / max(1, math.prod(tensor.shape))))
