"""How often each task of a mixture is drawn."""

import dataclasses
from collections.abc import Iterable, Mapping

from task_specs.mixture import TEXT, Member, Mixture
from task_specs.registry import ALL, find, get, tasks_of
from task_specs.rows.benchmarks import BENCHMARKS, Benchmark
from task_specs.spec import TaskSpec
from task_specs.support.errors import SpecError


def shares(mixture: Mixture, sizes: Mapping[str, float] | None = None) -> dict[str, float]:
    """Returns the share of each task in what is drawn from a mixture, by the task's name; together they are 1.

    Args:
        sizes: text pairs to train on by task, where they are other than the rows say. Plain text counts under `text`,
            and is left out where it has no size.

    Returns:
        Every task of the mixture, 0 for those that are never drawn.

    Raises:
        SpecError: a member is unknown, the mixture is a member of itself, a size is not known, or nothing is drawn.
    """
    drawn = _shares(mixture, sizes or {})
    total = sum(drawn.values())
    if not total:
        names = ", ".join(drawn) or TEXT
        raise SpecError(f"mixture {mixture.name}: nothing to train on, without a training split or a rate: {names}")
    return {name: share / total for name, share in drawn.items()}


def _shares(mixture: Mixture, sizes: Mapping[str, float]) -> dict[str, float]:
    """Returns rates, which need not be 1 together, by task."""
    found = {spec.name: spec for spec in tasks_of(mixture)}
    kept = {*found, *({TEXT} - set(mixture.without))}
    rates: dict[str, float] = dict.fromkeys(found, 0.0)
    for member in mixture.members:
        inner = {task: share for task, share in _member_shares(member, sizes).items() if task in kept}
        drawn = [task for task, share in inner.items() if share]
        if member.rate is None and mixture.rates == "proportional":
            size = sum(min(_size(task, found, sizes, mixture), mixture.limit or float("inf")) for task in drawn)
        else:
            size = min(1.0 if member.rate is None else member.rate, mixture.limit or float("inf"))
        rate = member.factor * size ** (1 / mixture.temperature)
        total = sum(inner.values())
        for task in drawn:
            rates[task] = rates.get(task, 0.0) + rate * inner[task] / total
    return rates


def _member_shares(member: Member, sizes: Mapping[str, float]) -> dict[str, float]:
    """Returns in which proportions a member's tasks are drawn: none of one that cannot be trained on."""
    if member.name == TEXT:
        return {TEXT: 1.0} if sizes.get(TEXT) else {}
    row = find(member.name)
    if isinstance(row, Mixture):
        return _shares(row, sizes)
    if isinstance(row, Benchmark):
        return _shares(_as_mixture(row), sizes)
    return {row.name: 1.0 if sizes.get(row.name, row.training_size) != 0 else 0.0}


def _size(task: str, specs: Mapping[str, TaskSpec], sizes: Mapping[str, float], mixture: Mixture) -> float:
    size = sizes[task] if task in sizes else specs[task].training_size
    if size is None:
        raise SpecError(
            f"mixture {mixture.name}: how many examples {task} has is known from its data alone; give it a rate"
        )
    return size


def _benchmark_members(benchmark: Benchmark) -> tuple[Member, ...]:
    """Returns the tasks that a benchmark's model is trained on, and at 0 those that it is only scored on."""
    trained = benchmark.training or benchmark.tasks
    return (*map(Member, trained), *(Member(task, rate=0) for task in benchmark.tasks if task not in trained))


def _as_mixture(benchmark: Benchmark) -> Mixture:
    return Mixture(f"{benchmark.name}_tasks", _benchmark_members(benchmark))


def training_mixture(
    names: Iterable[str],
    rates: Mapping[str, float] | None = None,
    limit: int | None = None,
    temperature: float | None = None,
) -> Mixture:
    """Returns the mixture that a training run names.

    One mixture is itself. Tasks and benchmarks (their tasks) are drawn in proportion to their sizes, and so is, among
    several names, a mixture as a whole.

    Args:
        names: tasks, benchmarks, mixtures, `all` benchmarks, or `text`.
        rates: a rate for each name, in place of its size.
        limit: the most that a size counts, in place of the mixture's own.
        temperature: in place of the mixture's own.

    Raises:
        SpecError: a name is unknown, or the rates are not those of the names.
    """
    names = list(dict.fromkeys(names))
    if rates is not None:
        if set(rates) != set(names):
            odd = ", ".join(sorted(set(rates) ^ set(names)))
            raise SpecError(f"rates and tasks must have the same names; only one of them has {odd}")
        members = {name: Member(name, rate=rates[name]) for name in names}
    else:
        rows = {name: find(name) for name in names if name not in (ALL, TEXT)}
        only = rows.get(names[0]) if len(names) == 1 else None
        if isinstance(only, Mixture):
            limit = only.limit if limit is None else limit
            temperature = only.temperature if temperature is None else temperature
            return dataclasses.replace(only, limit=limit, temperature=temperature)
        members = {}
        for name in names:
            row = rows.get(name)
            if name == TEXT:
                members[TEXT] = Member(TEXT)
                continue
            if isinstance(row, TaskSpec | Mixture):
                members[row.name] = Member(name)
                continue
            for benchmark in [row] if row else BENCHMARKS.values():
                for member in _benchmark_members(benchmark):
                    # A task that is named itself is drawn, whatever its benchmark draws.
                    members.setdefault(get(member.name).name, member)
    return Mixture(
        "of_this_run", tuple(members.values()), limit=limit, temperature=1.0 if temperature is None else temperature
    )
