"""Names that a shell completes: tasks, benchmarks, mixtures and leaderboards."""

from collections.abc import Callable, Iterable

import click

import leaderboards
import task_specs

Complete = Callable[[click.Context, click.Parameter, str], list[str]]


def _completing(*kinds: Callable[[], Iterable[str]]) -> Complete:
    def complete(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
        return [name for names in kinds for name in names() if name.startswith(incomplete)]

    return complete


def _tasks() -> list[str]:
    return [spec.name for spec in task_specs.all_tasks()]


def _mixtures() -> list[str]:
    return [mixture.name for mixture in task_specs.all_mixtures()]


def _benchmarks() -> list[str]:
    return ["all", *task_specs.BENCHMARKS]


complete_task = _completing(_tasks)
complete_task_or_mixture = _completing(_tasks, _mixtures)
complete_task_or_benchmark = _completing(_benchmarks, _tasks)
complete_any = _completing(_benchmarks, _tasks, _mixtures)
complete_leaderboard = _completing(leaderboards.names)
