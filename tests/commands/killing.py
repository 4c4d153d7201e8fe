"""Runs a t5eval command and kills it, as `kill -9` does, at one of its steps; a program of its own.

A step is a call of os.fsync, or one that opens, renames, removes or makes something in the watched folder.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

STEPS = (
    "open",
    "os.rename",
    "os.remove",
    "os.mkdir",
    "os.rmdir",
    "shutil.rmtree",
)  # audit events; os.replace is an os.rename


def main(folder: str, last: int, arguments: list[str]) -> int:
    """Runs the command; writes how many steps it had to stderr, if it lives to do so.

    Args:
        folder: the watched folder.
        last: before which step the process dies, counted from 1; never if 0.
        arguments: the command's.
    """
    from t5eval.cli.main import run

    steps = 0

    def step() -> None:
        nonlocal steps
        steps += 1
        if steps == last:
            os.kill(os.getpid(), signal.SIGKILL)

    def audit(event: str, details: tuple[Any, ...]) -> None:
        if event in STEPS and isinstance(details[0], str | os.PathLike) and os.fspath(details[0]).startswith(folder):
            step()

    synced = os.fsync

    def fsync(descriptor: int) -> None:
        step()
        synced(descriptor)

    os.fsync = fsync
    sys.addaudithook(audit)
    status = run(arguments)
    sys.stdout.flush()
    sys.stderr.write(f"\nsteps {steps}\n")
    return status


if __name__ == "__main__":
    folder = sys.argv.pop(1)  # the command line that t5eval records is then the same whichever step is the last
    sys.exit(main(folder, int(os.environ["LAST_STEP"]), sys.argv[1:]))
