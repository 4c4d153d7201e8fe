"""What stands before the first token: inputs encoded, decoders made; of one network, or of the members of an ensemble.

An ensemble decodes one token as one model does: its logits are the mean of its members', and its state is theirs, one
after the other, so that no search has to know of it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import tensorflow as tf

from keras_model.config import T5Config
from keras_model.decoding.cached_decoder import CachedDecoder, State
from keras_model.decoding.cross_attention import Memory, SourceMemory
from keras_model.decoding.encoding import encode
from keras_model.model import T5Network

Tensor = Any


class Several(Protocol):
    """Networks that write as one: an `Ensemble`."""

    @property
    def members(self) -> Sequence[T5Network]:
        """At least one."""

    @property
    def config(self) -> T5Config:
        """What is true of all: the number of ids, and the special ones."""

    @property
    def distribute_strategy(self) -> Any:
        """What all were made under."""


Network = T5Network | Several


def members_of(model: Network) -> Sequence[T5Network]:
    """The members of an ensemble; of a network itself alone."""
    return [model] if isinstance(model, T5Network) else model.members


class JointDecoder:
    """Decoders of one vocabulary as one.

    Args:
        decoders: at least one.
        states: of each of them, the one before the first token.
    """

    def __init__(self, decoders: Sequence[CachedDecoder], states: Sequence[State]) -> None:
        self.decoders = decoders
        self.first = states[0]
        fields = [field.name for field in dataclasses.fields(State)]
        self.lists = [name for name in fields if isinstance(getattr(self.first, name), list)]
        self.sizes = [{name: len(getattr(state, name)) for name in self.lists} for state in states]
        joined: dict[str, Any] = {
            name: [part for state in states for part in getattr(state, name)] for name in self.lists
        }
        self.state = dataclasses.replace(self.first, **joined)
        """Of all together: what they share as it is, and their lists one after the other."""

    def step(self, state: State, ids: Tensor, position: Tensor) -> tuple[Tensor, list[Tensor], list[Tensor]]:
        """See `CachedDecoder.step`; the logits are the mean of the decoders'."""
        logits, keys, values = [], [], []
        first = dict.fromkeys(self.lists, 0)
        for decoder, sizes in zip(self.decoders, self.sizes, strict=True):
            ends = {name: first[name] + size for name, size in sizes.items()}
            own = {name: getattr(state, name)[first[name] : ends[name]] for name in self.lists}
            found, new_keys, new_values = decoder.step(dataclasses.replace(state, **own), ids, position)
            logits.append(found)
            keys += new_keys
            values += new_values
            first = ends
        return tf.add_n(logits) / len(logits), keys, values


def begin(
    model: Network,
    encoder_ids: Tensor,
    steps: Tensor,
    *,
    emit_limit: int,
    memory: Callable[[T5Network], Memory | SourceMemory],
    hypotheses: int = 1,
    static: bool,
) -> tuple[CachedDecoder | JointDecoder, State]:
    """A decoder, and its state before the first token; to be called inside a `tf.function`.

    Args:
        encoder_ids: int [batch, source], padded.
        steps: int scalar; the greatest number of tokens that will be decoded.
        emit_limit: only ids below it get logits.
        memory: how a network's decoder attends to its inputs.
        hypotheses: how many texts are decoded for each input.
        static: see `State.static`.
    """
    decoders, states = [], []
    for member in members_of(model):
        mask = member.padding_mask(encoder_ids)
        decoders.append(CachedDecoder(member, emit_limit, memory(member)))
        encoded = encode(member, encoder_ids, mask, static)
        states.append(decoders[-1].start(encoded, mask, steps, hypotheses, static=static))
    if len(decoders) == 1:
        return decoders[0], states[0]
    joint = JointDecoder(decoders, states)
    return joint, joint.state
