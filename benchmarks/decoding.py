"""Decoding against transformers, CTranslate2 and KerasHub: `python -m benchmarks.decoding`.

The same t5-small with random weights in every engine, float32, all cores, the same ids in and the end of sequence out
of reach (`benchmarks/models.py`). Each engine is a process of its own that sits idle while the others run; they take
turns. Each line gives the median over the turns, the median of the ratios turn by turn (above 1: we are faster), the
peak memory of a process that does nothing else, and in how many rows the engine wrote other ids than we did.

    --lengths N ...  of the inputs
    --batches N ...  rows that are decoded together
    --steps N        new tokens
    --beam N         beam search, ours with T5's length penalty, the others with their own; KerasHub's has none
    --memory         measure the peak memory, with a process of its own for each engine
    --engines ...    some of the engines
    --bfloat16       ours and transformers in bfloat16, too
    --turns N        turns of each engine
"""

import argparse
import statistics
import tempfile
from contextlib import ExitStack
from pathlib import Path

from benchmarks.engines import ENGINES, ROUNDED
from benchmarks.frame import OURS, arguments, in_turn, middle, print_table, ratio
from benchmarks.models import prepare
from benchmarks.workers import Worker, peak


def compare(folder: str, workers: dict[str, Worker], given: argparse.Namespace, shape: tuple[int, int]) -> None:
    """Measures and prints one batch size with one length."""
    settings = (given.steps, given.beam)
    ids = {}
    for name, worker in workers.items():
        worker.call("load", *shape)
        worker.call("generate", *settings)  # compiles, and is not timed
        ids[name] = worker.call("ids")

    def timed(worker: Worker) -> tuple[float, float]:
        return worker.timed("generate", *settings), worker.processor

    found = in_turn(given.turns, {name: lambda w=worker: timed(w) for name, worker in workers.items()})
    seconds = {name: [taken for taken, _ in runs] for name, runs in found.items()}
    rows = []
    for name, taken in seconds.items():
        busy = f"{statistics.median(processor for _, processor in found[name]):.2f}"
        rate = f"{shape[0] * given.steps / statistics.median(taken):,.0f}"
        calls = ("load", *shape), *[("generate", *settings)] * 2
        memory = peak((ENGINES | ROUNDED)[name], folder, *calls) if given.memory else "-"
        others = sum(a != b for a, b in zip(ids[OURS], ids[name], strict=True))
        rows.append([name, middle(taken), busy, rate, f"{ratio(taken, seconds[OURS]):.2f}", memory, str(others)])
    title = f"batch {shape[0]}, length {shape[1]}, {given.steps} new tokens, beam {given.beam}"
    print_table(title, ["engine", "seconds", "processor s", "tokens/s", "ratio", "peak MB", "other ids"], rows)


def main() -> None:
    """Prints a table for each length and batch size."""
    given = arguments(
        __doc__,
        lengths=[128, 512],
        batches=[32],
        steps=32,
        beam=1,
        memory=False,
        engines=list(ENGINES),
        bfloat16=False,
        turns=3,
    )
    names = list(dict.fromkeys([OURS, *given.engines, *(ROUNDED if given.bfloat16 else ())]))
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        prepare(Path(folder), names)
        workers = {name: stack.enter_context(Worker((ENGINES | ROUNDED)[name], folder)) for name in names}
        for length in given.lengths:
            for batch in given.batches:
                compare(folder, workers, given, (batch, length))


if __name__ == "__main__":
    main()
