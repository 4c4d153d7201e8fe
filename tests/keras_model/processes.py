"""Starting the processes of a strategy, as a user would on several machines."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.forked import Forks

ROOT = Path(__file__).parents[2]


def free_ports(count: int) -> list[int]:
    """Ports of this machine that nobody uses."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [opened.getsockname()[1] for opened in sockets]
    for opened in sockets:
        opened.close()
    return ports


def run(forks: Forks, command: Sequence[str]) -> tuple[int, str, str]:
    """Exit status, stdout and stderr of a Python process from the repository's root, forked and run to its end."""
    done = forks.run(command, {**os.environ, "PYTHONPATH": str(ROOT)})
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def start(command: Sequence[str], tf_config: Any = None) -> subprocess.Popen:
    """A Python process from the repository's root; `tf_config` goes into the variable TF_CONFIG."""
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    if tf_config is not None:
        environment["TF_CONFIG"] = json.dumps(tf_config)
    return subprocess.Popen(
        [sys.executable, *command],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def start_workers(commands: Sequence[Sequence[str]]) -> list[subprocess.Popen]:
    """One process for each command, each a worker of one cluster."""
    cluster = {"worker": [f"127.0.0.1:{port}" for port in free_ports(len(commands))]}
    return [
        start(command, {"cluster": cluster, "task": {"type": "worker", "index": i}})
        for i, command in enumerate(commands)
    ]


def finish(processes: Sequence[subprocess.Popen], timeout: float = 600.0) -> list[tuple[int, str, str]]:
    """Exit status, stdout and stderr of each, once all have ended; those that do not end in time are killed."""
    try:
        done = []
        for process in processes:
            out, err = process.communicate(timeout=timeout)
            done.append((process.returncode, out, err))
        return done
    finally:
        for process in processes:
            process.kill()
