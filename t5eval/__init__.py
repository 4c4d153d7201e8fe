"""t5eval: scores a text-to-text model exactly as the benchmarks' own scorers do.

`evaluate`, `score` and `submit` do what the commands of these names do. Nothing heavy is imported before it is used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from t5eval.api.functions import Evaluation, Scoring, evaluate, score, submit
    from t5eval.predictors.predictor import Generation, Predictor, Prepared
    from t5eval.runs.prediction import Ranking
    from t5eval.submissions.submit import Submission
    from task_specs.errors import UserError

__version__ = "0.1.0"

_HOMES = {
    "Evaluation": "t5eval.api.functions",
    "Generation": "t5eval.predictors.predictor",
    "Predictor": "t5eval.predictors.predictor",
    "Prepared": "t5eval.predictors.predictor",
    "Ranking": "t5eval.predictors.predictor",
    "Scoring": "t5eval.api.functions",
    "Submission": "t5eval.submissions.submit",
    "UserError": "t5eval.support.errors",
    "evaluate": "t5eval.api.functions",
    "score": "t5eval.api.functions",
    "submit": "t5eval.api.functions",
}

__all__ = [
    "Evaluation",
    "Generation",
    "Predictor",
    "Prepared",
    "Ranking",
    "Scoring",
    "Submission",
    "UserError",
    "evaluate",
    "score",
    "submit",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 't5eval' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
