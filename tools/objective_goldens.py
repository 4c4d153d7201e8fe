"""What t5's own preprocessors make of token ids, as tests/keras_model/references/objectives.json: `make seqio`.

t5 and seqio draw from TensorFlow's random numbers. Here they get NumPy's instead, in the order in which they ask, so
that the same draws must give the same examples, byte for byte.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

FILE = Path(__file__).resolve().parents[1] / "tests" / "keras_model" / "references" / "objectives.json"
SIZES = {"t5": 32_100, "bytes": 259, "mt5": 250_100}
"""Ids of vocabularies; byT5's own sentinels are among the bytes."""

CASES: tuple[tuple[str, float | None, float | None], ...] = (
    ("spans", 0.15, 3),
    ("spans", 0.1, 2),
    ("spans", 0.25, 5),
    ("spans", 0.5, 3),
    ("spans", 0.5, 10),
    ("spans", 0.15, 20),
    ("iid", 0.15, None),
    ("iid", 0.5, None),
    ("bert", 0.15, None),
    ("mass", 0.15, None),
    ("drop", 0.15, None),
    ("deshuffle", None, None),
    ("prefix_lm", None, None),
)
"""Objectives with their noise densities and mean spans."""

INPUTS = 96


def goldens() -> dict[str, Any]:
    """Returns examples and lengths by t5."""
    from t5.data import preprocessors

    lengths = [
        [inputs, rate, mean, *preprocessors.random_spans_helper(inputs, rate, mean, 1, 1)]
        for inputs in (64, 256, 512, 1024)
        for rate in (0.1, 0.15, 0.25, 0.5)
        for mean in (2.0, 3.0, 5.0, 10.0, 20.0)
        # For less noise than half a span it counts no span at all; its mask then has one.
        if inputs * rate > mean / 2
    ]
    return {"lengths": lengths, "examples": list(_examples())}


def _examples() -> Iterator[dict[str, Any]]:
    for seed, (name, rate, mean) in enumerate(CASES):
        for vocabulary, size in SIZES.items():
            for length in (2, 3, 17, INPUTS - 1):
                ids = np.random.default_rng([seed, length, size]).integers(3, size, length, dtype=np.int32)
                source, target = _example(name, rate, mean, ids, size, seed)
                yield {
                    "objective": name, "noise_density": rate, "mean_span": mean, "vocabulary": vocabulary, "seed": seed,
                    "ids": ids.tolist(), "source": source, "target": target,
                }  # fmt: skip


def _example(
    name: str, rate: float | None, mean: float | None, ids: np.ndarray, size: int, seed: int
) -> tuple[list[int], list[int]]:
    """Returns source and target, each with its end of sequence."""
    import seqio
    import tensorflow as tf
    from t5.data import preprocessors as t5

    mask, inputs, targets = _functions(t5, name, mean)
    features = {key: seqio.Feature(seqio.PassThroughVocabulary(size, eos_id=1)) for key in ("inputs", "targets")}
    generator = np.random.default_rng(seed)

    def uniform(shape: Any, seed: Any, minval: Any = 0, maxval: Any = None, dtype: Any = tf.float32) -> Any:
        drawn = generator.random([int(n) for n in shape])
        if maxval is None:
            return drawn
        return tf.constant(int(minval) + (drawn * (int(maxval) - int(minval))).astype(np.int64), dtype)

    def ranked(value: Any, seed: Any) -> Any:  # of the mask: an item goes where its key stands among the others
        return tf.gather(value, np.argsort(np.argsort(generator.random(len(value), np.float32))))

    def sorted_by_key(value: Any, seed: Any) -> Any:
        return tf.gather(value, np.argsort(generator.random(len(value))))

    def drawn_mask(length: Any, density: float, seeds: Any) -> Any:
        with mock.patch("seqio.stateless_shuffle", ranked):
            return mask(length, density, seeds)

    uniform_patch = mock.patch.object(t5.tf.random, "stateless_uniform", uniform)
    with uniform_patch, mock.patch("seqio.stateless_shuffle", sorted_by_key):
        example = t5.single_example_denoise(
            {"targets": tf.constant(ids)}, tf.constant([0, 0]), output_features=features, noise_density=rate,
            noise_mask_fn=drawn_mask, inputs_fn=inputs, targets_fn=targets,
        )  # fmt: skip
    found = next(seqio.preprocessors.append_eos(tf.data.Dataset.from_tensors(example), features).as_numpy_iterator())
    return found["inputs"].tolist(), found["targets"].tolist()


def _functions(t5: Any, name: str, mean: float | None) -> tuple[Callable[..., Any], Callable[..., Any], Any]:
    """Returns t5's noise mask, inputs and targets of an objective, as its configuration files name them."""
    import tensorflow as tf

    iid, sentinels = t5.iid_noise_mask, t5.noise_span_to_unique_sentinel
    spans = functools.partial(t5.random_spans_noise_mask, mean_noise_span_length=mean)
    functions: dict[str, tuple[Callable[..., Any], Callable[..., Any], Any]] = {
        "spans": (spans, sentinels, t5.nonnoise_span_to_unique_sentinel),
        "iid": (iid, sentinels, t5.nonnoise_span_to_unique_sentinel),
        "bert": (iid, t5.noise_token_to_random_token_or_sentinel, None),
        "mass": (iid, t5.noise_token_to_sentinel, None),
        "drop": (iid, t5.drop_noise_tokens, t5.drop_nonnoise_tokens),
        # A density of 1 makes everything noise; without draws here.
        "deshuffle": (lambda length, density, seeds: tf.ones([length], tf.bool), t5.permute_noise_tokens, None),
        "prefix_lm": (
            lambda length, density, seeds: t5.random_prefix_noise_mask(length, 0.5, seeds),
            t5.drop_nonnoise_tokens,
            t5.drop_noise_tokens,
        ),
    }
    return functions[name]


def dump() -> str:
    """Returns the file's content: an example a line."""
    found = goldens()
    lines = ",\n".join(json.dumps(example) for example in found["examples"])
    return f'{{"lengths": {json.dumps(found["lengths"])},\n"examples": [\n{lines}\n]}}\n'


if __name__ == "__main__":
    FILE.write_text(dump())
