"""The few shapes that padded batches come in where every shape is compiled: chosen from the lengths of the data."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

import numpy as np

SHAPES = 12
"""How many shapes there are at most, if nobody says otherwise."""
SOURCE_MULTIPLE, TARGET_MULTIPLE = 8, 2
"""What lengths are multiples of. Targets are often a word: rounded up to 8, most of their places would be padding."""
TARGET_SHARE = 1 / 2
"""How much padding of the target counts beside padding of the source, both as shares of their tokens."""
CLASSES, CANDIDATES = 512, 32
"""Lengths that are told apart at most, and of these the ones that a shape may have, on either side."""


@dataclasses.dataclass(frozen=True)
class Shapes:
    """Lengths of batches, one of which has room for every example.

    Attributes:
        pairs: source and target length of each shape, in the order in which batches are cut: by target, and within a
            target by source, up and down in turn, so that neighbours are alike.
        target_weight: what a place of the target costs, in places of the source.
    """

    pairs: tuple[tuple[int, int], ...]
    target_weight: float = 1.0

    @classmethod
    def choose(
        cls,
        source_lengths: np.ndarray,
        target_lengths: np.ndarray,
        most: int = SHAPES,
        weights: np.ndarray | None = None,
    ) -> Shapes:
        """The shapes by which least is padded: both sides count as shares of their tokens, the target for half.

        Targets are cut into ranges, and for each range the sources have cuts of their own, both by dynamic programming
        over the histogram of the lengths. One shape has room for everything, and takes what is too long for the others.

        Args:
            source_lengths: positive integers, shape [examples].
            target_lengths: positive integers, shape [examples].
            most: how many shapes there may be.
            weights: how often an example is drawn, relative to the others; alike by default.
        """
        if most < 1:
            raise ValueError(f"there must be at least 1 shape. Received: {most}")
        weights = np.ones(len(source_lengths)) if weights is None else weights
        sources, source = _candidates(source_lengths, weights, SOURCE_MULTIPLE)
        targets, target = _candidates(target_lengths, weights, TARGET_MULTIPLE)
        histogram = np.zeros((len(targets), len(sources)))
        np.add.at(histogram, (target, source), weights)
        scale = TARGET_SHARE * float((source_lengths * weights).sum() / (target_lengths * weights).sum())
        ranges = _cut_both(histogram, sources, targets * scale, most)
        pairs: list[tuple[int, int]] = []
        for number, (last, chosen) in enumerate(ranges):
            pairs += [(int(sources[k]), int(targets[last])) for k in (chosen if number % 2 else chosen[::-1])]
        return cls(tuple(pairs), scale)

    def __len__(self) -> int:
        return len(self.pairs)

    def __str__(self) -> str:
        return ", ".join(f"{source} + {target}" for source, target in self.pairs)

    def classes(self, source_lengths: np.ndarray, target_lengths: np.ndarray) -> np.ndarray:
        """The number of the cheapest shape that has room for each example: int64 [examples].

        Raises:
            ValueError: none has.
        """
        found = np.full(len(source_lengths), -1)
        for number in self._by_cost()[::-1]:
            source, target = self.pairs[number]
            found[(source_lengths <= source) & (target_lengths <= target)] = number
        if (found < 0).any():
            example = int(np.argmax(found < 0))
            raise ValueError(
                f"Example {example} has {source_lengths[example]} + {target_lengths[example]} tokens, for which none "
                f"of the shapes has room: {self}"
            )
        return found

    def covering(self, numbers: Iterable[int]) -> int:
        """The number of the cheapest shape that has room for what several shapes have room for."""
        given = [self.pairs[number] for number in set(numbers)]
        source, target = (max(lengths) for lengths in zip(*given, strict=True))
        return next(n for n in self._by_cost() if self.pairs[n][0] >= source and self.pairs[n][1] >= target)

    def _by_cost(self) -> list[int]:
        return sorted(range(len(self)), key=lambda n: (self.pairs[n][0] + self.target_weight * self.pairs[n][1], n))


def _candidates(lengths: np.ndarray, weights: np.ndarray, multiple: int) -> tuple[np.ndarray, np.ndarray]:
    """Lengths that a shape may have, rising, and of each example the number of the first that has room for it."""
    longest = int(lengths.max())
    while longest > multiple * CLASSES:
        multiple *= 2
    classes = -(-lengths // multiple)
    there = np.unique(classes)
    histogram = np.bincount(classes, weights)[there]
    (*_, (_, cuts)) = _cuts(histogram, there * multiple, min(CANDIDATES, len(there)))
    chosen = there[cuts] * multiple
    return chosen, np.searchsorted(chosen, lengths)


def _cuts(weights: np.ndarray, lengths: np.ndarray, most: int) -> list[tuple[float, list[int]]]:
    """For 1, 2, ... `most` cuts of a histogram: the least sum of weight times length, and the lengths' numbers.

    Args:
        weights: float [lengths].
        lengths: rising; each is rounded up to the next that is chosen, the last one always being chosen.
    """
    count = len(lengths)
    before = np.concatenate([[0.0], np.cumsum(weights)])
    within = np.arange(count)[:, np.newaxis] <= np.arange(count)
    # [first, last]: what it costs to round all from the first on up to the last.
    together = np.where(within, (before[1:] - before[:-1, np.newaxis]) * lengths, np.inf)
    costs, firsts, found = together[0], [np.zeros(count, int)], []
    for number in range(1, min(most, count) + 1):
        if number > 1:
            sums = np.concatenate([[np.inf], costs[:-1]])[:, np.newaxis] + together
            firsts.append(sums.argmin(axis=0))
            costs = sums.min(axis=0)
        chosen, last = [], count - 1
        for first in reversed(firsts):
            chosen.append(last)
            last = int(first[last]) - 1
        found.append((float(costs[-1]), chosen[::-1]))
    return found


def _cut_both(
    histogram: np.ndarray, sources: np.ndarray, targets: np.ndarray, most: int
) -> list[tuple[int, list[int]]]:
    """Ranges of targets, each with its sources: of each range its last target's number, and the sources' numbers.

    Args:
        histogram: float [targets, sources].
        sources: what a place in a shape of each source costs, rising.
        targets: the same of each target.
        most: sources of all ranges together.
    """
    count, top = len(targets), len(sources) - 1
    Found = tuple[float, list[tuple[int, list[int]]]]
    least: list[list[Found]] = [[(np.inf, [])] * (most + 1) for _ in range(count + 1)]
    least[0] = [(0.0, [])] * (most + 1)
    for last in range(count):
        for first in range(last + 1):
            part = histogram[first : last + 1].sum(axis=0)
            there = np.flatnonzero(part)
            if last == count - 1:  # one of the longest targets' shapes has room for everything
                there = np.union1d(there, [top])
                options = _cuts(part[there], sources[there], most)
            else:  # what is longer than all sources of a range goes there
                costs = [*sources[there], sources[top] + targets[-1] - targets[last]]
                options = _cuts(np.append(part[there], 0.0), np.array(costs), most)
            for used, (cost, chosen) in enumerate(options, start=int(last == count - 1)):
                cost += float(part.sum() * targets[last])
                kept = [int(there[k]) for k in chosen if k < len(there)]
                for total in range(used, most + 1):
                    whole = least[first][total - used][0] + cost
                    if whole < least[last + 1][total][0]:
                        least[last + 1][total] = (whole, [*least[first][total - used][1], (last, kept)])
    return [(last, chosen) for last, chosen in least[count][most][1] if chosen]
