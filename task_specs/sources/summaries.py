"""CNN/DailyMail as a source: articles and their highlights."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from task_specs.records import FrozenDict
from task_specs.support.errors import SpecError

FEATURES = FrozenDict({"article": "article", "highlights": "highlights"})


@dataclass(frozen=True)
class Stories:
    """Articles with highlights, each split in the first form that is there.

    A split is JSON lines (`test.jsonl`, objects with `article`, `highlights`, and `id` if they have one), or else two
    files line by line (`test.source`, `test.target`), or else the stories themselves: `cnn_stories.tgz` and
    `dailymail_stories.tgz`, or the folders `cnn/stories` and `dailymail/stories` that they unpack to, with the list
    of the split's URLs (`all_test.txt`); a story's id is the SHA-1 of its URL. Without ids, an example's is its
    0-based row.

    Attributes:
        folder: the folder below the data directory.
        names: split to the names that its files may have, the first one preferred.
    """

    folder: str
    names: Mapping[str, tuple[str, ...]]
    kind: ClassVar[str] = "stories"

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", FrozenDict({split: tuple(names) for split, names in self.names.items()}))
        if not self.names or not all(self.names.values()):
            raise SpecError("source 'stories' needs at least one name for each split")
        for names in self.names.values():
            for name in names:
                if not name or "/" in name or name.startswith("."):
                    raise SpecError(f"source 'stories': {name!r} is not the name of a split's files")

    @property
    def fields(self) -> Mapping[str, str]:
        return FEATURES

    def paths(self, split: str) -> dict[str, str]:
        return {"": f"{self.names[split][0]}.jsonl"}

    @property
    def splits(self) -> tuple[str, ...]:
        return tuple(self.names)
