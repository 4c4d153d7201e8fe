"""What a source shows of the noise in a text, and what a target holds: T5's `inputs_fn` and `targets_fn`. NumPy only.

Each function takes many texts at once, one after the other, and says of every id what it becomes and whether it stays.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np

from keras_model.data.batches import RaggedIds

Written = tuple[np.ndarray, np.ndarray]
"""Ids in the place of the texts' ids, int32, and which of them are there, booleans: both shape [all ids]."""


@dataclasses.dataclass(frozen=True)
class SpecialIds:
    """What noise is replaced by."""

    sentinels: np.ndarray
    """int32, in the order in which they are used; as many as a text has ids."""
    ordinary: np.ndarray
    """int32, the ids of which one is drawn where a random one is wanted."""


Writer = Callable[[RaggedIds, np.ndarray, SpecialIds, np.random.Generator], Written]
"""Of texts and their noise, with what is random from the generator."""


def sentinel_per_span(texts: RaggedIds, noise: np.ndarray, special: SpecialIds, _: np.random.Generator) -> Written:
    """Each run of noise is a sentinel, the first `<extra_id_0>`; T5's noise_span_to_unique_sentinel."""
    first = noise.copy()
    first[1:] &= ~noise[:-1]
    starts = texts.offsets[:-1]
    first[starts] = noise[starts]
    places = np.flatnonzero(first)
    before = np.searchsorted(places, starts)  # runs in the texts before
    counts = np.diff(before, append=len(places))
    ids = texts.values[:].copy()
    ids[places] = special.sentinels[np.arange(len(places)) - np.repeat(before, counts)]
    return ids, first | ~noise


def mask_tokens(random_share: float = 0.0) -> Writer:
    """Each noise id is `<extra_id_0>`, or, for a share of them, any id of the vocabulary.

    T5's noise_token_to_sentinel, and with a share noise_token_to_random_token_or_sentinel.
    """

    def write(texts: RaggedIds, noise: np.ndarray, special: SpecialIds, generator: np.random.Generator) -> Written:
        ids = np.where(noise, special.sentinels[0], texts.values[:])
        if random_share:
            random = noise & (generator.random(len(ids)) < random_share)
            drawn = special.ordinary[(generator.random(len(ids)) * len(special.ordinary)).astype(np.int64)]
            ids = np.where(random, drawn, ids)
        return ids, np.ones(len(ids), bool)

    return write


def dropped(texts: RaggedIds, noise: np.ndarray, _: SpecialIds, __: np.random.Generator) -> Written:
    """The noise is gone, without a trace; T5's drop_noise_tokens."""
    return texts.values[:], ~noise


def permuted(texts: RaggedIds, noise: np.ndarray, _: SpecialIds, generator: np.random.Generator) -> Written:
    """Each text's noise ids change places with one another; T5's permute_noise_tokens."""
    places = np.flatnonzero(noise)
    text_of = np.searchsorted(texts.offsets, places, side="right")
    ids = texts.values[:].copy()
    ids[places] = texts.values[places[np.argsort(text_of + generator.random(len(places)))]]
    return ids, np.ones(len(ids), bool)


def everything(texts: RaggedIds, _: np.ndarray, __: SpecialIds, ___: np.random.Generator) -> Written:
    """The text as it is."""
    return texts.values[:], np.ones(len(texts.values), bool)


def of_the_rest(write: Writer) -> Writer:
    """A writer that takes for noise what is none: so a target has the noise, where the source has the rest."""

    def write_rest(texts: RaggedIds, noise: np.ndarray, special: SpecialIds, random: np.random.Generator) -> Written:
        return write(texts, ~noise, special, random)

    return write_rest


def assembled(texts: RaggedIds, written: Written, begin: np.ndarray, eos_id: int, limit: int) -> RaggedIds:
    """What a writer wrote of texts, each between the ids it begins with and the end of sequence.

    Args:
        begin: ids, int32, before each.
        limit: the most ids of a result; what comes after is cut, before the end of sequence.
    """
    ids, kept = written
    starts = texts.offsets[:-1]
    counts = np.add.reduceat(kept, starts, dtype=np.int64)
    room = limit - len(begin) - 1
    if (counts > room).any():
        numbers = np.cumsum(kept) - np.repeat(np.cumsum(counts) - counts, texts.lengths)  # from 1 in each text
        kept = kept & (numbers <= room)
        counts = np.minimum(counts, room)
    offsets = np.concatenate([[0], np.cumsum(counts + len(begin) + 1)])
    values = np.empty(offsets[-1], np.int32)
    own = np.ones(offsets[-1], bool)
    own[offsets[1:] - 1] = False
    values[offsets[1:] - 1] = eos_id
    heads = offsets[:-1, None] + np.arange(len(begin))
    own[heads] = False
    values[heads] = begin
    values[own] = ids[kept]
    return RaggedIds(values, offsets)
