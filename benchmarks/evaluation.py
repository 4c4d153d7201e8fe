"""A whole evaluation against a plain transformers loop: `python -m benchmarks.evaluation DATA [--every N]`.

DATA is a data directory with GLUE, SQuAD and `t5_vocab/spiece.model`. Every example of GLUE's validation files and
every question of SQuAD v1.1 is answered, in at most 16 new tokens, by the same t5-small with random weights, whose
texts have no end (`benchmarks/models.py`). Ours is the harness's own path, `generate_all` of
`t5eval.evaluation.batches` with the task's row; the other one tokenises, pads and generates batches of 32 in the order
of the file, as most evaluation scripts do. The time runs from formatted texts to predicted texts, tokenising and our
compilation included; loading the model stands apart. Each engine is a process of its own, and they take turns task by
task. Processor time is of all threads of the process, and says more where others want the processors too. Equal texts
are those that t5eval writes in float32; in bfloat16 any two engines round otherwise, and texts of random weights hang
on every digit.

    --every N        every Nth example of each task
    --tasks ...      some of the tasks; default: all
    --engines ...    some of the engines, to t5eval in float32; default: all
"""

import dataclasses
import shutil
import tempfile
from collections import Counter
from collections.abc import Mapping
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

    def __init__(self, folder: str, dtype: str) -> None:
        from t5eval.predictors.of_keras import KerasPredictor

        self.predictor = KerasPredictor(Path(folder), dtype)
        self.predictor.prepare([""], 2)  # loads the weights

    def evaluate(self) -> list[str]:
        from t5eval.evaluation.batches import generate_all

        texts = {p.id: p.text for batch in generate_all(self.predictor, self.spec, self.pairs) for p in batch}
        return [texts[pair.id] for pair in self.pairs]


class TransformersLoop(Evaluator):
    """transformers, its own tokenizer, and a loop over batches."""

    def __init__(self, folder: str, dtype: str) -> None:
        import transformers

        self.torch, self.model = transformers_t5(Path(folder), dtype)
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


ENGINES = {
    OURS: (Harness, "float32"),
    THEIRS: (TransformersLoop, "float32"),
    f"{OURS}:bfloat16": (Harness, "bfloat16"),
    f"{THEIRS}:bfloat16": (TransformersLoop, "bfloat16"),
}


def main() -> None:
    """Prints a table for each task, and one for all."""
    import leaderboards

    tasks = [*(spec.name for spec in leaderboards.get("glue").tasks), "squad/v1.1"]
    given = arguments(__doc__, "+", every=1, tasks=tasks, engines=list(ENGINES))
    import task_specs
    from t5eval.data import available_splits

    engines = list(dict.fromkeys([OURS, *given.engines]))
    tasks = [task for task in given.tasks if "validation" in available_splits(task_specs.get(task), given.data)]
    total = {name: Counter[str]() for name in engines}
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        prepare(Path(folder), [])
        model = Path(folder) / "model"
        shutil.copy(given.data / "t5_vocab" / "spiece.model", model)
        workers = {}
        for name in engines:
            engine, dtype = ENGINES[name]
            workers[name] = stack.enter_context(Worker(engine, str(model), dtype))
            print(f"imports and loading: {name} {workers[name].seconds:.1f} s", flush=True)
        for turn, task in enumerate(tasks):
            found, texts = {}, {}
            for name in engines[:: -1 if turn % 2 else 1]:
                worker = workers[name]
                count = worker.call("read", task, str(given.data), given.every)
                texts[name] = worker.call("evaluate")
                found[name] = {"seconds": worker.seconds, "processor": worker.processor, "examples": count}
            for name in engines:
                equal = sum(a == b for a, b in zip(texts[OURS], texts[name], strict=True))
                total[name].update({**found[name], "equal": equal})
                found[name]["equal"] = equal
            show(task, found, given.every)
    show("all tasks", total, given.every)


def show(task: str, found: Mapping[str, Mapping[str, float]], every: int) -> None:
    """Prints the engines side by side."""
    ours = found[OURS]
    rows = []
    for name, n in found.items():
        ratios = [f"{n[what] / ours[what]:.2f}" for what in ("seconds", "processor")]
        rows.append([name, f"{n['seconds']:.1f}", f"{n['processor']:.1f}", *ratios, f"{n['equal']:,}"])
    title = f"{task}, every {every}. example, {ours['examples']:,}, at most {NEW_TOKENS} new tokens"
    print_table(title, ["engine", "seconds", "processor s", "ratio", "of processor s", "equal texts"], rows)


if __name__ == "__main__":
    main()
