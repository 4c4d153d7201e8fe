"""Looking up tasks and mixtures: the built-in rows, tasks of plugins, and a user's own TOML files."""

from collections.abc import Container, Iterable
from functools import cache
from pathlib import Path

from task_specs.mixture import TEXT, Mixture
from task_specs.plugins import load_installed, looked_up
from task_specs.prompts import asked
from task_specs.rows import (
    closed_book,
    cnn_dailymail,
    dpr,
    flores,
    glue,
    pawsx,
    squad,
    super_glue,
    wmt,
    wmt_since_2020,
    xnli,
)
from task_specs.rows.benchmarks import BENCHMARKS, Benchmark
from task_specs.rows.mixtures import MIXTURES
from task_specs.schema import read_row, read_toml
from task_specs.spec import TaskSpec
from task_specs.support.errors import SpecError, did_you_mean

# The name of all benchmarks together that T5 itself was evaluated on.
ALL = "all"

BUILT_IN: tuple[TaskSpec, ...] = (
    *glue.TASKS,
    *super_glue.TASKS,
    *dpr.TASKS,
    *squad.TASKS,
    *cnn_dailymail.TASKS,
    *wmt.TASKS,
    *wmt_since_2020.TASKS,
    *closed_book.TASKS,
    *xnli.TASKS,
    *pawsx.TASKS,
)
# Rows that are made when they are asked for, there being too many to list.
MADE = cache(flores.make)


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


# What a user's plugins offer besides, by name.
REGISTERED: dict[str, TaskSpec] = {}


def register(spec: TaskSpec) -> TaskSpec:
    """Makes a task known by its name and aliases.

    Raises:
        SpecError: another task, a benchmark or a mixture has one of them.
    """
    for fault in collisions(spec):
        raise SpecError(f"task {spec.name}: {fault}")
    REGISTERED[spec.name] = spec
    _known.cache_clear()
    return spec


def collisions(spec: TaskSpec) -> list[str]:
    """Returns for each name of a new task that is the name of something else what to do about it."""
    tables: dict[str, Container[str]] = {"a task": _known(), "a benchmark": BENCHMARKS, "a mixture": _mixtures()}
    return [
        f"{name!r} is already the name of {kind}; choose another"
        for name in (spec.name, *spec.aliases)
        for kind, table in tables.items()
        if name in table
    ]


@cache
def _built_in() -> dict[str, TaskSpec]:
    return index(BUILT_IN)


@cache
def _known() -> dict[str, TaskSpec]:
    return index(REGISTERED.values(), _built_in())


def index_mixtures(mixtures: Iterable[Mixture]) -> dict[str, Mixture]:
    """Returns mixtures by name and by alias.

    Raises:
        SpecError: a name is that of a task, a benchmark or another mixture.
    """
    table: dict[str, Mixture] = {}
    for mixture in mixtures:
        for name in (mixture.name, *mixture.aliases):
            _require_free(name, table)
            table[name] = mixture
    return table


def _require_free(name: str, mixtures: dict[str, Mixture]) -> None:
    for table, kind in ((BENCHMARKS, "a benchmark"), (_built_in(), "a task"), (mixtures, "another mixture")):
        if name in table:
            raise SpecError(f"mixture {name!r}: this is the name of {kind}; choose another")
    if name in (ALL, TEXT):
        raise SpecError(f"mixture {name!r}: this name has a meaning of its own; choose another")


@cache
def _mixtures() -> dict[str, Mixture]:
    return index_mixtures(MIXTURES)


def find(name: str) -> TaskSpec | Benchmark | Mixture:
    """Returns what is called `name`: a task, a benchmark, a mixture, or what a TOML file describes.

    Raises:
        SpecError: there is nothing of this name, or the file does not follow the schema.
    """
    if name.endswith(".toml"):
        row = read_row(Path(name))
        if isinstance(row, Mixture):
            for own_name in (row.name, *row.aliases):
                _require_free(own_name, _mixtures())
        else:
            _require_new(row, name)
        return row
    # The only task of a benchmark may have the benchmark's name.
    return _built_in().get(name) or BENCHMARKS.get(name) or _mixtures().get(name) or get(name)


