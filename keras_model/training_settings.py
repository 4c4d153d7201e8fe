"""How to train: the numbers that describe a run."""

from __future__ import annotations

import dataclasses
import math
from typing import Any


@dataclasses.dataclass(frozen=True)
class TrainSettings:
    """How to train. The dropout rate is the model's own (`T5Config.dropout_rate`).

    Raises:
        ValueError: a number is out of range.
    """

    steps: int
    """Steps of the whole run, those before a resumption included."""
    batch_size: int = 128
    """Examples in a batch."""
    learning_rate: float = 1e-3
    """Constant; relative to each weight's scale, as Adafactor has it."""
    seed: int = 0
    """Fixes the order of the examples and the dropout; the initial weights are the caller's."""
    checkpoint_every: int = 5000
    """Steps between checkpoints; there is also one at the end."""
    keep: int = 3
    """How many checkpoints stay, the newest."""
    validate_every: int | None = None
    """Steps between validations, where there is one to do; there is also one at the end. None: with each checkpoint."""
    log_every: int = 100
    """Steps over which the logged loss and speed are averaged."""
    bucket_width: int = 4
    """Tokens: lengths in the same class of this width count as alike; see `BatchPlan`."""

    steps_per_execution: int = 1
    """Steps that run as one call of TensorFlow, for devices on which the call takes longer than the step (a TPU)."""

    def __post_init__(self) -> None:
        due = ("steps", "checkpoint_every", "validate_every", "log_every")
        for name in (*due, "batch_size", "keep", "bucket_width", "steps_per_execution"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name} must be at least 1. Received: {name}={value}")
        for name in due:
            if (getattr(self, name) or 0) % self.steps_per_execution:
                raise ValueError(
                    f"{name} must be a multiple of steps_per_execution={self.steps_per_execution}, since nothing "
                    f"happens between the steps of one execution. Received: {name}={getattr(self, name)}"
                )
        if self.seed < 0:
            raise ValueError(f"seed must not be negative. Received: seed={self.seed}")
        if not 0 < self.learning_rate < math.inf:
            raise ValueError(f"learning_rate must be positive and finite. Received: {self.learning_rate}")

    def fixed(self) -> dict[str, Any]:
        """The settings that decide what a step does, and so cannot change when a run is resumed."""
        return {name: getattr(self, name) for name in ("batch_size", "learning_rate", "seed", "bucket_width")}

    def is_checkpoint(self, step: int) -> bool:
        """Whether a checkpoint is due after so many steps."""
        return step == self.steps or step % self.checkpoint_every == 0

    def is_validation(self, step: int) -> bool:
        """Whether a validation is due after so many steps."""
        return step == self.steps or step % (self.validate_every or self.checkpoint_every) == 0
