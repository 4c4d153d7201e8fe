"""A user's own metrics, tasks, sources, text formats, answer parsers, predictors and leaderboards, from a file."""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

import leaderboards
from leaderboards import Leaderboard
from t5eval import metrics
from t5eval.data import official_files
from t5eval.data.official_files import Reader
from t5eval.data.summary import Summary
from t5eval.errors import DataError, UserError, quoted
from t5eval.metrics import Metric
from t5eval.metrics import registry as metric_registry
from t5eval.plugin_record import LOADED
from t5eval.predictors import opening
from t5eval.predictors.named import ModelOptions, NamedModel
from t5eval.predictors.of_python import require_predictor
from t5eval.predictors.opening import register_opener
from task_specs import Answer, Example, TaskSpec
from task_specs import registry as task_registry
from task_specs.records import FrozenDict
from task_specs.schema import KINDS, register_kind

# Everything that something can be registered in; built-in things stand in the same tables.
TABLES: tuple[MutableMapping[Any, Any], ...] = (
    metric_registry._METRICS,
    task_registry.REGISTERED,
    *(KINDS[part] for part in ("source", "text", "answer")),
    official_files.READERS,
    opening.OPENERS,
    leaderboards._LEADERBOARDS,
)

_loading: list[tuple[str, str]] = []  # path and SHA-256 of the plugin that is being loaded


@dataclass(frozen=True)
class FileSource:
    """A source of one file a split, as a plugin declares it: derive from it, and say how a file's rows are read.

    Attributes:
        folder: the folder below the data directory.
        files: split to file name.
    """

    folder: str
    files: Mapping[str, str]
    kind: ClassVar[str] = ""
    fields: ClassVar[Mapping[str, str]] = FrozenDict()

    def __post_init__(self) -> None:
        object.__setattr__(self, "files", FrozenDict(self.files))

    def examples(self, path: Path) -> Iterator[Example]:
        """Yields a file's examples."""
        raise NotImplementedError

    def paths(self, split: str) -> dict[str, str]:
        return {"": self.files[split]}

    @property
    def splits(self) -> tuple[str, ...]:
        return tuple(self.files)


def register(thing: Any) -> Any:
    """Makes one thing known under its name; also a decorator of a class.

    Args:
        thing: a `Metric` (class or instance), a `TaskSpec`, a `Leaderboard`; or a frozen dataclass with a `kind` that
            is a `FileSource`, a text format (it has `pairs`) or an answer parser (it has `parse`).

    Raises:
        UserError: it is none of these, breaks the contract of what it is, or has the name of another one.
    """
    if isinstance(thing, Metric) or (isinstance(thing, type) and issubclass(thing, Metric)):
        metrics.register(_guarded_metric(thing() if isinstance(thing, type) else thing))
    elif isinstance(thing, TaskSpec):
        task_registry.register(thing)
    elif isinstance(thing, Leaderboard):
        leaderboards.register(thing)
    elif isinstance(thing, type) and issubclass(thing, FileSource):
        register_kind("source", thing)
        official_files.READERS[getattr(thing, "kind")] = Reader(_read, _files)  # noqa: B009
    elif isinstance(thing, type) and hasattr(thing, "parse"):
        register_kind("answer", thing)
        thing.parse = _guarded_parser(thing.parse, getattr(thing, "kind"))  # noqa: B009
    elif isinstance(thing, type) and hasattr(thing, "pairs"):
        register_kind("text", thing)
    else:
        raise UserError(
            f"{quoted(repr(thing))} is nothing that can be registered: a Metric, a TaskSpec, a Leaderboard, a "
            f"FileSource, or a dataclass with `pairs` (a text format) or `parse` (an answer parser)"
        )
    if isinstance(thing, type) and _loading:
        thing.plugin = _loading[-1][1]  # type: ignore[attr-defined]  # part of the fingerprint of rows that name it
    return thing


def register_model(prefix: str, make: Callable[[str], Any]) -> None:
    """Makes a prefix of `--model` known.

    Args:
        prefix: such as `mine:`.
        make: called with what follows the prefix; returns a `t5eval.predictor.Predictor`.

    Raises:
        UserError: the prefix is taken, or is none.
    """

    fault = _guard(f"model {prefix}")

    def opener(name: str, options: ModelOptions) -> NamedModel:
        options.refuse("a plugin's model", "dtype", "vocab", "strategy")
        predictor = _called(fault, "it", make, name)
        require_predictor(predictor, prefix + name)
        return NamedModel(predictor, prefix + name)

    register_opener(prefix, opener)


