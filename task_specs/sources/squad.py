"""SQuAD's own JSON files as a source."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from task_specs.records import FrozenDict
from task_specs.sources.one_file import OneFile
from task_specs.support.errors import SpecError

VERSIONS = ("1.1", "2.0")
FEATURES = FrozenDict(
    {
        "id": "data.paragraphs.qas.id",
        "title": "data.title",
        "context": "data.paragraphs.context",
        "question": "data.paragraphs.qas.question",
        "answers": "data.paragraphs.qas.answers",
    }
)


@dataclass(frozen=True)
class SquadJson(OneFile):
    """One JSON document for each split: articles, their paragraphs, and the questions to each paragraph.

    An example is a question; its features are named as in TensorFlow Datasets, and `answers` holds `text` and
    `answer_start`, one entry for each annotator. Version 2.0 adds `is_impossible`; a question without an answer has
    none in `answers`.

    Attributes:
        version: `1.1` or `2.0`; a file of the other one is refused.
    """

    version: str
    kind: ClassVar[str] = "squad_json"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.version not in VERSIONS:
            raise SpecError(f"source 'squad_json': version is one of {', '.join(VERSIONS)}, got {self.version!r}")

    @property
    def fields(self) -> Mapping[str, str]:
        return FEATURES if self.version == "1.1" else FrozenDict({**FEATURES, "is_impossible": "data.paragraphs.qas"})
