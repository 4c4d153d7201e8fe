"""The loss of a trained model on the part of its text that was held out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from t5eval.preparation.record_folder import opened, set_name
from t5eval.preparation.text_records import HELD_OUT
from t5eval.support.tensorflow_import import import_keras_model
from task_specs import TEXT
from task_specs.support.errors import UserError

if TYPE_CHECKING:
    from keras_model.data.batches import Examples
    from keras_model.t5 import T5

ROWS = 32
"""Examples of a batch; the loss does not depend on it."""


def held_out_loss(model: Path, records: Path) -> float:
    """Returns the mean cross-entropy of a target's token, in nats, over the held-out text.

    Args:
        model: a model's folder.
        records: the folder of prepared text that has the set `text/validation`.

    Raises:
        UserError: one of them cannot be read.
    """
    import_keras_model()
    from keras_model.checkpoints import CheckpointError
    from keras_model.data.records import read_manifest
    from keras_model.t5 import load_model

    try:
        sets = read_manifest(records)
        t5 = load_model(model)
    except (CheckpointError, ValueError) as error:
        raise UserError(str(error)) from None
    name = set_name(TEXT, HELD_OUT)
    if name not in sets:
        raise UserError(f"{records}: has no {name}; [train.text] says with held_out which part of the text that is")
    return loss_of(t5, opened(records, sets[name]))


def loss_of(model: T5, examples: Examples) -> float:
    """Returns the mean cross-entropy of a target's token, in nats; every token counts the same.

    Args:
        model: is compiled for it.
        examples: at least one.
    """
    import numpy as np
    import tensorflow as tf

    from keras_model.data.batches import make_batch

    start = model.config.decoder_start_token_id
    # Like lengths together, so that little is padding.
    order = np.lexsort((examples.targets.lengths, examples.sources.lengths))

    def batches() -> Iterator[tuple[dict[str, Any], Any]]:
        for first in range(0, len(order), ROWS):
            rows = order[first : first + ROWS]
            batch = make_batch(examples, rows, len(rows), 16, start)
            yield batch.inputs, batch.labels

    one = next(iter(batches()))
    signature = tf.nest.map_structure(lambda array: tf.TensorSpec([None, None], array.dtype), one)
    model.compile()
    data = tf.data.Dataset.from_generator(batches, output_signature=signature)
    data = data.apply(tf.data.experimental.assert_cardinality(-(-len(order) // ROWS)))
    loss: float = model.evaluate(data, verbose=0, return_dict=True)["loss"]
    return loss
