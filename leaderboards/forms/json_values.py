"""What stands for an answer in a submission of JSON lines: a label of a fixed set, or a text."""

from __future__ import annotations

import json
import numbers
from collections.abc import Sequence
from typing import Any, Protocol

from leaderboards.forms.json_rows import shown
from leaderboards.values import submission_of
from task_specs import TaskSpec
from task_specs.errors import quoted
from task_specs.submission_files.json_lines import JsonClassFile, MultiRcFile


class JsonValues(Protocol):
    """What the labels of one task's file are."""

    def write(self, value: Any) -> str | int:
        """Returns an answer as the leaderboard wants it.

        Raises:
            ValueError: it cannot stand in the file; the message says why.
        """

    def read(self, label: Any) -> Any:
        """Returns the answer that a label stands for, None if it is none."""

    def explain(self, label: Any) -> str:
        """Returns why `label`, which `read` refuses, is no answer."""


class Labels:
    """Class indices, written as labels of which type and spelling count.

    Args:
        labels: what is written for each class.
        names: the classes' names in the task's answers, for a hint to those who wrote these instead.
    """

    def __init__(self, labels: Sequence[str | int], names: Sequence[str]):
        self.labels = tuple(labels)
        self._indices = {(type(label), label): index for index, label in enumerate(labels)}
        self._hints = {name.lower(): label for name, label in zip(names, labels, strict=True)}
        self._hints |= {str(label).lower(): label for label in labels}
        self._hints |= {f"{label}.0": label for label in labels if isinstance(label, int)}

    def write(self, value: Any) -> str | int:
        if not isinstance(value, numbers.Integral) or not 0 <= int(value) < len(self.labels):
            raise ValueError(f"a class is a whole number from 0 to {len(self.labels) - 1}, got {quoted(repr(value))}")
        return self.labels[int(value)]

    def read(self, label: Any) -> int | None:
        return self._indices.get((type(label), label)) if isinstance(label, str | int) else None

    def explain(self, label: Any) -> str:
        hint = None
        if isinstance(label, str | int | float):
            hint = self._hints.get(f"{label}"[:200].strip(" \t\r\"'").lower())
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


def json_values_of(spec: TaskSpec) -> JsonValues:
    """Returns what the answers of a task are in its file."""
    match submission_of(spec):
        case JsonClassFile(labels=labels) | MultiRcFile(labels=labels):
            return Labels(labels, getattr(spec.answer, "classes", ()))
        case _:
            return Texts()
