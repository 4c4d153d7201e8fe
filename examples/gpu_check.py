"""Run once on a machine with a GPU or a TPU: what a T5 does there, and whether it is what a CPU computes.

    python examples/gpu_check.py                                # t5-small with random weights
    python examples/gpu_check.py --model t5-base --dtype mixed_bfloat16 --batch-size 64 --out table.md
    python examples/gpu_check.py --model FOLDER --strategy tpu  # a checkpoint's folder

It prints a table in Markdown: steps, greedy answers and beam search a second, the peak of memory beside the one that
`keras_model.step_memory` computes, and, in float32 without dropout, how far logits, one training step and greedy
answers are from those of a process that sees the CPU alone. Each of these has a bound; status 1 if one is passed. It
runs on a machine with a CPU alone, too.
"""

import argparse
import contextlib
import dataclasses
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

BOUNDS = {"CPU": 1e-4, "GPU": 1e-3, "TPU": 5e-2}
"""By device: the largest difference of logits, as a share of their standard deviation; ten times as much may loss,
gradient and update differ. A TPU multiplies float32 rounded to bfloat16; on a GPU, TensorFloat-32 is off meanwhile."""
EQUAL_ANSWERS = {"CPU": 1.0, "GPU": 0.95, "TPU": 0.8}
"""By device: the least share of greedy answers that are the same; of two tokens all but equal, either may win."""
ROWS, NEW_TOKENS = 8, 16


