"""Where XLA compiles: on GPU and TPU; not on CPU, where it makes a training step several times slower."""

import tensorflow as tf


def has_accelerator() -> bool:
    """Whether TensorFlow sees a GPU or a TPU."""
    return bool(tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("TPU"))


def compiles_step() -> bool:
    """Whether Keras' training and evaluation steps, made now, are to be compiled as a whole (`jit_compile`).

    Not under a strategy of several replicas, whose exchange of gradients XLA cannot compile in one piece; and a
    `TPUStrategy` compiles what it runs itself.
    """
    strategy = tf.distribute.get_strategy()
    alone = strategy.num_replicas_in_sync == 1 and not isinstance(strategy, tf.distribute.TPUStrategy)
    return alone and has_accelerator()
