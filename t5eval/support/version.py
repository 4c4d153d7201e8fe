"""The version, which results and signatures carry, and the commit of a checkout."""

import functools
import os
import subprocess
from pathlib import Path
from typing import Any

__version__ = "0.2.0"
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


def version_and_commit() -> str:
    """Returns the version; in a checkout with its commit, as `0.2.0+g1a2b3c4`, and `.dirty` if tracked files differ."""
    found = checkout()
    if found is None:
        return __version__
    return f"{__version__}+g{found['commit'][:7]}{'.dirty' if found['dirty'] else ''}"
