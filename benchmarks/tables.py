"""What every benchmark prints and writes besides its figures: the machine, the versions, the JSON file."""

from __future__ import annotations

import json
import os
import platform
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGES = ("tensorflow", "keras", "torch", "transformers", "ctranslate2", "keras-hub")


def environment() -> dict[str, Any]:
    """Returns the machine and the versions of what was compared."""
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return {
        "time": time.strftime("%Y-%m-%d %H:%M:%S"),
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "load": os.getloadavg()[0],
        "python": platform.python_version(),
        **versions,
    }


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


def print_environment() -> None:
    """Prints it on two lines."""
    known = environment()
    print(f"{known['processor']}, {known['cores']} cores, load {known['load']:.1f}, {known['time']}")
    print(", ".join(f"{name} {known[name]}" for name in ("python", *PACKAGES) if name in known), flush=True)


def print_table(heads: list[str], rows: list[list[str]]) -> None:
    """Prints columns side by side, the first to the left and the others to the right."""
    widths = [max(len(row[i]) for row in [heads, *rows]) for i in range(len(heads))]
    for row in [heads, *rows]:
        cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        print("  ".join(cells), flush=True)


def write_json(path: Path | None, results: dict[str, Any]) -> None:
    """Writes results with the environment into a file, if one was asked for."""
    if path is not None:
        path.write_text(json.dumps({"environment": environment(), **results}, indent=1) + "\n", encoding="utf-8")
