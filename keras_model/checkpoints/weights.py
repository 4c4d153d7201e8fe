"""Names of a T5's weights and their assignment: the common ground of all checkpoint formats.

Hugging Face's names are the reference. A format hands over its tensors under these names, in Hugging Face's layout.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from keras_model.model_folder import CheckpointError

if TYPE_CHECKING:
    from keras_model.model import T5, Stack

EMBEDDING = "shared.weight"
HEAD = "lm_head.weight"
EMBEDDING_COPIES = ("encoder.embed_tokens.weight", "decoder.embed_tokens.weight")
"""Names under which older files repeat the embedding; they count as the embedding where `shared.weight` is absent."""
NEVER_USED = frozenset({"decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight"})
"""Tensors of early files that T5 has no use for: cross-attention has no position bias."""


class Tensors(Protocol):
    """The tensors of a checkpoint, read one at a time so that a large one never lies in memory twice."""

    source: str
    """What an error message calls the checkpoint, usually the file."""

    def names(self) -> list[str]: ...
    def shape(self, name: str) -> tuple[int, ...]: ...
    def read(self, name: str) -> np.ndarray: ...


@dataclasses.dataclass(frozen=True)
class Weight:
    """A variable of the model and its place in a checkpoint."""

    name: str
    variable: Any
    transposed: bool
    """Whether the checkpoint holds [columns, rows], as PyTorch's linear layers do."""

    @property
    def stored_shape(self) -> tuple[int, ...]:
        shape = tuple(self.variable.shape)
        return shape[::-1] if self.transposed else shape

    def to_stored(self) -> np.ndarray:
        """The value as a checkpoint holds it, contiguous."""
        value = np.asarray(self.variable)
        return np.ascontiguousarray(value.T if self.transposed else value)

    def assign_stored(self, value: np.ndarray) -> None:
        self.variable.assign(value.T if self.transposed else value)


def weights(model: T5) -> Iterator[Weight]:
    """All weights of a model, each once."""
    yield Weight(EMBEDDING, model.token_embedding.embedding, transposed=False)
    yield from _stack_weights("encoder", model.encoder)
    yield from _stack_weights("decoder", model.decoder)
    if model.head is not None:
        yield Weight(HEAD, model.head.matrix, transposed=True)


def _stack_weights(prefix: str, stack: Stack) -> Iterator[Weight]:
    for number, block in enumerate(stack.blocks):
        layers = [("SelfAttention", block.self_attention_norm, block.self_attention)]
        if stack.is_decoder:
            layers.append(("EncDecAttention", block.cross_attention_norm, block.cross_attention))
        for index, (kind, norm, attention) in enumerate(layers):
            layer = f"{prefix}.block.{number}.layer.{index}"
            yield Weight(f"{layer}.layer_norm.weight", norm.scale, transposed=False)
            for letter in ("query", "key", "value", "output"):
                yield Weight(f"{layer}.{kind}.{letter[0]}.weight", getattr(attention, f"{letter}_matrix"), True)
        if number < len(stack.position_biases):
            table = stack.position_biases[number].table
            yield Weight(f"{prefix}.block.{number}.layer.0.SelfAttention.relative_attention_bias.weight", table, False)
        layer = f"{prefix}.block.{number}.layer.{len(layers)}"
        yield Weight(f"{layer}.layer_norm.weight", block.feed_forward_norm.scale, transposed=False)
        for name in ("wi_0", "wi_1", "wo") if stack.config.is_gated else ("wi", "wo"):
            yield Weight(f"{layer}.DenseReluDense.{name}.weight", getattr(block.feed_forward, name), transposed=True)
    yield Weight(f"{prefix}.final_layer_norm.weight", stack.final_norm.scale, transposed=False)


def assign(model: T5, tensors: Tensors) -> None:
    """Fills a model from a checkpoint and accounts for every tensor on either side.

    Raises:
        CheckpointError: a tensor is missing, unused or of another shape, or copies of the embedding differ.
    """
    names = set(tensors.names())
    copies = [EMBEDDING, *EMBEDDING_COPIES] + ([HEAD] if model.head is None else [])
    present = [name for name in copies if name in names]
    stored_names = {EMBEDDING: present[0]} if present else {}

    for weight in weights(model):
        name = stored_names.get(weight.name, weight.name)
        if name not in names:
            raise CheckpointError(f"{tensors.source}: tensor {name} is missing; config.json asks for it.")
        shape = tensors.shape(name)
        if shape != weight.stored_shape:
            raise CheckpointError(
                f"{tensors.source}: tensor {name}: config.json asks for shape {weight.stored_shape}, got {shape}."
            )
        weight.assign_stored(tensors.read(name))
        names.remove(name)

    for name in present[1:]:
        if not np.array_equal(tensors.read(name), tensors.read(present[0])):
            raise CheckpointError(_differing_copy(tensors.source, name, present[0]))
        names.remove(name)
    names -= NEVER_USED
    if names:
        listed = ", ".join(sorted(names)[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
        raise CheckpointError(f"{tensors.source}: a T5 of this config.json has no place for tensor {listed}.")


def _differing_copy(source: str, name: str, embedding: str) -> str:
    if name == HEAD:
        return (
            f"{source}: tensor {HEAD} differs from {embedding}, but config.json ties them; "
            'if the head is the model\'s own, say "tie_word_embeddings": false there.'
        )
    return f"{source}: tensor {name} differs from {embedding}; T5 has one embedding for encoder and decoder."
