"""Every benchmark, one after the other: `make bench [DATA=folder]`, or `python -m benchmarks [DATA]`.

DATA is a data directory with GLUE, SQuAD and `t5_vocab/spiece.model`. Without it, what needs it is left out, and some
benchmarks measure less. Takes hours; each one can be run by itself, and its docstring says how.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPTS: dict[str, list[str]] = {
    "training": ["training"],
    "training from scratch": ["from_scratch"],
    "small commands": ["commands"],
    "checking a full GLUE zip": ["check_glue"],
    "greedy decoding": ["decoding", "--sweep"],
    "beam search": ["decoding", "--beam", "4"],
    "limits of the machine": ["limits"],
    "first result": ["first_result"],
    "formatting and tokenising": ["preparation"],
    "SQuAD": ["squad"],
    "prepared records": ["records"],
    "ranking": ["ranking"],
    "a whole evaluation": ["evaluation"],
    "strategies": ["strategies"],
}
TAKE_DATA = ("commands", "first_result", "training")
NEED_DATA = ("preparation", "squad", "records", "ranking", "evaluation", "from_scratch")


def main(data: list[str]) -> None:
    """Runs them; `data` has one element or none."""
    paths = [str(Path(folder).resolve()) for folder in data]
    for name, (script, *options) in SCRIPTS.items():
        print(f"\n== {name}", flush=True)
        if script in NEED_DATA and not paths:
            print("left out: it needs DATA")
            continue
        given = paths if script in TAKE_DATA + NEED_DATA else []
        command = [sys.executable, "-m", f"benchmarks.{script}", *given, *options]
        subprocess.run(command, check=True, cwd=Path(__file__).parents[1])


if __name__ == "__main__":
    main(sys.argv[1:2])
