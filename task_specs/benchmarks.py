"""Benchmarks: which tasks belong together, and what the leaderboard's average is made of."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Benchmark:
    """A named set of tasks.

    Attributes:
        name: the benchmark's name.
        tasks: the tasks of its leaderboard, in the leaderboard's order.
        average: what the leaderboard averages, without weights: one entry per column, each a tuple of tasks whose
            scores are averaged first (MNLI's two halves are one column). Empty where there is no average.
    """

    name: str
    tasks: tuple[str, ...]
    average: tuple[tuple[str, ...], ...] = ()


# AX is reported by the leaderboard but left out of its average (Wang et al. 2019, section 3.4).
GLUE = Benchmark(
    name="glue",
    tasks=(
        "glue/cola",
        "glue/sst2",
        "glue/mrpc",
        "glue/stsb",
        "glue/qqp",
        "glue/mnli_matched",
        "glue/mnli_mismatched",
        "glue/qnli",
        "glue/rte",
        "glue/wnli",
        "glue/ax",
    ),
    average=(
        ("glue/cola",),
        ("glue/sst2",),
        ("glue/mrpc",),
        ("glue/stsb",),
        ("glue/qqp",),
        ("glue/mnli_matched", "glue/mnli_mismatched"),
        ("glue/qnli",),
        ("glue/rte",),
        ("glue/wnli",),
    ),
)

BENCHMARKS: dict[str, Benchmark] = {benchmark.name: benchmark for benchmark in (GLUE,)}
