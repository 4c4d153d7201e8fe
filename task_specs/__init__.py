"""The declarative task registry: every benchmark task as a row. Imports the standard library only."""

from task_specs.errors import SpecError, UserError
from task_specs.mixing import shares, training_mixture
from task_specs.mixture import TEXT, Member, Mixture
from task_specs.records import Answer, Example, TextPair
from task_specs.registry import all_mixtures, all_tasks, collisions, find, get, resolve, tasks_of
from task_specs.rows.benchmarks import BENCHMARKS, Benchmark
from task_specs.schema import from_plain, read_toml
from task_specs.spec import SPLITS, Decode, Lengths, Published, TaskSpec
from task_specs.submission_files.values import ClassFile, NumberFile

__all__ = [
    "BENCHMARKS",
    "SPLITS",
    "TEXT",
    "Answer",
    "Benchmark",
    "ClassFile",
    "Decode",
    "Example",
    "Lengths",
    "Member",
    "Mixture",
    "NumberFile",
    "Published",
    "SpecError",
    "TaskSpec",
    "TextPair",
    "UserError",
    "all_mixtures",
    "all_tasks",
    "collisions",
    "find",
    "from_plain",
    "get",
    "read_toml",
    "resolve",
    "shares",
    "tasks_of",
    "training_mixture",
]
