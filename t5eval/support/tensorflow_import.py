"""Importing TensorFlow without its start-up messages, which no setting of its own silences."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def silent_stderr() -> Iterator[None]:
    """Discards what is written to the process's stderr, C++ libraries' output included, while the block runs."""
    sys.stderr.flush()
    saved = os.dup(2)
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        sys.stderr.flush()
        os.dup2(saved, 2)
        os.close(saved)


def import_keras_model() -> None:
    """Imports Keras and TensorFlow, so that later imports of `keras_model` are immediate and silent.

    Raises:
        MissingPackage: a package of the extra `keras` is not installed.
    """
    if "keras" in sys.modules:
        return
    from t5eval.support.errors import MissingPackage
    from t5eval.support.stages import stage

    try:
        with stage("importing TensorFlow and Keras"), silent_stderr():
            import keras  # noqa: F401
            import tensorflow  # noqa: F401
    except ModuleNotFoundError as error:
        raise MissingPackage(f"running a model needs {error.name}: pip install 't5eval[keras]'") from None
