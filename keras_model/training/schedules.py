"""How the learning rate goes with the steps. `n` is the number of steps taken before: 0 in the first one."""

from keras_model.backend import keras, ops


@keras.saving.register_keras_serializable("t5eval")
class InverseSquareRoot(keras.optimizers.schedules.LearningRateSchedule):
    """scale / sqrt(max(n, warmup_steps)): constant at first, then falling, without an end that has to be known.

    Args:
        scale: float. Defaults to 1.0.
        warmup_steps: int, at least 1. Defaults to 10,000, which makes the first rates 0.01.

    Source: Raffel et al. 2020, section 3.1.2, T5's pre-training; `learning_rate_schedule_noam` of Mesh TensorFlow.
    """

    def __init__(self, scale=1.0, warmup_steps=10_000):
        if warmup_steps < 1:
            raise ValueError(f"warmup_steps must be at least 1. Received: warmup_steps={warmup_steps}")
        self.scale = scale
        self.warmup_steps = warmup_steps

    def __call__(self, step):
        return self.scale * ops.rsqrt(ops.maximum(ops.cast(step, "float32"), float(self.warmup_steps)))

    def get_config(self):
        return {"scale": self.scale, "warmup_steps": self.warmup_steps}


@keras.saving.register_keras_serializable("t5eval")
class LinearWarmupAndDecay(keras.optimizers.schedules.LearningRateSchedule):
    """peak * n / warmup_steps up to the peak, then peak * (steps - n) / (steps - warmup_steps) down to 0.

    Args:
        peak: float, the highest rate.
        warmup_steps: int, at least 0; the first step's rate is 0 unless it is 0.
        steps: int, steps of the whole run; more than `warmup_steps`.

    Source: `get_linear_schedule_with_warmup` of transformers.
    """

    def __init__(self, peak, warmup_steps, steps):
        if not 0 <= warmup_steps < steps:
            raise ValueError(
                f"warmup_steps must not be negative and be less than steps. "
                f"Received: warmup_steps={warmup_steps}, steps={steps}"
            )
        self.peak = peak
        self.warmup_steps = warmup_steps
        self.steps = steps

    def __call__(self, step):
        step = ops.cast(step, "float32")
        rising = step / max(1.0, float(self.warmup_steps))
        falling = (self.steps - step) / float(self.steps - self.warmup_steps)
        return self.peak * ops.maximum(0.0, ops.where(step < self.warmup_steps, rising, falling))

    def get_config(self):
        return {"peak": self.peak, "warmup_steps": self.warmup_steps, "steps": self.steps}
