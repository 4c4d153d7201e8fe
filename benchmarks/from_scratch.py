"""How soon a small T5 from scratch is good: `python -m benchmarks.from_scratch DATA`.

DATA is a data directory with GLUE's SST-2 and `t5_vocab/spiece.model`. The model of `examples/sst2_from_scratch`
learns SST-2 until 79 % of the 872 validation sentences are right, once by `t5eval train` and once by a plain
transformers loop, which is given what t5eval has to make: token ids, and batches of like length in the same order. Both
start from the same weights, have dropout 0.1 and an Adafactor with parameter scaling at 1e-3, and validate greedily
every 250 steps. They run one after the other, in an order that is reversed every other turn.

    --turns N    runs of each
    --steps N    the most steps
    --goal N     percent right
    --every N    steps between two validations
"""

import itertools
import re
import statistics
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path
from typing import Any

from benchmarks.frame import OURS, ROOT, arguments, in_turn, middle, print_table, ratio
from benchmarks.models import SEED
from benchmarks.training_engines import RATE, Transformers, read_examples, write_examples
from benchmarks.workers import Worker

TASK = "glue/sst2"
EXAMPLE = tomllib.loads((ROOT / "examples" / "sst2_from_scratch" / "train.toml").read_text())["train"]
BATCH_SIZE = EXAMPLE["batch_size"]
NEW_TOKENS = 4


def write_model(folder: Path, vocab: Path) -> None:
    """Writes the example's model with random weights."""
    import keras

    from keras_model import T5, T5Config, load_tokenizer, save_model

    keras.utils.set_random_seed(SEED)
    config = T5Config.from_dict({"vocab_size": 32128, **EXAMPLE["config"]})
    save_model(T5(config), folder, load_tokenizer("", str(vocab)))


class Theirs:
    """transformers in a loop of its own; lives in a `Worker`."""

    def __init__(self, path: str) -> None:
        self.started = time.perf_counter()
        self.engine = Transformers(path)
        self.examples, self.held_out = (read_examples(Path(path) / split, TASK) for split in ("train", "validation"))

    def until_good(self, steps: int, goal: float, every: int) -> list[tuple[int, float, float]]:
        """Trains; returns step, seconds since the engine was asked for, and accuracy of each validation."""
        from keras_model.data.batches import make_batch
        from keras_model.training_run.fit import make_plan
        from keras_model.training_run.fit_settings import TrainSettings

        found = []
        plan = make_plan(self.examples, TrainSettings(steps=steps, batch_size=BATCH_SIZE, seed=SEED))
        for step in range(steps):
            rows = plan.rows(step)
            batch = make_batch(self.examples, rows, len(rows))
            self.engine.step(batch.inputs, batch.labels)
            if (step + 1) % every == 0:
                accuracy = self.accuracy()
                found.append((step + 1, time.perf_counter() - self.started, accuracy))
                if accuracy >= goal:
                    return found
        raise RuntimeError(f"the goal was not reached: {found}")

    def accuracy(self) -> float:
        """Returns the share of validation sentences that are answered right, in percent."""
        import numpy as np

        from keras_model.data.batches import make_batch

        torch, model, held_out = self.engine.torch, self.engine.model, self.held_out
        right = 0
        order = np.argsort(held_out.sources.lengths, kind="stable")
        model.eval()
        with torch.inference_mode():
            for start in range(0, len(order), BATCH_SIZE):
                rows = order[start : start + BATCH_SIZE]
                batch = make_batch(held_out, rows, len(rows))
                ids, labels = (torch.tensor(x, dtype=torch.int64) for x in (batch.inputs["encoder_ids"], batch.labels))
                found = model.generate(ids, attention_mask=ids != 0, max_new_tokens=NEW_TOKENS, do_sample=False)[:, 1:]
                width = max(found.shape[1], labels.shape[1])
                found, labels = (torch.nn.functional.pad(x, (0, width - x.shape[1])) for x in (found, labels))
                right += int((found == labels).all(dim=1).sum())
        model.train()
        return 100 * right / len(order)


def ours(folder: Path, data: Path, steps: int, goal: float, every: int) -> list[tuple[int, float, float]]:
    """Runs `t5eval train` until it says that the goal is reached; returns the same."""
    options = {"--steps": steps, "--batch-size": BATCH_SIZE, "--checkpoint-every": every, "--seed": SEED}
    places = {"--model": folder / "model", "--data-dir": data, "--out": tempfile.mkdtemp(dir=folder)}
    flags = [str(part) for pair in {**options, **places}.items() for part in pair]
    command = [sys.executable, "-m", "t5eval", "train", "--task", TASK, "--learning-rate", str(RATE), *flags]
    started, found, said = time.perf_counter(), [], []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT) as process:
        for line in process.stdout or ():
            said.append(line)
            if match := re.search(rf"step ([\d,]+): {TASK} ([\d.]+)", line):
                found.append((int(match[1].replace(",", "")), time.perf_counter() - started, float(match[2])))
                if found[-1][2] >= goal:
                    process.terminate()
                    return found
    raise SystemExit(f"the goal was not reached: {found}\n{''.join(said[-20:])}")


def main() -> None:
    """Prints the table."""
    given = arguments(__doc__, "+", turns=1, steps=2500, goal=79.0, every=250)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for split in ("train", "validation"):
            (folder / split).mkdir()
            write_examples(given.data, TASK, folder / split, split)
        write_model(folder / "model", given.data / "t5_vocab" / "spiece.model")

        def theirs(*asked: float) -> Any:
            with Worker(Theirs, str(folder)) as worker:
                return worker.call("until_good", *asked)

        work = {
            OURS: lambda: ours(folder, given.data, given.steps, given.goal, given.every),
            "transformers": lambda: theirs(given.steps, given.goal, given.every),
        }
        results = in_turn(given.turns, work)
    rows = []
    seconds = {name: [found[-1][1] for found in runs] for name, runs in results.items()}
    for name, runs in results.items():
        # Between two validations nothing is started or compiled: the pace of training with its validation.
        paces = [1000 * (b[1] - a[1]) / (b[0] - a[0]) for found in runs for a, b in itertools.pairwise(found)]
        steps = "/".join(str(found[-1][0]) for found in runs)
        pace = f"{statistics.median(paces):.1f}" if paces else "-"
        rows.append([name, steps, middle(seconds[name], ".1f"), f"{ratio(seconds[name], seconds[OURS]):.2f}", pace])
    print_table(f"{TASK} until {given.goal:.0f} %", ["engine", "steps", "seconds", "ratio", "ms/step"], rows)


if __name__ == "__main__":
    main()
