"""How soon a small T5 from scratch is good: `python -m benchmarks.from_scratch DATA`.

DATA is a data directory with GLUE's SST-2 and `t5_vocab/spiece.model`. The model of `examples/sst2_from_scratch`
learns SST-2 until 79 % of the 872 validation sentences are right, once by `t5eval train` and once by a plain
transformers loop, which is given what t5eval has to make: token ids, and batches of like length in the same order. Both
start from the same weights, have dropout 0.1 and an Adafactor with parameter scaling at 1e-3, and validate greedily
every 250 steps. They run one after the other, in an order that is reversed every other turn.

    --turns N    runs of each
    --steps N    the most steps
    --json FILE  the figures as JSON
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path
from typing import Any

from benchmarks.engines import CORES, SEED
from benchmarks.tables import print_environment, print_table, write_json
from benchmarks.training_engines import RATE, read_examples, write_examples
from benchmarks.workers import QUIET, ROOT

TASK, GOAL, EVERY = "glue/sst2", 79.0, 250
EXAMPLE = ROOT / "examples" / "sst2_from_scratch" / "train.toml"
NEW_TOKENS = 4


def write_model(folder: Path, vocab: Path) -> None:
    """Writes the example's model with random weights: runs in a process of its own."""
    import keras

    from keras_model.checkpoints import save_model
    from keras_model.config import T5Config
    from keras_model.t5 import T5
    from keras_model.tokenizers.loading import load_tokenizer

    keras.utils.set_random_seed(SEED)
    config = tomllib.loads(EXAMPLE.read_text())["train"]["config"]
    save_model(T5(T5Config.from_dict({"vocab_size": 32128, **config})), folder, load_tokenizer("", str(vocab)))


def train_with_transformers(folder: Path, batch_size: int, steps: int) -> None:
    """Trains, and prints a line of JSON for every validation: step, seconds of training so far, accuracy."""
    import numpy as np
    import torch
    import transformers

    from keras_model.data.batches import make_batch
    from keras_model.training_run.fit import make_plan
    from keras_model.training_run.fit_settings import TrainSettings

    torch.set_num_threads(CORES)
    torch.manual_seed(SEED)
    model = transformers.T5ForConditionalGeneration.from_pretrained(folder / "model", attn_implementation="sdpa")
    optimizer = transformers.Adafactor(
        model.parameters(), lr=RATE, scale_parameter=True, relative_step=False, warmup_init=False
    )
    examples, held_out = read_examples(folder / "train", TASK), read_examples(folder / "validation", TASK)
    plan = make_plan(examples, TrainSettings(steps=steps, batch_size=batch_size, seed=SEED))

    def tensor(ids: Any) -> Any:
        return torch.from_numpy(np.asarray(ids).astype("int64"))

    def accuracy() -> float:
        right = 0
        order = np.argsort(held_out.sources.lengths, kind="stable")
        model.eval()
        with torch.inference_mode():
            for start in range(0, len(order), batch_size):
                batch = make_batch(held_out, order[start : start + batch_size], len(order[start : start + batch_size]))
                ids, labels = tensor(batch.inputs["encoder_ids"]), tensor(batch.labels)
                found = model.generate(ids, attention_mask=ids != 0, max_new_tokens=NEW_TOKENS, do_sample=False)[:, 1:]
                width = max(found.shape[1], labels.shape[1])
                found, labels = (torch.nn.functional.pad(x, (0, width - x.shape[1])) for x in (found, labels))
                right += int((found == labels).all(dim=1).sum())
        model.train()
        return 100 * right / len(order)

    trained, resumed = 0.0, time.perf_counter()
    model.train()
    for step in range(steps):
        rows = plan.rows(step)
        batch = make_batch(examples, rows, len(rows))
        encoder, labels = tensor(batch.inputs["encoder_ids"]), tensor(batch.labels)
        optimizer.zero_grad()
        output = model(
            input_ids=encoder,
            attention_mask=encoder != 0,
            decoder_input_ids=tensor(batch.inputs["decoder_ids"]),
            labels=labels.masked_fill(labels == 0, -100),
        )
        output.loss.backward()
        optimizer.step()
        output.loss.item()
        if (step + 1) % EVERY == 0:
            trained += time.perf_counter() - resumed
            print(json.dumps([step + 1, trained, accuracy()]), flush=True)
            resumed = time.perf_counter()


