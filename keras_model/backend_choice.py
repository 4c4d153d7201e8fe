"""Which backend Keras will run on, told without importing Keras.

Decoding, the optimizers and distribution are TensorFlow's; on another backend they would fail one by one, far from the
cause.
"""

import json
import os
from pathlib import Path

BACKEND = "tensorflow"


class BackendError(ImportError):
    """Keras is not what this package is written for; the message is one line."""


def chosen_backend() -> tuple[str, str]:
    """The backend that Keras will take, and what names it: a variable or a file."""
    named = os.environ.get("KERAS_BACKEND")
    if named:
        return named, "the variable KERAS_BACKEND"
    home = os.environ.get("KERAS_HOME")
    file = (Path(home) if home else Path("~/.keras").expanduser()) / "keras.json"
    try:
        found = json.loads(file.read_bytes())["backend"]
    except (OSError, ValueError, LookupError, TypeError):
        return BACKEND, "Keras' default"  # which Keras, too, then takes
    return str(found), f"the file {file}"


def require_backend(backend: str, named_by: str) -> None:
    """Refuses another backend than TensorFlow.

    Raises:
        BackendError: it is another one.
    """
    if backend != BACKEND:
        raise BackendError(
            f"the Keras T5 runs on Keras' backend {BACKEND!r}, but {named_by} says {backend!r}: "
            f"set KERAS_BACKEND={BACKEND}"
        )
