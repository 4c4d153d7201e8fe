"""Padded batches of like lengths, in an order that a seed fixes: which examples make up the batch of a step."""

import functools
from collections.abc import Sequence

import numpy as np

from keras_model.data.batches import PAD_ID, Batch, Examples, Filling, make_batch, padded_length
from keras_model.data.item_order import ItemOrder


class BatchPlan:
    """Which examples make up batch k, for every k.

    The examples of a window (see `ItemOrder`; without rates, an epoch that takes each example once) are sorted by
    length class (the source's and the target's length, each rounded up to a multiple of `bucket_width`), cut into
    batches, and the batches shuffled. Within a class the order stays random, so that batches are not sorted by anything
    that goes with exact length, such as the label. The one batch of an epoch that the examples may not fill is shorter,
    never dropped or filled up with others.

    Args:
        source_lengths: integers, shape [examples].
        target_lengths: integers, shape [examples].
        batch_size: examples in a batch.
        seed: a non-negative integer; the order depends on it, on the other arguments and on nothing else.
        bucket_width: tokens. Wider mixes better and pads more; 8 by default.
        sizes: integers: part i is the next sizes[i] examples. Needed with rates.
        rates: how often an example of each part is drawn, relative to the others; 0 for never. None for every example
            once an epoch.
        pad_multiple: 1 pads least; a larger number bounds how many shapes there are, for devices that compile each.

    Raises:
        ValueError: there is no example, or a number is out of range.
    """

    packing: tuple[int, int] | None = None
    """Rows are padded to the longest example in them, and hold one each."""

    def __init__(
        self,
        source_lengths: np.ndarray,
        target_lengths: np.ndarray,
        batch_size: int,
        seed: int = 0,
        bucket_width: int = 8,
        sizes: Sequence[int] | None = None,
        rates: Sequence[float] | None = None,
        pad_multiple: int = 1,
    ) -> None:
        check_at_least_1(batch_size=batch_size, bucket_width=bucket_width, pad_multiple=pad_multiple)
        self.batch_size = batch_size
        self.bucket_width = bucket_width
        self.pad_multiple = pad_multiple
        self.source_lengths = np.asarray(source_lengths)
        self.target_lengths = np.asarray(target_lengths)
        parts = parts_of(len(self.source_lengths), sizes, rates, seed)
        self._order = ItemOrder(parts, rates, batch_size, seed)
        self.batches_per_window = -(-self._order.window_size // batch_size)
        # Two windows, because the reader runs ahead of the trainer, which asks for the batches again to count them.
        self._window = functools.lru_cache(maxsize=2)(self._make_window)

    def rows(self, step: int) -> np.ndarray:
        """The numbers of the examples in the batch of a step (from 0), shape [at most batch_size]."""
        window, index = divmod(step, self.batches_per_window)
        order, starts = self._window(window)
        return order[starts[index] : starts[index] + self.batch_size]

    def filling(self, step: int) -> Filling:
        """How many tokens the batch of a step holds, and in how many places."""
        rows = self.rows(step)
        sides = (self.source_lengths[rows], self.target_lengths[rows])
        (source, source_places), (target, target_places) = (
            (int(lengths.sum()), self.batch_size * padded_length(lengths, self.pad_multiple)) for lengths in sides
        )
        return Filling(source, source_places, target, target_places)

    def batch(self, examples: Examples, step: int, decoder_start_id: int = PAD_ID) -> Batch:
        """The batch of a step."""
        return make_batch(examples, self.rows(step), self.batch_size, self.pad_multiple, decoder_start_id)

    def _make_window(self, window: int) -> tuple[np.ndarray, np.ndarray]:
        order, _ = self._order.window(window)
        source_class = -(-self.source_lengths[order] // self.bucket_width)
        target_class = -(-self.target_lengths[order] // self.bucket_width)
        # lexsort is stable and sorts by its last key first.
        order = order[np.lexsort((target_class, source_class))]
        starts = np.arange(0, len(order), self.batch_size)
        return order, np.random.default_rng([self._order.seed, window, 1]).permutation(starts)


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
