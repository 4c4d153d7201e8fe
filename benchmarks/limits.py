"""How near our encoder and decoder come to what the machine can do: `python -m benchmarks.limits`.

Everything is measured in one process, in turns, and shares are the medians of the ratios turn by turn.

- The machine: square float32 matrix products by TensorFlow, the best of several sizes, in GFLOP/s.
- The encoder: `keras_model.decoding.encoding.encode` in a compiled function. Projections, attention products and
  feed-forward layers count as its arithmetic, two operations for a multiplication with its addition; nothing else does.
- A decoding step: (greedy for 32 tokens - greedy for 1 token) / 31, beside its matrix products alone, in just its
  shapes (`benchmarks/step_products.py`), with the cross-attention that short texts have and with the other one.
- Where a step's time goes by TensorFlow operation (`benchmarks/step_operations.py`).

    --batch N ...    rows that are decoded together; the encoder takes the first
    --lengths N ...  lengths of the inputs
    --json FILE      the figures as JSON
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.tables import print_environment, print_table, write_json

SIZES = (1024, 2048, 4096)
VOCABULARY = 32_100
STEPS = 32
SHOWN = 12
"""Operations in the table."""


def in_turn(work: dict[str, Callable[[], object]], turns: int) -> dict[str, list[float]]:
    """Returns the seconds of each piece of work, turn by turn, after one that is not timed."""
    seconds: dict[str, list[float]] = {name: [] for name in work}
    for function in work.values():
        function()
    for _ in range(turns):
        for name, function in work.items():
            started = time.perf_counter()
            function()
            seconds[name].append(time.perf_counter() - started)
    return seconds


def square_product(size: int) -> Callable[[], object]:
    """Returns a function that multiplies two matrices of so many rows and columns."""
    import tensorflow as tf

    a, b = tf.random.normal([size, size]), tf.random.normal([size, size])
    compiled = tf.function(lambda: tf.matmul(a, b), autograph=False).get_concrete_function()
    return lambda: compiled().numpy()


def matrix_rate() -> float:
    """Returns the best rate of a square product, in floating-point operations a second; takes about a second."""
    fastest = {size: min(in_turn({"": square_product(size)}, 5)[""]) for size in SIZES[:2]}
    return max(2 * size**3 / seconds for size, seconds in fastest.items())


def encoder_operations(config: Any, batch: int, length: int) -> int:
    """Returns the floating-point operations of the encoder's products."""
    tokens = batch * length
    projections = 4 * config.d_model * config.inner_dim
    attention = 2 * length * config.inner_dim
    feed_forward = (3 if config.is_gated else 2) * config.d_model * config.d_ff
    return 2 * tokens * config.num_layers * (projections + attention + feed_forward)


def encoder_pass(model: Any, batch: int, length: int) -> Callable[[], object]:
    """Returns a function that encodes a batch without padding."""
    import tensorflow as tf

    from benchmarks.engines import input_ids
    from keras_model.decoding.encoding import encode

    ids = tf.constant(input_ids(batch, length))
    signature = [tf.TensorSpec([None, None], tf.int32)]
    compiled = tf.function(
        lambda ids: encode(model, ids, model.padding_mask(ids)), input_signature=signature, autograph=False
    )
    return lambda: compiled(ids).numpy()


def median_ratio(a: list[float], b: list[float]) -> float:
    """Returns the median of a / b, turn by turn."""
    return statistics.median(x / y for x, y in zip(a, b, strict=True))


def encoder(model: Any, given: argparse.Namespace) -> dict[str, Any]:
    """Measures and prints the machine's products and the encoder."""
    batch = given.batch[0]
    work = {f"product of {size}": square_product(size) for size in given.sizes}
    work |= {f"encoder at {length}": encoder_pass(model, batch, length) for length in given.lengths}
    counts = {f"product of {size}": 2 * size**3 for size in given.sizes}
    counts |= {f"encoder at {length}": encoder_operations(model.config, batch, length) for length in given.lengths}
    seconds = in_turn(work, given.turns)
    rates = {name: [counts[name] / value / 1e9 for value in seconds[name]] for name in work}
    products = [rates[name] for name in work if name.startswith("product")]
    peak = [max(values) for values in zip(*products, strict=True)]
    results = {
        name: {"gflops": statistics.median(rates[name]), "share": median_ratio(rates[name], peak)} for name in work
    }
    print(f"\nGFLOP/s; the encoder with batch {batch}; {given.turns} turns")
    rows = [
        [name, f"{statistics.median(seconds[name]):.3f}", f"{found['gflops']:.1f}", f"{100 * found['share']:.0f} %"]
        for name, found in results.items()
    ]
    print_table(["", "seconds", "GFLOP/s", "of the best product"], rows)
    return results


