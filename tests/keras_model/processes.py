"""Starting the processes of a strategy, as a user would on several machines."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Sequence
from pathlib import Path

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


def run_workers(forks: Forks, commands: Sequence[Sequence[str]]) -> list[tuple[int, str, str]]:
    """Likewise of several processes at once, each a worker of one cluster."""
    cluster = {"worker": [f"127.0.0.1:{port}" for port in free_ports(len(commands))]}
    tasks = [{"cluster": cluster, "task": {"type": "worker", "index": index}} for index in range(len(commands))]
    environments = [{**os.environ, "PYTHONPATH": str(ROOT), "TF_CONFIG": json.dumps(task)} for task in tasks]
    done = forks.run_together(commands, environments)
    return [(each.returncode, each.stdout.decode(), each.stderr.decode()) for each in done]
