"""What every benchmark stands on: its arguments, the processes that it times, turns, and the table that it prints."""

import argparse
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

T = TypeVar("T")

ROOT = Path(__file__).parents[1]
CORES = len(os.sched_getaffinity(0))
OURS = "t5eval"
PACKAGES = ("tensorflow", "keras", "torch", "transformers", "ctranslate2", "keras-hub")
os.environ |= {  # of every process that is started
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TRANSFORMERS_VERBOSITY": "error",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_OFFLINE": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "PYTHONUNBUFFERED": "1",
}


def arguments(doc: str | None, data: str = "", **options: Any) -> argparse.Namespace:
    """Reads the command line, then prints the machine and the versions.

    Args:
        doc: the benchmark's docstring, which explains the options.
        data: `+` if the benchmark needs DATA, `?` if it can do without, nothing if it takes none.
        options: defaults by name: a number, a flag (False), a list of numbers, a list of the names to choose from, or
            None for a text.
    """
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    if data:
        parser.add_argument("data", type=lambda text: Path(text).resolve(), nargs=None if data == "+" else "?")
    for name, default in options.items():
        flag = f"--{name.replace('_', '-')}"
        if default is False:
            parser.add_argument(flag, action="store_true")
        elif isinstance(default, list):
            kind = type(default[0])
            parser.add_argument(flag, nargs="+", type=kind, default=default, choices=default if kind is str else None)
        else:
            parser.add_argument(flag, type=str if default is None else type(default), default=default)
    given = parser.parse_args()
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    processor = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
    print(f"{processor}, {CORES} cores, load {os.getloadavg()[0]:.1f}, {time.strftime('%Y-%m-%d %H:%M:%S')}")
    versions = [f"python {platform.python_version()}"]
    for package in PACKAGES:
        try:
            versions.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    print(", ".join(versions), flush=True)
    return given


def run(*command: object, python: str = sys.executable) -> tuple[float, str]:
    """Runs Python with these arguments; returns the wall time in seconds and what was printed, or ends if it fails."""
    started = time.perf_counter()
    done = subprocess.run([python, *map(str, command)], cwd=ROOT, capture_output=True, text=True)
    seconds = time.perf_counter() - started
    if done.returncode:
        raise SystemExit(done.stderr[-4000:])
    return seconds, done.stdout


class Used(NamedTuple):
    """What a process took."""

    seconds: float
    processor: float
    """Seconds of processor time, of all its threads."""
    megabytes: float
    """The peak of its memory, as the kernel counts it, the pages of libraries included."""


def used(*command: object) -> Used:
    """Runs Python with these arguments and returns what the process took, or ends if it fails."""
    started = time.perf_counter()
    process = subprocess.Popen([sys.executable, *map(str, command)], cwd=ROOT, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"status {status}: {' '.join(map(str, command))}")
    seconds = time.perf_counter() - started
    return Used(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e6)


def in_turn(turns: int, work: Mapping[str, Callable[[], T]]) -> dict[str, list[T]]:
    """Returns what each piece of work returned, turn by turn; every other turn goes through them backwards."""
    found: dict[str, list[T]] = {name: [] for name in work}
    for turn in range(turns):
        for name in list(work)[:: -1 if turn % 2 else 1]:
            found[name].append(work[name]())
    return found


def ratio(a: Sequence[float], b: Sequence[float]) -> float:
    """Returns the median of a / b, turn by turn."""
    return statistics.median(x / y for x, y in zip(a, b, strict=True))


def middle(values: Sequence[float], form: str = ".2f") -> str:
    """Returns the median, with the least and the greatest."""
    return f"{statistics.median(values):{form}} ({min(values):{form}} to {max(values):{form}})"


def print_table(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Prints columns side by side, the first to the left and the others to the right."""
    print(f"\n{title}")
    widths = [max(len(row[i]) for row in [heads, *rows]) for i in range(len(heads))]
    for row in [heads, *rows]:
        cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        print("  ".join(cells), flush=True)
