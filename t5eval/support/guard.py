"""Running code that a user wrote: what goes wrong with it names the plugin, the contract and the line."""

import functools
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from t5eval.support.plugin_record import LOADING
from task_specs.support.errors import UserError

Check = Callable[..., Any]
"""Given what a function returned and its arguments, returns the value to go on with, or raises `Breach`."""


class Breach(Exception):
    """How what a plugin's code returned breaks its contract, to follow the name of what was called: `must be ...`."""


def run_file(file: Path, name: str) -> ModuleType:
    """Runs a file of Python and returns it as a module called `name`.

    Raises:
        UserError: its name does not end in `.py`.
    """
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise UserError("not a file of Python; its name ends in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # where dataclasses look for it
    spec.loader.exec_module(module)
    return module


def line_of(error: BaseException, place: Path) -> str:
    """Returns the last line of a plugin's code that an error came through, with its file unless that is the plugin.

    Args:
        place: the plugin's file, or its package's folder.
    """
    frames = reversed(traceback.extract_tb(error.__traceback__))
    return next((line for f in frames if (line := _line(f.filename, f.lineno, place))), "")


def _line(filename: str, number: int | None, place: Path) -> str:
    file = Path(filename)
    if file == place:
        return f" (line {number})"
    return f" ({file.relative_to(place)}, line {number})" if place in file.parents else ""


class Guard:
    """Watches a plugin's code, and names it in what goes wrong.

    Args:
        contract: what the plugin offers, such as `metric 'x'`.
        place: the file or folder whose lines are named; None for that of the plugin which is being loaded.
    """

    def __init__(self, contract: str, place: Path | None = None):
        self._named = f"plugin {LOADING[-1].shown}: {contract}: " if LOADING else f"{contract}: "
        self._place = place or (LOADING[-1].place if LOADING else None)

    def fault(self, message: str, function: Any = None) -> UserError:
        """Returns the error that says a contract is broken; `function` is what broke it, if its line is to be named."""
        code = getattr(inspect.unwrap(function), "__code__", None) if callable(function) else None
        line = _line(code.co_filename, code.co_firstlineno, self._place) if code and self._place else ""
        return UserError(f"{self._named}{message}{line}")

    def watched(
        self,
        function: Callable[..., Any],
        name: str | Callable[..., str],
        check: Check | None = None,
        passing: Callable[[Exception], bool] = lambda error: False,
    ) -> Callable[..., Any]:
        """Returns a function that does what another does, and makes one line of what goes wrong with it.

        Args:
            name: what messages call it, or what tells that from its arguments.
            check: looks at what it returns.
            passing: tells the exceptions that the contract allows; user errors pass, too.
        """

        @functools.wraps(function)
        def call(*arguments: Any, **named: Any) -> Any:
            try:
                found = function(*arguments, **named)
                return check(found, *arguments, **named) if check else found
            except UserError:
                raise
            except (Exception, SystemExit) as error:
                if isinstance(error, Exception) and passing(error):
                    raise
                called = name if isinstance(name, str) else name(*arguments, **named)
                if isinstance(error, Breach):
                    raise self.fault(f"{called} {error}", function) from None
                line = line_of(error, self._place) if self._place else ""
                raise UserError(f"{self._named}{called} raises {type(error).__name__}: {error}{line}") from error

        return call

    def watch(self, owner: Any, method: str, check: Check | None = None, **options: Any) -> None:
        """Watches a method of a class or an object from now on; `options` are those of `watched`.

        Raises:
            UserError: it is none.
        """
        function = getattr(owner, method)
        if not callable(function):
            raise self.fault(f"{method} must be a method, got {type(function).__name__}")
        setattr(owner, method, self.watched(function, options.pop("name", method), check, **options))
