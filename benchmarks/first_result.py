"""How long the first result takes: `python -m benchmarks.first_result [--turns N]`.

A fresh process imports TensorFlow and Keras, loads t5-small from a folder, and generates 32 tokens for a batch of
32 x 128 ids twice, the first time with compilation; each part is the median over several processes.
"""

from __future__ import annotations

import itertools
import json
import tempfile
import time
from pathlib import Path

from benchmarks.engines import input_ids
from benchmarks.frame import arguments, middle, print_table, run
from benchmarks.models import prepare

BATCH, LENGTH, NEW_TOKENS = 32, 128, 32
PARTS = ("imports", "loading", "first batch", "second batch")
CHILD = "import sys; from benchmarks.first_result import parts; parts(sys.argv[1])"


def parts(folder: str) -> None:
    """Prints the seconds of each part as JSON; to be run in a fresh process."""
    marks = [time.perf_counter()]
    from keras_model.checkpoints import load_model
    from keras_model.decoding.generator import Generator

    marks.append(time.perf_counter())
    generator = Generator(load_model(Path(folder)))
    marks.append(time.perf_counter())
    ids = input_ids(BATCH, LENGTH)
    for _ in range(2):
        generator.greedy(ids, NEW_TOKENS)
        marks.append(time.perf_counter())
    print(json.dumps([b - a for a, b in itertools.pairwise(marks)]))


def main() -> None:
    """Prints the table."""
    given = arguments(__doc__, turns=5)
    seconds: dict[str, list[float]] = {name: [] for name in (*PARTS, "start to first result")}
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder), [])
        for _ in range(given.turns):
            whole, printed = run("-c", CHILD, Path(folder) / "model")
            found = json.loads(printed.splitlines()[-1])
            for name, value in zip(seconds, [*found, whole - found[-1]], strict=True):
                seconds[name].append(value)
    title = f"{BATCH} x {LENGTH} ids, {NEW_TOKENS} new tokens, {given.turns} processes"
    print_table(title, ["", "seconds"], [[name, middle(values)] for name, values in seconds.items()])


if __name__ == "__main__":
    main()
