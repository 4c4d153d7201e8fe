"""Results of asynchronous work as they come, for a caller that is not asynchronous."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Generator
from queue import SimpleQueue
from threading import Thread
from typing import Any, TypeVar

T = TypeVar("T")
Work = Callable[[Callable[[T], None]], Coroutine[Any, Any, None]]
"""Called with what takes a result."""
TOGETHER_SECONDS = 0.05
"""What comes within it is handed over together: a store that flushes each by itself takes half as much time again."""


def as_they_come(work: Work[T]) -> Generator[list[T]]:
    """Yields what has come since the last time, at least one result; then raises what the work raised.

    The work has a thread of its own: it goes on while the caller stores results, and a notebook has a running event
    loop already. It is cancelled when the caller is done with the iterator.
    """
    came: SimpleQueue[T | None] = SimpleQueue()  # None: that was all
    loop = asyncio.new_event_loop()
    task = loop.create_task(work(came.put))

    def run() -> None:
        loop.run_until_complete(asyncio.wait([task]))
        loop.run_until_complete(loop.shutdown_default_executor())  # which looked up the server's address
        came.put(None)

    thread = Thread(target=run, name="served", daemon=True)
    thread.start()
    try:
        going_on = True
        while going_on:
            some = [came.get()]
            time.sleep(TOGETHER_SECONDS)
            while not came.empty():
                some.append(came.get())
            going_on = None not in some
            if found := [result for result in some if result is not None]:
                yield found
        task.result()
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join()
        loop.close()


def at_once(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Returns what some asynchronous work returns."""

    async def one(put: Callable[[T], None]) -> None:
        put(await work())

    return next(as_they_come(one))[0]
