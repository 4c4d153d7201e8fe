"""Parallel text as a source: sets of segments in two languages, as WMT distributes them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from task_specs.records import FrozenDict
from task_specs.support.errors import SpecError


@dataclass(frozen=True)
class ParallelText:
    """Sets of segments and their translations, each set in the first form that is there.

    A set is two plain files, line by line (`en-de/newstest2014.en` and `.de`), or else two SGML files of WMT's
    dev.tgz (`dev/newstest2014-deen-src.de.sgm`), or else one of the newer XML files. Most sets serve both directions;
    one whose directions have different sentences carries its own in its name: `newsdiscusstest2015-enfr`. The
    features are the segments, under the languages' codes; the translation is None in a test set without references.

    Attributes:
        folder: the folder below the data directory.
        source: the code of the language to translate from.
        target: the code of the language to translate to.
        translators: whose translations are the references, where the XML has those of several (`A`, `B`); if empty,
            the first one.
        sets: split to its sets, in order. An example's id is its 0-based line, `SET/LINE` where a split joins sets.
    """

    folder: str
    source: str
    target: str
    sets: Mapping[str, tuple[str, ...]]
    translators: tuple[str, ...] = ()
    kind: ClassVar[str] = "parallel_text"

    def __post_init__(self) -> None:
        object.__setattr__(self, "sets", FrozenDict({split: tuple(names) for split, names in self.sets.items()}))
        object.__setattr__(self, "translators", tuple(self.translators))
        for code in (self.source, self.target):
            if not (code.isascii() and code.isalpha() and code.islower() and 2 <= len(code) <= 3):
                raise SpecError(f"source 'parallel_text': a language is a code such as 'en', got {code!r}")
        if self.source == self.target:
            raise SpecError(f"source 'parallel_text': source and target are both {self.source!r}")
        if not self.sets or not all(self.sets.values()):
            raise SpecError("source 'parallel_text' needs at least one set for each split it names")
        for names in self.sets.values():
            for name in names:
                # Names become file names and parts of ids.
                if not name or "/" in name or name.startswith("."):
                    raise SpecError(f"source 'parallel_text': {name!r} is not the name of a set")

    @property
    def fields(self) -> Mapping[str, str]:
        return FrozenDict({self.source: self.source, self.target: self.target})

    def split_name(self, name: str) -> tuple[str, str]:
        """Returns a set's name without its direction, and the direction (`enfr`), empty where it has none."""
        base, _, direction = name.rpartition("-")
        own = (self.source + self.target, self.target + self.source)
        return (base, direction) if base and direction in own else (name, "")

    def parts(self, split: str) -> dict[str, str]:
        """Returns what ids begin with, to the set's name: the single part ``""`` where a split is one set."""
        names = self.sets[split]
        return {"": names[0]} if len(names) == 1 else {self.split_name(name)[0]: name for name in names}

    def paths(self, split: str) -> dict[str, str]:
        pair = f"{self.source}-{self.target}"
        return {part: f"{pair}/{name}.{self.source}" for part, name in self.parts(split).items()}

    @property
    def splits(self) -> tuple[str, ...]:
        return tuple(self.sets)
