"""The memory of a training step: `python -m benchmarks.memory [--measure]`.

The table of the documentation, as `keras_model.step_memory` computes it. With --measure, steps of t5-small and t5-base
are taken, each in a process of its own, and the peak that TensorFlow's allocator held is compared with it.
"""

import argparse
import json
import subprocess
import sys
from itertools import product
from pathlib import Path

from keras_model import T5Config, step_memory

SIZES = ("t5-small", "t5-base", "t5-large", "t5-3b", "t5-11b")
ROWS, SOURCE, TARGET = 8, 512, 114
DTYPES = ("float32", "mixed_bfloat16", "bfloat16")
MEASURED = (
    ("t5-small", 1, 8, 8, "float32", False),
    ("t5-small", 4, 256, 64, "float32", False),
    ("t5-small", 4, 256, 64, "float32", True),
    ("t5-small", 4, 256, 64, "mixed_bfloat16", False),
    ("t5-small", 4, 256, 64, "bfloat16", True),
    ("t5-base", 1, 8, 8, "float32", False),
    ("t5-base", 2, 256, 64, "float32", False),
    ("t5-base", 2, 256, 64, "float32", True),
)


def step_arguments(config: T5Config, rows: int, source: int, target: int, dtype: str, remat: bool) -> list[str]:
    """Arguments of a Python that prints the bytes that TensorFlow's allocator holds at most in its second step."""
    given = json.dumps([config.to_dict(), rows, source, target, dtype, remat])
    return ["-m", "benchmarks.memory", "--step", given]


def take_steps(config: T5Config, rows: int, source: int, target: int, dtype: str, remat: bool) -> int:
    import numpy as np
    import tensorflow as tf

    from keras_model import T5
    from keras_model.model import weights_follow

    with weights_follow():
        model = T5(config, dtype=dtype)
    model.compile(remat=remat)
    inputs = {"encoder_ids": np.ones((rows, source), np.int32), "decoder_ids": np.ones((rows, target), np.int32)}
    for _ in range(2):
        tf.config.experimental.reset_memory_stats("CPU:0")
        model.train_on_batch(inputs, inputs["decoder_ids"])
    return tf.config.experimental.get_memory_info("CPU:0")["peak"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--measure", action="store_true")
    parser.add_argument("--step", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.step:
        config, *step = json.loads(given.step)
        print(take_steps(T5Config.from_dict(config), *step))
        return
    columns = list(product(DTYPES, (False, True)))
    print(f"| {ROWS} x ({SOURCE} + {TARGET}) | {' | '.join(dtype + ' remat' * remat for dtype, remat in columns)} |")
    print("|---|" + "--:|" * len(columns))
    for size in SIZES:
        config = T5Config.preset(size)
        peaks = [step_memory(config, ROWS, SOURCE, TARGET, dtype=d, remat=r).peak / 1e9 for d, r in columns]
        print(f"| {size} | {' | '.join(f'{peak:.1f}' for peak in peaks)} |")
    for preset, rows, source, target, dtype, remat in MEASURED if given.measure else ():
        config = T5Config.preset(preset)
        command = [sys.executable, *step_arguments(config, rows, source, target, dtype, remat)]
        done = subprocess.run(command, capture_output=True, check=True, cwd=Path(__file__).parents[1])
        measured = int(done.stdout)
        computed = step_memory(config, rows, source, target, dtype=dtype, remat=remat).peak
        what = f"{preset}, {rows} x ({source} + {target}), {dtype}{', remat' * remat}"
        found = f"measured {measured / 1e6:,.0f} MB, computed {computed / 1e6:,.0f} MB"
        print(f"{what}: {found}, {computed / measured - 1:+.0%}")


if __name__ == "__main__":
    main()
