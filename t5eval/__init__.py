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
    from t5eval.api.clean import clean as clean
    from t5eval.api.compare import compare as compare
    from t5eval.api.convert import convert as convert
    from t5eval.api.evaluate import Evaluation as Evaluation
    from t5eval.api.evaluate import evaluate as evaluate
    from t5eval.api.merge import merge as merge
    from t5eval.api.prepare import prepare as prepare
    from t5eval.api.report import report as report
    from t5eval.api.score import Scoring as Scoring
    from t5eval.api.score import score as score
    from t5eval.api.submit import submit as submit
    from t5eval.api.tasks import examples as examples
    from t5eval.api.tasks import show as show
    from t5eval.api.tasks import tasks as tasks
    from t5eval.api.train import train as train
    from t5eval.api.train import train_seeds as train_seeds
    from t5eval.api.view import view as view
    from t5eval.api.vocabulary import train_vocabulary as train_vocabulary
    from t5eval.demo.demo import suite_folder as suite_folder
    from t5eval.metrics.metric import Batch as Batch
    from t5eval.metrics.metric import Metric as Metric
    from t5eval.plugins.registration import FileSource as FileSource
    from t5eval.plugins.registration import register as register
    from t5eval.plugins.registration import register_callback as register_callback
    from t5eval.plugins.registration import register_model as register_model
    from t5eval.predictors.predictor import Generation as Generation
    from t5eval.predictors.predictor import Predictor as Predictor
    from t5eval.predictors.predictor import Prepared as Prepared
    from t5eval.prompts.asking import Asking as Asking
    from t5eval.runs.prediction import Ranking as Ranking
    from t5eval.studies.study import study as study
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

_NAMES = {  # by module
    "api.check": "check",
    "api.clean": "clean",
    "api.compare": "compare",
    "api.convert": "convert",
    "api.evaluate": "Evaluation evaluate",
    "api.merge": "merge",
    "api.prepare": "prepare",
    "api.report": "report",
    "api.score": "Scoring score",
    "api.submit": "submit",
    "api.tasks": "examples show tasks",
    "api.train": "train train_seeds",
    "api.view": "view",
    "api.vocabulary": "train_vocabulary",
    "demo.demo": "suite_folder",
    "metrics.metric": "Batch Metric",
    "plugins.registration": "FileSource register register_callback register_model",
    "predictors.predictor": "Generation Predictor Prepared",
    "prompts.asking": "Asking",
    "runs.prediction": "Ranking",
    "studies.study": "study",
    "submissions.submission": "Submission",
    "support.errors": "UserError",
    "training.score_callback": "TaskScores",
    "training.task_metric": "TaskMetric",
}
_HOMES = {name: f"t5eval.{module}" for module, names in _NAMES.items() for name in names.split()}

__all__ = [*_HOMES]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
