"""t5eval: scores a text-to-text model exactly as the benchmarks' own scorers do.

Each function does what the command of its name does, and returns what that prints with --json as `to_json()`. Nothing
heavy is imported before it is used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from t5eval.support.version import __version__ as __version__
from task_specs import plugins

if TYPE_CHECKING:
    from t5eval.api.check import check as check
    from t5eval.api.compare import compare as compare
    from t5eval.api.convert import convert as convert
    from t5eval.api.evaluate import Evaluation as Evaluation
    from t5eval.api.evaluate import evaluate as evaluate
    from t5eval.api.prepare import prepare as prepare
    from t5eval.api.report import report as report
    from t5eval.api.score import Scoring as Scoring
    from t5eval.api.score import score as score
    from t5eval.api.submit import submit as submit
    from t5eval.api.tasks import examples as examples
    from t5eval.api.tasks import show as show
    from t5eval.api.tasks import tasks as tasks
    from t5eval.api.train import train as train
    from t5eval.demo.demo import suite_folder as suite_folder
    from t5eval.metrics.metric import Batch as Batch
    from t5eval.metrics.metric import Metric as Metric
    from t5eval.plugins.registration import FileSource as FileSource
    from t5eval.plugins.registration import register as register
    from t5eval.plugins.registration import register_model as register_model
    from t5eval.predictors.predictor import Generation as Generation
    from t5eval.predictors.predictor import Predictor as Predictor
    from t5eval.predictors.predictor import Prepared as Prepared
    from t5eval.prompts.asking import Asking as Asking
    from t5eval.runs.prediction import Ranking as Ranking
    from t5eval.submissions.submission import Submission as Submission
    from t5eval.support.errors import UserError as UserError
    from t5eval.training.score_callback import TaskScores as TaskScores
    from t5eval.training.task_metric import TaskMetric as TaskMetric


def _load_plugins() -> tuple[str, ...]:
    from t5eval.plugins.installed import entry_points

    if not entry_points():
        return ()  # without what registering imports
    from t5eval.plugins.loader import load_installed

    return load_installed()


# What the registry does not have, an installed plugin may.
plugins.install(_load_plugins)

_HOMES = {
    "Asking": "t5eval.prompts.asking",
    "Batch": "t5eval.metrics.metric",
    "Evaluation": "t5eval.api.evaluate",
    "FileSource": "t5eval.plugins.registration",
    "Generation": "t5eval.predictors.predictor",
    "Metric": "t5eval.metrics.metric",
    "Predictor": "t5eval.predictors.predictor",
    "Prepared": "t5eval.predictors.predictor",
    "Ranking": "t5eval.runs.prediction",
    "Scoring": "t5eval.api.score",
    "Submission": "t5eval.submissions.submission",
    "TaskMetric": "t5eval.training.task_metric",
    "TaskScores": "t5eval.training.score_callback",
    "UserError": "t5eval.support.errors",
    "check": "t5eval.api.check",
    "compare": "t5eval.api.compare",
    "convert": "t5eval.api.convert",
    "evaluate": "t5eval.api.evaluate",
    "examples": "t5eval.api.tasks",
    "prepare": "t5eval.api.prepare",
    "register": "t5eval.plugins.registration",
    "register_model": "t5eval.plugins.registration",
    "report": "t5eval.api.report",
    "score": "t5eval.api.score",
    "show": "t5eval.api.tasks",
    "submit": "t5eval.api.submit",
    "suite_folder": "t5eval.demo.demo",
    "tasks": "t5eval.api.tasks",
    "train": "t5eval.api.train",
}

__all__ = [*_HOMES]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
