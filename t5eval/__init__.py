"""t5eval: scores a text-to-text model exactly as the benchmarks' own scorers do.

`evaluate`, `score` and `submit` do what the commands of these names do. Nothing heavy is imported before it is used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from t5eval.api import Evaluation, Scoring, evaluate, score, submit
    from t5eval.errors import UserError
    from t5eval.predictor import Generation, Predictor, Prepared, Ranking
    from t5eval.submission import Submission

__version__ = "0.1.0"

_HOMES = {
    "Evaluation": "t5eval.api",
    "Generation": "t5eval.predictor",
    "Predictor": "t5eval.predictor",
    "Prepared": "t5eval.predictor",
    "Ranking": "t5eval.predictor",
    "Scoring": "t5eval.api",
    "Submission": "t5eval.submission",
    "UserError": "t5eval.errors",
    "evaluate": "t5eval.api",
    "score": "t5eval.api",
    "submit": "t5eval.api",
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
