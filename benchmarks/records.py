"""Preparing records and feeding them: `python -m benchmarks.records DATA [--peer PYTHON]`.

DATA holds GLUE, SQuAD and `t5_vocab/spiece.model`. A preparation is the whole of it: reading the official file,
formatting, tokenising, writing shards and manifest, in one process; given in examples per second of processor time, the
best of three. PYTHON is an interpreter with t5 0.9.4, seqio and TensorFlow, whose preprocessors format and tokenise the
same rows, which lie in memory, on one thread; they write nothing. Feeding is how many batches of 128 inputs of 512
tokens a second come out of tf.data from mapped shards, while nothing consumes them.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import preparation as glue_peer
from benchmarks import squad as squad_peer

TASKS = {"glue/mnli_matched": "MNLI", "squad/v1.1": "SQuAD"}
PASSES = 3
BATCHES = 200


def our_rate(name: str, data: Path, tokenizer: Any, out: Path) -> float:
    """Returns examples per second of processor time, from the official file to the manifest."""
    import task_specs
    from t5eval.cli.progress import SplitProgress
    from t5eval.data import open_split
    from t5eval.preparation.task_records import in_processes, prepare
    from task_specs.answers.punctuation import pad_passage

    best = 0.0
    for turn in range(PASSES):
        pad_passage.cache_clear()
        split = open_split(task_specs.get(name), "validation", data)
        start = time.process_time()
        make = in_processes(1, lambda shown: SplitProgress(shown, show=False))
        (made,) = prepare([split], tokenizer, out / str(turn), make).values()
        best = max(best, made.about["examples"] / (time.process_time() - start))
    return best


def their_rates(data: Path, python: str) -> dict[str, float]:
    """Returns seqio's rates, examples per second of processor time."""
    import task_specs
    from t5eval.data import open_split

    def run(script: str, *arguments: str) -> str:
        command = [python, "-c", script, *arguments, str(PASSES)]
        return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True).stdout

    rows = [
        {"idx": i, **example.features}
        for i, example in enumerate(open_split(task_specs.get("glue/mnli_matched"), "validation", data))
    ]
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        json.dump({"glue_mnli_matched_v002": rows}, file)
        file.flush()
        mnli = json.loads(run(glue_peer.PEER, file.name, str(data / "t5_vocab" / "spiece.model")))[1]
    squad = json.loads(run(squad_peer.PEER, str(data)).splitlines()[-1])["format and tokenise"]
    return {"glue/mnli_matched": mnli, "squad/v1.1": squad}


def feeding_rate(folder: Path) -> tuple[float, float]:
    """Returns batches per second of wall and of processor time, of 128 inputs of 512 tokens from several shards."""
    from keras_model.data.batch_plan import BatchPlan
    from keras_model.data.batches import Examples, batch_dataset
    from keras_model.data.record_shards import write_shard
    from keras_model.data.records import RecordSet, open_records, read_manifest, shard_file, write_manifest

    rng = np.random.default_rng(0)
    shards = []
    for number in range(8):
        sources = rng.integers(3, 32_000, (4000, 512), np.int32)
        targets = rng.integers(3, 32_000, (4000, 32), np.int32)
        part = Examples.from_sequences(list(sources), list(targets))
        shards.append(write_shard(folder, shard_file("made/up", number), part))
    write_manifest(folder, [RecordSet("made/up", tuple(shards), {})])
    examples = open_records(folder, read_manifest(folder)["made/up"])
    plan = BatchPlan(examples.sources.lengths, examples.targets.lengths, 128)
    batches = iter(batch_dataset(examples, plan))
    for _ in range(20):
        next(batches)
    wall, processor = time.perf_counter(), time.process_time()
    for _ in range(BATCHES):
        next(batches)
    return BATCHES / (time.perf_counter() - wall), BATCHES / (time.process_time() - processor)


def main() -> None:
    """Prints the figures."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("data", type=Path)
    arguments.add_argument("--peer", metavar="PYTHON")
    given = arguments.parse_args()

    from keras_model.tokenizers.sentencepiece import T5Tokenizer

    tokenizer = T5Tokenizer(given.data / "t5_vocab" / "spiece.model")
    tokenizer.threads = 1
    with tempfile.TemporaryDirectory() as folder:
        ours = {name: our_rate(name, given.data, tokenizer, Path(folder) / short) for name, short in TASKS.items()}
    theirs = their_rates(given.data, given.peer) if given.peer else {}
    for name, rate in ours.items():
        peer = f"   seqio {theirs[name]:8,.0f}   {rate / theirs[name]:5.1f} times" if theirs else ""
        print(f"{name:20} {rate:9,.0f} examples/s{peer}")
    with tempfile.TemporaryDirectory() as folder:
        wall, processor = feeding_rate(Path(folder))
    print(f"{'feeding 128 x 512':20} {wall:9,.0f} batches/s, {processor:,.0f} per second of processor time")


if __name__ == "__main__":
    main()
