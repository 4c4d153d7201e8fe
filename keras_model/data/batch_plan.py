"""Padded batches of like lengths, in an order that a seed fixes: which examples make up the batch of a step."""

import bisect
import functools
from collections.abc import Sequence

import numpy as np

from keras_model.data.item_order import ItemOrder
from keras_model.data.layouts import Layout, Plan
from keras_model.data.shapes import Shapes


class BatchPlan(Plan):
    """Which examples make up batch k, for every k.

    The examples of a window (see `ItemOrder`; without rates, an epoch that takes each example once) are sorted by
    length class, cut into batches, and the batches shuffled. Classes are the shapes that batches may have or, without
    such, the source's and the target's length, each rounded up to a multiple of `bucket_width`. Within a class the
    order stays random, so that batches are not sorted by anything that goes with exact length, such as the label. The
    one batch of an epoch that the examples may not fill is shorter, never dropped or filled up with others.

    Args:
        source_lengths: integers, shape [examples].
        target_lengths: integers, shape [examples].
        batch_size: examples in a batch.
        seed: a non-negative integer; the order depends on it, on the other arguments and on nothing else.
        bucket_width: tokens. Wider mixes better and pads more; 8 by default.
        sizes: integers: part i is the next sizes[i] examples. Needed with rates.
        rates: how often an example of each part is drawn, relative to the others; 0 for never. None for every example
            once an epoch.
        shapes: what batches may be as long as, for devices that compile each shape. None pads each batch to the longest
            in it.
        batch_tokens: the most places of a batch, source and target together; its rows then follow from its shape,
            and `batch_size` is not used. Takes shapes, and no rates.

    Raises:
        ValueError: there is no example, a number is out of range, or an example fits into no shape.
    """

    def __init__(
        self,
        source_lengths: np.ndarray,
        target_lengths: np.ndarray,
        batch_size: int,
        seed: int = 0,
        bucket_width: int = 8,
        sizes: Sequence[int] | None = None,
        rates: Sequence[float] | None = None,
        shapes: Shapes | None = None,
        batch_tokens: int | None = None,
    ) -> None:
        check_at_least_1(batch_size=batch_size, bucket_width=bucket_width)
        self.batch_size = batch_size
        self.height = batch_size if batch_tokens is None else None
        self.bucket_width = bucket_width
        self.shapes = shapes
        self.source_lengths = np.asarray(source_lengths)
        self.target_lengths = np.asarray(target_lengths)
        parts = parts_of(len(self.source_lengths), sizes, rates, seed)
        self._order = ItemOrder(parts, rates, batch_size, seed)
        self._heights = self._heights_of_shapes(batch_size, batch_tokens, rates is not None)
        # Two windows, because the reader runs ahead of the trainer, which asks for the batches again to count them.
        self._window = functools.lru_cache(maxsize=2)(self._make_window)
        self.batches_per_window = -(-self._order.window_size // batch_size)
        if batch_tokens is not None:  # as many in every epoch, since lengths are the same
            self.batches_per_window = len(self._window(0)[1])

    def layout(self, step: int) -> Layout:
        """See `Plan.layout`."""
        window, index = divmod(step, self.batches_per_window)
        order, batches = self._window(window)
        start, end, shape = batches[index].tolist()
        rows = order[start:end]
        if self.shapes is None:
            longest = int(self.source_lengths[rows].max()), int(self.target_lengths[rows].max())
        else:
            longest = self.shapes.pairs[shape]
        return Layout(rows, np.ones(len(rows), np.int64), self._heights[shape], *longest)

    def _heights_of_shapes(self, batch_size: int, batch_tokens: int | None, with_rates: bool) -> list[int]:
        """How many rows a batch of each shape has."""
        if batch_tokens is None:
            return [batch_size] * (1 if self.shapes is None else len(self.shapes))
        if self.shapes is None or with_rates:
            raise ValueError("batch_tokens takes shapes, and parts that are not drawn at rates; give batch_size")
        longest = max(source + target for source, target in self.shapes.pairs)
        if longest > batch_tokens:
            raise ValueError(f"batch_tokens must be at least {longest}, for one example. Received: {batch_tokens}")
        return [batch_tokens // (source + target) for source, target in self.shapes.pairs]

    def _make_window(self, window: int) -> tuple[np.ndarray, np.ndarray]:
        """The examples of a window, and of each batch start and end of its rows, and its shape: int64 [batches, 3]."""
        order, _ = self._order.window(window)
        source, target = self.source_lengths[order], self.target_lengths[order]
        if self.shapes is None:
            # lexsort is stable and sorts by its last key first.
            order = order[np.lexsort((-(-target // self.bucket_width), -(-source // self.bucket_width)))]
            starts = np.arange(0, len(order), self._heights[0])
            ends = np.minimum(starts + self._heights[0], len(order))
            batches = np.stack([starts, ends, np.zeros(len(starts), np.int64)], axis=1)
        else:
            classes = self.shapes.classes(source, target)
            order = order[np.argsort(classes, kind="stable")]
            batches = self._cut(np.bincount(classes, minlength=len(self.shapes)))
        mixed = np.random.default_rng([self._order.seed, window, 1]).permutation(len(batches))
        return order, batches[mixed]

    def _cut(self, counts: np.ndarray) -> np.ndarray:
        """Cuts examples that are sorted by class into batches, as high as the shape that has room for all of a batch.

        Args:
            counts: how many examples each class has.

        Returns:
            Of each batch the start and end of its rows, and its shape: int64 [batches, 3].
        """
        assert self.shapes is not None
        there = np.flatnonzero(counts).tolist()
        ends = np.cumsum(counts[there]).tolist()
        batches = []
        start = 0
        while start < ends[-1]:
            first = bisect.bisect_right(ends, start)
            height = self._heights[there[first]]
            if full := (ends[first] - start) // height:
                starts = start + height * np.arange(full)
                batches.append(np.stack([starts, starts + height, np.full(full, there[first])], axis=1))
                start += full * height
                continue
            end, shape = ends[first], there[first]
            for last in range(first + 1, len(there)):  # what a class leaves over goes with the next ones
                wider = self.shapes.covering(there[first : last + 1])
                room = start + self._heights[wider]
                if room <= end:
                    break
                end, shape = min(ends[last], room), wider
            batches.append(np.array([[start, end, shape]]))
            start = end
        return np.concatenate(batches)


def check_at_least_1(**numbers: int) -> None:
    """Raises ValueError for a number below 1, under its name."""
    for name, value in numbers.items():
        if value < 1:
            raise ValueError(f"{name} must be at least 1. Received: {name}={value}")


def parts_of(count: int, sizes: Sequence[int] | None, rates: Sequence[float] | None, seed: int) -> Sequence[int]:
    """The sizes of the parts that examples are drawn from: one part of all of them where there are no rates.

    Raises:
        ValueError: there is no example, the sizes are not those of the examples, or the seed is negative.
    """
    if count == 0:
        raise ValueError("There is no example to train on.")
    if seed < 0:
        raise ValueError(f"seed must be at least 0. Received: seed={seed}")
    if rates is None:
        return [count]
    if sizes is None or min(sizes, default=0) < 0 or sum(sizes) != count:
        raise ValueError(f"With rates, sizes must add up to the {count} examples. Received: sizes={sizes}")
    return sizes
