"""What stands for an answer in a submission of JSON lines: a label of a fixed set, or a text."""

import json
from collections.abc import Sequence
from typing import Any

from leaderboards.forms.json_rows import shown
from leaderboards.values import Labels, submission_of
from task_specs import TaskSpec
from task_specs.submission_files.json_lines import JsonClassFile, MultiRcFile
from task_specs.support.errors import quoted


class JsonLabels(Labels):
    """Class indices, written as labels of which type and spelling count."""

    def __init__(self, labels: Sequence[str | int], names: Sequence[str]):
        super().__init__(labels, names)
        self.write = self.label_of
        self._indices = {(type(label), label): index for index, label in enumerate(labels)}

    def read(self, label: Any) -> int | None:
        return self._indices.get((type(label), label)) if isinstance(label, str | int) else None

    def explain(self, label: Any) -> str:
        hint = self.hint(f"{label}") if isinstance(label, str | int | float) else None
        meant = "" if hint is None else f". Write {json.dumps(hint)}: type, case and spaces count"
        return f"label {shown(label)} is not one of {', '.join(map(json.dumps, self.labels))}{meant}"


class Texts:
    """Answers in words, which may be any text."""

    def write(self, value: Any) -> str:
        if self.read(value) is None:
            raise ValueError(f"an answer is a text in Unicode, got {quoted(repr(value))}")
        text: str = value
        return text

    def read(self, label: Any) -> str | None:
        if not isinstance(label, str):
            return None
        try:
            label.encode()
        except UnicodeEncodeError:
            return None
        return label

    def explain(self, label: Any) -> str:
        if isinstance(label, str):
            return f"label {shown(label)} is not Unicode text (half a surrogate pair)"
        return f"label {shown(label)} is not a text; the leaderboard wants the answer in words"


JsonValues = JsonLabels | Texts


def json_values_of(spec: TaskSpec) -> JsonValues:
    """Returns what the answers of a task are in its file; see `leaderboards.values.values_of`."""
    match submission_of(spec):
        case JsonClassFile(labels=labels) | MultiRcFile(labels=labels):
            return JsonLabels(labels, getattr(spec.answer, "classes", ()))
        case _:
            return Texts()
