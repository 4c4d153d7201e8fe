"""Where a command trains or runs a Keras T5: `keras_model.distribution.strategies`, imported when it is needed."""

from typing import Any

from t5eval.support.tensorflow_import import import_keras_model
from task_specs.support.errors import UserError

MULTIWORKER = "multiworker"
_joined: list[Any] = []
"""The strategy of several workers, which a process can join once."""


def open_strategy(name: str) -> Any:
    """Returns the strategy of a name, None for `none`.

    Raises:
        UserError: there is none of the name, or nothing here that it could run on.
    """
    from keras_model.distribution import strategies

    try:
        kind, _ = strategies.parse(name)
        if kind in ("mirrored", MULTIWORKER):  # which need TensorFlow in any case
            import_keras_model()
        if kind != MULTIWORKER:
            return strategies.open_strategy(name)
        if not _joined:
            _joined.append(strategies.open_strategy(name))
        return _joined[0]
    except strategies.StrategyError as error:
        raise UserError(str(error)) from None


def is_chief(strategy: Any) -> bool:
    """Returns whether this process is the one that writes files."""
    if strategy is None:
        return True
    from keras_model.distribution import strategies

    return strategies.is_chief(strategy)


def require_known(name: str) -> None:
    """Raises a UserError if there is no strategy of a name."""
    from keras_model.distribution import strategies

    try:
        strategies.parse(name)
    except strategies.StrategyError as error:
        raise UserError(str(error)) from None


def meet(strategy: Any, text: str = "") -> bool:
    """Waits until every worker of a strategy has called this; returns whether all of them say the same."""
    from keras_model.distribution import strategies

    return strategies.meet(strategy, text)
