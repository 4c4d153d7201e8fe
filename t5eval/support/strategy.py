"""Where a command trains or runs a Keras T5: `keras_model.distribution.strategies`, imported when it is needed."""

from typing import Any

from t5eval.support.tensorflow_import import import_keras_model
from task_specs.support.errors import UserError


def open_strategy(name: str) -> Any:
    """Returns the strategy of a name, None for `none`.

    Raises:
        UserError: there is none of the name, or nothing here that it could run on.
    """
    from keras_model.distribution import strategies

    try:
        if strategies.parse(name)[0] in ("mirrored", "multiworker"):  # which need TensorFlow in any case
            import_keras_model()
        return strategies.open_strategy(name)
    except strategies.StrategyError as error:
        raise UserError(str(error)) from None


def is_chief(strategy: Any) -> bool:
    """Returns whether this process is the one that writes files."""
    if strategy is None:
        return True
    from keras_model.distribution import strategies

    return strategies.is_chief(strategy)


def require_one_process(name: str) -> None:
    """Raises a UserError if a strategy is not known, or takes several processes."""
    from keras_model.distribution import strategies

    try:
        kind, _ = strategies.parse(name)
    except strategies.StrategyError as error:
        raise UserError(str(error)) from None
    if kind == "multiworker":
        raise UserError(
            "strategy multiworker is for training: a run's predictions are written by one process. To share an "
            "evaluation among machines, give each its own tasks and its own run folder"
        )
