"""Calling code that a user wrote: what goes wrong with it names the plugin, the contract and the line."""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from t5eval.support.plugin_record import LOADING
from task_specs.errors import UserError


def line_of(error: BaseException, place: Path) -> str:
    """Returns the last line of a plugin's code that an error came through, with its file unless that is the plugin.

    Args:
        error: what was raised.
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
    """Calls a plugin's code, and names it in what goes wrong.

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

    def raised(self, name: str, error: BaseException) -> UserError:
        """Returns the error that says that the plugin's code raised one."""
        line = line_of(error, self._place) if self._place else ""
        return UserError(f"{self._named}{name} raises {type(error).__name__}: {error}{line}")

    def call(
        self, name: str, function: Callable[..., Any], *arguments: Any,
        passing: tuple[type[Exception], ...] = (), **named: Any,
    ) -> Any:  # fmt: skip
        """Returns what a function returns; what it raises becomes one line, but for user errors and those `passing`."""
        try:
            return function(*arguments, **named)
        except UserError:
            raise
        except (Exception, SystemExit) as error:
            if isinstance(error, passing):
                raise
            raise self.raised(name, error) from error

    def method(self, owner: Any, name: str) -> Callable[..., Any]:
        """Returns a method of a class or an object.

        Raises:
            UserError: it is none.
        """
        found: Callable[..., Any] = getattr(owner, name)
        if not callable(found):
            raise self.fault(f"{name} must be a method, got {type(found).__name__}")
        return found
