"""How long a user waits for small commands, as whole processes: `python -m benchmarks.commands [DATA]`.

DATA is a data directory with GLUE's RTE; without it the embedded suite's 80 examples stand in. Each line gives the
median of nine runs, beside an empty Python process in the same turn.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RUNS = 9


def seconds(command: list[str]) -> float:
    """Returns one run's wall time."""
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - started


def main(data_dir: Path) -> None:
    """Prints the table."""
    from t5eval.data import open_split
    from task_specs import get

    t5eval = [sys.executable, "-m", "t5eval"]
    with tempfile.TemporaryDirectory() as folder:
        predictions = Path(folder) / "rte.txt"
        count = sum(1 for _ in open_split(get("glue/rte"), "validation", data_dir))
        predictions.write_text("entailment\n" * count)
        data = ["--data-dir", str(data_dir)]
        score = ["score", "glue/rte", "--split", "validation", *data, "--predictions", str(predictions)]
        commands = {
            "empty Python process": [sys.executable, "-c", "pass"],
            "t5eval --help": [*t5eval, "--help"],
            "t5eval tasks": [*t5eval, "tasks"],
            f"t5eval score glue/rte ({count} examples)": [*t5eval, *score],
        }
        times: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(RUNS):
            for name, command in commands.items():
                times[name].append(seconds(command))
    for name, values in times.items():
        print(f"{name:45} {statistics.median(values):6.2f} s  ({min(values):.2f} to {max(values):.2f})")


if __name__ == "__main__":
    from t5eval.demo.demo import suite_folder

    main(Path(sys.argv[1]) if len(sys.argv) > 1 else suite_folder())
