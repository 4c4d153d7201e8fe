"""Importing TensorFlow without its start-up messages, which no setting of its own silences."""

import gc
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

WITHOUT_TENSORFLOW = (3, 14)
"""The first Python for which there are no wheels, as in setup.py."""


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
        UserError: Keras is set to another backend than TensorFlow, or lacks what `keras_model` builds on.
    """
    if "keras_model.backend" in sys.modules:
        return
    from keras_model.backend_choice import BackendError, chosen_backend, require_backend
    from t5eval.support.errors import MissingPackage, UserError
    from t5eval.support.stages import stage

    try:
        require_backend(*chosen_backend())
        with stage("importing TensorFlow and Keras"), silent_stderr():
            import tensorflow  # noqa: F401

            import keras_model.backend  # noqa: F401
    except BackendError as error:
        raise UserError(str(error)) from None
    except ModuleNotFoundError as error:
        remedy = "pip install 't5eval[keras]'"
        if sys.version_info >= WITHOUT_TENSORFLOW:
            remedy += ", with an older Python: TensorFlow has no wheels for this one"
        raise MissingPackage(f"running a model needs {error.name}: {remedy}") from None


def begin_another_model() -> None:
    """Lets go of the models that a process is done with, before it makes the next one.

    Keras' models are circles, which Python frees late, and what feeds them stays in TensorFlow's default graph until
    Keras clears its session. Each model traces its own functions, which TensorFlow takes for one that is traced again
    and again, and warns of.
    """
    if keras := sys.modules.get("keras"):
        keras.utils.clear_session()
    gc.collect()
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
