"""Choosing among a task's labels against generating one: `python -m benchmarks.ranking DATA [--every N]`.

DATA is a data directory with MNLI and `t5_vocab/spiece.model`. MNLI's matched validation examples are answered by
t5-small with random weights through `generate_all`, from formatted texts to predicted texts, in one
process: by greedy decoding in as many tokens as the longest label has, and by the labels' log-probabilities, of which
the greatest is taken. The two take turns, in an order that is reversed every other turn.

    --every N    every Nth example
    --turns N    passes of each
    --json FILE  the figures as JSON
"""

from __future__ import annotations

import argparse
import dataclasses
import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.engines import prepare
from benchmarks.tables import print_environment, print_table, write_json
from t5eval.evaluation.splits import generate_all
from t5eval.predictors.of_keras import KerasGenerator
from t5eval.predictors.predictor import Answering, Rank
from task_specs import Decode

TASK = "glue/mnli_matched"


def load(data: Path) -> KerasGenerator:
    """Returns the model with its tokenizer."""
    from t5eval.support.tensorflow_import import import_keras_model

    import_keras_model()
    from keras_model.checkpoints import load_model
    from keras_model.decoding.generator import Generator
    from keras_model.tokenizers.sentencepiece import T5Tokenizer

    tokenizer = T5Tokenizer(data / "t5_vocab" / "spiece.model")
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder), [])
        generator = Generator(load_model(Path(folder) / "model"), emit_limit=tokenizer.vocab_size)
    return KerasGenerator(generator, tokenizer)


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--every", type=int, default=1, metavar="N")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--json", type=Path, metavar="FILE")
    given = parser.parse_args()

    import task_specs
    from t5eval.data import open_split
    from t5eval.scoring.score import evaluation_pair

    print_environment()
    generator = load(given.data)
    spec = task_specs.get(TASK)
    longest = max(map(len, generator.tokenizer.encode(spec.answer.choices)))
    spec = dataclasses.replace(spec, lengths=dataclasses.replace(spec.lengths, targets=longest))
    pairs = [evaluation_pair(spec, example) for example in list(open_split(spec, "validation", given.data))]
    pairs = pairs[:: given.every]
    ways: dict[str, Answering] = {"greedy": Decode(), "rank": Rank(spec.answer.choices)}
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for way in ways.values():  # compiles, and is not timed
        list(generate_all(generator, spec, pairs[:2], way))
    for turn in range(given.turns):
        for name in list(ways)[:: -1 if turn % 2 else 1]:
            started = time.perf_counter()
            answered = sum(map(len, generate_all(generator, spec, pairs, ways[name])))
            seconds[name].append(time.perf_counter() - started)
            print(f"  turn {turn + 1}: {name}, {answered:,} examples, {seconds[name][-1]:.1f} s", flush=True)
    ratio = statistics.median(a / b for a, b in zip(seconds["greedy"], seconds["rank"], strict=True))
    print(f"\n{TASK}, {len(pairs):,} examples, {len(spec.answer.choices)} labels, {spec.lengths.targets} new tokens")
    rows = [
        [name, f"{statistics.median(values):.2f}", f"{min(values):.2f} to {max(values):.2f}"]
        for name, values in seconds.items()
    ]
    print_table(["", "seconds", "from to"], rows)
    print(f"greedy / rank {ratio:.2f}")
    results = {"examples": len(pairs), "new_tokens": spec.lengths.targets, "seconds": seconds, "ratio": ratio}
    write_json(given.json, results)


if __name__ == "__main__":
    main()
