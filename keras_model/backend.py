"""Keras, on the backend that the T5 is written for: modules take it from here, so that the backend is looked at first.

Keras reads KERAS_BACKEND, or else its own file `keras.json`, once, when it is imported.
"""

import contextlib
from collections.abc import Iterator
from typing import Any

from keras_model.backend_choice import BackendError, chosen_backend, require_backend

require_backend(*chosen_backend())

import keras  # noqa: E402
from keras import ops, tree  # noqa: E402
from tensorflow.python.framework.ops import gradient_registry  # noqa: E402

require_backend(keras.config.backend(), "Keras, imported before,")

__all__ = ["keras", "ops", "require_methods", "traces_forgotten", "tree"]


@contextlib.contextmanager
def traces_forgotten() -> Iterator[None]:
    """Takes what is traced inside out of TensorFlow's register of gradients, which would keep each model in memory.

    The register gets the gradient of every `custom_gradient` that is traced, for as long as the process lives. That
    holds the graph, and the graph the weights. It is asked for while a step is traced, and never again: a function
    that is traced anew registers anew.
    """
    register = gradient_registry._registry
    known = set(register)
    try:
        yield
    finally:
        for name in set(register) - known:
            if name.startswith("CustomGradient-"):
                register.pop(name, None)  # another thread may have been first


def require_methods(base: Any, *names: str) -> None:
    """Looks whether a class of Keras still has the methods that a subclass here replaces, private ones among them.

    A method that Keras calls otherwise now would never be called: clipping by the global norm would end in silence.

    Raises:
        BackendError: one is not there.
    """
    missing = [name for name in names if not callable(getattr(base, name, None))]
    if missing:
        raise BackendError(
            f"Keras {keras.__version__} has no {base.__name__}.{missing[0]}, which keras_model replaces: "
            "install the version of Keras in constraints.txt"
        )
