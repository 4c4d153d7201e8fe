"""Every benchmark that needs no data of its own: `make bench`, or `python -m benchmarks [DATA]`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

DATA = sys.argv[1:2]
SCRIPTS = {
    "small commands": ["-m", "benchmarks.commands", *DATA],
    "checking a full GLUE zip": ["benchmarks/check_glue.py"],
    "greedy decoding": ["-m", "benchmarks.decoding"],
}

for name, arguments in SCRIPTS.items():
    print(f"== {name}", flush=True)
    subprocess.run([sys.executable, *arguments], check=True, cwd=Path(__file__).parents[1])
