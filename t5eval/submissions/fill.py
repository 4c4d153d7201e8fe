"""What stands in for missing and unreadable answers: the labels of `--fill`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from task_specs import Answer, TaskSpec
from task_specs.support.errors import UserError, did_you_mean


@dataclass(frozen=True)
class Fill:
    """What stands in for answers that are missing or unreadable, because the user said so.

    Attributes:
        everywhere: a label for every task that needs one, None for none.
        by_task: a label for single tasks.
    """

    everywhere: str | None = None
    by_task: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, options: Sequence[str], tasks: Sequence[TaskSpec]) -> Fill:
        """Reads `LABEL` and `TASK=LABEL` options.

        Raises:
            UserError: a task is not one of the leaderboard's, or is given two labels.
        """
        everywhere: str | None = None
        by_task: dict[str, str] = {}
        names = {name: spec.name for spec in tasks for name in (spec.name, *spec.aliases)}
        for option in options:
            task, equals, label = option.partition("=")
            if not equals:
                if everywhere is not None:
                    raise UserError(f"--fill {option}: {everywhere!r} already fills every task; use --fill TASK=LABEL")
                everywhere = option
            elif task not in names:
                raise UserError(f"--fill {option}: no task {task!r} here.{did_you_mean(task, list(names))}")
            elif names[task] in by_task:
                raise UserError(f"--fill {option}: {task} is given two labels")
            else:
                by_task[names[task]] = label
        return cls(everywhere, by_task)

    def label(self, spec: TaskSpec) -> str | None:
        """Returns the label for a task, None if it has none."""
        return self.by_task.get(spec.name, self.everywhere)

    def value(self, spec: TaskSpec) -> Any:
        """Returns the value that a task's label stands for: a class by its name or as the leaderboard spells it.

        Raises:
            UserError: the label is not one of the task's.
        """
        label = self.label(spec)
        assert label is not None
        labels = tuple(map(str, getattr(spec.submission, "labels", ())))
        spellings = (getattr(spec.answer, "classes", ()), labels)
        for names in spellings:
            if label in names:
                return names.index(label)
        if not any(spellings):
            answer: Answer = spec.answer.parse(label, {}, "")
            if answer.readable:
                return answer.value
        allowed = dict.fromkeys(name for names in spellings for name in names)
        raise UserError(
            f"--fill {label} is no answer of {spec.name}; its labels are {', '.join(allowed) or 'numbers'}. "
            f"Use --fill {spec.name}=LABEL"
        )
