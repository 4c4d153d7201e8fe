"""The answer to DPR: one of an example's own candidates."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from task_specs.records import Answer
from task_specs.support.errors import quoted


@dataclass(frozen=True)
class Candidate:
    """One of the texts that the feature `candidates` lists, written exactly; its value is the place in the list.

    T5 compares the texts themselves, which comes to the same accuracy.
    """

    kind: ClassVar[str] = "candidate"

    @property
    def choices(self) -> tuple[str, ...]:
        return ()

    def target(self, features: Mapping[str, Any]) -> str:
        text: str = features["candidates"][features["label"]]
        return text

    def gold(self, features: Mapping[str, Any], targets: str) -> Answer | None:
        return Answer(features["label"], targets)

    def parse(self, text: str, features: Mapping[str, Any], targets: str) -> Answer:
        candidates = list(features.get("candidates", ()))
        if text in candidates:
            return Answer(candidates.index(text), text)
        return Answer(None, text, f"names none of {', '.join(map(quoted, candidates))}: {quoted(text)}")
