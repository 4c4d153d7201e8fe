"""How to train: the numbers that describe a run."""

import dataclasses
import math
from typing import Any

OPTIMIZERS = ("adafactor", "adamw")
SCHEDULES = ("constant", "inverse_square_root", "linear")
DTYPES = ("float32", "mixed_bfloat16", "bfloat16")

_AT_LEAST_ONE = (
    "steps", "batch_size", "batch_tokens", "shapes", "accumulate", "checkpoint_every", "keep", "validate_every",
    "log_every", "bucket_width", "steps_per_execution", "patience",
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class TrainSettings:
    """How to train. The dropout rate is the model's (`T5Config.dropout_rate`).

    Raises:
        ValueError: a number is out of range.
    """

    steps: int
    """Steps of the whole run, those before a resumption included."""
    batch_size: int = 128
    """Examples in a batch."""
    batch_tokens: int | None = None
    """Places in a batch, source and target together, padding included: each shape then has as many rows as that allows,
    and `batch_size` does not count."""
    shapes: int | None = None
    """The most shapes that padded batches may have. They are chosen from the data's lengths. None: as many as come; 12
    where every shape is compiled, or where `batch_tokens` is given."""
    optimizer: str = "adafactor"
    """`adafactor`, which is T5's, or `adamw`."""
    learning_rate: float = 1e-3
    """The highest rate of the schedule. Adafactor multiplies it by each weight's scale. 1e-3 is T5's fine-tuning."""
    schedule: str = "constant"
    """`constant`, as T5 was fine-tuned. `inverse_square_root`: `learning_rate` until `warmup_steps`, from there on as
    1/sqrt(steps taken); with 0.01 it is T5's pre-training. `linear`: up to `learning_rate` in `warmup_steps`, then down
    to 0 at `steps`."""
    warmup_steps: int = 10_000
    """Of the schedules `inverse_square_root` and `linear`; a constant rate ignores it."""
    weight_decay: float = 0.0
    """AdamW's: each step takes this share of the rate off a weight."""
    clip_norm: float | None = None
    """The longest gradient, all variables together; longer ones are scaled down to it. None: no limit, T5's way."""
    z_loss: float = 0.0
    """This times log(Z)^2 is added to a token's loss, Z being the softmax's denominator. T5's pre-training had 1e-4."""
    label_smoothing: float = 0.0
    """The probability that the true token gives up to all others, in [0, 1)."""
    accumulate: int = 1
    """Parts in which a batch goes through the model, for less memory; the step is the same."""
    remat: bool = False
    """Whether blocks are computed again in the backward pass instead of held, for less memory; the step is the same."""
    dtype: str = "float32"
    """What matrix products are computed in: `float32`, `mixed_bfloat16` or `bfloat16`. Weights are float32 but in
    `bfloat16`, which halves their memory and is for Adafactor alone."""
    seed: int = 0
    """Fixes the order of the examples and the dropout; the initial weights are the caller's."""
    checkpoint_every: int = 5000
    """Steps between checkpoints; there is also one at the end, and one where a validation score is the best so far."""
    keep: int = 3
    """How many checkpoints stay, the newest; beside them stays the best of each validation score."""
    validate_every: int | None = None
    """Steps between validations, where there is one to do; there is also one at the end. None: with each checkpoint."""
    patience: int | None = None
    """The run ends after so many validations in which no score was better than its best before; None: never."""
    log_every: int = 100
    """Steps over which the logged loss and speed are averaged."""
    bucket_width: int = 4
    """Tokens: lengths in the same class of this width count as alike; see `BatchPlan`."""
    packing: tuple[int, int] | None = None
    """The lengths of a row, source and target, into which several examples are packed; `batch_size` then counts rows.
    None: every example has a row of its own, in batches of like lengths."""
    gradual_unfreezing: bool = False
    """Whether blocks are trained from the top down, one more after each of equal parts of the steps: `Unfreezing`."""
    steps_per_execution: int = 1
    """Steps that run as one call of TensorFlow, for devices on which the call takes longer than the step (a TPU)."""

    def __post_init__(self) -> None:
        for name in _AT_LEAST_ONE:
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name} must be at least 1. Received: {name}={value}")
        for name in ("steps", "checkpoint_every", "validate_every", "log_every"):
            if (getattr(self, name) or 0) % self.steps_per_execution:
                raise ValueError(
                    f"{name} must be a multiple of steps_per_execution={self.steps_per_execution}, since nothing "
                    f"happens between the steps of one execution. Received: {name}={getattr(self, name)}"
                )
        if self.packing is not None and (len(self.packing) != 2 or min(self.packing) < 1):
            raise ValueError(f"packing takes two lengths of at least 1, source and target. Received: {self.packing}")
        for name in ("batch_tokens", "shapes"):
            if self.packing is not None and getattr(self, name) is not None:
                raise ValueError(f"{name} is for padded batches; packed rows have one shape. Received both")
        for name in ("seed", "warmup_steps", "weight_decay", "z_loss"):
            value = getattr(self, name)
            if not 0 <= value < math.inf:
                raise ValueError(f"{name} must not be negative. Received: {name}={value}")
        for name in ("learning_rate", "clip_norm"):
            value = getattr(self, name)
            if value is not None and not 0 < value < math.inf:
                raise ValueError(f"{name} must be positive and finite. Received: {name}={value}")
        if not 0 <= self.label_smoothing < 1:
            raise ValueError(f"label_smoothing must lie in [0, 1). Received: label_smoothing={self.label_smoothing}")
        for name, known in (("optimizer", OPTIMIZERS), ("schedule", SCHEDULES), ("dtype", DTYPES)):
            if getattr(self, name) not in known:
                raise ValueError(f"{name} must be one of {', '.join(known)}. Received: {name}={getattr(self, name)!r}")
        if self.dtype == "bfloat16" and self.optimizer != "adafactor":
            raise ValueError(
                "bfloat16 weights have too few digits for optimizer=adamw's updates: use adafactor, which rounds them "
                "at random, or mixed_bfloat16, whose weights are float32."
            )
        if self.weight_decay and self.optimizer != "adamw":
            raise ValueError(f"weight_decay is for optimizer=adamw. Received: optimizer={self.optimizer!r}")
        if self.schedule == "inverse_square_root" and self.warmup_steps == 0:
            raise ValueError("an inverse_square_root schedule needs warmup_steps of at least 1. Received: 0")
        if self.schedule == "linear" and self.warmup_steps >= self.steps:
            raise ValueError(
                "a linear schedule needs warmup_steps below steps. "
                f"Received: warmup_steps={self.warmup_steps}, steps={self.steps}"
            )

    def fixed(self) -> dict[str, Any]:
        """The settings that decide what a step does, and so cannot change when a run is resumed."""
        free = {"steps", "checkpoint_every", "keep", "validate_every", "log_every", "steps_per_execution"}
        free |= {"remat", "patience"}
        if self.schedule == "linear" or self.gradual_unfreezing:
            free.remove("steps")  # where the rate reaches 0, or of which an episode is a part
        if not self.gradual_unfreezing:
            free.add("gradual_unfreezing")  # runs that began before there was any go on
        values = {name: value for name, value in dataclasses.asdict(self).items() if name not in free}
        return values | {"packing": list(self.packing) if self.packing else None}  # as it comes back from JSON

    def is_checkpoint(self, step: int) -> bool:
        """Whether a checkpoint is due after so many steps."""
        return step == self.steps or step % self.checkpoint_every == 0

    def is_validation(self, step: int) -> bool:
        """Whether a validation is due after so many steps."""
        return step == self.steps or step % (self.validate_every or self.checkpoint_every) == 0