def _require_new(spec: TaskSpec, path: str) -> None:
    for fault in collisions(spec):
        raise SpecError(f"{path}: {fault}")


def get(name: str) -> TaskSpec:
    """Returns the task called `name`: a task's name, an alias, or the path of a TOML file with a specification.

    `TASK@PROMPT` is the task as one of its prompts asks it.

    Raises:
        SpecError: there is no such task, or the file does not follow the schema.
    """
    if name.endswith(".toml"):
        spec = read_toml(Path(name))
        _require_new(spec, name)
        return spec
    row, at, prompt = name.partition("@")
    if at:
        return asked(get(row), prompt)
    found = _known().get(name) or MADE(name)
    if found is None:
        if name in _mixtures():
            raise SpecError(f"{name!r} is a mixture, not a task; `t5eval show {name}` lists its tasks")
        if name in BENCHMARKS:
            raise SpecError(f"{name!r} is a benchmark, not a task; its tasks are {', '.join(BENCHMARKS[name].tasks)}")
        found = looked_up(lambda: _known().get(name), f"task {name!r}")
    if found is None:
        more = flores.names() if name.startswith(flores.PREFIX) else ()
        hint = did_you_mean(name, [*_known(), *_mixtures(), *more])
        raise SpecError(f"unknown task {name!r}.{hint} `t5eval tasks` lists every task.")
    return found


def all_tasks() -> list[TaskSpec]:
    """Returns every task, the built-in ones first, in the order of their benchmarks."""
    load_installed()
    return list(dict.fromkeys(_known().values()))


def all_mixtures() -> list[Mixture]:
    """Returns every mixture."""
    return list(MIXTURES)


def tasks_of(mixture: Mixture, within: tuple[str, ...] = ()) -> list[TaskSpec]:
    """Returns a mixture's tasks, those of its members' members too, each once.

    Args:
        within: the names of the mixtures that it is a member of.

    Raises:
        SpecError: a member is unknown, or the mixture is a member of itself.
    """
    if mixture.name in within:
        raise SpecError(f"mixture {mixture.name} is a member of itself: {' > '.join((*within, mixture.name))}")
    inside = (*within, mixture.name)
    specs: dict[str, TaskSpec] = {}
    for member in mixture.members:
        for spec in _tasks_called(member.name, mixture.name, inside):
            specs.setdefault(spec.name, spec)
    for name in mixture.without:
        names = {spec.name for spec in _tasks_called(name, mixture.name, inside)}
        if name != TEXT and names.isdisjoint(specs):
            raise SpecError(f"mixture {mixture.name}: without names {name}, which has no task among the members")
        specs = {task: spec for task, spec in specs.items() if task not in names}
    return list(specs.values())


def _tasks_called(name: str, mixture: str, within: tuple[str, ...]) -> list[TaskSpec]:
    """Returns the tasks of what a mixture names, none of plain text."""
    if name == TEXT:
        return []
    try:
        row = find(name)
    except SpecError as error:
        raise SpecError(f"mixture {mixture}: {error}") from None
    return tasks_of(row, within) if isinstance(row, Mixture) else _tasks(row, training=True)


def _tasks(row: TaskSpec | Benchmark, training: bool = False) -> list[TaskSpec]:
    if isinstance(row, TaskSpec):
        return [row]
    return [get(name) for name in dict.fromkeys((*(row.training if training else ()), *row.tasks))]


def resolve(names: Iterable[str]) -> list[TaskSpec]:
    """Returns the tasks that `names` stand for: tasks, benchmarks (their leaderboard's tasks), mixtures, or `all`.

    Raises:
        SpecError: a name is none of these.
    """
    specs: dict[str, TaskSpec] = {}
    for name in names:
        rows = [b for b in BENCHMARKS.values() if b.of_t5] if name == ALL else [find(name)]
        for row in rows:
            for spec in tasks_of(row) if isinstance(row, Mixture) else _tasks(row):
                specs.setdefault(spec.name, spec)
    return list(specs.values())
