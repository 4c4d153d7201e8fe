"""Where the examples of a batch go, and batches made by it: many at a time, with a few calls of NumPy for all."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np

if TYPE_CHECKING:
    from keras_model.data.batches import Examples, RaggedIds

PAD_ID = 0


@dataclasses.dataclass(frozen=True)
class Filling:
    """How much of one or several batches is tokens."""

    source_tokens: int = 0
    source_places: int = 0
    """Tokens and padding."""
    target_tokens: int = 0
    target_places: int = 0

    def __add__(self, other: Filling) -> Filling:
        return Filling(*(a + b for a, b in zip(dataclasses.astuple(self), dataclasses.astuple(other), strict=True)))

    @property
    def tokens(self) -> int:
        """Source and target together."""
        return self.source_tokens + self.target_tokens

    @property
    def source_share(self) -> float:
        """Tokens among the places of the source, from 0 to 1; 1 where there is no place."""
        return self.source_tokens / self.source_places if self.source_places else 1.0

    @property
    def target_share(self) -> float:
        """Tokens among the places of the target, from 0 to 1; 1 where there is no place."""
        return self.target_tokens / self.target_places if self.target_places else 1.0


@dataclasses.dataclass(frozen=True)
class Batch:
    """One batch. Rows past the examples are all padding: they have no label and so no part in the loss."""

    NAMES: ClassVar = ("encoder_ids", "decoder_ids", "encoder_segments", "decoder_segments")
    """What the model is called with, segments where rows are packed."""

    encoder_ids: np.ndarray
    """int32, shape [batch, source]."""
    decoder_ids: np.ndarray
    """int32, shape [batch, target]: the labels shifted right by one, the start id in front (teacher forcing)."""
    labels: np.ndarray
    """int32, shape [batch, target]."""
    encoder_segments: np.ndarray | None = None
    """int32, shape [batch, source], where several examples share a row: 1 for the first of a row, 2 for the second and
    so on, 0 for padding."""
    decoder_segments: np.ndarray | None = None
    """int32, shape [batch, target], the same of the labels and of `decoder_ids`, which start anew in each segment."""

    @property
    def inputs(self) -> dict[str, np.ndarray]:
        """What the model is called with."""
        given = {name: getattr(self, name) for name in self.NAMES}
        return {name: array for name, array in given.items() if array is not None}


@dataclasses.dataclass(frozen=True)
class Layout:
    """Which examples lie in which row of a batch."""

    examples: np.ndarray
    """Integers, the numbers of the examples, row after row."""
    counts: np.ndarray
    """Integers, how many of them each row holds; rows past the last one are empty."""
    height: int
    """Rows of the batch."""
    source: int
    """Places of a row."""
    target: int

    def filling(self, source_lengths: np.ndarray, target_lengths: np.ndarray) -> Filling:
        """How much of the batch is tokens, given the lengths of all examples."""
        source, target = (int(lengths[self.examples].sum()) for lengths in (source_lengths, target_lengths))
        return Filling(source, self.height * self.source, target, self.height * self.target)

    def share(self, first: int, own: int, replicas: int) -> Layout:
        """The rows of some replicas, each of which has as many rows of the batch, in their order.

        Args:
            first: the first of the replicas.
            own: how many replicas.
            replicas: how many there are in all.
        """
        each = -(-self.height // replicas)
        ends = np.concatenate([[0], np.cumsum(self.counts)])
        start, stop = (min(replica * each, len(self.counts)) for replica in (first, first + own))
        examples = self.examples[ends[start] : ends[stop]]
        return dataclasses.replace(self, examples=examples, counts=self.counts[start:stop], height=own * each)


class Plan(ABC):
    """What makes up the batch of each step: a `BatchPlan` or a `PackedPlan`."""

    packing: tuple[int, int] | None = None
    """The lengths of a row, source and target, into which several examples are packed; None for one in each row."""
    height: int | None
    """Rows of every batch; None where that differs."""
    source_lengths: np.ndarray
    target_lengths: np.ndarray

    @abstractmethod
    def layout(self, step: int) -> Layout:
        """Which examples the batch of a step (from 0) holds, and where."""

    def rows(self, step: int) -> np.ndarray:
        """The numbers of the examples in the batch of a step, row after row."""
        return self.layout(step).examples

    def filling(self, step: int) -> Filling:
        """How many tokens the batch of a step holds, and in how many places."""
        return self.layout(step).filling(self.source_lengths, self.target_lengths)

    def batch(self, examples: Examples, step: int, decoder_start_id: int = PAD_ID) -> Batch:
        """The batch of a step."""
        return next(laid_out(examples, [self.layout(step)], decoder_start_id, self.packing is not None).batches())


@dataclasses.dataclass(frozen=True)
class LaidOut:
    """Batches one after the other, each of their arrays flat."""

    shapes: np.ndarray
    """int64 [batches, 3]: rows, source and target places of each."""
    sources: tuple[np.ndarray, ...]
    """int32 [source places of all batches]: encoder ids and, where rows are packed, encoder segments."""
    targets: tuple[np.ndarray, ...]
    """int32 [target places of all batches]: decoder ids, labels and, where rows are packed, decoder segments."""

    def batches(self) -> Iterator[Batch]:
        """Each of the batches, as views."""
        source_end = target_end = 0
        for height, source, target in self.shapes.tolist():
            source_start, source_end = source_end, source_end + height * source
            target_start, target_end = target_end, target_end + height * target
            encoder_ids, *encoder_segments = (a[source_start:source_end].reshape(height, source) for a in self.sources)
            decoder_ids, labels, *decoder_segments = (
                a[target_start:target_end].reshape(height, target) for a in self.targets
            )
            yield Batch(encoder_ids, decoder_ids, labels, *encoder_segments, *decoder_segments)


def laid_out(examples: Examples, layouts: Sequence[Layout], decoder_start_id: int, packed: bool) -> LaidOut:
    """Makes the batches of some layouts.

    Args:
        decoder_start_id: the id that the decoder starts from, in each row and each of its segments.
        packed: whether rows hold several examples, and segments are wanted.
    """
    heights, widths = ([getattr(x, name) for x in layouts] for name in ("height", "source"))
    chosen = np.concatenate([layout.examples for layout in layouts])
    sources, _ = _side(examples.sources, examples.pad_id, layouts, widths, chosen, packed)
    target_widths = [layout.target for layout in layouts]
    targets, rows = _side(examples.targets, examples.pad_id, layouts, target_widths, chosen, packed)
    labels = targets[0]
    decoder_ids = np.concatenate([[PAD_ID], labels[:-1]], dtype=np.int32)
    if packed:
        segments = targets[1]
        before = np.concatenate([[0], segments[:-1]])
        before[rows], decoder_ids[rows] = 0, PAD_ID
        decoder_ids[segments != before] = decoder_start_id
    else:
        decoder_ids[rows] = decoder_start_id
    shapes = np.array([heights, widths, target_widths], np.int64).T
    return LaidOut(shapes, sources, (decoder_ids, *targets))


def _side(
    ids: RaggedIds,
    pad_id: int,
    layouts: Sequence[Layout],
    widths: Sequence[int],
    chosen: np.ndarray,
    packed: bool,
) -> tuple[tuple[np.ndarray, ...], np.ndarray]:
    """The flat arrays of a side: ids and, where rows are packed, segments; and where each row starts in them."""
    heights = [layout.height for layout in layouts]
    counts = np.concatenate([layout.counts for layout in layouts])
    starts = ranges_from(np.repeat(widths, heights))
    first_rows = ranges_from(np.array(heights)).tolist()
    used = [starts[row : row + len(x.counts)] for row, x in zip(first_rows, layouts, strict=True)]  # rows that hold any
    lengths = ids.offsets[chosen + 1] - ids.offsets[chosen]
    before = ranges_from(lengths)
    row_firsts = np.repeat(ranges_from(counts), counts)  # of each sequence, the first one of its row
    to = np.repeat(np.concatenate(used), counts) + before - before[row_firsts]
    places = ranges(to, lengths)
    size = int(np.dot(heights, widths))
    found = np.full(size, pad_id, np.int32)
    found[places] = ids.taken(chosen)
    if not packed:
        return (found,), starts
    segments = np.zeros(size, np.int32)
    segments[places] = np.repeat(np.arange(len(chosen)) - row_firsts + 1, lengths)
    return (found, segments), starts


def ranges_from(lengths: np.ndarray) -> np.ndarray:
    """Where each of some ranges starts that lie one after the other: int64, as many as lengths."""
    return np.cumsum(lengths, dtype=np.int64) - lengths


def ranges(starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """The numbers of some ranges, one after the other: int64 [sum of the lengths]."""
    found = np.repeat(starts - ranges_from(lengths), lengths)
    found += np.arange(len(found))
    return found
