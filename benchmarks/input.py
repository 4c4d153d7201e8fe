"""How fast batches come out of files, and how much of them is tokens: `python -m benchmarks.input DATA`.

DATA holds the benchmarks' files and `t5_vocab/spiece.model`. Of each task, the training file or, where there is none,
another split is formatted, tokenised and written as records. First table: the share of places that are tokens, padded
to multiples of 64 and 128, in at most 12 shapes, and packed. Second: tokens a second out of tf.data, padding not
counted, of whole batches and of the half that one of two workers makes, and the processor time that a batch takes.

    --batch N    rows of a batch
    --count N    batches that are timed
    --tasks ...  some of the tasks
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.frame import arguments, print_table

TASKS = {  # the split, and the lengths of packed rows
    "glue/sst2": ("train", (128, 24)),
    "glue/rte": ("train", (320, 32)),
    "glue/mnli_matched": ("validation", (288, 48)),
    "squad/v1.1": ("validation", (512, 64)),
    "cnn_dailymail": ("test", (512, 128)),
}
CNN_BATCH = 10  # of 100 stories


def read(name: str, data: Path, tokenizer: Any, folder: Path) -> Any:
    """Returns a task's examples, mapped from records."""
    import task_specs
    from keras_model.data.batches import Examples
    from keras_model.data.record_shards import write_shard
    from keras_model.data.records import RecordSet, open_records
    from t5eval.data import data_source, open_split

    spec = task_specs.get(name)
    split = open_split(spec, TASKS[name][0], data_source(str(data)))
    pairs = [pair for example in split for pair in spec.pairs(example, training=True)]
    made = Examples.from_sequences(
        tokenizer.encode([pair.inputs for pair in pairs], spec.lengths.inputs),
        tokenizer.encode([pair.targets for pair in pairs], spec.lengths.targets),
    )
    shard = write_shard(folder, f"{name.replace('/', '-')}.safetensors", made)
    return open_records(folder, RecordSet(name, (shard,), {}))


def shares(plan: Any) -> tuple[str, set[tuple[int, int]]]:
    """Returns how much of an epoch's source and target is tokens, and the shapes of its batches."""
    from keras_model.data.layouts import Filling

    layouts = [plan.layout(step) for step in range(plan.batches_per_window)]
    filling = sum((x.filling(plan.source_lengths, plan.target_lengths) for x in layouts), Filling())
    return f"{filling.source_share:.1%} {filling.target_share:.1%}", {(x.source, x.target) for x in layouts}


def rounded(plan: Any, multiple: int) -> str:
    """Returns the same where each batch is padded to its longest, rounded up."""
    from keras_model.data.layouts import Filling

    total = Filling()
    for step in range(plan.batches_per_window):
        x = plan.layout(step)
        source, target = (-(-width // multiple) * multiple for width in (x.source, x.target))
        tokens = x.filling(plan.source_lengths, plan.target_lengths)
        total += Filling(tokens.source_tokens, x.height * source, tokens.target_tokens, x.height * target)
    return f"{total.source_share:.1%} {total.target_share:.1%}"


def rate(examples: Any, plan: Any, count: int, replicas: tuple[int, int, int] | None = None) -> list[str]:
    """Returns tokens a second, batches a second and milliseconds of processor time a batch."""
    from keras_model.data.batches import batch_dataset

    tokens = sum(plan.filling(step).tokens for step in range(1, count + 1))
    batches = iter(batch_dataset(examples, plan, replicas=replicas))
    next(batches)
    started, used = time.perf_counter(), time.process_time()
    for _ in range(count):
        next(batches)
    seconds, used = time.perf_counter() - started, time.process_time() - used
    return [f"{tokens / seconds / 1e6:.1f} M", f"{count / seconds:,.0f}", f"{1000 * used / count:.2f}"]


def main() -> None:
    """Prints the tables."""
    given = arguments(__doc__, "+", batch=128, count=512, tasks=list(TASKS))
    from keras_model.data.batch_plan import BatchPlan
    from keras_model.data.packed_plan import PackedPlan
    from keras_model.data.shapes import SHAPES, Shapes
    from keras_model.tokenizers.sentencepiece import T5Tokenizer

    tokenizer = T5Tokenizer(given.data / "t5_vocab" / "spiece.model")
    filled, speeds = [], []
    with tempfile.TemporaryDirectory() as folder:
        for name in given.tasks:
            examples = read(name, given.data, tokenizer, Path(folder))
            lengths = examples.sources.lengths, examples.targets.lengths
            batch = CNN_BATCH if len(examples) < given.batch else given.batch
            close = BatchPlan(*lengths, batch, bucket_width=4)
            few = BatchPlan(*lengths, batch, shapes=Shapes.choose(*lengths, SHAPES))
            packed = PackedPlan(*lengths, batch, TASKS[name][1])
            share, shapes = shares(few)
            split = f"{name} {TASKS[name][0]}, {len(examples):,}"
            filled.append([split, rounded(close, 64), rounded(close, 128), share, str(len(shapes)), shares(packed)[0]])
            for kind, plan in (("12 shapes", few), ("packed", packed)):
                half = rate(examples, plan, given.count, (0, 1, 2))
                speeds.append([f"{name}, {kind}", *rate(examples, plan, given.count), half[1], half[2]])
    heads = ["split, examples", "multiples of 64", "of 128", "12 shapes", "shapes", "packed"]
    print_table(f"source and target places that are tokens, batches of {given.batch} rows", heads, filled)
    heads = ["batches", "tokens/s", "batches/s", "ms each", "halves/s", "ms each"]
    print_table("batches that come out of tf.data", heads, speeds)


if __name__ == "__main__":
    main()
