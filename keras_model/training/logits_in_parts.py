"""Loss and gradients of the output head for a part of the tokens at a time, so that all logits are never held at once.

A batch of 128 targets of 114 tokens has 1.9 GB of logits with T5's vocabulary and 14.6 GB with mT5's, and a training
step would hold them three times: as logits, as probabilities and as their gradient.
"""

from typing import Any

import tensorflow as tf

from keras_model.backend import keras
from keras_model.training import LOGITS_AT_ONCE

Tensor = Any


def loss_in_parts(
    model: Any, hidden: Tensor, labels: Tensor, sample_weight: Tensor | None, scale: Tensor | None = None
) -> tuple[Tensor, Tensor, list[Tensor]]:
    """The sum of the tokens' losses, and its gradients.

    Args:
        model: a T5 with a `TokenCrossEntropy`.
        hidden: the decoder's output, [batch, target, d_model].
        labels: int [batch, target].
        sample_weight: as of the loss.
        scale: the gradients are those of this times the sum; None for no gradients.

    Returns:
        The sum, float32; its gradient by `hidden`; and by each of `head_variables(model)`, float32.
    """
    size, vocab_size = model.config.d_model, model.config.vocab_size
    weights = model.loss.weights(labels, sample_weight)
    tokens = hidden.shape[0] * hidden.shape[1] if None not in hidden.shape[:2] else tf.size(labels)
    most = max(1, LOGITS_AT_ONCE // vocab_size)
    parts = _at_least_one(-(-tokens // most))
    each = -(-tokens // parts)

    def cut(tensor: Tensor, *rest: int) -> Tensor:
        """[batch, target, ...] -> [parts, each, ...], with zeros at the end, which have no weight."""
        flat = tf.reshape(tensor, [-1, *rest])
        return tf.reshape(tf.pad(flat, [[0, parts * each - tokens], *[[0, 0]] * len(rest)]), [parts, each, *rest])

    data = cut(hidden, size), cut(tf.cast(labels, tf.int32)), cut(weights)
    variables = head_variables(model)
    matrices = [tf.convert_to_tensor(variable) for variable in variables]

    def part(number: Any) -> tuple[Tensor, Tensor, list[Tensor]]:
        hidden, labels, weights = (tensor[number : number + 1] for tensor in data)  # [1, each, ...]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch([hidden, matrices])
            with keras.StatelessScope(list(zip(variables, matrices, strict=True))):
                logits = model.logits(hidden)
            summed = model.loss.summed(labels, logits, weights)
        if scale is None:
            return summed, tf.zeros_like(hidden), []
        of_hidden, *of_matrices = tape.gradient(summed, [hidden, *matrices], scale)
        return summed, of_hidden, [tf.cast(gradient, tf.float32) for gradient in of_matrices]

    summed, of_hidden, of_matrices = part(0)
    if isinstance(parts, int) and parts == 1:
        return summed, tf.reshape(of_hidden, tf.shape(hidden)), of_matrices

    def add_part(number: Tensor, summed: Tensor, gathered: Any, of_matrices: list[Tensor]) -> Any:
        more, of_hidden, new = part(number)
        added = [old + gradient for old, gradient in zip(of_matrices, new, strict=True)]
        return number + 1, summed + more, gathered.write(number, of_hidden[0]), added

    gathered = tf.TensorArray(hidden.dtype, size=parts, element_shape=[each if isinstance(each, int) else None, size])
    _, summed, gathered, of_matrices = tf.while_loop(
        lambda number, *_: number < parts,
        add_part,
        (1, summed, gathered.write(0, of_hidden[0]), of_matrices),
        parallel_iterations=1,
    )
    flat = tf.reshape(gathered.stack(), [-1, size])[:tokens]
    return summed, tf.reshape(flat, tf.shape(hidden)), of_matrices


def head_variables(model: Any) -> list[Any]:
    """The trainable variables that make logits of the decoder's output."""
    return list((model.head or model.token_embedding).trainable_variables)


def _at_least_one(count: Any) -> Any:
    return max(1, count) if isinstance(count, int) else tf.maximum(1, count)
