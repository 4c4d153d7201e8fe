"""A whole evaluation against a plain transformers loop: `python -m benchmarks.evaluation DATA [--every N]`.

DATA is a data directory with GLUE, SQuAD and `t5_vocab/spiece.model`. Every example of GLUE's validation files and
every question of SQuAD v1.1 is answered, in at most 16 new tokens, by the same t5-small with random weights, whose
texts have no end (`benchmarks/models.py`). Ours is the harness's own path, `generate_all` of
`t5eval.evaluation.batches` with the task's row; the other one tokenises, pads and generates batches of 32 in the order
of the file, as most evaluation scripts do. The time runs from formatted texts to predicted texts, tokenising and our
compilation included; loading the model stands apart. Each engine is a process of its own, and they take turns task by
task.

    --every N    every Nth example of each task
"""

import dataclasses
import shutil
import tempfile
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

from benchmarks.engines import transformers_t5
from benchmarks.frame import OURS, arguments, print_table
from benchmarks.models import prepare
from benchmarks.workers import Worker

NEW_TOKENS = 16
ROWS = 32
THEIRS = "transformers"


class Evaluator:
    """A model in a worker; `read` is not timed, `evaluate`, which returns a text for every pair, is."""

    def read(self, task: str, data: str, every: int) -> int:
        """Reads and formats a task's validation split; returns the number of examples kept."""
        import task_specs
        from t5eval.data import open_split
        from t5eval.scoring.score import evaluation_pair

        spec = task_specs.get(task)
        lengths = dataclasses.replace(spec.lengths, targets=min(NEW_TOKENS, spec.lengths.targets))
        self.spec = dataclasses.replace(spec, lengths=lengths)
        examples = list(open_split(self.spec, "validation", Path(data)))[::every]
        self.pairs = [evaluation_pair(self.spec, example) for example in examples]
        return len(self.pairs)


class Harness(Evaluator):
    """Ours, through the harness."""

    def __init__(self, folder: str) -> None:
        from t5eval.predictors.of_keras import KerasPredictor

        self.predictor = KerasPredictor(Path(folder))
        self.predictor.prepare([""], 2)  # loads the weights

    def evaluate(self) -> list[str]:
        from t5eval.evaluation.batches import generate_all

        texts = {p.id: p.text for batch in generate_all(self.predictor, self.spec, self.pairs) for p in batch}
        return [texts[pair.id] for pair in self.pairs]


class TransformersLoop(Evaluator):
    """transformers, its own tokenizer, and a loop over batches."""

    def __init__(self, folder: str) -> None:
        import transformers

        self.torch, self.model = transformers_t5(Path(folder))
        self.tokenizer = transformers.T5Tokenizer.from_pretrained(folder)

    def evaluate(self) -> list[str]:
        lengths, predicted = self.spec.lengths, []
        with self.torch.inference_mode():
            for start in range(0, len(self.pairs), ROWS):
                texts = [pair.inputs for pair in self.pairs[start : start + ROWS]]
                batch = self.tokenizer(
                    texts, padding=True, truncation=True, max_length=lengths.inputs, return_tensors="pt"
                )
                ids = self.model.generate(**batch, do_sample=False, num_beams=1, max_new_tokens=lengths.targets)
                predicted += self.tokenizer.batch_decode(ids, skip_special_tokens=True)
        return predicted


def main() -> None:
    """Prints the table."""
    given = arguments(__doc__, "+", every=1)
    import leaderboards
    from t5eval.data import available_splits

    specs = [spec for spec in leaderboards.get("glue").tasks if "validation" in available_splits(spec, given.data)]
    found: dict[str, dict[str, float]] = {}
    total: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        prepare(Path(folder), [])
        model = Path(folder) / "model"
        shutil.copy(given.data / "t5_vocab" / "spiece.model", model)
        engines = ((OURS, Harness), (THEIRS, TransformersLoop))
        workers = {name: stack.enter_context(Worker(engine, str(model))) for name, engine in engines}
        for name, worker in workers.items():
            print(f"imports and loading: {name} {worker.seconds:.1f} s", flush=True)
        for turn, task in enumerate([*(spec.name for spec in specs), "squad/v1.1"]):
            seconds, texts = {}, {}
            for name in list(workers)[:: -1 if turn % 2 else 1]:
                count = workers[name].call("read", task, str(given.data), given.every)
                texts[name] = workers[name].call("evaluate")
                seconds[name] = workers[name].seconds
            equal = sum(a == b for a, b in zip(texts[OURS], texts[THEIRS], strict=True))
            found[task] = {**seconds, "examples": count, "equal": equal}
            total.update(found[task])
    found["total"] = dict(total)
    rows = []
    for task, n in found.items():
        seconds = [f"{n[OURS]:.1f}", f"{n[THEIRS]:.1f}", f"{n[THEIRS] / n[OURS]:.2f}"]
        rows.append([task, f"{n['examples']:,}", *seconds, f"{n['equal']:,}"])
    heads = ["task", "examples", f"{OURS} s", f"{THEIRS} s", "ratio", "equal texts"]
    print_table(f"every {given.every}. example, at most {NEW_TOKENS} new tokens", heads, rows)


if __name__ == "__main__":
    main()
