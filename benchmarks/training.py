"""Training steps against transformers and KerasHub: `python -m benchmarks.training [DATA]`.

t5-small with random weights in every engine, batches of 16, float32, dropout 0.1, Adafactor, all cores
(`benchmarks/training_engines.py`). Each engine is a process of its own that sits idle while the others run; they take
turns, in an order that is reversed every other turn. First all engines take steps over 128 + 32 tokens without padding.
Then, with DATA (a data directory with GLUE's SST-2 and RTE and `t5_vocab/spiece.model`), ours trains on packed rows and
transformers on batches padded in random order, and the real tokens a second are compared.

    --turns N      turns of each engine
    --steps N      steps in a turn
    --rows N       packed rows of one of our batches
    --no-memory    leave out the peak memory, which takes a process of its own for each engine
    --json FILE    the figures as JSON
    --engines ...  some of the engines
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks.engines import OURS, prepare
from benchmarks.tables import print_environment, print_table, write_json
from benchmarks.training_engines import BATCH, ROWS, TRAINING_ENGINES, training_factory, write_examples
from benchmarks.workers import Worker

SOURCE, TARGET = 128, 32
WARM = 2
"""Steps that are not timed, after those that compile."""


def in_turn(workers: dict[str, Worker], turns: int, steps: int) -> dict[str, list[dict[str, float]]]:
    """Returns what every engine's `steps` returned, turn by turn."""
    found: dict[str, list[dict[str, float]]] = {name: [] for name in workers}
    for turn in range(turns):
        for name in list(workers)[:: -1 if turn % 2 else 1]:
            found[name].append(workers[name].call("steps", count=steps))
    return found


def rate(turn: dict[str, float]) -> float:
    """Returns real tokens a second."""
    return turn["tokens"] / turn["seconds"]


def peak(name: str, folder: str, load: tuple[str, dict[str, Any]]) -> float:
    """Returns the peak memory in MB of a fresh process that does nothing but three steps."""
    with Worker(training_factory(name), folder) as worker:
        worker.call(load[0], **load[1])
        worker.call("steps", count=3)
        return worker.peak_megabytes()


def compare(
    title: str, folder: str, workers: dict[str, Worker], load: tuple[str, dict[str, Any]], given: argparse.Namespace
) -> dict[str, Any]:
    """Measures and prints one kind of batches."""
    results: dict[str, Any] = {}
    for name, worker in workers.items():
        worker.call(load[0], **load[1])
        results[name] = {"first_step": worker.call("steps", count=1)["seconds"]}
        worker.call("steps", count=WARM)
    turns = in_turn(workers, given.turns, given.steps)
    rows = []
    for name, found in turns.items():
        rates = [rate(turn) for turn in found]
        result = results[name]
        result["turns"] = found
        result["tokens_per_second"] = statistics.median(rates)
        result["step_seconds"] = statistics.median(turn["seconds"] / given.steps for turn in found)
        result["waiting"] = sum(turn["waited"] for turn in found) / sum(turn["seconds"] for turn in found)
        result["filling"] = sum(turn["tokens"] for turn in found) / sum(turn["places"] for turn in found)
        result["ratio"] = statistics.median(rate(a) / rate(b) for a, b in zip(turns[OURS], found, strict=True))
        result["peak_mb"] = peak(name, folder, load) if given.memory else None
        rows.append(
            [
                name,
                f"{result['step_seconds']:.2f}",
                f"{result['tokens_per_second']:,.0f}",
                f"{min(rates):,.0f} to {max(rates):,.0f}",
                f"{result['ratio']:.2f}",
                f"{result['filling']:.1%}",
                f"{result['waiting']:.2%}",
                f"{result['first_step']:.1f}",
                f"{result['peak_mb']:,.0f}" if result["peak_mb"] else "-",
            ]
        )
    print(f"\n{title}")
    heads = ["engine", "s/step", "tokens/s", "from to", "ratio", "tokens", "waiting", "first step s", "peak MB"]
    print_table(heads, rows)
    return results


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--rows", type=int, default=BATCH)
    parser.add_argument("--no-memory", dest="memory", action="store_false")
    parser.add_argument("--engines", nargs="+", choices=TRAINING_ENGINES, default=list(TRAINING_ENGINES))
    parser.add_argument("--tasks", nargs="*", choices=ROWS, default=list(ROWS))
    parser.add_argument("--json", type=Path, metavar="FILE")
    given = parser.parse_args()
    print_environment()
    names = list(dict.fromkeys([OURS, *given.engines]))
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        prepare(Path(folder), names)
        workers = {name: stack.enter_context(Worker(training_factory(name), folder)) for name in names}
        load: tuple[str, dict[str, Any]] = ("load", {"source": SOURCE, "target": TARGET})
        results["padded"] = compare(f"{SOURCE} + {TARGET} tokens, no padding", folder, workers, load, given)
        for task in given.tasks if given.data else ():
            examples = write_examples(given.data, task, Path(folder))
            title = f"{task}, {examples:,} examples: ours packed, {given.rows} rows of {ROWS[task]}, the other padded"
            two = {name: workers[name] for name in workers if name != "keras_hub"}
            load = ("load_task", {"folder": folder, "task": task, "rows": given.rows})
            results[task] = compare(title, folder, two, load, given)
    write_json(given.json, results)


if __name__ == "__main__":
    main()
