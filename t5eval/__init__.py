"""t5eval: scores a text-to-text model exactly as the benchmarks' own scorers do.

`evaluate`, `score` and `submit` do what the commands of these names do. Nothing heavy is imported before it is used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from t5eval.support.version import __version__ as __version__
from task_specs import plugins

if TYPE_CHECKING:
    from t5eval.api.functions import Evaluation as Evaluation
    from t5eval.api.functions import Scoring as Scoring
    from t5eval.api.functions import evaluate as evaluate
    from t5eval.api.functions import score as score
    from t5eval.api.functions import submit as submit
    from t5eval.metrics.metric import Batch as Batch
    from t5eval.metrics.metric import Metric as Metric
    from t5eval.plugins.registration import FileSource as FileSource
    from t5eval.plugins.registration import register as register
    from t5eval.plugins.registration import register_model as register_model
    from t5eval.predictors.predictor import Generation as Generation
    from t5eval.predictors.predictor import Predictor as Predictor
    from t5eval.predictors.predictor import Prepared as Prepared
    from t5eval.runs.prediction import Ranking as Ranking
    from t5eval.submissions.submit import Submission as Submission
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
    "Batch": "t5eval.metrics.metric",
    "Evaluation": "t5eval.api.functions",
    "FileSource": "t5eval.plugins.registration",
    "Generation": "t5eval.predictors.predictor",
    "Metric": "t5eval.metrics.metric",
    "Predictor": "t5eval.predictors.predictor",
    "Prepared": "t5eval.predictors.predictor",
    "Ranking": "t5eval.runs.prediction",
    "Scoring": "t5eval.api.functions",
    "Submission": "t5eval.submissions.submit",
    "TaskMetric": "t5eval.training.task_metric",
    "TaskScores": "t5eval.training.score_callback",
    "UserError": "t5eval.support.errors",
    "evaluate": "t5eval.api.functions",
    "register": "t5eval.plugins.registration",
    "register_model": "t5eval.plugins.registration",
    "score": "t5eval.api.functions",
    "submit": "t5eval.api.functions",
}

__all__ = [*_HOMES]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
