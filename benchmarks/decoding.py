"""Greedy decoding against transformers: `python -m benchmarks.decoding`.

A t5-small with random weights from a fixed seed, batch 32, 32 new tokens, float32, all cores. The two run in turn in
one process; each line gives the medians over the turns, the ratio turn by turn, and whether both wrote the same ids.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

BATCH, STEPS, TURNS = 32, 32, 5


def seconds(run: Callable[[], Any]) -> float:
    """Returns one run's wall time."""
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def main() -> None:
    """Prints the table."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras
    import numpy as np
    import torch
    import transformers

    from keras_model.checkpoints import save_model
    from keras_model.config import T5Config
    from keras_model.decoding import Generator
    from keras_model.model import T5

    keras.utils.set_random_seed(0)
    model = T5(T5Config.preset("t5-small"))
    with tempfile.TemporaryDirectory() as folder:
        save_model(model, Path(folder))
        peer = transformers.T5ForConditionalGeneration.from_pretrained(folder).eval()
    generator = Generator(model)
    print(f"tensorflow {version('tensorflow')}, torch {torch.__version__}, transformers {transformers.__version__}")
    print(f"{os.cpu_count()} cores, batch {BATCH}, {STEPS} new tokens, median of {TURNS} turns")
    for length in (128, 512):
        ids = np.random.default_rng(0).integers(2, 32100, (BATCH, length), dtype=np.int32)
        inputs = torch.from_numpy(ids.astype(np.int64))

        def ours(ids: Any = ids) -> Any:
            return generator.greedy(ids, STEPS)

        def theirs(inputs: Any = inputs) -> Any:
            mask = torch.ones_like(inputs)
            return peer.generate(
                inputs, attention_mask=mask, do_sample=False, num_beams=1, min_new_tokens=STEPS, max_new_tokens=STEPS
            )

        equal = bool((ours() == theirs()[:, 1:].numpy()).all())
        turns = [(seconds(ours), seconds(theirs)) for _ in range(TURNS)]
        mine, other = (statistics.median(times) for times in zip(*turns, strict=True))
        ratio = statistics.median(b / a for a, b in turns)
        print(f"length {length}: t5eval {mine:.2f} s, transformers {other:.2f} s, ratio {ratio:.2f}, same ids: {equal}")


if __name__ == "__main__":
    main()
