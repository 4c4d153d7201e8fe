"""Instruction forms of the built-in tasks, a TOML file for each benchmark, in the form that a user's prompts have.

In: a task's row. Out: its prompts by name, the row's own among them.
May import: schema and everything below it.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from task_specs.schema import prompts_from_plain, read_table
from task_specs.spec import TaskSpec
from task_specs.support.errors import SpecError, did_you_mean
from task_specs.texts.prompt import OWN, Prompt

LIKE = "like"
"""The key under which a task names another one that has the same prompts."""


@cache
def _shipped() -> Mapping[str, Mapping[str, Prompt]]:
    found: dict[str, Mapping[str, Prompt]] = {}
    for path in sorted(Path(__file__).parent.glob("*.toml")):
        for task, table in read_table(path)[0].items():
            found[task] = found[table[LIKE]] if LIKE in table else prompts_from_plain(table, f"{path}: {task}")
    return found


def prompts_of(spec: TaskSpec) -> Mapping[str, Prompt]:
    """Returns the named prompts of a task besides its own form: those in its row, else those that t5eval has for it."""
    return spec.row.prompts or _shipped().get(spec.row.name, {})


def asked(spec: TaskSpec, name: str) -> TaskSpec:
    """Returns a task as one of its prompts asks it; as it is for `t5`, the row's own form.

    Raises:
        SpecError: it has no prompt of this name.
    """
    prompts = prompts_of(spec)
    if name == OWN:
        return spec.row
    if name not in prompts:
        known = [OWN, *prompts]
        raise SpecError(
            f"{spec.row.name} has no prompt {name!r}.{did_you_mean(name, known)} Its prompts: {', '.join(known)}"
        )
    return prompts[name].asks(spec, name)
