"""How a T5 is trained by Keras: `compile`, and the step inside `fit` and `evaluate`.

Keras' own step averages: over the tokens of a replica, over replicas, over accumulated batches, over the batches of an
evaluation, each time as if all had equally many tokens. Here tokens are added up and divided once.
"""

import warnings
from typing import Any

import tensorflow as tf

from keras_model.backend import keras, traces_forgotten, tree
from keras_model.distribution.distributed_model import DistributedModel
from keras_model.distribution.xla import compiles_step
from keras_model.training.adafactor import Adafactor
from keras_model.training.dense_gradients import DenseGradients, dense_gradient
from keras_model.training.device_logs import batches_of, device_callbacks
from keras_model.training.logits_in_parts import head_variables, loss_in_parts
from keras_model.training.losses import TokenCrossEntropy, over_replicas, require_takes_logits
from keras_model.training.rematerialisation import rematerialised

Tensor = Any


class TokenExactModel(DistributedModel):
    """Base of `T5`: its call, given the inputs of a batch, returns logits [batch, target, vocab_size]."""

    accumulate = 1
    remat = False
    config: Any
    stacks: Any

    def compile(
        self,
        optimizer: Any = None,
        loss: Any = None,
        *,
        accumulate: int = 1,
        remat: bool = False,
        jit_compile: bool | str = "auto",
        **options: Any,
    ) -> None:
        """Configures the model for `fit` and `evaluate`.

        Args:
            optimizer: a Keras optimizer. Defaults to `Adafactor()`, with T5's constant rate.
            loss: a Keras loss. Defaults to `TokenCrossEntropy()` with the model's padding.
            accumulate: int. Each batch of `fit` goes through the model in this many parts, one after the other, and
                makes one step: the same step, whatever the number, with less memory. Keras' own
                `gradient_accumulation_steps` takes several batches of the dataset instead, and weighs them alike even
                if one has more tokens than the other.
            remat: bool. Hold no more of a block, encoder's or decoder's, than its input, and compute the block again in
                the backward pass: the same step in a third more time, with a fraction of the activations. Defaults to
                False.
            jit_compile: bool or `"auto"`. Whether XLA compiles the step. Defaults to "auto": with a GPU.
            **options: the other arguments of `keras.Model.compile` (metrics, steps_per_execution, ...).

        Raises:
            ValueError: the loss expects probabilities, or accumulation is asked for with one that is not a
                `TokenCrossEntropy`.
        """
        loss = TokenCrossEntropy(self.config.pad_token_id) if loss is None else loss
        require_takes_logits(loss)
        if accumulate < 1:
            raise ValueError(f"accumulate must be at least 1. Received: accumulate={accumulate}")
        if accumulate > 1 and not isinstance(loss, TokenCrossEntropy):
            raise ValueError(f"accumulate needs a loss that adds up tokens, TokenCrossEntropy. Received: loss={loss!r}")
        self.accumulate, self.remat = accumulate, remat
        for stack in self.stacks.values():
            stack.run_block = rematerialised if remat else type(stack).run_block
        self._asked_jit_compile = jit_compile
        if jit_compile == "auto":
            jit_compile = compiles_step() and not options.get("run_eagerly", False)
        optimizer = Adafactor() if optimizer is None else optimizer
        if self.variable_dtype == "bfloat16" and not isinstance(optimizer, Adafactor):
            warnings.warn(
                f"the weights are {self.variable_dtype}, whose few digits lose most updates: the model will hardly "
                'learn. Make or load it with dtype="mixed_bfloat16", which computes in bfloat16 and keeps the weights '
                "in float32; or train with keras_model's Adafactor, which rounds at random.",
                stacklevel=2,
            )
        super().compile(optimizer, loss, jit_compile=jit_compile, **options)

    def fit(self, x: Any = None, **options: Any) -> keras.callbacks.History:
        """See `keras.Model.fit`. What callbacks do not look at stays on the device; see `DeviceLogs`."""
        steps = options.get("steps_per_epoch")
        if steps is None:
            steps = batches_of(x, options.get("batch_size"), options.get("validation_split", 0.0))
        verbose, epochs = options.get("verbose", "auto"), options.get("epochs", 1)
        options["callbacks"] = device_callbacks(
            self, options.get("callbacks"), verbose=verbose, epochs=epochs, steps=steps, history=True
        )
        with traces_forgotten():
            return super().fit(x, **options)

    def evaluate(self, x: Any = None, **options: Any) -> Any:
        """See `keras.Model.evaluate` and `fit`.

        Numbers in the attribute `scores`, a dict, of a callback are among what `return_dict=True` returns. (Keras hands
        callbacks a copy of it.)
        """
        own = options.get("callbacks")
        steps = options.get("steps")
        if steps is None:
            steps = batches_of(x, options.get("batch_size"))
        options["callbacks"] = device_callbacks(
            self, own, verbose=options.get("verbose", "auto"), epochs=1, steps=steps, history=False
        )
        with traces_forgotten():
            results = super().evaluate(x, **options)
        if isinstance(results, dict):
            for callback in tree.flatten(own):
                scores = getattr(callback, "scores", None)
                results.update(scores if isinstance(scores, dict) else {})
        return results

    def predict(self, x: Any, **options: Any) -> Any:
        """See `keras.Model.predict`."""
        with traces_forgotten():
            return super().predict(x, **options)

    @property
    def label_filling(self) -> int:
        return self.loss.pad_id if isinstance(self.loss, TokenCrossEntropy) else 0

    def get_compile_config(self) -> dict[str, Any]:
        config = super().get_compile_config()
        return config and {
            **config,
            "accumulate": self.accumulate,
            "remat": self.remat,
            "jit_compile": self._asked_jit_compile,
        }

    def compile_from_config(self, config: dict[str, Any]) -> None:
        self.compile(**keras.saving.deserialize_keras_object(config))
        self.optimizer.build(self.trainable_variables)

    def train_step(self, data: Any) -> dict[str, Tensor]:
        """One step on a batch, or on this replica's share of it.

        Returns:
            `loss`, a mean over the tokens since the metrics were last reset, the compiled metrics, and, if the
            optimizer tells it, `gradient_norm`: of this step, over all variables and replicas, before clipping.
        """
        if not isinstance(self.loss, TokenCrossEntropy):
            return super().train_step(data)
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        total = self.loss.total(y, sample_weight)
        if self.accumulate == 1:
            summed, gradients = self._loss_and_gradients(x, y, sample_weight, total)
        else:
            summed, gradients = self._accumulated(x, y, sample_weight, total)
        self._track_loss(summed, total)
        self.optimizer.apply(gradients, self.trainable_weights)
        logs = self.get_metrics_result()
        if not isinstance(self.optimizer, DenseGradients) or not self.optimizer.tells_norm:
            return logs
        return {**logs, "gradient_norm": tf.convert_to_tensor(self.optimizer.gradient_norm)}

    def test_step(self, data: Any) -> dict[str, Tensor]:
        """The metrics of a batch; `loss` is the mean over all tokens of the evaluation so far."""
        if not isinstance(self.loss, TokenCrossEntropy):
            return super().test_step(data)
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        total = self.loss.total(y, sample_weight)
        if self._compile_metrics is None:
            hidden = self(x, training=False, logits=False)
            self._track_loss(loss_in_parts(self, hidden, y, sample_weight)[0], total)
            return self.get_metrics_result()
        logits = self(x, training=False)
        self._track_loss(self.loss.summed(y, logits, sample_weight), total)
        return self.compute_metrics(x, y, logits, sample_weight)

    def _track_loss(self, summed: Tensor, total: Tensor) -> None:
        # The same on every replica: Keras averages the replicas' metrics, however many tokens each had.
        self._loss_tracker.update_state(over_replicas(summed) / total, sample_weight=total)

    def _loss_and_gradients(
        self, x: Any, y: Tensor, sample_weight: Tensor | None, total: Tensor
    ) -> tuple[Tensor, list[Tensor]]:
        """The sum of the tokens' losses, and the gradients of that sum divided by `total`."""
        if self._compile_metrics is None:  # which would want all logits
            return self._in_parts(x, y, sample_weight, total)
        with tf.GradientTape() as tape:
            logits = self(x, training=True)
            summed = self.loss.summed(y, logits, sample_weight)
            loss = self.optimizer.scale_loss(summed / total)
        self.compute_metrics(x, y, logits, sample_weight)
        return summed, tape.gradient(loss, self.trainable_weights)

    def _in_parts(self, x: Any, y: Tensor, sample_weight: Tensor | None, total: Tensor) -> tuple[Tensor, list[Tensor]]:
        """The same, the logits of a part of the tokens at a time."""
        with tf.GradientTape() as tape:
            hidden = self(x, training=True, logits=False)
        scale = self.optimizer.scale_loss(1.0 / total)
        summed, of_hidden, of_head = loss_in_parts(self, hidden, y, sample_weight, scale)
        gradients = tape.gradient(hidden, self.trainable_weights, of_hidden)
        places = {id(weight): place for place, weight in enumerate(self.trainable_weights)}
        for variable, more in zip(head_variables(self), of_head, strict=True):
            place = places[id(variable)]
            of_inputs = gradients[place]  # of an embedding that is the head, too
            gradients[place] = more if of_inputs is None else more + tf.cast(of_inputs, tf.float32)
        return summed, gradients

    def _accumulated(
        self, x: Any, y: Tensor, sample_weight: Tensor | None, total: Tensor
    ) -> tuple[Tensor, list[Tensor]]:
        """The same, part by part. Rows of padding fill up the last part; they have no label."""
        parts = self.accumulate
        x, sample_weight = tree.map_structure(
            lambda value: _in_parts(value, parts), (x, sample_weight), none_is_leaf=False
        )
        data = (x, _in_parts(y, parts, self.label_filling), sample_weight)

        def add_part(part: Tensor, summed: Tensor, gradients: list[Tensor]) -> Any:
            x, y, sample_weight = tree.map_structure(lambda value: value[part], data, none_is_leaf=False)
            more, new = self._loss_and_gradients(x, y, sample_weight, total)
            new = [
                old if gradient is None else old + dense_gradient(gradient)
                for old, gradient in zip(gradients, new, strict=True)
            ]
            return part + 1, summed + more, new

        zeros = [tf.zeros(weight.shape, weight.dtype) for weight in self.trainable_weights]
        _, summed, gradients = tf.while_loop(
            lambda part, *_: part < parts, add_part, (0, 0.0, zeros), maximum_iterations=parts, parallel_iterations=1
        )
        return summed, gradients


def _in_parts(value: Tensor, parts: int, filling: int = 0) -> Tensor:
    """[rows, ...] -> [parts, rows / parts rounded up, ...], rows of `filling` at the end if they do not divide."""
    rows = value.shape[0] if value.shape[0] is not None else tf.shape(value)[0]
    each = -(-rows // parts)
    padding = [[0, each * parts - rows], *[[0, 0]] * (len(value.shape) - 1)]
    value = tf.pad(value, padding, constant_values=tf.cast(filling, value.dtype))
    return tf.reshape(value, tf.concat([[parts, each], tf.shape(value)[1:]], axis=0))
