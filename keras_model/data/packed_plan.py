"""Batches of packed rows, in an order that a seed fixes: which examples lie in which row of the batch of a step."""

import functools
from collections.abc import Sequence

import numpy as np

from keras_model.data.batch_plan import check_at_least_1, parts_of
from keras_model.data.item_order import ItemOrder
from keras_model.data.layouts import Layout, Plan, ranges, ranges_from
from keras_model.data.packing import Packing


class PackedPlan(Plan):
    """Which rows make up batch k, and which examples each row, for every k.

    Without rates all examples are packed together, and an epoch takes each once. With rates each part is packed by
    itself, and its rows are drawn so often that its examples come at their rate.

    Args:
        source_lengths: integers, shape [examples].
        target_lengths: integers, shape [examples].
        batch_size: rows in a batch.
        packing: the lengths of a row, source and target.
        seed: as in `BatchPlan`.
        sizes: as in `BatchPlan`.
        rates: as in `BatchPlan`; of examples, not of rows or tokens.

    Raises:
        ValueError: there is no example, one is longer than a row, or a number is out of range.
    """

    def __init__(
        self,
        source_lengths: np.ndarray,
        target_lengths: np.ndarray,
        batch_size: int,
        packing: tuple[int, int],
        seed: int = 0,
        sizes: Sequence[int] | None = None,
        rates: Sequence[float] | None = None,
    ) -> None:
        check_at_least_1(batch_size=batch_size, source_length=packing[0], target_length=packing[1])
        self.batch_size = self.height = batch_size
        self.packing: tuple[int, int] | None = packing
        self.source_lengths = np.asarray(source_lengths)
        self.target_lengths = np.asarray(target_lengths)
        parts = parts_of(len(self.source_lengths), sizes, rates, seed)
        self._first_examples = np.concatenate([[0], np.cumsum(parts)])
        self._packings = [
            Packing(self.source_lengths[start:end], self.target_lengths[start:end], packing) if end > start else None
            for start, end in zip(self._first_examples[:-1], self._first_examples[1:], strict=True)
        ]
        rows = [packing.count if packing else 0 for packing in self._packings]
        if rates is not None and len(rates) == len(parts):
            rates = [rate * row / max(part, 1) for rate, row, part in zip(rates, rows, parts, strict=True)]
        self._first_rows = np.concatenate([[0], np.cumsum(rows)])
        self._order = ItemOrder(rows, rates, batch_size, seed)
        self.batches_per_window = -(-self._order.window_size // batch_size)
        # As in `BatchPlan`, and as in `ItemOrder`.
        self._window = functools.lru_cache(maxsize=2)(self._order.window)
        self._filled = functools.lru_cache(maxsize=2 * len(parts))(self._fill)

    def layout(self, step: int) -> Layout:
        """See `Plan.layout`."""
        window, index = divmod(step, self.batches_per_window)
        rows, epochs = (array[index * self.batch_size :][: self.batch_size] for array in self._window(window))
        parts = np.searchsorted(self._first_rows, rows, side="right") - 1
        starts, counts, groups = np.empty(len(rows), np.int64), np.empty(len(rows), np.int64), []
        for part, epoch in np.unique(np.stack([parts, epochs]), axis=1).T.tolist():
            numbers, first = self._filled(part, epoch)
            here = (parts == part) & (epochs == epoch)
            places = rows[here] - self._first_rows[part]
            starts[here], counts[here] = first[places], first[places + 1] - first[places]
            groups.append((here, numbers))
        examples, before = np.empty(int(counts.sum()), np.int64), ranges_from(counts)
        for here, numbers in groups:
            examples[ranges(before[here], counts[here])] = numbers[ranges(starts[here], counts[here])]
        assert self.packing is not None
        return Layout(examples, counts, self.batch_size, *self.packing)

    def packed_rows(self, step: int) -> list[np.ndarray]:
        """The numbers of the examples in each row of the batch of a step, at most `batch_size` rows."""
        layout = self.layout(step)
        return np.split(layout.examples, np.cumsum(layout.counts)[:-1])

    def _fill(self, part: int, epoch: int) -> tuple[np.ndarray, np.ndarray]:
        packing = self._packings[part]
        assert packing is not None  # a part without examples has no rows
        numbers, starts = packing.fill(np.random.default_rng([self._order.seed, part, epoch, 3]))
        return self._first_examples[part] + numbers, starts
