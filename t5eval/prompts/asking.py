"""What a user chooses of how tasks are asked, and the record that is kept of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import task_specs
from t5eval.prompts.promptsource import JinjaPrompt, read_promptsource
from task_specs import TaskSpec
from task_specs.answers.filters import require_filters
from task_specs.prompts import asked, prompts_of
from task_specs.schema import prompts_from_plain, read_prompts
from task_specs.support.errors import UserError, did_you_mean
from task_specs.support.plain import to_plain
from task_specs.texts.prompt import OWN, Prompt

ALL = "all"
READERS: dict[str, Callable[[Path], Mapping[str, Prompt | JinjaPrompt]]] = {
    ".toml": read_prompts,
    ".yaml": read_promptsource,
    ".yml": read_promptsource,
}
"""How a file of prompts is read, by its ending."""


@dataclass(frozen=True)
class Asking:
    """How tasks are asked.

    Attributes:
        prompts: names of prompts, `all`, or files of prompts, `FILE` for all in it and `FILE:NAME` for one; if empty,
            each task asks as its name says: `TASK` in its own form, `TASK@PROMPT` in that prompt.
        shots: examples with their answers before each example.
        shot_seed: which examples these are.
        chat: whether the model is given turns of a conversation instead of one text.
        system: the conversation's first turn.
        filters: what is done to a text before it is read, instead of what the prompt declares; None for that.
    """

    prompts: tuple[str, ...] = ()
    shots: int = 0
    shot_seed: int = 0
    chat: bool = False
    system: str | None = None
    filters: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        for name in ("prompts", "filters"):
            given = getattr(self, name)
            if given is not None:
                object.__setattr__(self, name, (given,) if isinstance(given, str) else tuple(given))
        if self.shots < 0:
            raise UserError(f"--shots {self.shots}: it is 0 or more")
        if self.system is not None and not self.chat:
            raise UserError("--system is the first turn of a chat; add --chat")
        require_filters(self.filters or ())

    def tasks(self, specs: Sequence[TaskSpec]) -> list[TaskSpec]:
        """Returns each task as each of the prompts asks it; as it is if there are none.

        Raises:
            UserError: a task has no prompt of a name, or a file has none.
        """
        found = [task for spec in specs for name in self.prompts for task in _asked(spec, name)] or specs
        distinct = {task.name: task for task in found}.values()
        return [task if self.filters is None else replace(task, filters=self.filters) for task in distinct]

    @property
    def plain(self) -> bool:
        """Whether a model is sent an example's text and nothing else."""
        return not self.shots and not self.chat

    def said(self, spec: TaskSpec) -> dict[str, Any]:
        """Returns what results.json says of how a task was asked."""
        form = {"prompt_form": to_plain(spec.prompts[spec.prompt])} if spec.prompt else {}
        return {
            "prompt": spec.prompt or OWN,
            **form,
            "shots": self.shots,
            "shot_seed": self.shot_seed if self.shots else None,
            "chat": self.chat,
            "system": self.system,
            "filters": list(spec.filters),
        }

    def recorded(self, spec: TaskSpec) -> dict[str, Any]:
        """Returns what SPLIT.meta.json says of it: what is not as usual."""
        usual = {"prompt": OWN, "shots": 0, "shot_seed": None, "chat": False, "system": None, "filters": []}
        return {key: value for key, value in self.said(spec).items() if value != usual.get(key)}


AS_THEY_ARE = Asking()
"""Each task in its own form, and nothing else."""


def asking_of(record: Mapping[str, Any]) -> Asking:
    """Returns how a split was asked, by what its result or its SPLIT.meta.json says; the prompt is the task's."""
    return Asking(
        shots=record.get("shots") or 0,
        shot_seed=record.get("shot_seed") or 0,
        chat=bool(record.get("chat")),
        system=record.get("system"),
    )


def as_recorded(spec: TaskSpec, record: Mapping[str, Any]) -> TaskSpec:
    """Returns a task as it was asked.

    Args:
        spec: the task, in any of its prompts.
        record: a result of results.json, or a SPLIT.meta.json.

    Raises:
        SpecError: the prompt is not known any more, or is none.
    """
    name = record.get("prompt") or OWN
    form = record.get("prompt_form")
    if form:
        kind = JinjaPrompt(**form) if "jinja" in form else prompts_from_plain({name: form}, spec.name)[name]
        spec = kind.asks(spec.row, name)
    else:
        spec = asked(spec, name)
    filters = tuple(record.get("filters", spec.filters))
    return spec if filters == spec.filters else replace(spec, filters=filters)


def recorded_task(name: str, record: Mapping[str, Any]) -> TaskSpec:
    """Returns the task called `TASK` or `TASK@PROMPT` as it was asked; the prompt may be one of a user's file.

    Raises:
        SpecError: the task is not known here, or its prompt is not.
    """
    row, _, prompt = name.partition("@")
    return as_recorded(task_specs.get(row), {"prompt": prompt, **record})


def _asked(spec: TaskSpec, name: str) -> list[TaskSpec]:
    """Returns a task as the prompts ask it that `name` stands for."""
    if name == ALL:
        return [spec.row, *(asked(spec, other) for other in prompts_of(spec))]
    file, _, one = name.rpartition(":")
    if Path(file or name).suffix not in READERS:
        return [asked(spec, name)]
    if Path(name).suffix in READERS:
        file, one = name, ""
    prompts = READERS[Path(file).suffix](Path(file))
    if one and one not in prompts:
        raise UserError(f"{file}: has no prompt {one!r}.{did_you_mean(one, [*prompts])} It has {', '.join(prompts)}")
    return [prompt.asks(spec, key) for key, prompt in prompts.items() if key == one or not one]
