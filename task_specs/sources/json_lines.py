"""SuperGLUE's files: one JSON object a line, flat for most tasks, nested for MultiRC and ReCoRD."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from task_specs.records import FrozenDict
from task_specs.sources.one_file import OneFile
from task_specs.support.errors import SpecError


@dataclass(frozen=True)
class JsonLines(OneFile):
    """Flat objects with an `idx`, which is the example's id. A string of digits will do for a number there.

    In a task that is not handed in, ids may be any text, or the rows' numbers if no object has an `idx`.

    Attributes:
        fields: text feature to key; `target.span1_text` is a key within the object `target`. The keys that the task's
            text and answer name, if empty.
        numbers: the same for features that are whole numbers.
        lists: the same for features that are lists of texts.
        label: the label's key. An object without it is unlabelled, which only test files may have.
        classes: the label's values in the files, in the order of the answer's classes. Type counts: `true` is not 1.
            Empty where there is no label.
        slices: name to key, for `score --by` alone; an object may go without.
    """

    fields: Mapping[str, str] = field(default_factory=FrozenDict)
    numbers: Mapping[str, str] = field(default_factory=FrozenDict)
    lists: Mapping[str, str] = field(default_factory=FrozenDict)
    label: str = "label"
    classes: tuple[str | bool | int, ...] = ()
    slices: Mapping[str, str] = field(default_factory=FrozenDict)
    kind: ClassVar[str] = "json_lines"

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "fields", FrozenDict(self.fields))
        object.__setattr__(self, "numbers", FrozenDict(self.numbers))
        object.__setattr__(self, "lists", FrozenDict(self.lists))
        object.__setattr__(self, "slices", FrozenDict(self.slices))
        object.__setattr__(self, "classes", tuple(self.classes))
        both = [name for name in (*self.numbers, *self.lists, "label", "idx") if name in self.fields]
        if both:
            raise SpecError(f"source {self.kind!r}: {both[0]!r} cannot be a text field as well")
        if len({(type(value), value) for value in self.classes}) != len(self.classes):
            raise SpecError(f"source {self.kind!r} needs different values of the label, got {list(self.classes)}")


@dataclass(frozen=True)
class WscLines(JsonLines):
    """WSC's objects, their span texts corrected as TensorFlow Datasets' `super_glue/wsc.fixed` has them."""

    kind: ClassVar[str] = "wsc_json_lines"

    def __post_init__(self) -> None:
        super().__post_init__()
        spans = [f"span{i}_{part}" for i in (1, 2) for part in ("text", "index")]
        missing = [name for name in ("text", *spans) if name not in self.fields and name not in self.numbers]
        if missing:
            raise SpecError(f"source {self.kind!r} needs the features {missing}")


@dataclass(frozen=True)
class MultiRcLines(OneFile):
    """MultiRC's paragraphs, each with its questions and their answers; an example is one answer.

    Ids are `PARAGRAPH/QUESTION/ANSWER`. An object that says its `version` must be of version 1.1: the indices of older
    data are other ones.

    Attributes:
        classes: an answer's label for false and true.
    """

    classes: tuple[str | bool | int, ...] = (0, 1)
    kind: ClassVar[str] = "multirc_json_lines"
    fields: ClassVar[Mapping[str, str]] = FrozenDict(
        paragraph="passage.text", question="passage.questions.question", answer="passage.questions.answers.text"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "classes", tuple(self.classes))


@dataclass(frozen=True)
class RecordLines(OneFile):
    """ReCoRD's passages, each with its queries; an example is one query.

    Ids are `PASSAGE/QUERY`. Entities (each `text[start : end + 1]` of its passage) and answers are sorted and unique.
    A query without `answers` is unlabelled, which only test files may have.
    """

    kind: ClassVar[str] = "record_json_lines"
    fields: ClassVar[Mapping[str, str]] = FrozenDict(
        passage="passage.text", query="qas.query", entities="passage.entities", answers="qas.answers.text"
    )
