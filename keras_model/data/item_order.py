"""Which items a run sees in which order: every item once an epoch, or parts in proportion to rates.

An item is an example, or a row into which several are packed. The order is cut into windows of a fixed number of items,
and a window follows from the seed and its number alone, so that a run that resumes replays nothing.
"""

import functools
from collections.abc import Sequence

import numpy as np

LEAST_SHARE = 1e-6
"""A part that is drawn more rarely than this would make a window of more than a million items."""


class ItemOrder:
    """The items of window w, for every w, in random order.

    Without rates a window is an epoch: every item once. With rates, the number of items of part i up to the end of
    window w is its share of all items up to there, rounded by largest remainder, so that it is never more than 1 off.
    Each part walks through random permutations of its own items, so that none comes again before all of them came.

    Args:
        sizes: integers, how many items each part has; the parts lie one after the other.
        rates: numbers, how often items of each part are drawn, relative to the others; 0 for never.
        batch_size: items. With rates, windows are whole batches, at least `least_batches` of them, and as many as it
            takes for each part to be drawn.
        seed: a non-negative integer; the order depends on it, on these numbers and on nothing else.
        least_batches: integer, batches in a window with rates, or more.

    Raises:
        ValueError: there is nothing to draw, or a rate or a size is out of range.
    """

    def __init__(
        self,
        sizes: Sequence[int],
        rates: Sequence[float] | None,
        batch_size: int,
        seed: int,
        least_batches: int = 64,
    ) -> None:
        self.sizes = np.asarray(sizes, np.int64)
        self.seed = seed
        self._starts = np.concatenate([[0], np.cumsum(self.sizes)])
        self._shares: np.ndarray | None = None
        if rates is None:
            self.window_size = int(self._starts[-1])
        else:
            self._shares = shares_of(self.sizes, rates)
            rarest = self._shares[self._shares > 0].min()
            self.window_size = batch_size * max(least_batches, -(-int(np.ceil(1 / rarest)) // batch_size))
        # Two epochs of a part, since a window may hold the end of one and the start of the next.
        self._permutation = functools.lru_cache(maxsize=2 * len(self.sizes))(self._make_permutation)

    def window(self, window: int) -> tuple[np.ndarray, np.ndarray]:
        """The items of a window (from 0) and, of each, how often its part was gone through before: two int64 arrays."""
        random = np.random.default_rng([self.seed, window, 0])
        if self._shares is None:
            return random.permutation(self.window_size), np.full(self.window_size, window)
        before, after = (largest_remainder(self._shares, n * self.window_size) for n in (window, window + 1))
        parts = [self._walk(part, before[part], after[part]) for part in np.flatnonzero(after > before).tolist()]
        items, epochs = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        mixed = random.permutation(len(items))
        return items[mixed], epochs[mixed]

    def _walk(self, part: int, start: int, end: int) -> tuple[np.ndarray, np.ndarray]:
        """The items from one place to another on a part's way through its epochs, and the epochs."""
        epochs, places = np.divmod(np.arange(start, end), self.sizes[part])
        items = np.empty(len(epochs), np.int64)
        for epoch in np.unique(epochs):
            of_epoch = epochs == epoch
            items[of_epoch] = self._permutation(part, int(epoch))[places[of_epoch]]
        return self._starts[part] + items, epochs

    def _make_permutation(self, part: int, epoch: int) -> np.ndarray:
        return np.random.default_rng([self.seed, part, epoch, 2]).permutation(self.sizes[part])


def shares_of(sizes: np.ndarray, rates: Sequence[float]) -> np.ndarray:
    """The share that each part has of what is drawn, float64 [parts], adding up to 1.

    Raises:
        ValueError: the rates do not fit the parts.
    """
    given = np.asarray(rates, np.float64)
    if given.shape != sizes.shape:
        raise ValueError(f"Each part has a size and a rate: got {len(sizes)} sizes and {len(given)} rates.")
    if not np.isfinite(given).all() or (given < 0).any() or not given.any():
        raise ValueError(f"Rates are finite, not negative and not all 0. Received: rates={list(rates)}")
    shares = given / given.sum()
    for part, (share, size) in enumerate(zip(shares, sizes, strict=True)):
        if share and not size:
            raise ValueError(f"Part {part} has no example to draw; its rate must be 0. Received: {given[part]}")
        if 0 < share < LEAST_SHARE:
            raise ValueError(
                f"Part {part} would be drawn less than once in {1 / LEAST_SHARE:,.0f} times; raise its rate, or set it "
                f"to 0. Received: {given[part]}, of {given.sum()} in all"
            )
    return shares


def largest_remainder(shares: np.ndarray, total: int) -> np.ndarray:
    """Whole numbers that add up to the total, each less than 1 from its share of it: int64, as long as the shares.

    What is left after rounding down goes to the largest remainders, to the first of equal ones first.
    """
    exact = shares * total
    counts = np.floor(exact).astype(np.int64)
    left = total - int(counts.sum())
    counts[np.argsort(counts - exact, kind="stable")[:left]] += 1
    return counts