def run(command: list[str], pattern: str) -> list[list[float]]:
    """Runs a process until it says that the goal is reached; returns step, seconds since its start and accuracy."""
    started, found = time.perf_counter(), []
    environment = {**os.environ, **QUIET, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        [sys.executable, *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
        cwd=ROOT,
    ) as process:
        said = []
        for line in process.stdout or ():
            said.append(line)
            if match := re.search(pattern, line):
                found.append([int(match[1].replace(",", "")), time.perf_counter() - started, float(match[2])])
                if found[-1][2] >= GOAL:
                    process.terminate()
                    return found
    raise RuntimeError(f"the goal was not reached: {found}\n{''.join(said[-20:])}")


def commands(folder: Path, data: Path, batch_size: int, steps: int, turn: int) -> dict[str, tuple[list[str], str]]:
    """Returns how each is run, and how its output tells a validation's step and accuracy."""
    options = {"--steps": steps, "--batch-size": batch_size, "--checkpoint-every": EVERY, "--seed": SEED}
    places = {"--model": folder / "model", "--data-dir": data, "--out": folder / f"run-{turn}"}
    flags = [str(part) for pair in {**options, **places}.items() for part in pair]
    ours = ["-m", "t5eval", "train", "--task", TASK, "--learning-rate", str(RATE), *flags]
    theirs = ["-m", "benchmarks.from_scratch", "--transformers", str(folder), str(batch_size), str(steps)]
    return {
        "t5eval": (ours, rf"step ([\d,]+): {TASK} ([\d.]+)"),
        "transformers": (theirs, r"\[(\d+), [\d.]+, ([\d.]+)\]"),
    }


def main() -> None:
    """Prints the table."""
    if sys.argv[1:2] == ["--transformers"]:
        return train_with_transformers(Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--turns", type=int, default=1)
    parser.add_argument("--steps", type=int, default=2500)
    parser.add_argument("--json", type=Path, metavar="FILE")
    given = parser.parse_args()
    print_environment()
    batch_size = tomllib.loads(EXAMPLE.read_text())["train"]["batch_size"]
    results: dict[str, list[list[list[float]]]] = {}
    with tempfile.TemporaryDirectory() as temporary:
        folder, data = Path(temporary), given.data.resolve()
        for split in ("train", "validation"):
            (folder / split).mkdir()
            write_examples(data, TASK, folder / split, split)
        write_model(folder / "model", data / "t5_vocab" / "spiece.model")
        for turn in range(given.turns):
            for name, how in list(commands(folder, data, batch_size, given.steps, turn).items())[:: (-1) ** turn]:
                results.setdefault(name, []).append(run(*how))
                print(
                    name, [[step, round(seconds, 1), value] for step, seconds, value in results[name][-1]], flush=True
                )
    rows = []
    ours = statistics.median(found[-1][1] for found in results["t5eval"])
    for name, runs in results.items():
        seconds = statistics.median(found[-1][1] for found in runs)
        # Between two validations nothing is started or compiled: the pace of training with its validation.
        pace = statistics.median((found[-1][1] - found[0][1]) / (found[-1][0] - found[0][0]) for found in runs)
        steps = "/".join(str(found[-1][0]) for found in runs)
        rows.append([name, steps, f"{seconds:.1f}", f"{seconds / ours:.2f}", f"{1000 * pace:.1f}"])
    print_table(["engine", "steps", f"s to {GOAL:.0f} %", "ratio", "ms/step"], rows)
    write_json(given.json, {"goal": GOAL, "runs": results})
    return None


if __name__ == "__main__":
    main()
