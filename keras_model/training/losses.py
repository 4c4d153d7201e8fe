"""The loss and the accuracy of a text-to-text model: per token of the target, padding left out."""

import inspect
import math
from typing import Any

import tensorflow as tf

from keras_model.backend import keras, ops
from keras_model.data.batches import PAD_ID

Tensor = Any


@keras.saving.register_keras_serializable("t5eval")
class TokenCrossEntropy(keras.losses.Loss):
    """Cross-entropy of each target token, averaged over the real tokens of the global batch, in float32.

    Under a `tf.distribute` strategy each replica returns the sum over its own tokens divided by the number of tokens of
    all replicas. The optimizer adds the replicas' gradients, so the step is the one that a single device would take,
    however the tokens are spread; an average of the replicas' averages would not be. `summed` and `total` are the two
    halves of that, for whoever adds up several batches before a step.

    Args:
        pad_id: int. The label of what is no label. Defaults to 0.
        z_loss: float. This times log(Z)^2 is added for each token, Z being the softmax's denominator; it keeps the
            logits from drifting. T5's pre-training had 1e-4. Defaults to 0.
        label_smoothing: float in [0, 1). The label has this much less probability than 1, the other ids share it
            equally. The entropy of these probabilities is subtracted, so that the least loss is 0 all the same.
            Defaults to 0.

    Call arguments:
        y_true: int [batch, target], the labels; `pad_id` marks what is not a label.
        y_pred: [batch, target, vocab_size], logits.
        sample_weight: optional weights, [batch] or [batch, target]; a token of weight 2 counts as two tokens.

    Returns:
        A float32 scalar, in nats; 0 for a batch without a label, NaN for one with a label outside [0, vocab_size).

    Source: `compute_weighted_cross_entropy` of t5x. Mesh TensorFlow's label smoothing e spreads over all ids, the label
    among them, and subtracts nothing: it is the one here with e (V - 1) / V, plus a constant.
    """

    def __init__(self, pad_id=PAD_ID, z_loss=0.0, label_smoothing=0.0, name="token_cross_entropy"):
        super().__init__(name=name, dtype="float32")
        if not 0 <= label_smoothing < 1:
            raise ValueError(f"label_smoothing must lie in [0, 1). Received: label_smoothing={label_smoothing}")
        if not 0 <= z_loss < math.inf:
            raise ValueError(f"z_loss must not be negative. Received: z_loss={z_loss}")
        self.pad_id = pad_id
        self.z_loss = z_loss
        self.label_smoothing = label_smoothing

    def __call__(self, y_true, y_pred, sample_weight=None):
        return self.summed(y_true, y_pred, sample_weight) / self.total(y_true, sample_weight)

    def weights(self, y_true, sample_weight=None):
        """float32 [batch, target]: 1 for a label, 0 for padding, times the sample weights."""
        return token_weights(ops.cast(y_true, "int32"), self.pad_id, sample_weight)

    def total(self, y_true, sample_weight=None):
        """What the sum is divided by: the sum of the weights over all replicas, never 0; a float32 scalar."""
        return ops.maximum(over_replicas(ops.sum(self.weights(y_true, sample_weight))), 1e-9)

    def summed(self, y_true, y_pred, sample_weight=None):
        """The weighted sum of the losses of this replica's tokens; a float32 scalar."""
        labels = ops.cast(y_true, "int32")
        weights = token_weights(labels, self.pad_id, sample_weight)
        # What does not count, padding of whatever id, becomes class 0: its loss is left out below.
        classes = ops.reshape(ops.where(weights > 0, labels, 0), (-1,))
        logits = ops.reshape(ops.cast(y_pred, "float32"), (-1, y_pred.shape[-1]))
        losses = cross_entropy(logits, classes, self.z_loss, self.label_smoothing)
        # `where` keeps a non-finite loss of a padded position, whose logits nobody defined, out of the sum.
        weights = ops.reshape(weights, (-1,))
        return ops.sum(ops.where(weights > 0, losses * weights, 0.0))

    def get_config(self):
        return {
            "pad_id": self.pad_id,
            "z_loss": self.z_loss,
            "label_smoothing": self.label_smoothing,
            "name": self.name,
        }


