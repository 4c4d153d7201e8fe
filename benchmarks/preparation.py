"""How fast rows become token ids, task by task: `python benchmarks/preparation.py DATA [--peer PYTHON]`.

DATA holds the benchmarks' files and `t5_vocab/spiece.model`. PYTHON is an interpreter that has t5 0.9.4, seqio and
TensorFlow, whose registered preprocessors then do the same work on the same rows. One process and one thread each;
examples per second of processor time, the best of three passes over each validation file.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TASKS = {
    "glue/cola": "glue_cola_v002",
    "glue/sst2": "glue_sst2_v002",
    "glue/mrpc": "glue_mrpc_v002",
    "glue/stsb": "glue_stsb_v002",
    "glue/mnli_matched": "glue_mnli_matched_v002",
    "glue/mnli_mismatched": "glue_mnli_mismatched_v002",
    "glue/qnli": "glue_qnli_v002",
    "glue/rte": "glue_rte_v002",
    "super_glue/boolq": "super_glue_boolq_v102",
    "super_glue/cb": "super_glue_cb_v102",
    "super_glue/copa": "super_glue_copa_v102",
    "super_glue/multirc": "super_glue_multirc_v102",
    "super_glue/record": "super_glue_record_v102",
    "super_glue/wic": "super_glue_wic_v102",
}
PASSES = 3
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
        return tf.ragged.constant(values, dtype=tf.string)
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
        sequence_length={"inputs": 512, "targets": 84}).with_options(options)
    best = 0.0
    for _ in range(int(sys.argv[3])):
        start = time.process_time()
        for _ in dataset:
            pass
        best = max(best, len(rows) / (time.process_time() - start))
    print(json.dumps([name, best]), flush=True)
"""


def main() -> None:
    """Prints the table."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("data", type=Path)
    arguments.add_argument("--peer", metavar="PYTHON")
    given = arguments.parse_args()

    import task_specs
    from keras_model.tokenizers.sentencepiece import T5Tokenizer
    from t5eval.data import open_split

    vocabulary = given.data / "t5_vocab" / "spiece.model"
    tokenizer = T5Tokenizer(vocabulary)
    work = {}
    ours = {}
    for name, t5_name in TASKS.items():
        spec = task_specs.get(name)
        examples = list(open_split(spec, "validation", given.data))
        examples *= -(-LEAST_ROWS // len(examples))
        work[t5_name] = [{"idx": i, **example.features} for i, example in enumerate(examples)]
        for _ in range(PASSES):
            start = time.process_time()
            pairs = [pair for example in examples for pair in spec.pairs(example)]
            tokenizer.encode([pair.inputs for pair in pairs], spec.lengths.inputs)
            tokenizer.encode([pair.targets for pair in pairs], spec.lengths.targets)
            ours[t5_name] = max(ours.get(t5_name, 0.0), len(examples) / (time.process_time() - start))
    theirs: dict[str, float] = {}
    if given.peer:
        with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
            json.dump(work, file)
            file.flush()
            command = [given.peer, "-c", PEER, file.name, str(vocabulary), str(PASSES)]
            done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True)
        theirs = dict(json.loads(line) for line in done.stdout.splitlines())
    for name, t5_name in TASKS.items():
        peer = f"   seqio {theirs[t5_name]:8,.0f}   {ours[t5_name] / theirs[t5_name]:5.1f} times" if theirs else ""
        print(f"{name:24} {ours[t5_name]:9,.0f}{peer}")


if __name__ == "__main__":
    sys.exit(main())
