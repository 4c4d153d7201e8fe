"""The predictor that a command or a call means: a model by its name, or one of the caller's own."""

import os
from typing import Any

from t5eval.predictors.contract import require_predictor
from t5eval.predictors.model_name import ModelOptions, NamedModel
from t5eval.predictors.predictor import AsTheyCome
from t5eval.predictors.prefixes import open_model
from t5eval.support.guard import Guard
from t5eval.support.stages import stage
from t5eval.support.strategy import require_known
from task_specs.support.errors import UserError


def open_predictor(model: Any, options: ModelOptions) -> NamedModel:
    """Returns the predictor that is meant, with the name that results give it.

    Args:
        model: a name as `--model` takes it, or a predictor of the caller's own.
        options: what else is said of it; for a model's name only.

    Raises:
        UserError: it cannot be read, or an option does not suit it.
    """
    if options.strategy is not None:
        require_known(options.strategy)
    if isinstance(model, str | os.PathLike):
        found = open_model(os.fspath(model), options)
    else:
        options.refuse("a predictor of your own", "dtype", "vocab", "strategy", "generation")
        require_predictor(model, Guard("model"))
        found = NamedModel(model, f"{type(model).__module__}.{type(model).__qualname__}")
    if options.concurrency is not None and not isinstance(found.predictor, AsTheyCome):
        raise UserError(f"--concurrency is for a served model (openai:BASE_URL), not for {found.name}")
    with stage("reading the model"):
        found.predictor.identity  # noqa: B018  (what cannot be read is said before a run's folder is made)
    return found
