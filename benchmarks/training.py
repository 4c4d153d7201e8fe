"""Training steps against transformers: `python -m benchmarks.training [DATA]`.

t5-small with random weights in both engines, batches of 16, float32, dropout 0.1, Adafactor, all cores
(`benchmarks/training_engines.py`). Each engine is a process of its own that sits idle while the others run; they take
turns. First both take steps over 128 + 32 tokens without padding. Then, with DATA (a data directory with GLUE's
SST-2 and RTE, `t5_vocab/spiece.model` and `text/imdb_unsup.txt.xz`), both pre-train on the same packed rows of film
reviews; and on each task ours trains on packed rows and transformers on batches padded in random order. The real tokens
a second are compared.

    --turns N      turns of each engine
    --steps N      steps in a turn
    --tasks ...    some of the tasks
    --rows N       packed rows of one of our batches
    --memory       measure the peak memory of three steps, with a process of its own for each engine
"""

import argparse
import statistics
import tempfile
from contextlib import ExitStack
from pathlib import Path

from benchmarks.frame import OURS, arguments, in_turn, middle, print_table, ratio
from benchmarks.models import prepare
from benchmarks.training_engines import BATCH, ROWS, TEXT_ROWS, TRAINING_ENGINES, write_examples, write_text
from benchmarks.workers import Worker, peak

SOURCE, TARGET = 128, 32
TEXT = "text"
WARM = 2  # steps that are not timed, after those that compile


def compare(title: str, folder: str, workers: dict[str, Worker], load: tuple, given: argparse.Namespace) -> None:
    """Measures and prints one kind of batches."""
    first = {}
    for name, worker in workers.items():
        worker.call(*load)
        first[name] = worker.call("steps", 1)["seconds"]
        worker.call("steps", WARM)
    turns = in_turn(
        given.turns, {name: lambda w=worker: w.call("steps", given.steps) for name, worker in workers.items()}
    )
    rates = {name: [turn["tokens"] / turn["seconds"] for turn in found] for name, found in turns.items()}
    rows = []
    for name, found in turns.items():
        total = {key: sum(turn[key] for turn in found) for key in found[0]}
        step = statistics.median(turn["seconds"] / given.steps for turn in found)
        speed = [f"{step:.2f}", middle(rates[name], ",.0f"), f"{ratio(rates[OURS], rates[name]):.2f}"]
        use = [f"{total['tokens'] / total['places']:.1%}", f"{total['waited'] / total['seconds']:.2%}"]
        memory = peak(TRAINING_ENGINES[name], folder, load, ("steps", 3)) if given.memory else "-"
        rows.append([name, *speed, *use, f"{first[name]:.1f}", memory])
    heads = ["engine", "s/step", "tokens/s", "ratio", "tokens", "waiting", "first step s", "peak MB"]
    print_table(title, heads, rows)


def main() -> None:
    """Prints a table for each kind of batches."""
    given = arguments(__doc__, "?", turns=3, steps=4, rows=BATCH, memory=False, tasks=list(ROWS))
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        prepare(Path(folder), [])
        workers = {name: stack.enter_context(Worker(engine, folder)) for name, engine in TRAINING_ENGINES.items()}
        compare(f"{SOURCE} + {TARGET} tokens, no padding", folder, workers, ("load", SOURCE, TARGET), given)
        if given.data:
            examples = write_text(given.data, TEXT, Path(folder))
            title = f"pre-training on {examples:,} examples: the same {given.rows} rows of {TEXT_ROWS}"
            compare(title, folder, workers, ("load_rows", folder, TEXT, given.rows), given)
        for task in given.tasks if given.data else ():
            examples = write_examples(given.data, task, Path(folder))
            title = f"{task}, {examples:,} examples: ours packed, {given.rows} rows of {ROWS[task]}, the other padded"
            compare(title, folder, workers, ("load_task", folder, task, given.rows), given)


if __name__ == "__main__":
    main()
