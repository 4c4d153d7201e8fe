"""What a run's numbers rest on besides its settings: the checkout that the package runs from, Python, the machine."""

from __future__ import annotations

import functools
import os
import platform
import subprocess
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
GIT_SECONDS = 30


@functools.cache
def checkout(root: Path = ROOT) -> dict[str, Any] | None:
    """Returns the commit that the package runs from, and whether tracked files differ from it.

    It is asked once for each process: what is imported later does not change with the files.

    Args:
        root: the folder that holds the package.

    Returns:
        `commit` (its hash) and `dirty`; None where the package is installed, or git cannot tell.
    """
    if not (root / ".git").exists():  # a folder, or in a worktree a file; another project's is further up
        return None
    try:
        commit = _git(root, "rev-parse", "--verify", "HEAD").strip()
        dirty = bool(_git(root, "status", "--porcelain", "--untracked-files=no"))
    except (OSError, subprocess.SubprocessError):
        return None
    return {"commit": commit, "dirty": dirty}


def _git(root: Path, *arguments: str) -> str:
    # A hook that runs us would have git look at the hook's own repository.
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    done = subprocess.run(
        ["git", *arguments],
        cwd=root,
        env={**environment, "GIT_OPTIONAL_LOCKS": "0"},
        capture_output=True,
        text=True,
        check=True,
        timeout=GIT_SECONDS,
    )
    return done.stdout


def machine() -> dict[str, str]:
    """Returns the interpreter and the machine: `python` (with its implementation), `system`, `machine`."""
    return {
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "system": f"{platform.system()} {platform.release()}",
        "machine": platform.machine(),
    }
