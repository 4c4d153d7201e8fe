"""What a plugin calls: a user's own metrics, tasks, sources, formats, parsers, models and leaderboards made known."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Iterator, Mapping
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
from t5eval.plugin_record import LOADING
from t5eval.predictors.named import ModelOptions, NamedModel
from t5eval.predictors.of_python import require_predictor
from t5eval.predictors.opening import register_opener
from task_specs import Answer, Example, TaskSpec
from task_specs import registry as task_registry
from task_specs.records import FrozenDict
from task_specs.schema import register_kind


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
    if isinstance(thing, type) and LOADING:
        thing.plugin = LOADING[-1].sha256  # type: ignore[attr-defined]  # part of the fingerprint of rows that name it
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


def _guard(contract: str) -> Callable[[str], UserError]:
    """Returns what makes an error of a message, naming the plugin that is being loaded and the contract it broke."""
    plugin = f"plugin {LOADING[-1].shown}: " if LOADING else ""
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