def ids(rows: int, length: int, vocab_size: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(3, vocab_size, (rows, length)).astype(np.int32)


def batches(config: Any, rows: int, source: int, target: int) -> Any:
    """The same batch again and again."""
    import tensorflow as tf

    labels = ids(rows, target, config.vocab_size, 1)
    shifted = np.pad(labels, ((0, 0), (1, 0)))[:, :-1]
    inputs = {"encoder_ids": ids(rows, source, config.vocab_size, 0), "decoder_ids": shifted}
    return tf.data.Dataset.from_tensors((inputs, labels)).repeat()


def opened(folder: Path, dtype: str, strategy: Any, dropout: float | None = None) -> Any:
    from keras_model import T5, load_model

    with contextlib.nullcontext() if strategy is None else strategy.scope():
        model = load_model(folder, dtype=dtype)
        if dropout is None:
            return model
        still = T5(dataclasses.replace(model.config, dropout_rate=dropout), dtype=dtype)
        still.set_weights(model.get_weights())
        return still


def computed(folder: Path, source: int, target: int, strategy: Any = None) -> dict[str, np.ndarray]:
    """Logits, what one training step does, and greedy answers; float32, without dropout."""
    import tensorflow as tf

    tf.config.experimental.enable_tensor_float_32_execution(False)
    model = opened(folder, "float32", strategy, dropout=0.0)
    size = model.config.vocab_size
    answers = model.generate(ids(ROWS, source, size, 0), max_new_tokens=min(NEW_TOKENS, target))
    dataset = batches(model.config, ROWS, source, target)
    (inputs, _) = next(iter(dataset))
    logits = np.asarray(model(inputs))
    with model.distribute_strategy.scope():
        model.compile()
    before = [np.asarray(weight) for weight in model.trainable_variables]
    logs = model.fit(dataset, steps_per_epoch=1, verbose=0, shuffle=False).history
    update = np.concatenate(
        [(np.asarray(new) - old).ravel() for new, old in zip(model.trainable_variables, before, strict=True)]
    )
    numbers = {name: np.array(logs[name][0]) for name in ("loss", "gradient_norm")}
    return {"logits": logits, "answers": np.asarray(answers), "update": update, **numbers}


def compared(
    found: dict[str, np.ndarray], expected: dict[str, np.ndarray], kind: str
) -> list[tuple[str, float, str, bool]]:
    """What is compared: its name, the difference, its bound in words, and whether it is kept."""
    bound = BOUNDS[kind]
    differences = {
        "logits, largest difference / standard deviation": (
            np.abs(found["logits"] - expected["logits"]).max() / expected["logits"].std(),
            bound,
        ),
        "loss of a step, relative": (abs(found["loss"] / expected["loss"] - 1), 10 * bound),
        "norm of its gradient, relative": (abs(found["gradient_norm"] / expected["gradient_norm"] - 1), 10 * bound),
        "its update, relative": (
            np.linalg.norm(found["update"] - expected["update"]) / np.linalg.norm(expected["update"]),
            100 * bound,  # Adafactor takes each gradient by its own size, so that small ones count as much
        ),
    }
    rows = [
        (name, float(value), f"at most {most:g}", bool(value <= most)) for name, (value, most) in differences.items()
    ]
    same = float((found["answers"] == expected["answers"]).all(axis=1).mean())
    return [
        *rows,
        ("greedy answers that are equal", same, f"at least {EQUAL_ANSWERS[kind]:g}", same >= EQUAL_ANSWERS[kind]),
    ]


def seconds(call: Callable[[], Any], times: int) -> float:
    """The median of several calls, after one that compiles."""
    call()
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        call()
        taken.append(time.perf_counter() - started)
    return float(np.median(taken))


def measured(folder: Path, given: argparse.Namespace, kind: str, strategy: Any) -> list[tuple[str, str]]:
    """Speed and memory."""
    import tensorflow as tf

    from keras_model import step_memory

    rows, source, target = given.batch_size, given.source, given.target
    model = opened(folder, given.dtype, strategy)
    inputs = ids(rows, source, model.config.vocab_size, 0)
    new = min(NEW_TOKENS, target)
    greedy = seconds(lambda: model.generate(inputs, max_new_tokens=new), given.times)
    beam = seconds(lambda: model.generate(inputs, max_new_tokens=new, method="beam", beam_size=4), given.times)
    with model.distribute_strategy.scope():
        model.compile(remat=given.remat)
    dataset = batches(model.config, rows, source, target)
    step = seconds(lambda: model.fit(dataset, steps_per_epoch=given.steps, verbose=0), given.times) / given.steps
    share = -(-rows // model.distribute_strategy.num_replicas_in_sync)
    says = step_memory(model.config, share, source, target, dtype=given.dtype, remat=given.remat)
    try:
        peak = f"{tf.config.experimental.get_memory_info(f'{kind}:0')['peak'] / 1e9:.2f} GB"
    except ValueError:  # a TPU's is not told
        peak = "not told"
    return [
        (
            f"training, {rows} x ({source} + {target}) tokens",
            f"{step:.3f} s a step, {rows * (source + target) / step:,.0f} tokens/s",
        ),
        (f"greedy, {new} new tokens", f"{rows / greedy:,.1f} examples/s"),
        (f"beam 4, {new} new tokens", f"{rows / beam:,.1f} examples/s"),
        ("peak of memory", f"{peak} (computed for a step: {says.peak / 1e9:.2f} GB)"),
    ]


def reference(given: argparse.Namespace) -> None:
    """In a process that sees the CPU alone: writes the model, if it has no folder yet, and what it computes."""
    import keras

    from keras_model import T5, T5Config, save_model

    folder, out = Path(given.model), Path(given.reference)
    if not folder.is_dir():
        keras.utils.set_random_seed(0)
        folder = out / "model"
        save_model(T5(T5Config.preset(given.model)), folder)
    np.savez(out / "reference.npz", **computed(folder, given.source, given.target))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="t5-small", help="a preset, with random weights, or a model folder")
    parser.add_argument("--dtype", default="float32", choices=["float32", "mixed_bfloat16", "bfloat16"])
    parser.add_argument("--strategy", default="none", help="as of t5eval train")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--source", type=int, default=512, help="tokens")
    parser.add_argument("--target", type=int, default=64, help="tokens")
    parser.add_argument("--remat", action="store_true")
    parser.add_argument("--steps", type=int, default=10, help="of each time that is taken")
    parser.add_argument("--times", type=int, default=3, help="the median of so many is told")
    parser.add_argument("--out", help="a file for the table")
    parser.add_argument("--reference", help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> int:
    given = arguments()
    if given.reference:
        reference(given)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        # First, and before TensorFlow is imported here: a TPU has one process at a time.
        alone = {**os.environ, "CUDA_VISIBLE_DEVICES": "-1", "TPU_SKIP_MDS_QUERY": "1"}
        command = [sys.executable, __file__, *sys.argv[1:], "--reference", folder]
        subprocess.run(command, env=alone, check=True)
        from keras_model import open_strategy

        strategy = open_strategy(given.strategy)
        import tensorflow as tf

        kind = next(kind for kind in ("TPU", "GPU", "CPU") if tf.config.list_logical_devices(kind))
        model = Path(given.model) if Path(given.model).is_dir() else Path(folder) / "model"
        with np.load(Path(folder) / "reference.npz") as expected:
            checks = compared(computed(model, given.source, given.target, strategy), dict(expected), kind)
        speeds = measured(model, given, kind, strategy)
    devices = tf.config.list_physical_devices(kind)
    details = tf.config.experimental.get_device_details(devices[0]) if kind == "GPU" else {}
    named = (
        f"{len(devices)} x {details.get('device_name', kind)}, TensorFlow {tf.__version__}, strategy {given.strategy}"
    )
    lines = [f"| {Path(given.model).name}, {given.dtype} | {named} |", "|---|---|"]
    lines += [f"| {name} | {value} |" for name, value in speeds]
    lines += [
        f"| {name} | {value:.2g} ({words}{'' if kept else '; NOT KEPT'}) |" for name, value, words, kept in checks
    ]
    table = "\n".join(lines)
    print(table)
    if given.out:
        Path(given.out).write_text(table + "\n", encoding="utf-8")
    return 0 if all(kept for *_, kept in checks) else 1


if __name__ == "__main__":
    sys.exit(main())
