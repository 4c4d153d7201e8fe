"""Every benchmark, one after the other: `make bench [DATA=folder]`, or `python -m benchmarks [DATA]`.

DATA is a data directory with GLUE, SQuAD and `t5_vocab/spiece.model`. Without it, what needs it is left out, and some
benchmarks measure less. Takes hours; each one can be run by itself, and its docstring says how.
"""

import subprocess
import sys
from pathlib import Path

BENCHMARKS = {  # what is measured: the module and its options
    "training": ["training", "--memory"],
    "memory of a training step": ["memory", "--measure"],
    "training from scratch": ["from_scratch"],
    "small commands": ["commands"],
    "greedy decoding": ["decoding", "--memory"],
    "greedy decoding by batch size": ["decoding", "--lengths", "128", "--batches", "16", "32", "64", "128", "256"],
    "bfloat16": ["decoding", "--bfloat16", "--engines", "transformers", "--steps", "16"],
    "beam search": ["decoding", "--beam", "4"],
    "preparation": ["preparation"],
    "input": ["input"],
    "plain text": ["text"],
    "a served model": ["serving"],
    "prompts and shots": ["prompts"],
    "a whole evaluation": ["evaluation"],
    "examples with the same input": ["repeats"],
    "scoring at scale": ["scoring"],
    "large models": ["large_models"],
    "the explorer": ["explorer"],
}
TAKE_DATA = ("commands", "training", "scoring")
NEED_DATA = ("preparation", "input", "text", "prompts", "evaluation", "from_scratch", "repeats", "large_models")


def main(data: list[str]) -> None:
    """Runs them; `data` has one element or none."""
    paths = [str(Path(folder).resolve()) for folder in data]
    for name, (module, *options) in BENCHMARKS.items():
        print(f"\n== {name}", flush=True)
        if module in NEED_DATA and not paths:
            print("left out: it needs DATA")
            continue
        given = paths if module in TAKE_DATA + NEED_DATA else []
        command = [sys.executable, "-m", f"benchmarks.{module}", *given, *options]
        subprocess.run(command, check=True, cwd=Path(__file__).parents[1])


if __name__ == "__main__":
    main(sys.argv[1:2])
