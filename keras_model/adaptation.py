"""Ways to train a few new weights beside a T5 whose own stay as they are: what describes them. Needs no TensorFlow."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from typing import Any, ClassVar

from keras_model.config import T5Config

SUB_LAYERS = {"attention": ("self_attention", "cross_attention"), "feed_forward": ("feed_forward",)}
"""Where an adapter may come, with the sub-layers of a block that are meant."""


@dataclasses.dataclass(frozen=True)
class LoRA:
    """Low-rank updates of matrices: W + alpha / rank * A B (Hu et al. 2021, arXiv:2106.09685).

    Raises:
        ValueError: a number is out of range, or no matrix is named.
    """

    name: ClassVar[str] = "lora"

    rank: int = 8
    """Columns of A and rows of B; no matrix that has them may have fewer of its own."""
    alpha: float | None = None
    """The update is multiplied by alpha / rank. None stands for the rank, as in Keras, and is replaced by it."""
    matrices: tuple[str, ...] = ("q", "v")
    """Which matrices of all blocks, by the names of Hugging Face's modules: `q`, `k`, `v`, `o`, `wo`, and `wi`, or
    where a layer is gated `wi_0` and `wi_1`."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "matrices", tuple(self.matrices))
        if self.alpha is None:
            object.__setattr__(self, "alpha", self.rank)
        _require_positive("rank", self.rank)
        alpha = self.alpha
        if isinstance(alpha, bool) or not isinstance(alpha, int | float) or not 0 < alpha < float("inf"):
            raise ValueError(f"alpha must be a positive number. Received: alpha={alpha!r}")
        if not self.matrices:
            raise ValueError("lora needs a matrix to be added to, such as q. Received: matrices=[]")

    @property
    def scale(self) -> float:
        """What A B is multiplied by."""
        assert self.alpha is not None  # __post_init__ filled it in
        return self.alpha / self.rank

    def require_fits(self, config: T5Config) -> None:
        """Raises ValueError if a T5 has no matrix of a name, or one smaller than the rank."""
        sizes = matrices_of(config)
        _require_known("matrices", self.matrices, sizes)
        for name in self.matrices:
            if self.rank > min(sizes[name]):
                raise ValueError(
                    f"the matrix {name} has shape {sizes[name]}; a rank above {min(sizes[name])} is none. "
                    f"Received: rank={self.rank}"
                )

    def to_dict(self) -> dict[str, Any]:
        """Returns it as JSON data."""
        return {"name": self.name, "rank": self.rank, "alpha": self.alpha, "matrices": list(self.matrices)}


@dataclasses.dataclass(frozen=True)
class Adapters:
    """Bottleneck layers after sub-layers, trained with all norms (Raffel et al. 2020, section 3.5.1).

    Raises:
        ValueError: the size is out of range, or no known sub-layer is named.
    """

    name: ClassVar[str] = "adapters"

    size: int = 32
    """The inner dimension, d; the paper's are 32 to 2048."""
    after: tuple[str, ...] = tuple(SUB_LAYERS)
    """Which layers an adapter follows. By default both, as Houlsby et al. 2019 have it; section 3.5.1 says
    `feed_forward`."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "after", tuple(self.after))
        _require_positive("size", self.size)
        _require_known("after", self.after, SUB_LAYERS)
        if not self.after:
            raise ValueError("adapters come after something: attention, feed_forward. Received: after=[]")

    def require_fits(self, config: T5Config) -> None:
        """Does nothing: every T5 has a place for adapters of any size."""

    def to_dict(self) -> dict[str, Any]:
        """Returns it as JSON data."""
        return {"name": self.name, "size": self.size, "after": list(self.after)}


Adaptation = LoRA | Adapters


def from_dict(values: dict[str, Any]) -> Adaptation:
    """What `to_dict` described. Raises ValueError if it is nothing of the kind."""
    kinds: dict[str, type[Adaptation]] = {LoRA.name: LoRA, Adapters.name: Adapters}
    try:
        return kinds[values["name"]](**{key: value for key, value in values.items() if key != "name"})
    except (KeyError, TypeError):
        raise ValueError(f"neither lora nor adapters. Received: {values!r}") from None


def matrices_of(config: T5Config) -> dict[str, tuple[int, int]]:
    """The matrices of a T5's blocks by the names of Hugging Face's modules, with their shapes [rows, columns]."""
    d_model, inner, d_ff = config.d_model, config.inner_dim, config.d_ff
    into = ("wi_0", "wi_1") if config.is_gated else ("wi",)
    return {
        **dict.fromkeys(("q", "k", "v"), (d_model, inner)),
        "o": (inner, d_model),
        **dict.fromkeys(into, (d_model, d_ff)),
        "wo": (d_ff, d_model),
    }


def _require_positive(name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"{name} must be an integer of at least 1. Received: {name}={value!r}")


def _require_known(name: str, values: Collection[Any], known: Collection[str]) -> None:
    for value in values:
        if value not in known:
            raise ValueError(f"{name} must be among {', '.join(known)}. Received: {value!r}")
