"""Learning from plain text: span corruption and prefix language modelling over token ids, as T5 has them. NumPy only.

Raffel et al. 2020, section 3.1.4 and 3.3. A chunk of ids becomes a source and a target, each ending in EOS. What is
drawn at random follows from a generator that the caller seeds.
"""

from __future__ import annotations

import dataclasses
from typing import ClassVar, Protocol

import numpy as np

from keras_model.tokenizers.tokenizer import EOS_ID, Tokenizer

NOISE_DENSITY = 0.15
"""Share of the ids that span corruption takes out of a chunk."""

MEAN_SPAN_LENGTH = 3.0
"""Mean length of what it takes out at a place."""

SHORTEST_CHUNK = 2
"""Ids: one to read and one to write."""


class Objective(Protocol):
    """How a chunk of text becomes an example."""

    joins_documents: ClassVar[bool]
    """Whether a chunk goes on with the next document where one ends."""

    @property
    def chunk_length(self) -> int:
        """Ids of a full chunk."""

    def pair(self, ids: np.ndarray, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """The source and the target of a chunk.

        Args:
            ids: int32, shape [from SHORTEST_CHUNK to `chunk_length`], without EOS and sentinels.
        """


def noise_and_spans(length: int) -> tuple[int, int]:
    """How many of `length` ids span corruption takes out, and at how many places."""
    noise = min(max(round(length * NOISE_DENSITY), 1), length - 1)
    return noise, max(round(noise / MEAN_SPAN_LENGTH), 1)


def corrupted_lengths(length: int) -> tuple[int, int]:
    """The lengths of the source and target that span corruption makes of `length` ids: of 568, 512 and 114."""
    noise, spans = noise_and_spans(length)
    return length - noise + spans + 1, noise + spans + 1


def span_corruption_length(inputs: int) -> int:
    """The greatest number of ids whose source has at most `inputs` ids, EOS included: 568 for 512.

    Raises:
        ValueError: that would be fewer than `SHORTEST_CHUNK`.
    """
    length = SHORTEST_CHUNK
    if corrupted_lengths(length)[0] > inputs:
        raise ValueError(
            f"inputs must be at least {corrupted_lengths(length)[0]} for span corruption. Received: {inputs}"
        )
    while corrupted_lengths(length + 1)[0] <= inputs:
        length += 1
    return length


def sentinel_ids(tokenizer: Tokenizer, count: int) -> np.ndarray:
    """The ids of `<extra_id_0>`, `<extra_id_1>`, ...; in T5's vocabularies they descend from the last.

    Returns:
        int32, shape [count].

    Raises:
        ValueError: the vocabulary has fewer.
    """
    encoded = tokenizer.encode([f"<extra_id_{number}>" for number in range(count)])
    first = len(tokenizer.prefix)
    for number, ids in enumerate(encoded):
        if len(ids) != first + 2:
            raise ValueError(f"Span corruption needs {count} sentinels; the vocabulary has no <extra_id_{number}>.")
    return np.array([ids[first] for ids in encoded], np.int32).reshape(count)


@dataclasses.dataclass(frozen=True)
class SpanCorruption(Objective):
    """Takes spans out of the text, 15 % of it in spans of 3 on average, and asks for them.

    Thank you for inviting me to your party last week:
        source  Thank you <extra_id_0> me to your party <extra_id_1> week
        target  <extra_id_0> for inviting <extra_id_1> last

    A chunk begins with a span that stays and ends with one that is taken out. Every way to split what is taken, and
    what stays, into so many non-empty spans is as likely.
    """

    joins_documents = True
    sentinels: np.ndarray
    """int32, the ids that stand for what was taken out, in their order."""
    inputs: int = 512
    """The most ids of a source, EOS included."""
    eos_id: int = EOS_ID

    def __post_init__(self) -> None:
        needed = noise_and_spans(self.chunk_length)[1]
        if len(self.sentinels) < needed:
            raise ValueError(
                f"Span corruption of {self.chunk_length} ids needs {needed} sentinels. Received: {len(self.sentinels)}"
            )

    @classmethod
    def of(cls, tokenizer: Tokenizer, inputs: int = 512) -> SpanCorruption:
        """The objective with a tokenizer's sentinels."""
        sentinels = sentinel_ids(tokenizer, noise_and_spans(span_corruption_length(inputs))[1])
        return cls(sentinels, inputs, tokenizer.eos_id)

    @property
    def chunk_length(self) -> int:
        """Ids of a full chunk; 568 for 512 inputs."""
        return span_corruption_length(self.inputs)

    def pair(self, ids: np.ndarray, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        noise, spans = noise_and_spans(len(ids))
        lengths = np.stack(
            [_random_lengths(len(ids) - noise, spans, generator), _random_lengths(noise, spans, generator)], 1
        )
        is_noise = np.repeat(np.tile([False, True], spans), lengths.ravel())
        starts = np.diff(is_noise, prepend=True)  # of spans of either kind
        return self._with_sentinels(ids, is_noise, starts), self._with_sentinels(ids, ~is_noise, starts)

    def _with_sentinels(self, ids: np.ndarray, hidden: np.ndarray, starts: np.ndarray) -> np.ndarray:
        """The ids with a sentinel in the place of each hidden span, and EOS."""
        first = hidden & starts
        replaced = ids.astype(np.int32)
        replaced[first] = self.sentinels[: first.sum()]
        return np.append(replaced[first | ~hidden], np.int32(self.eos_id))


def _random_lengths(items: int, parts: int, generator: np.random.Generator) -> np.ndarray:
    """The lengths of `parts` non-empty runs that `items` are cut into, each way as likely; int64, shape [parts]."""
    cuts = np.sort(generator.permutation(items - 1)[: parts - 1]) + 1
    return np.diff(cuts, prepend=0, append=items)


@dataclasses.dataclass(frozen=True)
class PrefixLm(Objective):
    """Cuts the text at a random place and asks for the rest: the source has from one to all but one of its ids."""

    joins_documents = False
    inputs: int = 512
    """The most ids of a source, EOS included."""
    eos_id: int = EOS_ID

    def __post_init__(self) -> None:
        if self.inputs <= SHORTEST_CHUNK:
            raise ValueError(f"inputs must be at least {SHORTEST_CHUNK + 1} for a prefix. Received: {self.inputs}")

    @property
    def chunk_length(self) -> int:
        return self.inputs - 1

    def pair(self, ids: np.ndarray, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        cut = int(generator.integers(1, len(ids)))
        end = np.int32(self.eos_id)
        return np.append(ids[:cut].astype(np.int32), end), np.append(ids[cut:].astype(np.int32), end)
