"""Keras callbacks for `t5eval train`, by the names under which plugins register what makes them."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from t5eval.support.guard import Breach, Guard
from task_specs.plugins import looked_up
from task_specs.support.errors import UserError

CALLBACKS: dict[str, Callable[[], Any]] = {}


def register_callback(name: str, make: Callable[[], Any]) -> None:
    """Makes a callback of training known.

    Args:
        name: for `--callback` and the key `callbacks`.
        make: called without arguments when a run starts; returns a `keras.callbacks.Callback`. What its methods are
            told is said at `keras_model.training_run.fit.fit`.

    Raises:
        UserError: the name is taken.
    """
    guard = Guard(f"callback {name!r}")
    if not callable(make):
        raise guard.fault(f"what makes it must be a function, got {type(make).__name__}")
    if name in CALLBACKS:
        raise UserError(f"callback {name!r} is already there; choose another name")

    def watched() -> Any:
        callback = guard.watched(make, "it", _is_callback)()
        for method in dir(callback):
            if method.startswith("on_"):
                guard.watch(callback, method)
        return callback

    CALLBACKS[name] = watched


def require_callbacks(names: Iterable[str]) -> None:
    """Raises UserError if one is not registered."""
    for name in names:
        if not looked_up(partial(CALLBACKS.get, name), f"callback {name!r}"):
            there = f"there are {', '.join(CALLBACKS)}" if CALLBACKS else "no plugin has registered any"
            raise UserError(f"callback {name!r} is not known; {there}")


def made_callbacks(names: Iterable[str]) -> list[Any]:
    """Returns a new callback for each name."""
    return [CALLBACKS[name]() for name in names]


def _is_callback(found: Any) -> Any:
    import keras

    if not isinstance(found, keras.callbacks.Callback):
        raise Breach(f"must return a keras.callbacks.Callback, got {type(found).__name__}")
    return found
