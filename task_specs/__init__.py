"""The declarative task registry: every benchmark task as a row.

In comes a task's name; out come its row, its text pairs and its read answers. It imports the standard library only.
What others may use stands here, and is imported when it is used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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
    from task_specs.support.errors import SpecError as SpecError
    from task_specs.support.errors import UserError as UserError
    from task_specs.texts.fields import Fields as Fields

_NAMES = {  # by module
    "support.errors": "SpecError UserError",
    "mixing": "shares training_mixture",
    "mixture": "Member Mixture TEXT",
    "records": "Answer Example TextPair",
    "registry": "all_mixtures all_tasks collisions find get resolve tasks_of",
    "rows.benchmarks": "BENCHMARKS Benchmark",
    "schema": "from_plain read_toml",
    "sources.one_file": "OneFile",
    "spec": "Decode Lengths Published SPLITS TaskSpec",
    "submission_files.values": "ClassFile NumberFile",
    "texts.fields": "Fields",
}
_HOMES = {name: f"task_specs.{module}" for module, names in _NAMES.items() for name in names.split()}

__all__ = [*_HOMES]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
