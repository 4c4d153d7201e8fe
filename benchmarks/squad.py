"""How long SQuAD takes: formatting, tokenising, and scoring predictions as a user does.

    python benchmarks/squad.py DATA [--peer PYTHON] [--predictions FILE]

DATA holds `squad/dev-v1.1.json` and `t5_vocab/spiece.model`. PYTHON is an interpreter that has t5 0.9.4, seqio and
TensorFlow, which then format and tokenise the same questions. Everything runs on one thread and is given in questions
per second of processor time, the best of three passes: wall time says little on a machine that does other things.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

PASSES = 3
PEER = """
import json, os, sys, time
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import tensorflow as tf
tf.config.threading.set_intra_op_parallelism_threads(1)
tf.config.threading.set_inter_op_parallelism_threads(1)
import seqio
from t5.data import preprocessors
document = json.load(open(sys.argv[1] + "/squad/dev-v1.1.json", encoding="utf-8"))
rows = [(p["context"], q["question"], [a["text"] for a in q["answers"]])
        for article in document["data"] for p in article["paragraphs"] for q in p["qas"]]
vocabulary = seqio.SentencePieceVocabulary(sys.argv[1] + "/t5_vocab/spiece.model", extra_ids=100)
features = {name: seqio.Feature(vocabulary, add_eos=True) for name in ("inputs", "targets")}
options = tf.data.Options()
options.threading.private_threadpool_size = options.threading.max_intra_op_parallelism = 1
texts = {"context": [r[0] for r in rows], "question": [r[1] for r in rows], "id": [str(i) for i in range(len(rows))]}
answers = tf.ragged.constant([r[2] for r in rows])
raw = tf.data.Dataset.from_tensor_slices((texts, answers)).map(lambda x, a: {**x, "answers": {"text": a}})
formatted = preprocessors.squad(raw)
tokenised = seqio.preprocessors.append_eos_after_trim(
    seqio.preprocessors.tokenize(formatted, features), output_features=features,
    sequence_length={"inputs": 512, "targets": 97})
rates = {}
for name, dataset in (("input alone", raw), ("format", formatted), ("format and tokenise", tokenised)):
    for _ in range(int(sys.argv[2])):
        start = time.process_time()
        count = sum(1 for _ in dataset.with_options(options))
        rates[name] = max(rates.get(name, 0), count / (time.process_time() - start))
print(json.dumps(rates))
"""


def rate(count: int, work: Callable[[], Any]) -> float:
    """Returns the best rate of several passes, in questions per second of processor time."""
    best = 0.0
    for _ in range(PASSES):
        start = time.process_time()
        work()
        best = max(best, count / (time.process_time() - start))
    return best


def our_rates(data: Path) -> dict[str, float]:
    """Returns our rates of formatting, and of formatting and tokenising."""
    import sentencepiece

    import task_specs
    from t5eval.data import open_split
    from task_specs.answers.punctuation import pad_passage

    spec = task_specs.get("squad/v1.1")
    examples = list(open_split(spec, "validation", data))
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(data / "t5_vocab" / "spiece.model"))

    def texts() -> list[tuple[str, str]]:
        pad_passage.cache_clear()
        return [(pair.inputs, pair.targets) for example in examples for pair in spec.pairs(example)]

    def encode(batch: list[str]) -> list[list[int]]:
        encoded: list[list[int]] = pieces.encode(batch, out_type=int, num_threads=1)
        return encoded

    def tokenised() -> None:
        inputs, targets = zip(*texts(), strict=True)
        for ids, limit in ((encode(list(inputs)), 512), (encode(list(targets)), 97)):
            _ = [[*row[: limit - 1], 1] for row in ids]

    return {"format": rate(len(examples), texts), "format and tokenise": rate(len(examples), tokenised)}


def score_seconds(data: Path, predictions: Path) -> tuple[float, float, dict[str, float]]:
    """Returns wall and processor seconds of the fastest of several `t5eval score`, and its scores."""
    command = [sys.executable, "-m", "t5eval", "score", "squad/v1.1", "--split", "validation", "--json"]
    command += ["--data-dir", str(data), "--predictions", str(predictions)]
    best = (float("inf"), float("inf"))
    scores: dict[str, float] = {}
    for _ in range(PASSES):
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
        best = min(best, (wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime))
        scores = {name: score["value"] for name, score in json.loads(done.stdout)["scores"].items()}
    return *best, scores


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("data", type=Path)
    arguments.add_argument("--peer", metavar="PYTHON")
    arguments.add_argument("--predictions", type=Path, metavar="FILE")
    given = arguments.parse_args()
    ours = our_rates(given.data)
    theirs: dict[str, float] = {}
    if given.peer:
        command = [given.peer, "-c", PEER, str(given.data), str(PASSES)]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True)
        theirs = json.loads(done.stdout.splitlines()[-1])
        print(f"{'input alone':20} {'':>9}   seqio {theirs['input alone']:9,.0f}")
    for name, value in ours.items():
        peer = f"   seqio {theirs[name]:9,.0f}   {value / theirs[name]:.1f} times" if theirs else ""
        print(f"{name:20} {value:9,.0f}{peer}")
    if given.predictions:
        wall, processor, scores = score_seconds(given.data, given.predictions)
        shown = ", ".join(f"{name} {value:.3f}" for name, value in scores.items())
        print(f"score {wall:5.2f} s wall, {processor:.2f} s processor ({os.cpu_count()} cores): {shown}")


if __name__ == "__main__":
    main()
