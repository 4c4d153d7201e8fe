"""What a strategy costs: `python -m benchmarks.strategies [--steps N] [--turns N] [--json FILE]`.

Training steps of the t5-small configuration (encoder 128, decoder 32, global batch 16, Adafactor, float32), on one
device and mirrored on two logical devices of the same CPU, in turns. Each is a process of its own.
"""

from __future__ import annotations

import argparse
import statistics
from pathlib import Path
from typing import Any

from benchmarks.tables import print_environment, print_table, write_json
from benchmarks.workers import Worker

ROWS, SOURCE, TARGET = 16, 128, 32


class Training:
    """A t5-small in training under a strategy."""

    def __init__(self, name: str) -> None:
        from keras_model.distribution.strategies import open_strategy, scope

        strategy = open_strategy(name)
        import keras
        import numpy as np

        from keras_model.config import T5Config
        from keras_model.data.batches import Examples
        from keras_model.t5 import T5
        from keras_model.training_run.fit import compile_model, make_plan
        from keras_model.training_run.fit_settings import TrainSettings

        settings = TrainSettings(steps=1000, batch_size=ROWS)
        with scope(strategy):
            keras.utils.set_random_seed(0)
            self.model = T5(T5Config.preset("t5-small"))
            compile_model(self.model, settings)
        ids = np.random.default_rng(0).integers(3, 32000, (4 * ROWS, SOURCE))
        self.examples = Examples.from_sequences(list(ids), list(ids[:, :TARGET]))
        self.plan = make_plan(self.examples, settings)
        self.step = 0

    def train(self, steps: int) -> None:
        """Takes steps."""
        from keras_model.data.batches import batch_dataset

        dataset = batch_dataset(self.examples, self.plan, self.step)
        self.model.fit(dataset, steps_per_epoch=steps, verbose=0, shuffle=False)
        self.step += steps


def main(steps: int, turns: int, json_file: Path | None) -> None:
    """Prints the table."""
    print_environment()
    seconds: dict[str, list[float]] = {"none": [], "mirrored:2": []}
    rows, results = [], {}
    workers: dict[str, Any] = {name: Worker("benchmarks.strategies:Training", name) for name in seconds}
    first = {name: worker.timed("train", steps=1) for name, worker in workers.items()}
    for _ in range(turns):
        for name, worker in workers.items():
            seconds[name].append(worker.timed("train", steps=steps) / steps)
    for name, worker in workers.items():
        step, peak = statistics.median(seconds[name]), worker.peak_megabytes()
        ratio = step / statistics.median(seconds["none"])
        results[name] = {"step": step, "first": first[name], "ratio": ratio, "peak_megabytes": peak}
        rows.append([name, f"{step:.2f}", f"{first[name]:.1f}", f"{ratio:.2f}", f"{peak:,.0f}"])
        worker.__exit__()
    print_table(["strategy", "s/step", "first step", "ratio", "peak MB"], rows)
    write_json(json_file, {"training": results})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=2, help="steps of one timing")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    main(options.steps, options.turns, options.json)