def load(path: str) -> None:
    """Runs a plugin's file, which registers what it offers; if anything is wrong, nothing of it stays registered.

    Raises:
        UserError: the file is absent, fails, breaks a contract, or registers nothing.
    """
    file = Path(path).resolve()
    if str(file) in LOADED:
        return
    if not file.is_file():
        raise UserError(f"plugin {path}: no such file")
    before = [dict(table) for table in TABLES]
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    _loading.append((path, sha256))
    try:
        _run(file)
        if [dict(table) for table in TABLES] == before:
            raise UserError("it registers nothing; call t5eval.plugins.register")
        LOADED[str(file)] = sha256
    except Exception as error:
        for table, old in zip(TABLES, before, strict=True):
            table.clear()
            table.update(old)
        task_registry._with_installed.cache_clear()
        reason = str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
        raise UserError(f"plugin {path}: {reason}{_place(error, file)}") from None
    finally:
        _loading.pop()


def _run(file: Path) -> None:
    name = f"_t5eval_plugin_{hashlib.sha256(str(file).encode()).hexdigest()[:12]}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise UserError("not a file of Python; its name ends in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # where dataclasses look for it
    spec.loader.exec_module(module)


def _place(error: Exception, file: Path) -> str:
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(file)]
    return f" (line {lines[-1]})" if lines else ""


def _guard(contract: str) -> Callable[[str], UserError]:
    """Returns what makes an error of a message, naming the plugin that is being loaded and the contract it broke."""
    plugin = f"plugin {_loading[-1][0]}: " if _loading else ""
    return lambda message: UserError(f"{plugin}{contract}: {message}")


def _guarded_metric(metric: Metric) -> Metric:
    fault = _guard(f"metric {getattr(metric, 'name', '')!r}")
    statistics, aggregate = metric.statistics, metric.aggregate

    @functools.wraps(statistics)
    def checked_statistics(batch: Any) -> Any:
        rows = _called(fault, "statistics", statistics, batch)
        if np.ndim(rows) != 2:
            raise fault(f"statistics must have shape [examples, numbers], got {np.shape(rows)}")
        return np.asarray(rows, dtype=np.float64)

    @functools.wraps(aggregate)
    def checked_aggregate(totals: Any) -> Any:
        scores = _called(fault, "aggregate", aggregate, totals)
        if np.shape(scores) != np.shape(totals)[:-1]:
            raise fault(
                f"aggregate must turn shape {np.shape(totals)} into {np.shape(totals)[:-1]}, got {np.shape(scores)}"
            )
        return scores

    metric.statistics, metric.aggregate = checked_statistics, checked_aggregate  # type: ignore[method-assign]
    return metric


def _guarded_parser(parse: Callable[..., Any], kind: str) -> Callable[..., Answer]:
    fault = _guard(f"answer {kind!r}")

    @functools.wraps(parse)
    def checked(self: Any, text: str, features: Mapping[str, Any], targets: str) -> Answer:
        answer = _called(fault, f"parse of {quoted(text)}", parse, self, text, features, targets)
        if not isinstance(answer, Answer):
            raise fault(f"parse of {quoted(text)} must return a task_specs.Answer, got {type(answer).__name__}")
        return answer

    return checked


def _called(fault: Callable[[str], UserError], name: str, function: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return function(*arguments)
    except UserError:
        raise
    except Exception as error:
        raise fault(f"{name} raises {type(error).__name__}: {error}") from None


def _files(spec: TaskSpec, split: str, data_dir: Path) -> list[str]:
    return [f"{spec.source.folder}/{name}" for name in spec.source.paths(split).values()]


def _read(spec: TaskSpec, split: str, data_dir: Path, summary: Summary, with_labels: bool) -> Iterator[Example]:
    """Yields the examples of a `FileSource`, each looked at."""
    source = spec.source
    assert isinstance(source, FileSource)
    (shown,) = _files(spec, split, data_dir)
    path = data_dir / shown
    summary.files[shown] = hashlib.sha256(path.read_bytes()).hexdigest()
    seen: set[str] = set()
    where = f"{path}: source {source.kind!r}"
    try:
        for example in source.examples(path):
            if not isinstance(example, Example):
                raise DataError(f"{where} must yield task_specs.Example, got {type(example).__name__}")
            if not isinstance(example.id, str) or example.id in seen:
                raise DataError(f"{where} gives the id {quoted(example.id)} twice, or it is no text")
            lacks = [name for name in source.fields if name not in example.features]
            if lacks:
                raise DataError(f"{where}: example {example.id} lacks the features {', '.join(lacks)}")
            seen.add(example.id)
            yield example
    except UserError:
        raise
    except Exception as error:
        raise DataError(f"{where} fails after {len(seen)} examples: {type(error).__name__}: {error}") from None
