"""The declarative task registry: every benchmark task as a row.

In comes a task's name; out come its row, its text pairs and its read answers. It imports the standard library only.
What others may use stands here, and is imported when it is used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from task_specs.errors import SpecError as SpecError
    from task_specs.errors import UserError as UserError
    from task_specs.mixing import shares as shares
    from task_specs.mixing import training_mixture as training_mixture
    from task_specs.mixture import TEXT as TEXT
    from task_specs.mixture import Member as Member
    from task_specs.mixture import Mixture as Mixture
    from task_specs.records import Answer as Answer
    from task_specs.records import Example as Example
    from task_specs.records import TextPair as TextPair
    from task_specs.registry import all_mixtures as all_mixtures
    from task_specs.registry import all_tasks as all_tasks
    from task_specs.registry import collisions as collisions
    from task_specs.registry import find as find
    from task_specs.registry import get as get
    from task_specs.registry import resolve as resolve
    from task_specs.registry import tasks_of as tasks_of
    from task_specs.rows.benchmarks import BENCHMARKS as BENCHMARKS
    from task_specs.rows.benchmarks import Benchmark as Benchmark
    from task_specs.schema import from_plain as from_plain
    from task_specs.schema import read_toml as read_toml
    from task_specs.sources.one_file import OneFile as OneFile
    from task_specs.spec import SPLITS as SPLITS
    from task_specs.spec import Decode as Decode
    from task_specs.spec import Lengths as Lengths
    from task_specs.spec import Published as Published
    from task_specs.spec import TaskSpec as TaskSpec
    from task_specs.submission_files.values import ClassFile as ClassFile
    from task_specs.submission_files.values import NumberFile as NumberFile
    from task_specs.texts.fields import Fields as Fields

_HOMES = {
    "Answer": "task_specs.records",
    "BENCHMARKS": "task_specs.rows.benchmarks",
    "Benchmark": "task_specs.rows.benchmarks",
    "ClassFile": "task_specs.submission_files.values",
    "Decode": "task_specs.spec",
    "Example": "task_specs.records",
    "Fields": "task_specs.texts.fields",
    "Lengths": "task_specs.spec",
    "Member": "task_specs.mixture",
    "Mixture": "task_specs.mixture",
    "NumberFile": "task_specs.submission_files.values",
    "OneFile": "task_specs.sources.one_file",
    "Published": "task_specs.spec",
    "SPLITS": "task_specs.spec",
    "SpecError": "task_specs.errors",
    "TEXT": "task_specs.mixture",
    "TaskSpec": "task_specs.spec",
    "TextPair": "task_specs.records",
    "UserError": "task_specs.errors",
    "all_mixtures": "task_specs.registry",
    "all_tasks": "task_specs.registry",
    "collisions": "task_specs.registry",
    "find": "task_specs.registry",
    "from_plain": "task_specs.schema",
    "get": "task_specs.registry",
    "read_toml": "task_specs.schema",
    "resolve": "task_specs.registry",
    "shares": "task_specs.mixing",
    "tasks_of": "task_specs.registry",
    "training_mixture": "task_specs.mixing",
}

__all__ = [*_HOMES]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
