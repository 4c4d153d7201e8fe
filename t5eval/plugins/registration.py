"""What a plugin calls: a user's own metrics, tasks, sources, formats, parsers, models and leaderboards made known."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import leaderboards
from leaderboards import Leaderboard
from t5eval import metrics
from t5eval.data import official_files
from t5eval.data.json_lines import listed_files
from t5eval.data.official_files import Reader
from t5eval.data.summary import Summary
from t5eval.metrics import Metric
from t5eval.plugins.callbacks import register_callback as register_callback
from t5eval.plugins.contracts import watch_answer, watch_leaderboard, watch_metric, watch_source, watch_text
from t5eval.predictors.contract import require_predictor
from t5eval.predictors.model_name import ModelOptions, NamedModel
from t5eval.predictors.prefixes import register_opener
from t5eval.support.errors import DataError
from t5eval.support.guard import Guard
from t5eval.support.plugin_record import LOADING
from task_specs import Example, TaskSpec
from task_specs import registry as task_registry
from task_specs.records import FrozenDict
from task_specs.schema import register_kind
from task_specs.sources.one_file import OneFile
from task_specs.support.errors import UserError, quoted


@dataclass(frozen=True)
class FileSource(OneFile):
    """A source of one file a split, as a plugin declares it.

    Derive from it, name the texts that an example has in `fields`, and give it `examples`, which yields a file's.
    """

    fields: ClassVar[Mapping[str, str]] = FrozenDict()
    examples: ClassVar[Callable[[Any, Path], Iterator[Example]]]


def register(thing: Any) -> Any:
    """Makes one thing known under its name; also a decorator of a class.

    Args:
        thing: a `Metric` (class or instance), a `TaskSpec`, a `Leaderboard`; or a frozen dataclass with a `kind` that
            is a `FileSource`, a text format (it has `pairs`) or an answer parser (it has `parse`).

    Raises:
        UserError: it is none of these, breaks the contract of what it is, or has the name of another one.
    """
    is_class = isinstance(thing, type)
    if isinstance(thing, Metric) or (is_class and issubclass(thing, Metric)):
        metric = thing() if is_class else thing
        watch_metric(Guard(f"metric {getattr(metric, 'name', '')!r}"), metric)
        metrics.register(metric)
    elif isinstance(thing, TaskSpec):
        task_registry.register(thing)
    elif isinstance(thing, Leaderboard):
        watch_leaderboard(Guard(f"leaderboard {thing.name!r}"), thing)
        leaderboards.register(thing)
    elif is_class and issubclass(thing, Leaderboard):
        raise UserError(f"leaderboard {thing.__name__} is a class; register an instance, with its name and tasks")
    elif is_class and issubclass(thing, FileSource):
        _register_kind("source", thing, watch_source)
        official_files.READERS[thing.kind] = Reader(_read)
    elif is_class and hasattr(thing, "parse"):
        _register_kind("answer", thing, watch_answer)
    elif is_class and hasattr(thing, "pairs"):
        _register_kind("text", thing, watch_text)
    else:
        raise UserError(
            f"{quoted(repr(thing))} is nothing that can be registered: a Metric, a TaskSpec, a Leaderboard, a "
            f"FileSource, or a dataclass with `pairs` (a text format) or `parse` (an answer parser)"
        )
    if is_class and LOADING:
        thing.plugin = LOADING[-1].sha256  # part of the fingerprint of rows that name it
    return thing


def _register_kind(part: str, cls: Any, watch: Callable[[Guard, Any], None]) -> None:
    register_kind(part, cls)
    guard = Guard(f"{part} {cls.kind!r}")
    watch(guard, cls)
    if "__post_init__" in vars(cls):  # where it checks what a row says of it
        guard.watch(cls, "__post_init__")


def register_model(prefix: str, make: Callable[[str], Any]) -> None:
    """Makes a prefix of `--model` known.

    Args:
        prefix: such as `mine:`.
        make: called with what follows the prefix; returns a `t5eval.predictors.predictor.Predictor`.

    Raises:
        UserError: the prefix is taken, or is none.
    """
    guard = Guard(f"model {prefix}")
    if not callable(make):
        raise guard.fault(f"what makes it must be a function, got {type(make).__name__}")

    def opener(name: str, options: ModelOptions) -> NamedModel:
        options.refuse("a plugin's model", "dtype", "vocab", "strategy")
        return NamedModel(require_predictor(guard.watched(make, "it")(name), guard), prefix + name)

    register_opener(prefix, opener)


def _read(spec: TaskSpec, split: str, data_dir: Path, summary: Summary, with_labels: bool) -> Iterator[Example]:
    """Yields the examples of a `FileSource`, each tried on the rest of its row."""
    source = spec.source
    assert isinstance(source, FileSource)
    (shown,) = listed_files(spec, split, data_dir)
    path = data_dir / shown
    summary.files[shown] = hashlib.sha256(path.read_bytes()).hexdigest()
    for example in source.examples(path):
        try:
            for pair in spec.pairs(example):
                spec.answer.gold(example.features, pair.targets)
        except UserError:
            raise
        except Exception as error:
            raise DataError(
                f"{path}: example {example.id} of source {source.kind!r} does not fit text {spec.text.kind!r} or "
                f"answer {spec.answer.kind!r}, which raises {type(error).__name__}: {error}"
            ) from error
        yield example
