"""Keras' fit and evaluate for a model under any `tf.distribute` strategy: as on one device, with the same global batch.

Keras 3.15 has two faults under MultiWorkerMirroredStrategy: before the first step it averages a batch over the
workers, which fails for a nested one, and after each step it reduces scalars along an axis that they do not have.
`DistributedModel` builds what is missing without a batch, and has train and test functions of its own. It also deals
out batches itself: Keras leaves that to TensorFlow's automatic sharding, which may drop or repeat examples.
"""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from keras_model.backend import keras, require_methods

require_methods(keras.Model, "fit", "evaluate", "make_train_function", "make_test_function", "_maybe_symbolic_build")
require_methods(keras.random.SeedGenerator, "next")

Strategy = Any  # a tf.distribute.Strategy; TensorFlow ships no types
REPLICA_SEEDS = 0x61C88647
"""How far apart the seeds of neighbouring replicas are: 2^32 less the golden section of it."""


def deal_out(dataset: tf.data.Dataset, strategy: Strategy, label_filling: int = 0) -> tf.distribute.DistributedDataset:
    """Gives each replica its rows of each global batch.

    Every worker makes the whole batch, which follows from the seed and the step, and takes its rows of it; so all of
    them together see each example once, and the batch is the one that a single device would see. Where the rows are no
    multiple of the replicas, rows are added: of zeros, which is padding in every input and no weight, and of
    `label_filling` in the labels.

    Args:
        dataset: global batches, tensors [batch, ...] in any structure, the same on every worker.
        label_filling: what is no label, in the second of a batch's parts.

    Returns:
        What `fit` and `evaluate` take; of each batch, every replica gets as many rows.
    """

    def dealt(replicas: tuple[int, int, int]) -> tf.data.Dataset:
        first, own, of = replicas

        def shares(tensor: tf.Tensor, filling: int = 0) -> tf.Tensor:
            """[batch, ...] -> [own replicas, rows of each, ...]"""
            rows, *rest = (size or tf.shape(tensor)[i] for i, size in enumerate(tensor.shape))
            padding = [[0, -rows % of], *[[0, 0]] * len(rest)]
            tensor = tf.pad(tensor, padding, constant_values=tf.cast(filling, tensor.dtype))
            return tf.reshape(tensor, [of, -(-rows // of), *rest])[first : first + own]

        def share_all(*batch: Any) -> Any:
            fillings = [label_filling if part == 1 else 0 for part in range(len(batch))]
            return tuple(
                tf.nest.map_structure(functools.partial(shares, filling=filling), part)
                for part, filling in zip(batch, fillings, strict=True)
            )

        return dataset.map(share_all)

    return deal_out_shares(strategy, dealt)


def deal_out_shares(
    strategy: Strategy, shares: Callable[[tuple[int, int, int]], tf.data.Dataset]
) -> tf.distribute.DistributedDataset:
    """Gives each replica its rows of each global batch, of which every worker makes only its own.

    Args:
        shares: takes the first of a worker's replicas, how many it has, and how many there are in all; of each global
            batch, returns the rows of those replicas, tensors [own replicas, rows of each, ...] in any structure.

    Returns:
        As from `deal_out`.
    """
    replicas = strategy.num_replicas_in_sync

    def of_worker(context: tf.distribute.InputContext) -> tf.data.Dataset:
        own = replicas // context.num_input_pipelines
        dataset = shares((context.input_pipeline_id * own, own, replicas))
        dealt = dataset.unbatch()
        if dataset.cardinality() == tf.data.INFINITE_CARDINALITY:
            # Told so, the strategy need not look before each step whether every replica has data left.
            dealt = dealt.apply(tf.data.experimental.assert_cardinality(tf.data.INFINITE_CARDINALITY))
        return dealt.prefetch(own)

    return strategy.distribute_datasets_from_function(of_worker)


def on_replicas(strategy: Strategy, function: Callable[..., Any], batched: int) -> Callable[..., Any]:
    """A function that calls another on each replica with its share of the rows, which need not divide.

    Args:
        function: takes tensors, and returns tensors with a row for each row of the first `batched` ones.
        batched: how many arguments have rows, at least one row; each replica takes the others whole.

    Returns:
        A function for `tf.function`; it returns what the other would return for all rows, on every worker if there are
        several.
    """
    replicas = strategy.num_replicas_in_sync

    def on_replica(*arguments: tf.Tensor) -> Any:
        replica = tf.distribute.get_replica_context().replica_id_in_sync_group

        def share(tensor: tf.Tensor) -> tf.Tensor:
            rows = tf.shape(tensor)[0] // replicas
            return tensor[replica * rows : (replica + 1) * rows]

        return function(*map(share, arguments[:batched]), *arguments[batched:])

    def on_all(*arguments: tf.Tensor) -> Any:
        rows = tf.shape(arguments[0])[0]
        # The last row again fills up the shares: its results are there already, and these are thrown away.
        places = tf.minimum(tf.range(-(-rows // replicas) * replicas), rows - 1)
        filled = (tf.gather(argument, places) for argument in arguments[:batched])
        results = strategy.run(on_replica, args=(*filled, *arguments[batched:]))
        return tf.nest.map_structure(lambda result: strategy.gather(result, axis=0)[:rows], results)

    return on_all


class ReplicaSeeds(keras.random.SeedGenerator):
    """Random seeds whose state is the same on every replica, and which yet differ from replica to replica.

    Each replica counts for itself and all start from the same numbers: without more, the first rows of all shares of a
    batch would have the same dropout masks.
    """

    def next(self, ordered: bool = True) -> Any:
        seed = super().next(ordered)
        context = tf.distribute.get_replica_context()
        if context is None or context.num_replicas_in_sync == 1:
            return seed
        # Seeds of layers are drawn at random, so one multiplied by an odd number meets no other's.
        return seed + tf.stack([tf.cast(context.replica_id_in_sync_group, seed.dtype) * REPLICA_SEEDS, 0])


class DistributedModel(keras.Model):
    """A `keras.Model` of token ids and logits that trains and evaluates under every strategy.

    Under a strategy, a `tf.data.Dataset` that is given to `fit` or `evaluate` holds global batches, in a structure of
    tensors whose first dimension is the batch; see `deal_out`. Without one, everything is Keras' own.
    """

    def fit(self, x: Any = None, *args: Any, **kwargs: Any) -> keras.callbacks.History:
        """See `keras.Model.fit`."""
        x = self._dealt_out(x, kwargs, "steps_per_epoch")
        kwargs["validation_data"] = self._dealt_out(kwargs.get("validation_data"), kwargs, "validation_steps")
        return super().fit(x, *args, **kwargs)

    def evaluate(self, x: Any = None, *args: Any, **kwargs: Any) -> Any:
        """See `keras.Model.evaluate`.

        Numbers in the attribute `scores`, a dict, of a callback are among what `return_dict=True` returns. (Keras hands
        callbacks a copy of it.)
        """
        results = super().evaluate(self._dealt_out(x, kwargs, "steps"), *args, **kwargs)
        if isinstance(results, dict):
            for callback in keras.tree.flatten(kwargs.get("callbacks")):
                scores = getattr(callback, "scores", None)
                results.update(scores if isinstance(scores, dict) else {})
        return results

    @property
    def label_filling(self) -> int:
        """What the loss takes for no label."""
        return 0

    train_function: Any
    test_function: Any

    def make_train_function(self, force: bool = False) -> None:
        if self._distribute_strategy is None:
            super().make_train_function(force)
        elif self.train_function is None or force:
            self.train_function = self._on_all_replicas(self.train_step)

    def make_test_function(self, force: bool = False) -> None:
        if self._distribute_strategy is None:
            super().make_test_function(force)
        elif self.test_function is None or force:
            self.test_function = self._on_all_replicas(self.test_step)

    def _on_all_replicas(self, step: Callable[[Any], Any]) -> Callable[[Any], dict[str, tf.Tensor]]:
        """Runs a step on each replica, `steps_per_execution` times, and returns the metrics over all replicas."""
        strategy = self.distribute_strategy

        def run(data: Any) -> dict[str, tf.Tensor]:
            logs = strategy.run(step, args=(data,))
            return {
                name: strategy.reduce(tf.distribute.ReduceOp.MEAN, value, axis=None) for name, value in logs.items()
            }

        def steps(iterator: Any) -> dict[str, tf.Tensor]:
            def one_more(done: tf.Tensor, logs: dict[str, tf.Tensor]) -> Any:
                batch = iterator.get_next_as_optional()
                # Where the data ends early, there is nothing left to do.
                return tf.cond(
                    batch.has_value(),
                    lambda: (done + 1, run(batch.get_value())),
                    lambda: (tf.constant(self.steps_per_execution), logs),
                )

            logs = run(iterator.get_next())
            if self.steps_per_execution > 1:
                _, logs = tf.while_loop(lambda done, _: done < self.steps_per_execution, one_more, (1, logs))
            # What a replica says of a metric comes from its own numbers; these are from all replicas'.
            return {**logs, **self.get_metrics_result()}

        # No jit_compile: XLA cannot compile what devices tell each other, and on a TPU it compiles each step anyway.
        compiled = steps if self.run_eagerly else tf.function(steps, reduce_retracing=True, autograph=False)

        def function(iterator: Any) -> dict[str, tf.Tensor]:
            if isinstance(iterator, tf.data.Iterator | tf.distribute.DistributedIterator):
                return compiled(iterator)
            for data in iterator:  # of train_on_batch and test_on_batch
                logs = run(data)
            return {**logs, **self.get_metrics_result()}

        return function

    def _maybe_symbolic_build(self, iterator: Any = None, data_batch: Any = None) -> None:
        """Builds loss, metrics and optimizer, which must not happen inside a replica.

        Keras calls this before the first step, to trace the model on a batch; the model here has its weights already.
        """
        if self._distribute_strategy is None:
            super()._maybe_symbolic_build(iterator=iterator, data_batch=data_batch)
            return
        labels, logits = np.ones((1, 1), np.int32), np.zeros((1, 1, 2), np.float32)
        with self.distribute_strategy.scope():
            for part in (self._compile_loss, self._compile_metrics):
                if part is not None and not part.built:
                    part.build(labels, logits)
            if self.optimizer is not None and not self.optimizer.built:
                self.optimizer.build(self.trainable_variables)

    def _dealt_out(self, data: Any, options: dict[str, Any], steps: str) -> Any:
        """A dataset dealt out to the replicas, where there are some; the number of its batches goes to the options."""
        if self._distribute_strategy is None or not isinstance(data, tf.data.Dataset):
            return data
        batches = int(data.cardinality())
        if batches > 0 and options.get(steps) is None:
            # Once they are dealt out, Keras can no longer tell how many there are, and warns when they end.
            if steps != "steps_per_epoch":
                options[steps] = batches
            elif batches % self.steps_per_execution == 0:
                data, options[steps] = data.repeat(), batches  # each epoch goes on where the last one ended
        return deal_out(data, self.distribute_strategy, self.label_filling)
