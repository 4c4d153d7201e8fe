"""A whole evaluation against a plain transformers loop: `python -m benchmarks.evaluation DATA [--every N]`.

DATA is a data directory with GLUE, SQuAD and `t5_vocab/spiece.model`. Every example of GLUE's validation files and
every question of SQuAD v1.1 is answered, in at most 16 new tokens, by the same t5-small with random weights, whose
texts have no end (`benchmarks/engines.py`). Ours is the harness's own path, `generate_all` of
`t5eval.evaluation.splits` with the task's row; the other one tokenises, pads and generates batches of 32 in the order
of the file, as most evaluation scripts do. The time runs from formatted texts to predicted texts, tokenising and our
compilation included; loading the model stands apart. Each engine is a process of its own, and they take turns task by
task.

Beside the seconds stands what bounds them: the matrix products of the real tokens, without padding, at the best rate of
square products that the same process reached. No engine of any batching could be quicker than that here.

    --every N    every Nth example of each task
    --json FILE  the figures as JSON
"""

from __future__ import annotations

import argparse
import dataclasses
import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks.engines import CORES, PIECES, prepare
from benchmarks.limits import encoder_operations, matrix_rate
from benchmarks.tables import print_environment, print_table, write_json
from benchmarks.workers import Worker
from task_specs import TaskSpec, TextPair

NEW_TOKENS = 16
ROWS = 32
OURS, THEIRS = "t5eval", "transformers"


def task_names(data: Path) -> list[str]:
    """Returns GLUE's leaderboard tasks that have a validation file, and SQuAD."""
    import leaderboards
    from t5eval.data import available_splits

    rows = [spec for spec in leaderboards.get("glue").tasks if "validation" in available_splits(spec, data)]
    return [*(spec.name for spec in rows), "squad/v1.1"]


def capped(name: str) -> TaskSpec:
    """Returns a task's row with its targets cut to what this benchmark generates."""
    import task_specs

    spec = task_specs.get(name)
    lengths = dataclasses.replace(spec.lengths, targets=min(NEW_TOKENS, spec.lengths.targets))
    return dataclasses.replace(spec, lengths=lengths)


class Evaluator:
    """A model in a worker; `read` is not timed, `evaluate` is, and `texts` fetches what it predicted."""

    def read(self, task: str, data: str, every: int) -> int:
        """Reads and formats a task's validation split; returns the number of examples kept."""
        from t5eval.data import open_split
        from t5eval.scoring.score import evaluation_pair

        self.spec = capped(task)
        examples = list(open_split(self.spec, "validation", Path(data)))[::every]
        self.pairs: list[TextPair] = [evaluation_pair(self.spec, example) for example in examples]
        return len(self.pairs)

    def evaluate(self) -> None:
        """Predicts a text for every pair."""
        raise NotImplementedError

    def texts(self) -> list[str]:
        """Returns the predicted texts in the order of the file."""
        return self.predicted

    predicted: list[str]


def least_operations(config: Any, source: int, steps: int) -> int:
    """Returns the floating-point operations of the products for an input of so many tokens and a text of so many."""
    feed_forward = (3 if config.is_gated else 2) * config.d_model * config.d_ff
    projections = 6 * config.d_model * config.inner_dim  # self-attention's four, cross-attention's query and output
    memory = 2 * config.d_model * config.inner_dim * source  # cross-attention's keys and values
    attention = 2 * config.inner_dim * sum(source + step + 1 for step in range(steps))
    layers = config.decoder_layers * (steps * (projections + feed_forward) + attention + memory)
    return encoder_operations(config, 1, source) + 2 * (layers + steps * config.d_model * PIECES)


class Harness(Evaluator):
    """Ours, through the harness."""

    def __init__(self, folder: str) -> None:
        from t5eval.predictors.of_keras import KerasPredictor

        self.folder = Path(folder)
        self.predictor = KerasPredictor(self.folder)
        self.predictor.prepare([""], 2)  # loads the weights

    def evaluate(self) -> None:
        from t5eval.evaluation.splits import generate_all

        texts = {p.id: p.text for batch in generate_all(self.predictor, self.spec, self.pairs) for p in batch}
        self.predicted = [texts[pair.id] for pair in self.pairs]

    def least_seconds(self) -> float:
        """Returns what the matrix products of the real tokens take at the machine's best rate; no text ends early."""
        from keras_model.files.model_folder import read_config

        config, lengths = read_config(self.folder / "config.json"), self.spec.lengths
        prepared = self.predictor.prepare([pair.inputs for pair in self.pairs], lengths.inputs)
        return sum(least_operations(config, p.length, lengths.targets) for p in prepared) / matrix_rate()


