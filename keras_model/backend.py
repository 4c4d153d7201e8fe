"""Keras, on the backend that the T5 is written for: modules take it from here, so that the backend is looked at first.

Keras reads KERAS_BACKEND, or else its own file `keras.json`, once, when it is imported.
"""

from typing import Any

from keras_model.backend_choice import BackendError, chosen_backend, require_backend

require_backend(*chosen_backend())

import keras  # noqa: E402
from keras import ops, tree  # noqa: E402

require_backend(keras.config.backend(), "Keras, imported before,")

__all__ = ["keras", "ops", "require_methods", "tree"]


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