def step(generator: Any, batch: int, length: int, turns: int) -> dict[str, float]:
    """Returns the milliseconds of a step and of its products, and their shares."""
    from benchmarks.engines import input_ids
    from benchmarks.step_products import STEPS as PRODUCT_STEPS
    from benchmarks.step_products import StepProducts

    ids = input_ids(batch, length)
    config = generator.model.config
    cached = (STEPS + 1) // 2
    seconds = in_turn(
        {
            "long": lambda: generator.greedy(ids, STEPS),
            "short": lambda: generator.greedy(ids, 1),
            "plain": StepProducts(config, VOCABULARY, batch, length, cached, plain=True),
            "projected": StepProducts(config, VOCABULARY, batch, length, cached),
        },
        turns,
    )
    steps = [(a - b) / (STEPS - 1) for a, b in zip(seconds["long"], seconds["short"], strict=True)]
    results = {"step_ms": 1000 * statistics.median(steps)}
    for name in ("plain", "projected"):
        products = [value / PRODUCT_STEPS for value in seconds[name]]
        results[f"{name}_products_ms"] = 1000 * statistics.median(products)
        results[f"{name}_share"] = median_ratio(products, steps)
    return results


def decoding(generator: Any, given: argparse.Namespace) -> list[dict[str, float]]:
    """Measures and prints the steps."""
    results = []
    print(f"\na step in ms, {STEPS} new tokens; products with plain memory, as the step has it, and with projected")
    for length in given.lengths:
        for batch in given.batch:
            found = step(generator, batch, length, given.turns)
            results.append({"batch": batch, "length": length, **found})
    rows = [
        [
            f"length {found['length']}, batch {found['batch']}",
            f"{found['step_ms']:.2f}",
            f"{found['plain_products_ms']:.2f}",
            f"{100 * found['plain_share']:.0f} %",
            f"{found['projected_products_ms']:.2f}",
            f"{100 * found['projected_share']:.0f} %",
        ]
        for found in results
    ]
    print_table(["", "step", "plain", "share", "projected", "share"], rows)
    return results


def by_operation(generator: Any, given: argparse.Namespace) -> list[tuple[str, float, float]]:
    """Prints where the time of a step goes."""
    from benchmarks.engines import input_ids
    from benchmarks.step_operations import of_a_step

    batch, length = given.batch[0], given.lengths[0]
    ids = input_ids(batch, length)
    found = of_a_step(lambda steps: generator.greedy(ids, steps), STEPS)
    total = sum(milliseconds for _, milliseconds, _ in found)
    print(f"\na step by operation under the profiler, length {length}, batch {batch}")
    rows = [
        [kind, f"{milliseconds:.3f}", f"{100 * milliseconds / total:.1f} %", f"{calls:.1f}"]
        for kind, milliseconds, calls in found[:SHOWN]
    ]
    print_table(["operation", "ms", "share", "calls"], [*rows, ["all", f"{total:.3f}", "100.0 %", ""]])
    return found


def options() -> argparse.Namespace:
    """Returns the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", type=int, nargs="+", default=[32, 128])
    parser.add_argument("--lengths", type=int, nargs="+", default=[128, 512])
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES), help="of the square matrices")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--json", type=Path, metavar="FILE")
    return parser.parse_args()


def main() -> None:
    """Prints the tables."""
    given = options()
    print_environment()

    from t5eval.support.tensorflow_import import import_keras_model

    import_keras_model()
    from benchmarks.engines import random_model
    from keras_model.decoding.generator import Generator

    model = random_model()
    generator = Generator(model, emit_limit=VOCABULARY)
    results = {
        "encoder": encoder(model, given),
        "steps": decoding(generator, given),
        "operations": by_operation(generator, given),
    }
    write_json(given.json, results)


if __name__ == "__main__":
    main()
