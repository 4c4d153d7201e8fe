"""How much a process says on stderr beside warnings and errors: nothing, notes and progress, or stages' times too.

A stage is a part of a command that may take long. Whoever does the work names it here; `t5eval.cli` shows it.
"""

import logging
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TypeVar

from t5eval.support.visible import visible

QUIET, USUAL, VERBOSE = logging.ERROR, logging.INFO, logging.DEBUG
_LOG = logging.getLogger("t5eval.support.stages")
_LOG.propagate = False  # TensorFlow and absl have handlers of their own at the root
_LOG.setLevel(USUAL)
T = TypeVar("T")
Advance = Callable[[int, int], None]
"""Told how many things of a stage are done, of how many."""
Display = Callable[[str, str], AbstractContextManager[Advance]]
"""Opens the display of a stage, given its name and what it counts, in the plural; empty if it counts nothing."""


def _unseen(name: str, unit: str) -> AbstractContextManager[Advance]:
    """Shows nothing."""
    return nullcontext(lambda done, total: None)


_display: Display = _unseen


class _Stderr(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        print(visible(self.format(record)), file=sys.stderr, flush=True)  # noqa: T201


_LOG.addHandler(_Stderr())


def set_detail(level: int) -> None:
    """Sets how much is said from now on: QUIET, USUAL or VERBOSE."""
    _LOG.setLevel(level)


def shows_notes() -> bool:
    """Returns whether progress and notes are wanted."""
    return _LOG.isEnabledFor(USUAL)


def note(text: str) -> None:
    """Prints a line that is neither a result nor a warning."""
    _LOG.info("%s", text)


def cause(error: BaseException) -> None:
    """Prints where an error came from, if that is wanted."""
    _LOG.debug("this is where the error below came from:", exc_info=error)


@contextmanager
def shown(display: Display) -> Iterator[None]:
    """Shows the stages of the block."""
    global _display
    before, _display = _display, display
    try:
        yield
    finally:
        _display = before


@contextmanager
def timed(name: str) -> Iterator[None]:
    """Says how long the block took, if that is wanted."""
    started = time.perf_counter()
    try:
        yield
    finally:
        _LOG.debug("%s: %.2f s", name, time.perf_counter() - started)


@contextmanager
def saved(text: str) -> Iterator[None]:
    """Says, if the user interrupts the block, what is kept of it and how it goes on."""
    try:
        yield
    except KeyboardInterrupt as error:
        error.add_note(text)
        raise


@contextmanager
def stage(name: str, unit: str = "") -> Iterator[Advance]:
    """Shows that the block is at work, and says how long it took, if that is wanted."""
    with timed(name), _display(name, unit) as advance:
        yield advance


def each(items: Sequence[T], name: str, unit: str) -> Iterator[T]:
    """Yields items one after the other, as a stage that knows how far it is.

    Args:
        name: of the stage, such as `comparing`.
        unit: what the items are, in the plural.
    """
    with stage(name, unit) as advance:
        for done, item in enumerate(items):
            advance(done, len(items))
            yield item
        advance(len(items), len(items))
