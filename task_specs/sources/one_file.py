"""What sources of one file for each split have in common."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from task_specs.records import FrozenDict
from task_specs.support.errors import SpecError


@dataclass(frozen=True)
class OneFile:
    """A source of one file for each split.

    Attributes:
        folder: the folder below the data directory; itself if empty.
        files: split to file name.
    """

    folder: str
    files: Mapping[str, str]
    kind: ClassVar[str] = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "files", FrozenDict(self.files))
        if not self.files:
            raise SpecError(f"source {self.kind!r} needs at least one file")

    def paths(self, split: str) -> dict[str, str]:
        return {"": self.files[split]}

    @property
    def splits(self) -> tuple[str, ...]:
        return tuple(self.files)
