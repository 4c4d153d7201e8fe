"""`t5eval data list`: which splits are at hand, and whether they are whole."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from t5eval.data.source import DataSource
from t5eval.data.split import available_splits, open_split
from t5eval.support.errors import DataError
from t5eval.support.stages import each
from task_specs import TaskSpec


@dataclass(frozen=True)
class Holding:
    """A split, and what there is of it.

    Attributes:
        split: its name.
        examples: how many are at hand; None where it is missing or damaged.
        official: how many it has officially, None where that is not known.
        state: `complete`, `other count`, `missing` or `damaged`.
        fault: what is wrong with one that is damaged, or missing in part.
    """

    task: str
    split: str
    examples: int | None
    official: int | None
    state: str
    fault: str = ""

    def to_json(self) -> dict[str, Any]:
        """Returns the holding as JSON data."""
        return asdict(self)

    def line(self) -> str:
        """Returns what a person reads."""
        here = "-" if self.examples is None else f"{self.examples:,}"
        of = "" if self.official is None else f" of {self.official:,}"
        return f"{self.task:26} {self.split:10} {here + of:>20}  {self.state}{f': {self.fault}' if self.fault else ''}"


def holdings(specs: Sequence[TaskSpec], data: DataSource) -> list[Holding]:
    """Returns what is at hand of each split of some tasks; each that is there is read.

    Args:
        data: where examples come from.
    """
    pairs = [(spec, split, split in available_splits(spec, data)) for spec in specs for split in spec.source.splits]
    return [_holding(spec, split, data, there) for spec, split, there in each(pairs, "reading", "splits")]


def _holding(spec: TaskSpec, split: str, data: DataSource, there: bool) -> Holding:
    official = spec.sizes.get(split)
    if not there:
        return Holding(spec.name, split, None, official, "missing")
    try:
        examples = sum(1 for _ in open_split(spec, split, data))
    except DataError as error:
        return Holding(spec.name, split, None, official, "damaged", str(error))
    state = "complete" if official in (None, examples) else "other count"
    return Holding(spec.name, split, examples, official, state)
