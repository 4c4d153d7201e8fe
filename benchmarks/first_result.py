"""How long the first result takes, and how often anything is compiled: `python -m benchmarks.first_result [DATA]`.

A fresh process imports TensorFlow and Keras, loads t5-small from a folder, and generates 32 tokens for a batch of
32 x 128 ids twice, the first time with compilation; each part is the median over several processes.

With DATA, a data directory with GLUE, SQuAD and `t5_vocab/spiece.model`, one generator then answers every Nth example
of GLUE's validation files and SQuAD in the harness's batches, one batch by beam search and one by ranking labels; how
many functions it compiled for how many shapes of batches is printed.

    --every N    every Nth example
    --runs N     processes
    --json FILE  the figures as JSON
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.engines import input_ids, prepare
from benchmarks.tables import print_environment, print_table, write_json
from benchmarks.workers import QUIET, ROOT

BATCH, LENGTH, NEW_TOKENS = 32, 128, 32
CHILD = "import sys; from benchmarks.first_result import parts; parts(*sys.argv[1:])"


def parts(folder: str) -> None:
    """Prints the seconds of each part as JSON; to be run in a fresh process."""
    marks = [time.perf_counter()]
    from keras_model.checkpoints import load_model
    from keras_model.decoding.generator import Generator

    marks.append(time.perf_counter())
    generator = Generator(load_model(Path(folder)))
    marks.append(time.perf_counter())
    ids = input_ids(BATCH, LENGTH)
    for _ in range(2):
        generator.greedy(ids, NEW_TOKENS)
        marks.append(time.perf_counter())
    names = ("imports", "loading", "first batch", "second batch")
    print(json.dumps({name: b - a for name, a, b in zip(names, marks, marks[1:], strict=False)}))


def first_result(model: Path, runs: int) -> dict[str, list[float]]:
    """Returns the seconds of each part and, as `to first result`, from the start of the process on."""
    seconds: dict[str, list[float]] = {}
    for _ in range(runs):
        started = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", CHILD, str(model)],
            cwd=ROOT,
            env={**os.environ, **QUIET},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            check=True,
        )
        whole = time.perf_counter() - started
        found = json.loads(done.stdout.splitlines()[-1])
        for name, value in {**found, "to first result": whole - found["second batch"]}.items():
            seconds.setdefault(name, []).append(value)
    return seconds


def compilations(model: Path, data: Path, every: int) -> dict[str, int]:
    """Returns how many batches of how many shapes an evaluation has, and how many functions it compiles."""
    from t5eval.support.tensorflow_import import import_keras_model

    import_keras_model()
    from benchmarks.evaluation import capped, task_names
    from keras_model.checkpoints import load_model
    from keras_model.decoding.generator import Generator
    from keras_model.tokenizers.sentencepiece import T5Tokenizer
    from t5eval.data import open_split
    from t5eval.evaluation.splits import DEFAULT_BATCH_TOKENS, plan_batches
    from t5eval.predictors.of_keras import KerasGenerator
    from t5eval.scoring.score import evaluation_pair

    tokenizer = T5Tokenizer(data / "t5_vocab" / "spiece.model")
    generator = Generator(load_model(model), emit_limit=tokenizer.vocab_size)
    answering = KerasGenerator(generator, tokenizer)
    shapes: list[tuple[int, int]] = []
    for task in task_names(data):
        spec = capped(task)
        examples = list(open_split(spec, "validation", data))[::every]
        texts = [evaluation_pair(spec, example).inputs for example in examples]
        prepared = answering.prepare(texts, spec.lengths.inputs)
        for batch in plan_batches([p.length for p in prepared], DEFAULT_BATCH_TOKENS):
            answering.generate([prepared[i] for i in batch], spec.lengths.targets, spec.decode)
            shapes.append((len(batch), prepared[batch[0]].length))
        print(f"  {task}: {len(texts):,} examples", flush=True)
    ids = input_ids(*shapes[-1])
    generator.beam(ids, NEW_TOKENS)
    generator.rank(ids, tokenizer.encode(["entailment", "neutral", "contradiction"]))
    return {"batches": len(shapes), "shapes": len(set(shapes)), "compilations": generator.compilations}


def main() -> None:
    """Prints both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("--every", type=int, default=20, metavar="N")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", type=Path, metavar="FILE")
    given = parser.parse_args()
    print_environment()
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder), [])
        model = Path(folder) / "model"
        results["seconds"] = first_result(model, given.runs)
        rows = [
            [name, f"{statistics.median(values):.2f}", f"{min(values):.2f} to {max(values):.2f}"]
            for name, values in results["seconds"].items()
        ]
        print(f"\n{BATCH} x {LENGTH} ids, {NEW_TOKENS} new tokens, {given.runs} processes")
        print_table(["", "seconds", "from to"], rows)
        if given.data:
            print("\ncompilations of an evaluation")
            found = results["evaluation"] = compilations(model, given.data, given.every)
            print(f"{found['batches']} batches of {found['shapes']} shapes: {found['compilations']} compilations")
        else:
            print("\ncompilations of an evaluation: left out, they need DATA")
    write_json(given.json, results)


if __name__ == "__main__":
    main()
