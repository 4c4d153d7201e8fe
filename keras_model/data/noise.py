"""Which ids of a text are noise: T5's noise masks (Raffel et al. 2020, sections 3.1.4 and 3.3). NumPy only.

A mask is drawn for many texts at once, which lie one after the other in one array.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Protocol

import numpy as np

DEVIATIONS = 3.5
"""What is counted on of a random number, in standard deviations over its mean: 192 tokens of a target, as T5's."""


class NoiseMask(Protocol):
    """A way to choose the noise."""

    def draw(self, lengths: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """The noise of texts of these lengths, each at least 2: booleans, shape [lengths added up]."""

    def most(self, length: int, spans: bool) -> int:
        """How many ids of a text are noise, or, with `spans`, ids and runs of them together; at most, if not rarely."""

    def runs(self, length: int) -> int:
        """How many runs of noise, or of what is none, a text has at the most."""


@dataclasses.dataclass(frozen=True)
class IidNoise(NoiseMask):
    """Every id for itself is noise with the probability `rate`; the number of noise ids is random, and may be 0."""

    rate: float = 0.15

    def draw(self, lengths: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        return generator.random(int(lengths.sum())) < self.rate

    def most(self, length: int, spans: bool) -> int:
        rate, ids = self.rate, length
        if not spans:
            mean, variance = ids * rate, ids * rate * (1 - rate)
        else:
            # Of each id: 1 if it is noise, and 1 more if the one before it is not.
            one = 2 * rate - rate**2
            mean = ids * one + rate**2
            alone = 4 * rate - 3 * rate**2 - one**2
            neighbours = 2 * rate**2 - rate**3 - one**2
            variance = ids * alone + 2 * (ids - 1) * neighbours
        return min(math.ceil(mean + DEVIATIONS * math.sqrt(variance)), length + self.runs(length) * spans)

    def runs(self, length: int) -> int:
        return length // 2 + 1


@dataclasses.dataclass(frozen=True)
class SpanNoise(NoiseMask):
    """A share of the ids is noise, in runs of a mean length; both numbers follow from the text's length.

    A text begins with what stays and ends with noise. Every way to split the noise, and what stays, into so many
    non-empty runs is as likely.
    """

    rate: float = 0.15
    mean: float = 3.0

    def counts(self, length: int) -> tuple[int, int]:
        """How many ids of a text are noise, and in how many runs."""
        noise = min(max(round(length * self.rate), 1), length - 1)
        return noise, min(max(round(noise / self.mean), 1), length - noise)

    def draw(self, lengths: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        if (lengths == lengths[0]).all():
            return self._of_length(len(lengths), int(lengths[0]), generator)
        found = np.empty(int(lengths.sum()), bool)
        starts = np.cumsum(lengths) - lengths
        for length in np.unique(lengths).tolist():
            places = starts[lengths == length]
            found[(places[:, None] + np.arange(length)).ravel()] = self._of_length(len(places), length, generator)
        return found

    def _of_length(self, texts: int, length: int, generator: np.random.Generator) -> np.ndarray:
        noise, spans = self.counts(length)
        keys = generator.random((texts, length - 2), np.float32)
        taken, stays = _runs(keys[:, : noise - 1], spans), _runs(keys[:, noise - 1 :], spans)
        runs = np.stack([stays, taken], axis=2).ravel()
        return np.repeat(np.tile([False, True], texts * spans), runs)

    def most(self, length: int, spans: bool) -> int:
        noise, runs = self.counts(length)
        return noise + runs * spans

    def runs(self, length: int) -> int:
        return self.counts(length)[1]


def _runs(keys: np.ndarray, runs: int) -> np.ndarray:
    """The lengths of the runs into which items are cut after those with the smallest keys.

    Args:
        keys: floats [texts, items - 1].
        runs: how many, at most `items`.

    Returns:
        int64 [texts, runs], all at least 1.
    """
    texts, places = keys.shape
    if 1 < runs <= places:
        cuts = np.sort(np.argpartition(keys, runs - 2, axis=1)[:, : runs - 1], axis=1) + 1
    else:
        cuts = np.tile(np.arange(1, runs), (texts, 1))
    return np.diff(cuts, axis=1, prepend=0, append=places + 1)


@dataclasses.dataclass(frozen=True)
class SuffixNoise(NoiseMask):
    """All from a random place on is noise, on average the share `rate`; the first id never is, the last one always."""

    rate: float = 0.5

    def draw(self, lengths: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        longest = lengths - 1
        shortest = np.minimum(longest, np.maximum(1, np.rint((1 - 2 * self.rate) * longest))).astype(np.int64)
        kept = shortest + (generator.random(len(lengths)) * (longest + 1 - shortest)).astype(np.int64)
        places = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        return places >= np.repeat(kept, lengths)

    def most(self, length: int, spans: bool) -> int:
        longest = length - 1
        return length - min(longest, max(1, round((1 - 2 * self.rate) * longest))) + spans

    def runs(self, length: int) -> int:
        return 1


@dataclasses.dataclass(frozen=True)
class AllNoise(NoiseMask):
    """Every id is noise."""

    def draw(self, lengths: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        return np.ones(int(lengths.sum()), bool)

    def most(self, length: int, spans: bool) -> int:
        return length + spans

    def runs(self, length: int) -> int:
        return 1
