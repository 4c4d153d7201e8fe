"""A T5 that is trained by a few new weights: `enable_lora` and `add_adapters`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

from keras_model.adaptation import SUB_LAYERS, Adaptation, Adapters, LoRA, from_dict
from keras_model.backend import keras
from keras_model.model import Adapter, Block, LayerNorm, LowRank, T5Network

MATRICES = {"q": "query_matrix", "k": "key_matrix", "v": "value_matrix", "o": "output_matrix"}
"""Attributes of an attention layer by the names of `LoRA.matrices`; a feed-forward layer's are called the same."""


class AdaptedModel(T5Network):
    """The network with LoRA or adapter layers, once it is given them; the weights it had are then frozen.

    A model that was compiled has to be compiled again. What it was given cannot be taken off.
    """

    adaptation: Adaptation | None = None
    """What it was given."""
    base: Any = None
    """The checkpoint that it was loaded from, a `keras_model.checkpoints.adapters.Base`: where it is set, what is
    written of a training run is the new weights alone."""

    def enable_lora(self, rank: int, lora_alpha: float | None = None, matrices: Sequence[str] = ("q", "v")) -> None:
        """Freezes all weights, and adds low-rank updates to matrices of all blocks, as Keras' layers do to a kernel.

        The model computes what it did until they are trained: A starts at random (`he_uniform`), B at zero.

        Args:
            rank: int. The inner dimension of the updates.
            lora_alpha: float. They are multiplied by lora_alpha / rank. Defaults to the rank.
            matrices: sequence of strings. `q`, `k`, `v` and `o` of all attention layers, `wi` (`wi_0` and `wi_1` where
                gated) and `wo` of all feed-forward layers. Defaults to the queries and values.

        Raises:
            ValueError: a matrix is unknown or smaller than the rank, or the model was given something before.
        """
        self.adapt(LoRA(rank, lora_alpha, tuple(matrices)))

    def add_adapters(self, size: int, after: Sequence[str] = ("attention", "feed_forward")) -> None:
        """Freezes all weights but the norms', and adds adapter layers to all blocks: see `Adapter`.

        Args:
            size: int. Their inner dimension.
            after: sequence of strings. `attention` (self- and cross-attention), `feed_forward`. Defaults to both.

        Raises:
            ValueError: a number or a name is out of range, or the model was given something before.
        """
        self.adapt(Adapters(size, tuple(after)))

    def adapt(self, adaptation: Adaptation) -> None:
        """What `enable_lora` or `add_adapters` does."""
        if self.adaptation is not None:
            raise ValueError(f"the model has {self.adaptation.name} already. Received: {adaptation}")
        adaptation.require_fits(self.config)
        for weight in self.weights:
            weight.trainable = False
        with self.distribute_strategy.scope():
            for block in (block for stack in self.stacks.values() for block in stack.blocks):
                if isinstance(adaptation, LoRA):
                    _add_low_rank(block, adaptation)
                else:
                    _add_adapters(block, adaptation)
        if isinstance(adaptation, Adapters):
            for layer in self._flatten_layers():
                if isinstance(layer, LayerNorm):
                    layer.scale.trainable = True
        self.adaptation = adaptation
        self.compiled = False
        self.train_function = self.test_function = self.predict_function = None

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        return config if self.adaptation is None else {**config, "adaptation": self.adaptation.to_dict()}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> AdaptedModel:
        model: Any = super().from_config(config, custom_objects)
        if "adaptation" in config:
            model.adapt(from_dict(config["adaptation"]))
        return model


def _add_low_rank(block: Block, lora: LoRA) -> None:
    layers = [block.self_attention, block.feed_forward, *([block.cross_attention] if block.is_crossed else [])]
    for layer in layers:
        for name in lora.matrices:
            matrix = getattr(layer, MATRICES.get(name, name), None)
            if matrix is None or matrix.name in layer.lora:
                continue  # the other kind of layer's, or one that the encoder's block shares
            rows, columns = matrix.shape
            # Float32 whatever the policy, as in Keras' layers: an update in bfloat16 would be lost to rounding.
            options = {"dtype": "float32", "trainable": True}
            with _growing(layer):
                a = layer.add_weight((rows, lora.rank), "he_uniform", name=f"{matrix.name}_lora_a", **options)
                b = layer.add_weight((lora.rank, columns), "zeros", name=f"{matrix.name}_lora_b", **options)
                layer.lora[matrix.name] = LowRank(a, b, lora.scale)


def _add_adapters(block: Block, adapters: Adapters) -> None:
    for kind in adapters.after:
        for name in SUB_LAYERS[kind]:
            if hasattr(block, name):
                with _growing(block):
                    adapter = Adapter(block.config, adapters.size, name=f"{name}_adapter", dtype=block.dtype_policy)
                    adapter.build()
                    block.adapters[name] = adapter


@contextlib.contextmanager
def _growing(layer: keras.layers.Layer) -> Iterator[None]:
    """Lets a built layer be given weights, under its own path, as Keras' own `enable_lora` does."""
    layer._tracker.unlock()
    *above, _ = layer.path.split("/")
    try:
        with contextlib.ExitStack() as scopes:
            for name in above:
                scopes.enter_context(keras.name_scope(name))
            # Its caller is told, so that the layer does not enter its scope again.
            scopes.enter_context(keras.name_scope(layer.name, caller=layer))
            yield
    finally:
        layer._tracker.lock()