def require_takes_logits(loss: Any) -> None:
    """Refuses a loss that expects probabilities: a T5 gives logits, on which it would run and learn nothing.

    Args:
        loss: what Keras' `compile` takes: a loss, a function, or a name.

    Raises:
        ValueError: it has `from_logits`, which is false, or is a divergence of distributions.
    """
    for given in keras.tree.flatten(loss):
        found = keras.losses.get(given)
        from_logits = getattr(found, "from_logits", None)
        if from_logits is None and callable(found) and not isinstance(found, keras.losses.Loss):
            parameter = inspect.signature(found).parameters.get("from_logits")
            from_logits = parameter and parameter.default
        divergence = found is keras.losses.kl_divergence or isinstance(found, keras.losses.KLDivergence)
        if from_logits is False or divergence:
            raise ValueError(
                "the loss expects probabilities, and a T5 gives logits: leave it out for TokenCrossEntropy(), or take "
                "keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=0). "
                f"Received: loss={given!r}"
            )


def over_replicas(value: Tensor) -> Tensor:
    """The sum of all replicas' values inside `strategy.run`; elsewhere, where a batch is the global one, the value."""
    replica = tf.distribute.get_replica_context()
    if replica is None or replica.num_replicas_in_sync == 1:
        return value
    return replica.all_reduce(tf.distribute.ReduceOp.SUM, value)


def cross_entropy(logits: Tensor, labels: Tensor, z_loss: float = 0.0, label_smoothing: float = 0.0) -> Tensor:
    """The loss of each token, with what `TokenCrossEntropy` may add.

    With q the smoothed probabilities, p the softmax and Z its denominator:

        loss = -sum(q log p) - entropy(q) + z_loss log(Z)^2
        d loss / d logits = (1 + 2 z_loss log(Z)) p - q

    The softmax is all that is kept of the logits' size; TensorFlow's fused kernel takes several times as long on a CPU,
    having no vector instructions for exp.

    Args:
        logits: float32 [tokens, vocab_size].
        labels: int32 [tokens], in [0, vocab_size).

    Returns:
        float32 [tokens]; NaN, as is its gradient, for a label that is out of range. A device may not raise an error
        (XLA and GPUs clamp indices or drop them), and a loss that is no number cannot pass unseen.
    """
    size = logits.shape[-1]
    right, other = 1.0 - label_smoothing, label_smoothing / (size - 1)  # q at the label, and elsewhere
    known = (labels >= 0) & (labels < size)
    labels = tf.where(known, labels, 0)
    entropy = -sum(count * q * math.log(q) for count, q in ((1, right), (size - 1, other)) if q)

    @tf.custom_gradient
    def losses_of(logits: Tensor) -> Any:
        probabilities = tf.nn.softmax(logits)
        largest = tf.reduce_max(logits, axis=-1)
        above_largest = -tf.math.log(tf.reduce_max(probabilities, axis=-1))  # log(Z) - largest, at most log(vocab_size)
        total = (right - other) * (largest - tf.gather(logits, labels, batch_dims=1) + above_largest)
        log_z = largest + above_largest
        if z_loss:
            total += z_loss * tf.square(log_z)
        if label_smoothing:
            total += other * (size * log_z - tf.reduce_sum(logits, axis=-1)) - entropy

        def gradient(upstream: Tensor) -> Tensor:
            result = probabilities * tf.expand_dims(upstream * (1.0 + 2.0 * z_loss * log_z), 1)
            if label_smoothing:
                result -= tf.expand_dims(upstream * other, 1)
            at_label = tf.stack([tf.range(tf.shape(labels)[0]), labels], axis=1)
            return tf.tensor_scatter_nd_sub(result, at_label, upstream * (right - other))

        return total, gradient

    return losses_of(logits) * tf.where(known, 1.0, math.nan)


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
