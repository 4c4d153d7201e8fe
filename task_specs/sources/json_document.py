"""JSON documents that hold a list of examples, as TriviaQA and WebQuestions are."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from task_specs.records import FrozenDict
from task_specs.sources.one_file import OneFile
from task_specs.support.errors import SpecError


@dataclass(frozen=True)
class JsonDocument(OneFile):
    """One JSON document for each split: a list of objects, or an object that holds the list.

    White space around texts is taken off. A test file may go without what an answer needs.

    Attributes:
        fields: text feature to key; `Answer.Value` is a key within the object `Answer`.
        lists: the same for features that are lists of texts.
        patterns: feature of `lists` to a regular expression, where its key holds one text: the list is the first group
            that matched of each place where the expression does.
        items: the key of the list, empty where the document is the list itself.
        id: the key of an example's id; if empty, an id is the 0-based place in the list.
    """

    fields: Mapping[str, str] = field(default_factory=FrozenDict)
    lists: Mapping[str, str] = field(default_factory=FrozenDict)
    patterns: Mapping[str, str] = field(default_factory=FrozenDict)
    items: str = ""
    id: str = ""
    kind: ClassVar[str] = "json_document"

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("fields", "lists", "patterns"):
            object.__setattr__(self, name, FrozenDict(getattr(self, name)))
        both = [name for name in self.lists if name in self.fields]
        if both:
            raise SpecError(f"source {self.kind!r}: {both[0]!r} cannot be a text field as well")
        for name, pattern in self.patterns.items():
            if name not in self.lists:
                raise SpecError(f"source {self.kind!r}: patterns name {name!r}, which is not among lists")
            try:
                groups = re.compile(pattern).groups
            except re.error as error:
                raise SpecError(f"source {self.kind!r}: the pattern of {name!r} is none: {error}") from None
            if not groups:
                raise SpecError(f"source {self.kind!r}: the pattern of {name!r} has no group, such as (...)")
