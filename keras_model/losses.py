"""The loss and the accuracy of a text-to-text model: per token of the target, padding left out."""

from __future__ import annotations

import keras
import tensorflow as tf
from keras import ops

from keras_model.batches import PAD_ID


@keras.saving.register_keras_serializable("t5eval")
class TokenCrossEntropy(keras.losses.Loss):
    """Cross-entropy of each target token, averaged over the real tokens of the global batch, in float32.

    Under a `tf.distribute` strategy each replica returns the sum over its own tokens divided by the number of tokens of
    all replicas. The optimizer adds the replicas' gradients, so the step is the one that a single device would take,
    however the tokens are spread; an average of the replicas' averages would not be.

    Call arguments:
        y_true: int [batch, target], the labels; `pad_id` marks what is not a label.
        y_pred: [batch, target, vocab_size], logits.
        sample_weight: optional weights, [batch] or [batch, target]; a token of weight 2 counts as two tokens.

    Returns:
        A float32 scalar, in nats; 0 for a batch without a label.
    """

    def __init__(self, pad_id=PAD_ID, name="token_cross_entropy"):
        super().__init__(name=name, dtype="float32")
        self.pad_id = pad_id

    def __call__(self, y_true, y_pred, sample_weight=None):
        labels = ops.cast(y_true, "int32")
        weights = token_weights(labels, self.pad_id, sample_weight)
        total = ops.sum(weights)
        # None outside of `strategy.run`, where the batch is the global one.
        replica = tf.distribute.get_replica_context()
        if replica is not None and replica.num_replicas_in_sync > 1:
            total = replica.all_reduce(tf.distribute.ReduceOp.SUM, total)
        logits = ops.cast(y_pred, "float32")
        # Padding, whatever its id, becomes class 0: the label must be one, and its loss is left out below.
        classes = ops.where(labels == self.pad_id, 0, labels)
        losses = ops.sparse_categorical_crossentropy(classes, logits, from_logits=True)  # [batch, target]
        # `where` keeps a non-finite loss of a padded position, whose logits nobody defined, out of the sum.
        return ops.sum(ops.where(weights > 0, losses * weights, 0.0)) / ops.maximum(total, 1e-9)

    def get_config(self):
        return {"pad_id": self.pad_id, "name": self.name}


@keras.saving.register_keras_serializable("t5eval")
class TokenAccuracy(keras.metrics.Mean):
    """Share of target tokens, padding left out, that have the largest logit given the right tokens before them.

    A watchword of training, not a score: it says nothing of what the model writes on its own.
    """

    def __init__(self, pad_id=PAD_ID, name="token_accuracy", dtype=None):
        super().__init__(name=name, dtype=dtype)
        self.pad_id = pad_id

    def update_state(self, y_true, y_pred, sample_weight=None):
        labels = ops.cast(y_true, "int32")
        right = ops.cast(ops.equal(ops.argmax(y_pred, axis=-1), labels), "float32")
        weights = token_weights(labels, self.pad_id, sample_weight)
        # Flat, since of rows Keras would take averages, in which padding makes a row's tokens count less.
        return super().update_state(ops.reshape(right, (-1,)), ops.reshape(weights, (-1,)))

    def get_config(self):
        return {"pad_id": self.pad_id, "name": self.name, "dtype": self.dtype}


def token_weights(labels, pad_id, sample_weight):
    """1 for a label, 0 for padding, times the sample weights: float32 [batch, target]."""
    weights = ops.cast(ops.not_equal(labels, pad_id), "float32")
    if sample_weight is not None:
        sample_weight = ops.cast(sample_weight, "float32")
        weights = weights * (ops.expand_dims(sample_weight, 1) if len(sample_weight.shape) == 1 else sample_weight)
    return weights
