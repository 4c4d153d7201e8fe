"""Makes the classes of `.keras` files known to Keras as soon as both packages are imported, in either order.

Keras finds a class in a file only if it was registered, which importing its module does; and this package imports no
Keras by itself, since a tokenizer does without.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.abc
import importlib.util
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

from keras_model.backend_choice import BackendError


class _AfterKeras(importlib.abc.MetaPathFinder):
    """Is asked where Keras is when that is imported, and lets `register_with_keras` follow."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != "keras" or self not in sys.meta_path:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        loader = spec and spec.loader
        if isinstance(loader, importlib.abc.Loader):
            load = loader.exec_module

            def exec_module(module: ModuleType) -> None:
                load(module)
                register_with_keras()

            loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def register_with_keras() -> None:
    """Registers the model, its loss, metric and optimizers with Keras, now or when Keras is imported."""
    if "keras" not in sys.modules:
        if not any(isinstance(finder, _AfterKeras) for finder in sys.meta_path):
            sys.meta_path.insert(0, _AfterKeras())
        return
    backend = sys.modules.get("keras_model.backend")
    if backend is not None and not hasattr(backend, "tree"):
        return  # this package itself imports Keras, and is not done with it; its face registers afterwards
    # On another backend Keras is there for somebody else; who asks for the T5 is told.
    with contextlib.suppress(BackendError):
        importlib.import_module("keras_model.t5")
