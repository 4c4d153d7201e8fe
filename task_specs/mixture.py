"""`Mixture`: which tasks a model is trained on together, and how often each is drawn."""

import math
import re
from dataclasses import dataclass

from task_specs.support.errors import SpecError

TEXT = "text"
"""The member that stands for plain text, of which each run says where it lies. T5's was C4."""

RATES = ("proportional", "equal")


@dataclass(frozen=True)
class Member:
    """A member of a mixture.

    Attributes:
        name: a task, a benchmark, another mixture, or `text`.
        rate: what counts as its size, whatever its size is; 0 for a member that is validated and never drawn.
        factor: multiplies what comes of its size.
    """

    name: str
    rate: float | None = None
    factor: float = 1.0

    def __post_init__(self) -> None:
        if self.rate is not None and not 0 <= self.rate < math.inf:
            raise SpecError(f"the rate of {self.name} must be a number from 0, got {self.rate}")
        if not 0 < self.factor < math.inf:
            raise SpecError(f"the factor of {self.name} must be a positive number, got {self.factor}")


@dataclass(frozen=True)
class Mixture:
    """Tasks that are drawn in given proportions.

    A member's rate is `factor * min(size, limit) ** (1 / temperature)`. The size of a task is the number of its
    training pairs; that of a benchmark or mixture the sum over its tasks, each limited. Within it, its own rates hold.

    Attributes:
        name: its name; no task, benchmark or other mixture has it.
        members: its members, or their names.
        rates: `proportional`, or `equal` where every size counts as 1.
        limit: the most that a size counts (K in the paper); None for no limit.
        temperature: T in the paper; 1 leaves sizes as they are, more brings rates closer together.
        without: tasks, benchmarks' and mixtures' tasks, or `text`, that are left out wherever among the members they
            stand.
        aliases: other names, T5's own among them.
        note: a sentence that a user of the mixture should know.
    """

    name: str
    members: tuple[Member, ...]
    rates: str = "proportional"
    limit: int | None = None
    temperature: float = 1.0
    without: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    note: str = ""

    def __post_init__(self) -> None:
        members = tuple(Member(member) if isinstance(member, str) else member for member in self.members)
        object.__setattr__(self, "members", members)
        object.__setattr__(self, "without", tuple(self.without))
        object.__setattr__(self, "aliases", tuple(self.aliases))
        for name in (self.name, *self.aliases):
            if not re.fullmatch(r"[A-Za-z0-9_][\w.+-]*(/[A-Za-z0-9_][\w.+-]*)?", name):
                raise SpecError(f"mixture name {name!r}: use letters, digits and _ . + -, with at most one slash")
        if not members:
            raise SpecError(f"mixture {self.name}: it has no members")
        names = [member.name for member in members]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise SpecError(f"mixture {self.name}: {', '.join(twice)} is a member twice; give it a factor instead")
        if self.rates not in RATES:
            raise SpecError(f"mixture {self.name}: rates are {' or '.join(RATES)}, got {self.rates!r}")
        if self.limit is not None and self.limit < 1:
            raise SpecError(f"mixture {self.name}: the limit must be at least 1, got {self.limit}")
        if not 0 < self.temperature < math.inf:
            raise SpecError(f"mixture {self.name}: the temperature must be positive, got {self.temperature}")
