"""Processes that start at once: forks of one that has imported what they would import first.

Half a second of each command goes into NumPy, the like, and our own modules. A fork saves it, and is a process of its
own all the same: its environment, its exit status, its death. Where the start is what is tested, use `subprocess`.
"""

from __future__ import annotations

import gc
import importlib
import json
import multiprocessing
import os
import resource
import runpy
import select
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

LIBRARIES = ("numpy", "click", "jinja2", "jsonschema", "tomli_w", "packaging.version")
COMMANDS = ("t5eval.cli.main", "t5eval.data", *(f"t5eval.api.{n}" for n in ("score", "submit", "report", "evaluate")))


class Forks:
    """A process that forks itself, one fork after another."""

    def __init__(self, modules: Sequence[str]) -> None:
        """Starts it.

        Args:
            modules: what it imports. Without ours, each fork imports those anew, as a fresh process does.
        """
        self._server = subprocess.Popen(
            [sys.executable, __file__, *modules], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )

    def run(
        self,
        arguments: Sequence[Any],
        env: Mapping[str, str] | None = None,
        timeout: float = 900,
        largest_file: int | None = None,
    ) -> subprocess.CompletedProcess[bytes]:
        """Does what `subprocess.run([sys.executable, *arguments], capture_output=True, env=env)` does.

        Args:
            arguments: `-m MODULE`, `-c PROGRAM` or a file, and what follows.
            env: the environment; this process's, if None.
            timeout: seconds after which the test fails.
            largest_file: bytes that a file may get, as if the disk were full then.
        """
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        with tempfile.TemporaryDirectory() as folder:
            command = [str(argument) for argument in arguments]
            asked = {
                "arguments": command,
                "environment": dict(os.environ if env is None else env),
                "largest_file": largest_file,
                "folder": folder,
                "cwd": str(Path.cwd()),
            }
            self._server.stdin.write(json.dumps(asked) + "\n")
            if not select.select([self._server.stdout], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(command, timeout)
            status = int(self._server.stdout.readline())
            out, err = (Path(folder, name).read_bytes() for name in ("1", "2"))
        return subprocess.CompletedProcess(command, status, out, err)

    def close(self) -> None:
        """Ends the process."""
        self._server.communicate(timeout=60)


def _serve(modules: Sequence[str]) -> None:
    del sys.path[0]  # this folder, in which tests/t5eval would be taken for t5eval
    for name in modules:
        importlib.import_module(name)
    gc.freeze()  # a fork that walked over what is there would copy it
    context = multiprocessing.get_context("fork")
    while request := os.read(0, 1 << 20):  # unbuffered, so that no fork has a part of the next line
        while not request.endswith(b"\n"):
            request += os.read(0, 1 << 20)
        process = context.Process(target=_become, kwargs=json.loads(request))
        process.start()
        process.join()
        os.write(1, b"%d\n" % process.exitcode)


def _become(arguments: list[str], environment: dict[str, str], largest_file: int | None, folder: str, cwd: str) -> None:
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(cwd)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for stream in (1, 2):
        os.dup2(os.open(f"{folder}/{stream}", os.O_WRONLY | os.O_CREAT), stream)
    if largest_file is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))
    # As Python does at its start; what was read of both before is the same in every test.
    sys.path[:] = [*filter(None, environment.get("PYTHONPATH", "").split(os.pathsep)), *sys.path]
    flag, *rest = arguments
    sys.argv = ["-c", *rest[1:]] if flag == "-c" else rest if flag == "-m" else arguments
    if flag == "-m":
        runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
    elif flag == "-c":
        exec(compile(rest[0], "<string>", "exec"), {"__name__": "__main__"})
    else:
        runpy.run_path(flag, run_name="__main__")


if __name__ == "__main__":
    _serve(sys.argv[1:])
