"""Decoding against transformers, CTranslate2 and KerasHub: `python -m benchmarks.decoding`.

The same t5-small with random weights in every engine, float32, all cores, the same ids in and the end of sequence out
of reach (`benchmarks/engines.py`). Each engine is a process of its own that sits idle while the others run; they take
turns, in an order that is reversed every other turn. Each line gives the median over the turns, the median of the
ratios turn by turn (above 1: we are faster), the peak memory of a process that does nothing else, and whether the
engine wrote the ids that we wrote.

    --beam 4    beam search, ours with T5's length penalty, the others with their own; KerasHub's has none
    --sweep     each engine at batch sizes 16 to 256, then every engine at its own best, in turn
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks.engines import ENGINES, OURS, factory, prepare
from benchmarks.tables import print_environment, print_table, write_json
from benchmarks.workers import Worker

SWEEP = (16, 32, 64, 128, 256)
SWEEP_LENGTH = 128
SWEEP_TURNS = 3


def in_turn(workers: dict[str, Worker], turns: int, **arguments: Any) -> dict[str, list[float]]:
    """Returns every worker's seconds for `generate`, turn by turn."""
    seconds: dict[str, list[float]] = {name: [] for name in workers}
    for turn in range(turns):
        for name in list(workers)[:: -1 if turn % 2 else 1]:
            seconds[name].append(workers[name].timed("generate", **arguments))
    return seconds


def ratio(ours: list[float], theirs: list[float]) -> float:
    """Returns the median of their time over ours, turn by turn."""
    return statistics.median(b / a for a, b in zip(ours, theirs, strict=True))


def agreement(ours: list[list[int]], theirs: list[list[int]]) -> str:
    """Returns `same`, or in how many rows the ids differ and where the first difference is."""
    rows = [i for i, (a, b) in enumerate(zip(ours, theirs, strict=True)) if a != b]
    if not rows:
        return "same"
    a, b = ours[rows[0]], theirs[rows[0]]
    place = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    return f"{len(rows)} of {len(ours)} rows differ, row {rows[0]} from id {place} on"


def peak(name: str, folder: str, batch: int, length: int, steps: int, beam: int) -> float:
    """Returns the peak memory in MB of a fresh process that loads the engine and generates twice."""
    with Worker(factory(name), folder) as worker:
        worker.call("load", batch=batch, length=length)
        for _ in range(2):
            worker.call("generate", steps=steps, beam=beam)
        return worker.peak_megabytes()


def compare(folder: str, workers: dict[str, Worker], given: argparse.Namespace, length: int) -> dict[str, Any]:
    """Measures and prints one length."""
    settings = {"steps": given.steps, "beam": given.beam}
    ids = {}
    for name, worker in workers.items():
        worker.call("load", batch=given.batch, length=length)
        worker.call("generate", **settings)  # compiles, and is not timed
        ids[name] = worker.call("ids")
    seconds = in_turn(workers, given.turns, **settings)
    results: dict[str, Any] = {}
    for name in workers:
        results[name] = {
            "seconds": seconds[name],
            "median": statistics.median(seconds[name]),
            "ratio": ratio(seconds[OURS], seconds[name]),
            "peak_mb": peak(name, folder, given.batch, length, **settings) if given.memory else None,
            "ids": agreement(ids[OURS], ids[name]),
            "ids_written": len(ids[name][0]),
        }
    print(f"\nlength {length}, batch {given.batch}, {given.steps} new tokens, beam {given.beam}, {given.turns} turns")
    rows = [
        [
            name,
            f"{found['median']:.3f}",
            f"{min(found['seconds']):.3f} to {max(found['seconds']):.3f}",
            f"{found['ratio']:.2f}",
            f"{found['peak_mb']:.0f}" if found["peak_mb"] else "-",
            found["ids"],
        ]
        for name, found in results.items()
    ]
    print_table(["engine", "seconds", "from to", "ratio", "peak MB", "ids"], rows)
    return results


def sweep(workers: dict[str, Worker], given: argparse.Namespace) -> dict[str, Any]:
    """Finds each engine's best batch size by tokens a second, then compares the engines, each at its best."""
    settings = {"steps": given.steps, "beam": given.beam}
    rates: dict[str, dict[int, float]] = {name: {} for name in workers}
    print(f"\ntokens a second at length {SWEEP_LENGTH}, median of {SWEEP_TURNS} turns")
    for batch in SWEEP:
        for worker in workers.values():
            worker.call("load", batch=batch, length=SWEEP_LENGTH)
            worker.call("generate", **settings)
        for name, seconds in in_turn(workers, SWEEP_TURNS, **settings).items():
            rates[name][batch] = batch * given.steps / statistics.median(seconds)
        print(f"batch {batch}: " + ", ".join(f"{name} {rates[name][batch]:.0f}" for name in workers), flush=True)
    best = {name: max(found, key=lambda batch: found[batch]) for name, found in rates.items()}
    for name, worker in workers.items():
        worker.call("load", batch=best[name], length=SWEEP_LENGTH)
        worker.call("generate", **settings)
    per_token = {
        name: [value / (best[name] * given.steps) for value in seconds]
        for name, seconds in in_turn(workers, given.turns, **settings).items()
    }
    results = {
        name: {
            "rates": rates[name],
            "best_batch": best[name],
            "rate_at_best": 1 / statistics.median(per_token[name]),
            "ratio": ratio(per_token[OURS], per_token[name]),
        }
        for name in workers
    }
    print("\neach at its own best batch size")
    rows = [
        [name, str(found["best_batch"]), f"{found['rate_at_best']:.0f}", f"{found['ratio']:.2f}"]
        for name, found in results.items()
    ]
    print_table(["engine", "batch", "tokens/s", "ratio"], rows)
    return results


def options() -> argparse.Namespace:
    """Returns the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--lengths", type=int, nargs="*", default=[128, 512])
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=list(ENGINES))
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--steps", type=int, default=32, help="new tokens")
    parser.add_argument("--beam", type=int, default=1)
    parser.add_argument("--sweep", action="store_true")
    parser.add_argument("--no-memory", dest="memory", action="store_false", help="leave the runs for peak memory out")
    parser.add_argument("--json", type=Path, metavar="FILE")
    return parser.parse_args()


def main() -> None:
    """Prints the tables."""
    given = options()
    names = [OURS, *(name for name in given.engines if name != OURS)]
    print_environment()
    results: dict[str, Any] = {"batch": given.batch, "steps": given.steps, "beam": given.beam, "turns": given.turns}
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        prepare(Path(folder), names)
        workers = {name: stack.enter_context(Worker(factory(name), folder)) for name in names}
        results["lengths"] = {length: compare(folder, workers, given, length) for length in given.lengths}
        if given.sweep:
            results["sweep"] = sweep(workers, given)
    write_json(given.json, results)


if __name__ == "__main__":
    main()
