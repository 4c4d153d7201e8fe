"""An object that lives in a process of its own and answers one call at a time.

The thread pools of TensorFlow, PyTorch and OpenMP disturb each other within one process, and the peak of one engine's
memory cannot be told from another's. So each engine is a `Worker`: a subprocess that is started once and sits idle
while the others have their turn. Requests and answers are lines of JSON through pipes.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
QUIET = {
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TRANSFORMERS_VERBOSITY": "error",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_OFFLINE": "1",
    "TOKENIZERS_PARALLELISM": "false",
}
REST = 0.3
"""Seconds before each call: OpenMP's threads go on spinning for 0.2 s after their work, in whichever process."""


class WorkerError(RuntimeError):
    """A call failed in the worker; the message holds what it wrote to stderr."""


class Worker:
    """A subprocess that holds one object.

    Args:
        factory: `package.module:Class`.
        arguments: what the class is called with; JSON values.

    Raises:
        WorkerError: the object could not be made.
    """

    def __init__(self, factory: str, *arguments: Any) -> None:
        self.seconds = 0.0
        """How long the last call took, measured in the worker."""
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 (closed in __exit__)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.workers"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            cwd=ROOT,
            env={**os.environ, **QUIET},
        )
        self._ask([factory, arguments])
        self.start_seconds = self.seconds
        """How long making the object took, imports included."""

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *error: object) -> None:
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()
        self._log.close()

    def call(self, method: str, **arguments: Any) -> Any:
        """Returns what a method of the object returns; its wall time stands in `seconds`."""
        time.sleep(REST)
        return self._ask([method, arguments])

    def timed(self, method: str, **arguments: Any) -> float:
        """Returns a call's wall time in seconds."""
        self.call(method, **arguments)
        return self.seconds

    def peak_megabytes(self) -> float:
        """Returns the most memory that the process has held so far, in 10^6 bytes (VmHWM)."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024 / 1e6

    def _ask(self, request: Any) -> Any:
        print(json.dumps(request), file=self._process.stdin, flush=True)
        answer = self._process.stdout.readline()
        if not answer:
            self._process.wait()
            self._log.seek(0)
            raise WorkerError(self._log.read().decode(errors="replace")[-4000:])
        self.seconds, value = json.loads(answer)
        return value


def serve() -> None:
    """Makes the object that the first line asks for, then answers calls until the input ends."""
    # What libraries print must not come between the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    target: Any = None
    for line in sys.stdin:
        name, arguments = json.loads(line)
        started = time.perf_counter()
        if target is None:
            module, _, factory = name.partition(":")
            target, value = getattr(importlib.import_module(module), factory)(*arguments), None
        else:
            value = getattr(target, name)(**arguments)
        print(json.dumps([time.perf_counter() - started, value]), file=answers, flush=True)


if __name__ == "__main__":
    serve()
