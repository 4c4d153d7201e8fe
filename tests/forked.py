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
    """A process that forks itself, one fork after another or several at once."""

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
        environment = dict(os.environ if env is None else env)
        return self.run_together([arguments], [environment], timeout, largest_file)[0]

    def run_together(
        self,
        commands: Sequence[Sequence[Any]],
        environments: Sequence[Mapping[str, str]],
        timeout: float = 900,
        largest_file: int | None = None,
    ) -> list[subprocess.CompletedProcess[bytes]]:
        """Does what `run` does, with several processes at once."""
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        commands = [[str(argument) for argument in arguments] for arguments in commands]
        with tempfile.TemporaryDirectory() as place:
            folders = [Path(place, str(number)) for number in range(len(commands))]
            asked = []
            for command, environment, folder in zip(commands, environments, folders, strict=True):
                folder.mkdir()
                asked.append(
                    {
                        "arguments": command,
                        "environment": dict(environment),
                        "largest_file": largest_file,
                        "folder": str(folder),
                        "cwd": str(Path.cwd()),
                    }
                )
            self._server.stdin.write(json.dumps(asked) + "\n")
            if not select.select([self._server.stdout], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(commands[0], timeout)
            statuses = json.loads(self._server.stdout.readline())
            return [
                subprocess.CompletedProcess(command, status, (folder / "1").read_bytes(), (folder / "2").read_bytes())
                for command, status, folder in zip(commands, statuses, folders, strict=True)
            ]

    def close(self) -> None:
        """Ends the process."""
        self._server.communicate(timeout=60)


def _serve(modules: Sequence[str]) -> None:
    del sys.path[0]  # this folder, in which tests/t5eval would be taken for t5eval
    for name in modules:
        importlib.import_module(name)
    for name in [name for name in sys.modules if name.partition(".")[0] == "huggingface_hub"]:
        del sys.modules[name]  # Keras has imported it; it reads the environment, which is the fork's own
    gc.freeze()  # a fork that walked over what is there would copy it
    context = multiprocessing.get_context("fork")
    while request := os.read(0, 1 << 20):  # unbuffered, so that no fork has a part of the next line
        while not request.endswith(b"\n"):
            request += os.read(0, 1 << 20)
        processes = [context.Process(target=_become, kwargs=asked) for asked in json.loads(request)]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
        os.write(1, json.dumps([process.exitcode for process in processes]).encode() + b"\n")


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
