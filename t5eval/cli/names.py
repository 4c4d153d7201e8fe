"""What a shell completes: every name and value that can be listed. What it takes is imported when it is asked for."""

from collections.abc import Callable, Iterable

import click

POSITIONAL, NAMED = "positional_tasks", "named_tasks"
"""Where a command's tasks stand, by themselves and behind --task."""
Complete = Callable[[click.Context, click.Parameter, str], list[str]]


def completing(*kinds: Callable[[], Iterable[str]]) -> Complete:
    """Returns what completes the names that some functions list."""

    def complete(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
        return [name for names in kinds for name in names() if name.startswith(incomplete)]

    return complete


def _tasks() -> list[str]:
    import task_specs

    return [spec.name for spec in task_specs.all_tasks()]


def _mixtures() -> list[str]:
    import task_specs

    return [mixture.name for mixture in task_specs.all_mixtures()]


def _benchmarks() -> list[str]:
    import task_specs

    return ["all", *task_specs.BENCHMARKS]


def _recipes() -> Iterable[str]:
    from t5eval.training.recipes import PRETRAIN

    return [PRETRAIN]


def _leaderboards() -> Iterable[str]:
    import leaderboards

    return leaderboards.names()


def _splits() -> Iterable[str]:
    import task_specs

    return task_specs.SPLITS


def _metrics() -> Iterable[str]:
    from t5eval.metrics.registry import metric_names

    return metric_names()


def _slices() -> Iterable[str]:
    import task_specs
    from t5eval.scoring.slices import COMPUTED

    declared = (name for spec in task_specs.all_tasks() for name in getattr(spec.source, "slices", ()))
    return dict.fromkeys((*COMPUTED, *declared))


def _filters() -> Iterable[str]:
    from task_specs.answers.filters import FILTERS

    return [*FILTERS, "regex:"]


def _presets() -> Iterable[str]:
    from keras_model.config import preset_names

    return preset_names()


def _published() -> Iterable[str]:
    import task_specs

    return dict.fromkeys(row.model for spec in task_specs.all_tasks() for row in spec.published)


def _fit(name: str) -> Callable[[], Iterable[str]]:
    def names() -> Iterable[str]:
        from keras_model.training_run import fit_settings

        found: Iterable[str] = getattr(fit_settings, name)
        return found

    return names


def complete_prompt(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Returns the prompts of the tasks that stand before it, else of every task."""
    import task_specs
    from task_specs.prompts import prompts_of
    from task_specs.support.errors import SpecError

    given = [context.params.get(name) or () for name in (POSITIONAL, NAMED)]
    names = [name for value in given for name in ([value] if isinstance(value, str) else value)]
    try:
        specs = task_specs.resolve(names)
    except SpecError:
        specs = []
    found = [name for spec in specs or task_specs.all_tasks() for name in prompts_of(spec)]
    return [name for name in dict.fromkeys(("t5", "all", *found)) if name.startswith(incomplete)]


complete_task = completing(_tasks)
complete_task_or_mixture = completing(_tasks, _mixtures)
complete_task_or_benchmark = completing(_benchmarks, _tasks)
complete_any = completing(_benchmarks, _tasks, _mixtures)
complete_recipe = completing(_recipes, _benchmarks, _tasks, _mixtures)
complete_leaderboard = completing(_leaderboards)
complete_split = completing(_splits)
complete_metric = completing(_metrics)
complete_slice = completing(_slices)
complete_filter = completing(_filters)
complete_preset = completing(_presets)
complete_published = completing(_published)
complete_optimizer = completing(_fit("OPTIMIZERS"))
complete_schedule = completing(_fit("SCHEDULES"))
complete_dtype = completing(lambda: ("float32", "bfloat16"))
complete_strategy = completing(lambda: ("none", "mirrored", "multiworker", "tpu"))
