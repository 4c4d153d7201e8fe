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
    """Steps between checkpoints; there is also one at the end, and one where a validation score is the best so far."""
    keep: int = 3
    """How many checkpoints stay, the newest; beside them stays the best of each validation score."""
    validate_every: int | None = None
    """Steps between validations, where there is one to do; there is also one at the end. None: with each checkpoint."""
    log_every: int = 100
    """Steps over which the logged loss and speed are averaged."""
    bucket_width: int = 4
    """Tokens: lengths in the same class of this width count as alike; see `BatchPlan`."""
    packing: tuple[int, int] | None = None
    """The lengths of a row, source and target, into which several examples are packed; `batch_size` then counts rows.
    None: every example has a row of its own, in batches of like lengths."""

    def __post_init__(self) -> None:
        for name in ("steps", "batch_size", "checkpoint_every", "keep", "validate_every", "log_every", "bucket_width"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name} must be at least 1. Received: {name}={value}")
        if self.packing is not None and (len(self.packing) != 2 or min(self.packing) < 1):
            raise ValueError(f"packing takes two lengths of at least 1, source and target. Received: {self.packing}")
        if self.seed < 0:
            raise ValueError(f"seed must not be negative. Received: seed={self.seed}")
        if not 0 < self.learning_rate < math.inf:
            raise ValueError(f"learning_rate must be positive and finite. Received: {self.learning_rate}")

    def fixed(self) -> dict[str, Any]:
        """The settings that decide what a step does, and so cannot change when a run is resumed."""
        values = {name: getattr(self, name) for name in ("batch_size", "learning_rate", "seed", "bucket_width")}
        return values | {"packing": list(self.packing) if self.packing else None}  # as it comes back from JSON

    def is_checkpoint(self, step: int) -> bool:
        """Whether a checkpoint is due after so many steps."""
        return step == self.steps or step % self.checkpoint_every == 0

    def is_validation(self, step: int) -> bool:
        """Whether a validation is due after so many steps."""
        return step == self.steps or step % (self.validate_every or self.checkpoint_every) == 0
