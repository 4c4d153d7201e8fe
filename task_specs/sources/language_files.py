"""A file of segments for each language, line by line, as FLORES distributes them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from task_specs.records import FrozenDict
from task_specs.support.errors import SpecError

LANGUAGE = "{language}"


@dataclass(frozen=True)
class LanguageFiles:
    """A file for each language and split; the lines of two belong together.

    The features are the segments, under the languages' codes. An example's id is its 0-based line.

    Attributes:
        folder: the folder below the data directory.
        source: the code of the language to translate from.
        target: the code of the language to translate to.
        files: split to the name of a language's file, with `{language}` for its code.
    """

    folder: str
    source: str
    target: str
    files: Mapping[str, str]
    kind: ClassVar[str] = "language_files"

    def __post_init__(self) -> None:
        object.__setattr__(self, "files", FrozenDict(self.files))
        if self.source == self.target:
            raise SpecError(f"source {self.kind!r}: source and target are both {self.source!r}")
        if not self.files:
            raise SpecError(f"source {self.kind!r} needs at least one file")
        for name in self.files.values():
            if LANGUAGE not in name:
                raise SpecError(f"source {self.kind!r}: {name!r} has no {LANGUAGE}, which stands for a code")

    @property
    def fields(self) -> Mapping[str, str]:
        return FrozenDict({self.source: self.source, self.target: self.target})

    def paths(self, split: str) -> dict[str, str]:
        return {code: self.files[split].replace(LANGUAGE, code) for code in (self.source, self.target)}

    @property
    def splits(self) -> tuple[str, ...]:
        return tuple(self.files)
