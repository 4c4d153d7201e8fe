"""What comes before the first prediction: the model is opened, the run's folder is held, the settings are recorded."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from t5eval.predictors.predictor import Predictor
from t5eval.runs.folder import locked, recorded
from t5eval.support.stages import stage
from t5eval.support.strategy import require_one_process


def open_predictor(
    model: Any, dtype: str | None = None, vocab: str | None = None, strategy: str | None = None
) -> tuple[Predictor, str]:
    """Returns the predictor that is meant, and the name that results give it.

    Args:
        model: a name as `--model` takes it, or a predictor of the caller's own.
        dtype: for a model's name only, as are the next two.
        vocab: a vocabulary other than the checkpoint's.
        strategy: `none`, `mirrored[:N]` or `tpu[:ADDRESS]`.

    Raises:
        UserError: it cannot be read, or an option does not suit it.
    """
    from t5eval.predictors import ModelOptions, open_model
    from t5eval.predictors.contract import require_predictor
    from t5eval.support.guard import Guard

    if strategy is not None:
        require_one_process(strategy)
    options = ModelOptions(dtype, vocab, strategy)
    if isinstance(model, str | os.PathLike):
        named = open_model(os.fspath(model), options)
        predictor, name = named.predictor, named.name
    else:
        options.refuse("a predictor of your own", "dtype", "vocab", "strategy")
        require_predictor(model, Guard("model"))
        predictor, name = model, f"{type(model).__module__}.{type(model).__qualname__}"
    with stage("reading the model"):
        predictor.identity  # noqa: B018  (what cannot be read is said before a run's folder is made)
    return predictor, name


@contextmanager
def held(run: Path, settings: Mapping[str, Any]) -> Iterator[None]:
    """Holds a run's folder for this process alone, with the settings of its evaluation in config.toml.

    Raises:
        RunError: the folder cannot be made, or another process holds it.
    """
    with locked(run), recorded(run, "evaluate", settings):
        yield
