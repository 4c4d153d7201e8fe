"""A benchmark's average of published scores, as its rows and `BENCHMARKS` say that it is made."""

import task_specs
from task_specs import BENCHMARKS


def columns_of(benchmark: str, model: str) -> list[float]:
    """Returns what is averaged over a benchmark's tasks: each column's mean of the task scores that a model has."""

    def task_score(name: str) -> float:
        spec = task_specs.get(name)
        (published,) = (p for p in spec.published if p.model == model)
        return sum(published.scores[s] for s in spec.task_score) / len(spec.task_score)

    return [sum(map(task_score, tasks)) / len(tasks) for tasks in BENCHMARKS[benchmark].average]
