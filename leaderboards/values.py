"""How a value stands in a submission, by the kind of the task's file: written, read, and what is wrong with it."""

import math
import numbers
import re
from collections.abc import Sequence
from typing import Any

from task_specs import ClassFile, NumberFile, SpecError, TaskSpec
from task_specs.spec import SubmissionFile
from task_specs.support.errors import quoted


class Labels:
    """Class indices, written as the leaderboard's labels.

    Args:
        labels: what is written for each class.
        names: the classes' names in the task's answers, for a hint to those who wrote these instead.
    """

    def __init__(self, labels: Sequence[str | int], names: Sequence[str] = ()):
        self.labels = tuple(labels)
        self._hints = {name.lower(): label for name, label in zip(names, labels, strict=True)} if names else {}
        self._hints |= {str(label).lower(): label for label in labels}
        self._hints |= {f"{label}.0": label for label in labels if str(label).isdigit()}

    def label_of(self, value: Any) -> str | int:
        """Returns the label of a class. Raises ValueError if `value` is none; the message says so."""
        if not isinstance(value, numbers.Integral) or not 0 <= int(value) < len(self.labels):
            raise ValueError(f"a class is a whole number from 0 to {len(self.labels) - 1}, got {quoted(repr(value))}")
        return self.labels[int(value)]

    def hint(self, text: str) -> str | int | None:
        """Returns the label that somebody meant who wrote `text`, None if that cannot be told."""
        return self._hints.get(text[:200].strip(" \t\r\"'").lower())


class ClassValues(Labels):
    """Class indices in a file of text."""

    def __init__(self, labels: tuple[str, ...], names: tuple[str, ...] = ()):
        super().__init__(labels, names)
        # One dictionary look-up: this is called for every row.
        self.read = {label: index for index, label in enumerate(labels)}.get

    def write(self, value: Any) -> tuple[str, bool]:
        return str(self.label_of(value)), False

    def explain(self, text: str) -> str:
        hint = self.hint(text)
        meant = f". Write {hint!r}: case, spaces and quotes count" if hint else ""
        return f"label {_short(text)} is not one of {', '.join(map(str, self.labels))}{meant}"


class NumberValues:
    """Numbers in a range, written with a fixed number of decimals. Only writing clips."""

    # No two ways to match the same digits, so that a long line takes linear time.
    _NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")

    def __init__(self, low: float, high: float, decimals: int):
        self.low, self.high, self.decimals = low, high, decimals

    def write(self, value: Any) -> tuple[str, bool]:
        if not isinstance(value, numbers.Real) or isinstance(value, bool):
            raise ValueError(f"expected a number, got {quoted(repr(value))}")
        # Not math.isfinite, which overflows on a large whole number.
        if value != value or value in (math.inf, -math.inf):
            raise ValueError(f"the number is not finite: {value}")
        kept: Any = min(max(self.low, value), self.high)
        return f"{float(kept):.{self.decimals}f}", bool(kept != value)

    def read(self, text: str) -> float | None:
        if len(text) > 100 or not self._NUMBER.fullmatch(text):
            return None
        number = float(text)
        return number if self.low <= number <= self.high else None

    def explain(self, text: str) -> str:
        limits = f"{self.low:g} to {self.high:g}"
        if text[:200].strip().lower().lstrip("+-") in ("nan", "inf", "infinity"):
            return f"{_short(text)} is not finite; expected a number from {limits}"
        if len(text) > 100 or not self._NUMBER.fullmatch(text):
            way = ", with a point and no spaces" if "," in text or text != text.strip() else ""
            return f"{_short(text)} is not a number; expected one from {limits}{way}"
        if not math.isfinite(float(text)):
            return f"{_short(text)} is not finite; expected a number from {limits}"
        return f"{_short(text)} is out of range; expected a number from {limits}"


def submission_of(spec: TaskSpec) -> SubmissionFile:
    """Returns the task's file in its leaderboard's submission. Raises SpecError if it has none."""
    if spec.submission is None:
        raise SpecError(f"{spec.name} has no file in a submission")
    return spec.submission


def values_of(spec: TaskSpec) -> ClassValues | NumberValues:
    """Returns how the values of a task are written.

    Its `write` returns a value as the leaderboard wants it, and whether it was clipped, or raises a ValueError that
    says why it cannot stand in the file; `read` returns the value that a text stands for, None if it is none, and then
    `explain` says why.

    Raises:
        SpecError: the task has no file, or one of a kind that is not made of single values.
    """
    match submission_of(spec):
        case ClassFile(labels=labels):
            return ClassValues(labels, getattr(spec.answer, "classes", ()))
        case NumberFile(low=low, high=high, decimals=decimals):
            return NumberValues(low, high, decimals)
        case other:
            raise SpecError(f"{spec.name}: a submission file of kind {other.kind!r} is not made of single values")


def _short(text: str) -> str:
    return quoted(text[:200])
