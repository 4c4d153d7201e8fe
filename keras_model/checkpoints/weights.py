"""Names of a T5's weights and their assignment: the common ground of all checkpoint formats.

Hugging Face's names are the reference. A format hands over its tensors under these names, in Hugging Face's layout.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_model.adaptation import Adapters
from keras_model.checkpoints.tensors import RenamedTensors, Tensors
from keras_model.config import SHARED, T5Config
from keras_model.files.model_folder import CheckpointError

if TYPE_CHECKING:
    from keras_model.adapted_model import AdaptedModel
    from keras_model.model import T5Network

EMBEDDING = "shared.weight"
HEAD = "lm_head.weight"
EMBEDDING_COPIES = ("encoder.embed_tokens.weight", "decoder.embed_tokens.weight")
"""Names under which older files repeat the embedding; they count as the embedding where `shared.weight` is absent."""
NEVER_USED = frozenset({"decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight"})
"""Tensors of early files that T5 has no use for: cross-attention has no position bias."""


@dataclasses.dataclass(frozen=True)
class Place:
    """A weight's place in a checkpoint and in the model."""

    name: str
    """Its name in a checkpoint."""
    shape: tuple[int, ...]
    """Its shape in a checkpoint."""
    path: str
    """The variable, as attributes and indices from the model on."""
    transposed: bool = False
    """Whether the checkpoint holds [outputs, inputs], as PyTorch's linear layers do, and the model the reverse."""


@dataclasses.dataclass(frozen=True)
class Weight:
    """A variable of the model and its place in a checkpoint."""

    name: str
    variable: Any
    transposed: bool
    """Whether the checkpoint holds [columns, rows], as PyTorch's linear layers do."""
    layer: Any = None
    """The layer that it is of, if it may have LoRA."""

    def value(self) -> np.ndarray:
        """What the layer computes with: the variable, with its LoRA merged into it."""
        return np.asarray(self.variable if self.layer is None else self.layer.merged(self.variable))

    def to_stored(self) -> np.ndarray:
        """The value as a checkpoint holds it, contiguous."""
        value = self.value()
        return np.ascontiguousarray(value.T if self.transposed else value)


def places(config: T5Config) -> Iterator[Place]:
    """The places of all weights of a model, each once; what two stacks share is the encoder's."""
    yield Place(EMBEDDING, (config.vocab_size, config.d_model), "token_embedding.embedding")
    if config.has_encoder:
        yield from _stack_places("encoder", config, config.num_layers)
    decoder = _stack_places("decoder", config, config.decoder_layers)
    shared = config.architecture == SHARED
    yield from (place for place in decoder if not shared or ".cross_" in place.path or ".position_" in place.path)
    if not config.tie_word_embeddings:
        yield Place(HEAD, (config.vocab_size, config.d_model), "head.matrix", transposed=True)


def _stack_places(stack: str, config: T5Config, layers: int) -> Iterator[Place]:
    d_model, inner, d_ff = config.d_model, config.inner_dim, config.d_ff
    attentions = [("SelfAttention", "self_attention")]
    if stack == "decoder" and config.has_encoder:
        attentions.append(("EncDecAttention", "cross_attention"))
    for number in range(layers):
        block, path = f"{stack}.block.{number}", f"{stack}.blocks.{number}"
        for index, (kind, attention) in enumerate(attentions):
            layer = f"{block}.layer.{index}"
            yield Place(f"{layer}.layer_norm.weight", (d_model,), f"{path}.{attention}_norm.scale")
            for name in ("query", "key", "value", "output"):
                shape = (d_model, inner) if name == "output" else (inner, d_model)
                yield Place(f"{layer}.{kind}.{name[0]}.weight", shape, f"{path}.{attention}.{name}_matrix", True)
        if number == 0 or config.position_bias_per_layer:
            shape = (config.relative_attention_num_buckets, config.num_heads)
            name = f"{block}.layer.0.SelfAttention.relative_attention_bias.weight"
            yield Place(name, shape, f"{stack}.position_biases.{number}.table")
        layer = f"{block}.layer.{len(attentions)}"
        yield Place(f"{layer}.layer_norm.weight", (d_model,), f"{path}.feed_forward_norm.scale")
        for name in ("wi_0", "wi_1", "wo") if config.is_gated else ("wi", "wo"):
            shape = (d_model, d_ff) if name == "wo" else (d_ff, d_model)
            yield Place(f"{layer}.DenseReluDense.{name}.weight", shape, f"{path}.feed_forward.{name}", True)
    yield Place(f"{stack}.final_layer_norm.weight", (d_model,), f"{stack}.final_norm.scale")


