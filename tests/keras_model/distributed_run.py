"""A training run as one process of a strategy, for the tests: `python -m tests.keras_model.distributed_run ARGUMENTS`.

ARGUMENTS is a JSON object: `strategy`; `folder`, the run's; `report`, a file that gets losses, evaluation and weights;
`kill_at`, the step after which the process kills itself; and settings that differ from `SETTINGS`.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from keras_model.config import T5Config
from keras_model.data.batches import Examples, make_batch
from keras_model.distribution.strategies import StrategyError, open_strategy, scope
from keras_model.training_run.fit_settings import TrainSettings

CONFIG = T5Config(
    vocab_size=24,
    d_model=16,
    d_kv=8,
    d_ff=32,
    num_heads=2,
    num_layers=1,
    dropout_rate=0.0,
    feed_forward_proj="gated-gelu",
    tie_word_embeddings=False,
)
# Seven examples a step are no multiple of two replicas, and 45 examples no multiple of seven.
SETTINGS: dict[str, Any] = {
    "steps": 12,
    "batch_size": 7,
    "learning_rate": 0.05,
    "checkpoint_every": 4,
    "log_every": 1,
}


def make_examples() -> Examples:
    """Examples of very different lengths, so that the replicas' shares of a batch have different numbers of tokens."""
    rng = np.random.default_rng(0)
    sources = [[*rng.integers(3, 24, size=n).tolist(), 1] for n in rng.integers(1, 9, size=45)]
    return Examples.from_sequences(sources, [source[-1 - len(source) % 4 :] for source in sources])


def evaluation_data(examples: Examples, rows: int) -> Any:
    """The examples as batches, the last of which is smaller."""
    import tensorflow as tf

    starts = range(0, len(examples), rows)

    def batches() -> Iterator[Any]:
        for start in starts:
            batch = make_batch(examples, np.arange(start, min(start + rows, len(examples))), rows)
            kept = min(rows, len(examples) - start)
            yield (
                {"encoder_ids": batch.encoder_ids[:kept], "decoder_ids": batch.decoder_ids[:kept]},
                batch.labels[:kept],
            )

    ids = tf.TensorSpec([None, None], tf.int32)
    dataset = tf.data.Dataset.from_generator(batches, output_signature=({"encoder_ids": ids, "decoder_ids": ids}, ids))
    return dataset.apply(tf.data.experimental.assert_cardinality(len(starts)))


def make_model(strategy: Any) -> Any:
    """A small random model under a strategy."""
    import keras

    from keras_model.t5 import T5

    with scope(strategy):
        keras.utils.set_random_seed(1)
        return T5(CONFIG)


def evaluate(model: Any) -> dict[str, float]:
    """Loss, accuracy and numbers of examples and labels that `model.evaluate` finds, over batches of seven."""
    import keras
    from keras import ops

    from keras_model.training.losses import TokenAccuracy, TokenCrossEntropy

    class Labels(keras.metrics.Sum):
        def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
            super().update_state(ops.cast(y_true != 0, "float32"))

    class Rows(keras.metrics.Sum):
        def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
            super().update_state(ops.cast(y_true[:, :1] != 0, "float32"))

    with model.distribute_strategy.scope():
        metrics = [TokenAccuracy(), Labels(name="labels"), Rows(name="examples")]
        model.compile(loss=TokenCrossEntropy(), metrics=metrics, steps_per_execution=2)
    return model.evaluate(evaluation_data(make_examples(), 7), verbose=0, return_dict=True)


def run(strategy: Any, folder: Path, kill_at: int | None = None, **settings: Any) -> tuple[Any, list[float]]:
    """Trains a small model; returns it with the loss of each step."""
    import keras

    from keras_model.training_run.fit import fit

    model, losses = make_model(strategy), []

    class Steps(keras.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            losses.append(float(logs["loss"]))
            if logs["step"] == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)

    fit(model, make_examples(), TrainSettings(**{**SETTINGS, **settings}), folder, callbacks=[Steps()])
    return model, losses


def main() -> None:
    """Does what the arguments say."""
    arguments = json.loads(sys.argv[1])
    try:
        strategy = open_strategy(arguments.pop("strategy"))
    except StrategyError as error:
        sys.exit(f"StrategyError: {error}")
    from keras_model.training_run.state import TrainingError

    folder, report = Path(arguments.pop("folder")), arguments.pop("report", None)
    try:
        model, losses = run(strategy, folder, **arguments)
    except TrainingError as error:
        sys.exit(f"TrainingError: {error}")
    if report:
        weights = {f"weight{i:03}": np.asarray(weight) for i, weight in enumerate(model.get_weights())}
        np.savez(report, losses=losses, evaluation=json.dumps(evaluate(model)), **weights)


if __name__ == "__main__":
    main()