class TransformersLoop(Evaluator):
    """transformers, its own tokenizer, and a loop over batches."""

    def __init__(self, folder: str) -> None:
        import torch
        import transformers

        torch.set_num_threads(CORES)
        self.torch = torch
        self.tokenizer = transformers.T5Tokenizer.from_pretrained(folder)
        self.model = transformers.T5ForConditionalGeneration.from_pretrained(
            folder, attn_implementation="sdpa", dtype=torch.float32
        ).eval()

    def evaluate(self) -> None:
        lengths, self.predicted = self.spec.lengths, []
        with self.torch.inference_mode():
            for start in range(0, len(self.pairs), ROWS):
                texts = [pair.inputs for pair in self.pairs[start : start + ROWS]]
                batch = self.tokenizer(
                    texts, padding=True, truncation=True, max_length=lengths.inputs, return_tensors="pt"
                )
                ids = self.model.generate(**batch, do_sample=False, num_beams=1, max_new_tokens=lengths.targets)
                self.predicted += self.tokenizer.batch_decode(ids, skip_special_tokens=True)


FACTORIES = {OURS: "benchmarks.evaluation:Harness", THEIRS: "benchmarks.evaluation:TransformersLoop"}


def compare(workers: dict[str, Worker], task: str, given: argparse.Namespace, backwards: bool) -> dict[str, Any]:
    """Returns both engines' seconds for a task, and how many of their texts are equal."""
    seconds: dict[str, float] = {}
    texts: dict[str, list[str]] = {}
    count = 0
    for name in list(workers)[:: -1 if backwards else 1]:
        count = workers[name].call("read", task=task, data=str(given.data.resolve()), every=given.every)
        seconds[name] = workers[name].timed("evaluate")
        texts[name] = workers[name].call("texts")
        print(f"  {task}: {count:,} examples, {name} {seconds[name]:.1f} s", flush=True)
    equal = sum(a == b for a, b in zip(texts[OURS], texts[THEIRS], strict=True))
    return {"examples": count, "seconds": seconds, "equal": equal, "least": workers[OURS].call("least_seconds")}


def total(results: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Returns the sums over the tasks."""
    found = list(results.values())
    return {
        "examples": sum(r["examples"] for r in found),
        "seconds": {name: sum(r["seconds"][name] for r in found) for name in FACTORIES},
        "equal": sum(r["equal"] for r in found),
        "least": sum(r["least"] for r in found),
    }


def row(name: str, found: dict[str, Any]) -> list[str]:
    """Returns a line of the table."""
    ours, theirs = found["seconds"][OURS], found["seconds"][THEIRS]
    least = found["least"]
    times = [f"{ours:.1f}", f"{theirs:.1f}", f"{theirs / ours:.2f}"]
    bound = [f"{least:.1f}", f"{theirs / least:.2f}", f"{least / ours:.0%}"]
    return [name, f"{found['examples']:,}", *times, *bound, f"{found['equal']:,}"]


def options() -> argparse.Namespace:
    """Returns the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--every", type=int, default=1, metavar="N")
    parser.add_argument("--json", type=Path, metavar="FILE")
    return parser.parse_args()


def main() -> None:
    """Prints the table."""
    given = options()
    print_environment()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        prepare(Path(folder), [])
        model = Path(folder) / "model"
        shutil.copy(given.data / "t5_vocab" / "spiece.model", model)
        workers = {name: stack.enter_context(Worker(factory, str(model))) for name, factory in FACTORIES.items()}
        load_seconds = {name: worker.start_seconds for name, worker in workers.items()}
        print("imports and loading: " + ", ".join(f"{name} {value:.1f} s" for name, value in load_seconds.items()))
        results: dict[str, Any] = {}
        for turn, task in enumerate(task_names(given.data)):
            results[task] = compare(workers, task, given, backwards=turn % 2 == 1)
    everything = total(results)
    print()
    rows = [row(name, found) for name, found in [*results.items(), ("total", everything)]]
    times, bound = [f"{OURS} s", f"{THEIRS} s", "ratio"], ["least s", "greatest ratio", "reached"]
    print_table(["task", "examples", *times, *bound, "equal texts"], rows)
    write_json(given.json, {"every": given.every, "load_seconds": load_seconds, "tasks": results, "total": everything})


if __name__ == "__main__":
    main()
