"""Pieces of work go through parallel processes and come out in the same order, a bounded number of them at a time."""

from __future__ import annotations

import collections
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from types import TracebackType
from typing import Any, Self, TypeVar

from task_specs.support.errors import UserError

SECONDS_BEFORE_PROCESSES = 0.5
"""For so long the work is done here; what takes no longer is done before processes would have started."""

PATIENCE = 2.0
"""Seconds that a result is waited for before a look whether the processes live."""

T = TypeVar("T")


class Processes:
    """Processes that start when there is enough to do, and end with the block.

    Args:
        count: how many processes; with 1 all is done in this one.
        start: called in each with the arguments, before any work.
        arguments: of `start`.
    """

    def __init__(self, count: int, start: Callable[..., None] | None = None, arguments: tuple[Any, ...] = ()) -> None:
        self.count = count
        self._start = start
        self._arguments = arguments
        self._seconds_here = 0.0
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def map(
        self, work: Callable[..., T], items: Iterable[tuple[Any, ...]], here: Callable[..., T] | None = None
    ) -> Iterator[T]:
        """Yields what a function makes of each item's values, in their order.

        Args:
            work: a function of a module, called in a process.
            items: its arguments.
            here: the same for this process; `work` if None.

        Raises:
            UserError: a process was killed.
        """
        waiting: collections.deque[Future[T]] = collections.deque()
        for item in items:
            if self.count == 1 or self._seconds_here < SECONDS_BEFORE_PROCESSES:
                started = time.monotonic()
                yield (here or work)(*item)
                self._seconds_here += time.monotonic() - started
                continue
            waiting.append(self._submit(work, item))
            if len(waiting) > 2 * self.count:
                yield self._result(waiting.popleft())
        while waiting:
            yield self._result(waiting.popleft())

    def _result(self, future: Future[T]) -> T:
        while True:
            try:
                return future.result(timeout=PATIENCE)
            except TimeoutError:
                self._end_if_one_died()
            except BrokenProcessPool:
                raise _killed() from None

    def _end_if_one_died(self) -> None:
        """Ends a pool that a dead process blocks.

        A process that is killed while it hands over a result leaves half of it in the pipe, and the executor waits for
        the rest for ever. With all processes gone and our own end of the pipe closed, it sees the pipe's end instead.
        """
        assert self._pool is not None
        processes = list((self._pool._processes or {}).values())
        if any(not process.is_alive() for process in processes):
            for process in processes:
                process.kill()
            self._pool._result_queue._writer.close()  # type: ignore[attr-defined]

    def _submit(self, work: Callable[..., T], item: tuple[Any, ...]) -> Future[T]:
        if self._pool is None:
            # Not forked: TensorFlow's threads would not survive that.
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(self.count, context, _begin, (self._start, self._arguments))
        try:
            return self._pool.submit(work, *item)
        except BrokenProcessPool:
            raise _killed() from None


def _killed() -> UserError:
    return UserError("a process was killed, or could not start; if memory is short, use fewer --workers")


def _begin(start: Callable[..., None] | None, arguments: tuple[Any, ...]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if start is not None:
        start(*arguments)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
