"""Scoring at scale: `python -m benchmarks.scoring [DATA] [--rows 250000 500000 1000000]`.

Whole processes. `score glue/sst2` of so many seeded sentences and predictions, right nine times in ten, with its
interval; and, of two systems whose predictions DATA has beside SQuAD, `compare`.

    --rows N ...   predictions
    --turns N      runs of each
"""

import random
import statistics
import tempfile
from pathlib import Path

from benchmarks.frame import arguments, in_turn, print_table, used
from benchmarks.models import SEED

WORDS = 19
"""Of a sentence of SST-2, on average."""
LABELS = ("negative", "positive")


def write_task(folder: Path, rows: int) -> list[object]:
    """Writes a data directory with so many sentences and a file of predictions; returns the command that scores it."""
    chance = random.Random(SEED)
    words = ["".join(chance.choices("etaoinshrdlu", k=chance.randint(2, 8))) for _ in range(10_000)]
    (folder / "glue" / "SST-2").mkdir(parents=True)
    with (
        (folder / "glue" / "SST-2" / "dev.tsv").open("w", encoding="utf-8") as data,
        (folder / "predictions.txt").open("w", encoding="utf-8") as predictions,
    ):
        data.write("sentence\tlabel\n")
        for _ in range(rows):
            label = chance.randrange(2)
            data.write(f"{' '.join(chance.choices(words, k=chance.randint(1, 2 * WORDS)))} \t{label}\n")
            predictions.write(f"{LABELS[label if chance.random() < 0.9 else 1 - label]}\n")
    files = ["--predictions", folder / "predictions.txt", "--data-dir", folder]
    return ["-m", "t5eval", "score", "glue/sst2", "--split", "validation", *files]


def main() -> None:
    """Prints the tables."""
    given = arguments(__doc__, "?", rows=[250_000, 500_000, 1_000_000], turns=1)
    work = {}
    with tempfile.TemporaryDirectory() as temporary:
        for rows in given.rows:
            scored = write_task(Path(temporary) / str(rows), rows)
            work[f"score glue/sst2, {rows:,} predictions"] = lambda command=scored: used(*command)
        if given.data:
            files = sorted((given.data / "predictions" / "squad").glob("*.json"))[:2]
            compared = ["--task", "squad/v1.1", "--split", "validation", "--data-dir", given.data]
            work["compare, SQuAD"] = lambda: used("-m", "t5eval", "compare", *files, *compared)
        found = in_turn(given.turns, work)
    table = [
        [
            name,
            *(
                f"{statistics.median(values):{form}}"
                for values, form in zip(zip(*runs, strict=True), (".1f", ".1f", ",.0f"), strict=True)
            ),
        ]
        for name, runs in found.items()
    ]
    print_table(f"whole processes, {given.turns} turns", ["command", "seconds", "processor s", "peak MB"], table)


if __name__ == "__main__":
    main()
