"""An object that lives in a process of its own and answers one call at a time.

The thread pools of TensorFlow, PyTorch and OpenMP disturb each other within one process, and the peak of one engine's
memory cannot be told from another's. So each engine is a `Worker`: a process that is started once and sits idle while
the others have their turn.
"""

from __future__ import annotations

import multiprocessing
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

SPAWN = multiprocessing.get_context("spawn")
REST = 0.3
"""Seconds before each call: OpenMP's threads go on spinning for 0.2 s after their work, in whichever process."""


class Worker:
    """A process that holds one object of a class, made with these arguments; `EOFError` says that it failed."""

    def __init__(self, factory: type, *arguments: Any) -> None:
        self.seconds = 0.0
        """How long the last call took, measured in the worker; at first, how long making the object took."""
        self.processor = 0.0
        """The processor time of the same, of all threads: where others want the processors too, it says more."""
        self._pipe, theirs = SPAWN.Pipe()
        self.process = SPAWN.Process(target=_serve, args=(theirs, factory), daemon=True)
        self.process.start()
        theirs.close()
        self.call("", *arguments)

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *error: object) -> None:
        self._pipe.close()
        self.process.join()

    def call(self, method: str, *arguments: Any) -> Any:
        """Returns what a method of the object returns; its wall time stands in `seconds`."""
        time.sleep(REST)
        self._pipe.send((method, arguments))
        self.seconds, self.processor, value = self._pipe.recv()
        return value

    def timed(self, method: str, *arguments: Any) -> float:
        """Returns a call's wall time in seconds."""
        self.call(method, *arguments)
        return self.seconds


def peak(factory: type, folder: str, *calls: tuple[Any, ...]) -> str:
    """Returns the peak memory in MB of a fresh process that makes the object and calls these methods, and no more."""
    with Worker(factory, folder) as worker:
        for method, *arguments in calls:
            worker.call(method, *arguments)
        status = Path(f"/proc/{worker.process.pid}/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
    return f"{int(line.split()[1]) * 1024 / 1e6:,.0f}"


def _serve(pipe: Connection, factory: type) -> None:
    """Makes the object with the arguments of the first request, then answers calls until the pipe is closed."""
    target: Any = None
    while True:
        try:
            method, arguments = pipe.recv()
        except EOFError:
            return
        started, busy = time.perf_counter(), time.process_time()
        if target is None:
            target, value = factory(*arguments), None
        else:
            value = getattr(target, method)(*arguments)
        pipe.send((time.perf_counter() - started, time.process_time() - busy, value))
