"""How much a process says on stderr beside warnings and errors: nothing, notes and progress, or stages' times too."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

QUIET, USUAL, VERBOSE = logging.ERROR, logging.INFO, logging.DEBUG
_LOG = logging.getLogger("t5eval.stages")
_LOG.propagate = False  # TensorFlow and absl have handlers of their own at the root
_LOG.setLevel(USUAL)


class _Stderr(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        print(self.format(record), file=sys.stderr, flush=True)  # noqa: T201


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
def stage(name: str) -> Iterator[None]:
    """Says how long the block took, if that is wanted."""
    started = time.perf_counter()
    try:
        yield
    finally:
        _LOG.debug("%s: %.2f s", name, time.perf_counter() - started)