def weights(model: T5Network) -> Iterator[Weight]:
    """All weights of a model, each once."""
    for place in places(model.config):
        layer, variable = variable_at(model, place.path)
        yield Weight(place.name, variable, place.transposed, layer)


def variable_at(model: T5Network, path: str) -> tuple[Any, Any]:
    """The layer and the variable that a `Place.path` leads to."""
    layer: Any = None
    found: Any = model
    for part in path.split("."):
        layer, found = found, found[int(part)] if part.isdigit() else getattr(found, part)
    return layer, found


def require_whole(model: AdaptedModel) -> None:
    """Raises CheckpointError if a model has layers that the formats of whole models have no place for."""
    if isinstance(model.adaptation, Adapters):
        raise CheckpointError(
            "adapter layers cannot be merged into a T5; keras_model.save_adapters writes them beside its base."
        )


def assign(model: T5Network, tensors: Tensors) -> None:
    """Fills a model from a checkpoint and accounts for every tensor on either side.

    Raises:
        CheckpointError: a tensor is missing, unused, of another shape, holds NaN or infinity or no floating-point
            numbers, or copies of the embedding differ.
    """
    check(model.config, tensors)
    for weight, (name, value) in zip(weights(model), values(model.config, tensors), strict=True):
        require_finite(tensors, name, value)
        weight.variable.assign(value.T if weight.transposed else value)
    embedding, *copies = _embedding_names(model.config, set(tensors.names()))
    for name in copies:
        if not np.array_equal(tensors.read(name), tensors.read(embedding)):
            raise CheckpointError(_differing_copy(tensors.source, name, embedding))


def values(config: T5Config, tensors: Tensors) -> Iterator[tuple[str, np.ndarray]]:
    """Name and value of each weight in the order of `places`, read one at a time, of a checkpoint that was checked."""
    embedding = _embedding_names(config, set(tensors.names()))[0]
    for place in places(config):
        yield place.name, tensors.read(embedding if place.name == EMBEDDING else place.name)


def check(config: T5Config, tensors: Tensors) -> None:
    """Compares names and shapes with what a configuration asks for; nothing is read and no model is needed.

    Raises:
        CheckpointError: a tensor is missing, unused or of another shape.
    """
    names = set(tensors.names())
    copies = _embedding_names(config, names)
    for place in places(config):
        name = copies[0] if place.name == EMBEDDING and copies else place.name
        if name not in names:
            raise CheckpointError(f"{tensors.source}: tensor {name} is missing; the configuration asks for it.")
        shape = tensors.shape(name)
        if shape != place.shape:
            raise CheckpointError(
                f"{tensors.source}: tensor {_called(tensors, name)}: the configuration asks for shape {place.shape}, "
                f"got {shape}."
            )
        names.remove(name)
    names -= {*copies, *NEVER_USED}
    if names:
        listed = ", ".join(sorted(names)[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
        raise CheckpointError(f"{tensors.source}: a T5 of this configuration has no place for tensor {listed}.")


def require_finite(tensors: Tensors, name: str, value: np.ndarray) -> None:
    """Raises CheckpointError if a tensor holds NaN or infinity."""
    finite = np.isfinite(value)
    if not finite.all():
        raise CheckpointError(
            f"{tensors.source}: tensor {_called(tensors, name)} holds NaN or infinity in {int((~finite).sum()):,} of "
            f"{value.size:,} numbers; the checkpoint is damaged, or its training diverged."
        )


def _embedding_names(config: T5Config, names: set[str]) -> list[str]:
    """The names under which a checkpoint holds the embedding, the first to be read and the others to be equal to it."""
    copies = [EMBEDDING, *EMBEDDING_COPIES] + ([HEAD] if config.tie_word_embeddings else [])
    return [name for name in copies if name in names]


def _called(tensors: Tensors, name: str) -> str:
    """A tensor's name for an error message: the reference's, and the checkpoint's own where that is another."""
    stored_name = tensors.stored_name(name) if isinstance(tensors, RenamedTensors) else name
    return name if stored_name == name else f"{name} ({stored_name})"


def _differing_copy(source: str, name: str, embedding: str) -> str:
    if name == HEAD:
        return (
            f"{source}: tensor {HEAD} differs from {embedding}, but config.json ties them; "
            'if the head is the model\'s own, say "tie_word_embeddings": false there.'
        )
    return f"{source}: tensor {name} differs from {embedding}; T5 has one embedding for encoder and decoder."
