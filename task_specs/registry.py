"""Looking up tasks: the built-in rows, those of installed packages, and a user's own TOML files."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path

from task_specs import cnn_dailymail, dpr, glue, squad, super_glue, wmt
from task_specs.benchmarks import BENCHMARKS
from task_specs.errors import SpecError, did_you_mean
from task_specs.schema import read_toml
from task_specs.spec import TaskSpec

# Installed packages offer tasks under this entry point group: a TaskSpec, or a list or tuple of them.
ENTRY_POINT_GROUP = "t5eval.tasks"

BUILT_IN: tuple[TaskSpec, ...] = (
    *glue.TASKS,
    *super_glue.TASKS,
    *dpr.TASKS,
    *squad.TASKS,
    *cnn_dailymail.TASKS,
    *wmt.TASKS,
)


def index(specs: Iterable[TaskSpec], known: dict[str, TaskSpec] | None = None) -> dict[str, TaskSpec]:
    """Returns `known` widened by `specs`, by name and by alias.

    Raises:
        SpecError: two tasks claim the same name.
    """
    table = dict(known or {})
    for spec in specs:
        for name in (spec.name, *spec.aliases):
            if name in table:
                raise SpecError(f"two tasks are called {name!r}: {table[name].name} and {spec.name}; rename one")
            table[name] = spec
    return table


@cache
def _built_in() -> dict[str, TaskSpec]:
    return index(BUILT_IN)


@cache
def _with_installed() -> dict[str, TaskSpec]:
    from importlib.metadata import entry_points

    table = _built_in()
    for point in entry_points(group=ENTRY_POINT_GROUP):
        origin = f"{point.dist.name if point.dist else 'a package'}'s entry point {point.name!r} ({point.value})"
        try:
            offered = point.load()
        except Exception as error:
            raise SpecError(f"{origin} cannot be imported: {error!r}") from None
        specs = [offered] if isinstance(offered, TaskSpec) else offered
        if not isinstance(specs, list | tuple) or not all(isinstance(spec, TaskSpec) for spec in specs):
            raise SpecError(f"{origin} must be a TaskSpec or a list of them, got {type(offered).__name__}")
        try:
            table = index(specs, table)
        except SpecError as error:
            raise SpecError(f"{origin}: {error}") from None
    return table


def get(name: str) -> TaskSpec:
    """Returns the task called `name`: a task's name, an alias, or the path of a TOML file with a specification.

    Raises:
        SpecError: there is no such task, or the file does not follow the schema.
    """
    if name.endswith(".toml"):
        return read_toml(Path(name))
    # Installed packages are searched only when needed: that import takes longer than the whole lookup.
    found = _built_in().get(name) or _with_installed().get(name)
    if found is None:
        known = list(_with_installed())
        if name in BENCHMARKS:
            raise SpecError(f"{name!r} is a benchmark, not a task; its tasks are {', '.join(BENCHMARKS[name].tasks)}")
        raise SpecError(f"unknown task {name!r}.{did_you_mean(name, known)} `t5eval tasks` lists every task.")
    return found


def all_tasks() -> list[TaskSpec]:
    """Returns every task, the built-in ones first, in the order of their benchmarks."""
    return list(dict.fromkeys(_with_installed().values()))


def resolve(names: Iterable[str]) -> list[TaskSpec]:
    """Returns the tasks that `names` stand for: tasks, benchmarks (their leaderboard's tasks), or `all` benchmarks.

    Raises:
        SpecError: a name is none of these.
    """
    specs: dict[str, TaskSpec] = {}
    for name in names:
        if name == "all":
            members = [task for benchmark in BENCHMARKS.values() for task in benchmark.tasks]
        elif name in BENCHMARKS:
            members = list(BENCHMARKS[name].tasks)
        else:
            members = [name]
        for member in members:
            spec = get(member)
            specs.setdefault(spec.name, spec)
    return list(specs.values())
