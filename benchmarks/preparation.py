"""How fast rows become token ids and records, task by task: `python -m benchmarks.preparation DATA [--peer PYTHON]`.

DATA holds the benchmarks' files and `t5_vocab/spiece.model`. The first rate is of formatting and tokenising rows that
lie in memory; the second is of a whole preparation, from the official file to shards and manifest. PYTHON is an
interpreter that has t5 0.9.4, seqio and TensorFlow, whose registered preprocessors then format and tokenise the same
rows. One process and one thread each; examples per second of processor time, the best of the turns.

    --tasks ...  some of the tasks
    --turns N    passes over each validation file
"""

import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.frame import arguments, print_table, run

TASKS = [
    *(f"glue/{task}" for task in "cola sst2 mrpc stsb mnli_matched mnli_mismatched qnli rte".split()),
    *(f"super_glue/{task}" for task in "boolq cb copa multirc record wic".split()),
    "squad/v1.1",
]
# Small files are gone through several times in a pass, so that a pass is long enough to be timed.
LEAST_ROWS = 2000

PEER = """
import json, os, sys, time
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import tensorflow as tf
tf.config.threading.set_intra_op_parallelism_threads(1)
tf.config.threading.set_inter_op_parallelism_threads(1)
import seqio, t5.data.tasks
vocabulary = seqio.SentencePieceVocabulary(sys.argv[2], extra_ids=100)
features = {name: seqio.Feature(vocabulary, add_eos=True) for name in ("inputs", "targets")}
options = tf.data.Options()
options.threading.private_threadpool_size = options.threading.max_intra_op_parallelism = 1
work = json.load(open(sys.argv[1], encoding="utf-8"))

def column(values):
    if isinstance(values[0], dict):
        return {key: column([value[key] for value in values]) for key in values[0]}
    if isinstance(values[0], list):
        texts = all(isinstance(value, str) for row in values for value in row)
        return tf.ragged.constant(values, dtype=tf.string if texts else tf.int32)
    return tf.constant(values)

for name, rows in work.items():
    dataset = tf.data.Dataset.from_tensor_slices({key: column([row[key] for row in rows]) for key in rows[0]})
    for step in seqio.TaskRegistry.get(name).preprocessors:
        if getattr(step, "__name__", "") == "tokenize":
            break
        if not isinstance(step, seqio.CacheDatasetPlaceholder):
            dataset = step(dataset)
    dataset = seqio.preprocessors.append_eos_after_trim(
        seqio.preprocessors.tokenize(dataset, features), output_features=features,
        sequence_length={"inputs": 512, "targets": 97}).with_options(options)
    best = 0.0
    for _ in range(int(sys.argv[3])):
        start = time.process_time()
        for _ in dataset:
            pass
        best = max(best, len(rows) / (time.process_time() - start))
    print(json.dumps([name, best]), flush=True)
"""


def rate(count: int, turns: int, work: Callable[[int], object]) -> float:
    """Returns the best of several turns, in examples per second of processor time."""
    best = 0.0
    for turn in range(turns):
        start = time.process_time()
        work(turn)
        best = max(best, count / (time.process_time() - start))
    return best


def our_rates(name: str, data: Path, tokenizer: Any, turns: int) -> tuple[list[dict[str, Any]], float, float]:
    """Returns a task's rows as the peer reads them, and our two rates."""
    import task_specs
    from t5eval.cli.progress import SplitProgress
    from t5eval.data import open_split
    from t5eval.preparation.task_records import in_processes, prepare
    from task_specs.answers.punctuation import pad_passage

    spec = task_specs.get(name)
    split = open_split(spec, "validation", data)
    once = list(split)
    examples = once * -(-LEAST_ROWS // len(once))

    def tokenise(turn: int) -> None:
        pad_passage.cache_clear()
        pairs = [pair for example in examples for pair in spec.pairs(example)]
        tokenizer.encode([pair.inputs for pair in pairs], spec.lengths.inputs)
        tokenizer.encode([pair.targets for pair in pairs], spec.lengths.targets)

    with tempfile.TemporaryDirectory() as folder:
        make = in_processes(1, lambda shown: SplitProgress(shown, show=False))

        def write(turn: int) -> None:
            pad_passage.cache_clear()
            prepare([split], tokenizer, Path(folder) / str(turn), make)

        rows = [{"idx": i, "id": str(i), **example.features} for i, example in enumerate(examples)]
        return rows, rate(len(examples), turns, tokenise), rate(len(once), turns, write)


def main() -> None:
    """Prints the table."""
    given = arguments(__doc__, "+", peer=None, tasks=TASKS, turns=3)
    import task_specs
    from keras_model.tokenizers.sentencepiece import T5Tokenizer

    vocabulary = given.data / "t5_vocab" / "spiece.model"
    tokenizer = T5Tokenizer(vocabulary)
    tokenizer.threads = 1
    t5_names = {name: task_specs.get(name).aliases[0] for name in given.tasks}
    found = {name: our_rates(name, given.data, tokenizer, given.turns) for name in given.tasks}
    work = {t5_names[name]: rows for name, (rows, *_) in found.items()}
    theirs: dict[str, float] = {}
    if given.peer:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "rows.json"
            file.write_text(json.dumps(work), encoding="utf-8")
            _, printed = run("-c", PEER, file, vocabulary, given.turns, python=given.peer)
        theirs = dict(json.loads(line) for line in printed.splitlines())
    table = []
    for name, (_, *ours) in found.items():
        peer = theirs.get(t5_names[name])
        against = [f"{peer:,.0f}", *(f"{rate / peer:.1f}" for rate in ours)] if peer else ["-"] * 3
        table.append([name, *(f"{rate:,.0f}" for rate in ours), *against])
    print_table("examples a second", ["task", "token ids", "records", "seqio", "ratio", "ratio of records"], table)


if __name__ == "__main__":
    main()
