"""`pytest --quick`: the tests that need no TensorFlow, and a guard that finds those which do.

A module or a fixture that imports TensorFlow or Keras leaves out the tests that are in it or ask for it. A test that
imports them itself, or in a process that it starts, carries the marker `tensorflow`; without it, the test fails there.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import pytest

KEPT_OUT = ("tensorflow", "keras")
FAULT = "needs TensorFlow, in `pytest --quick`: mark the test with pytest.mark.tensorflow"


class Guard(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds the packages that are kept out, as if they were installed, and refuses to load them."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        return importlib.machinery.ModuleSpec(name, self) if name in KEPT_OUT else None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        # Both are no Exception, so that no `except ImportError` of the code that is tested takes them for its own.
        if os.environ.get("PYTEST_CURRENT_TEST", "").endswith("(call)"):
            pytest.fail(FAULT)
        pytest.skip("needs TensorFlow", allow_module_level=True)

    def exec_module(self, module: ModuleType) -> None:
        """Is never reached."""


def keep_tensorflow_out(folder: Path) -> None:
    """Keeps TensorFlow out of this process and of those that it starts.

    Args:
        folder: an empty one, for modules that the processes find in TensorFlow's place.
    """
    sys.meta_path.insert(0, Guard())
    for name in KEPT_OUT:
        (folder / f"{name}.py").write_text(f"raise SystemExit({FAULT!r})\n")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))
