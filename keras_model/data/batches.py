"""From tokenised examples to batches, padded or packed.

Everything up to `batch_dataset` is NumPy. Which examples a batch holds is said by a plan (`BatchPlan`, `PackedPlan`):
batch k follows from the seed and k alone, so a run that resumes at step k sees what it would have seen without the
stop, and nothing earlier is replayed.
"""

from __future__ import annotations

import dataclasses
import hashlib
import weakref
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_model.data.layouts import PAD_ID, Batch, Layout, Plan, laid_out, ranges
from keras_model.data.mapped_array import MappedArray, joined

if TYPE_CHECKING:
    import tensorflow as tf

STRETCH_BATCHES, STRETCH_PLACES = 64, 2**17
"""Batches that are laid out together: so many, or as few as have so many places of the source."""


@dataclasses.dataclass(frozen=True)
class RaggedIds:
    """Token id sequences of different lengths, one after the other."""

    values: np.ndarray | MappedArray
    """int32, shape [all tokens]; mapped where they lie in files."""
    offsets: np.ndarray
    """int64, shape [sequences + 1]; sequence i is values[offsets[i]:offsets[i + 1]]."""

    @classmethod
    def from_sequences(cls, sequences: Sequence[Sequence[int] | np.ndarray]) -> RaggedIds:
        lengths = np.fromiter((len(sequence) for sequence in sequences), np.int64, count=len(sequences))
        values = (
            np.concatenate([np.asarray(s, np.int32) for s in sequences]) if len(sequences) else np.zeros(0, np.int32)
        )
        return cls(values, np.concatenate([[0], np.cumsum(lengths)]))

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, index: int) -> np.ndarray:
        return self.values[self.offsets[index] : self.offsets[index + 1]]

    def __iter__(self) -> Iterator[np.ndarray]:
        return (self[index] for index in range(len(self)))

    @property
    def lengths(self) -> np.ndarray:
        """int64, shape [sequences]."""
        return np.diff(self.offsets)

    def taken(self, chosen: np.ndarray) -> np.ndarray:
        """The tokens of the chosen sequences, one sequence after the other: int32 [tokens]."""
        starts, lengths = self.offsets[chosen], self.offsets[chosen + 1] - self.offsets[chosen]
        if isinstance(self.values, MappedArray):
            return self.values.ranges(starts, lengths)
        return self.values[ranges(starts, lengths)]

    def padded(self, width: int, pad_id: int = PAD_ID) -> np.ndarray:
        """All sequences as int32 [sequences, width], padded on the right."""
        result = np.full((len(self), width), pad_id, np.int32)
        result[np.arange(width) < self.lengths[:, np.newaxis]] = self.values[:]
        return result


@dataclasses.dataclass(frozen=True)
class Examples:
    """Tokenised examples, each side ending in EOS and already cut to its longest allowed length."""

    sources: RaggedIds
    """What the encoder reads."""
    targets: RaggedIds
    """What the decoder is to write."""
    known_fingerprint: str | None = None
    """Of examples that were checked and hashed when they were written to files, which are not read again for it."""
    pad_id: int = PAD_ID
    """What fills up the rows of a batch; no example holds it."""

    def __post_init__(self) -> None:
        if len(self.sources) != len(self.targets):
            raise ValueError(
                f"Every example has a source and a target: got {len(self.sources)} and {len(self.targets)}."
            )
        for side, ids in (("source", self.sources), ("target", self.targets)):
            empty = np.flatnonzero(ids.lengths == 0)
            if len(empty):
                raise ValueError(f"Example {empty[0]} has an empty {side}; at the least it holds EOS.")
            if self.known_fingerprint is not None:
                continue
            padding = np.flatnonzero(ids.values == self.pad_id)
            if len(padding):
                example = int(np.searchsorted(ids.offsets, padding[0], side="right")) - 1
                raise ValueError(
                    f"The {side} of example {example} holds id {self.pad_id}, which is padding and would not be "
                    "learned; pass the sequences without padding."
                )

    @classmethod
    def from_sequences(
        cls,
        sources: Sequence[Sequence[int] | np.ndarray],
        targets: Sequence[Sequence[int] | np.ndarray],
        pad_id: int = PAD_ID,
    ) -> Examples:
        """From lists of ids.

        Raises:
            ValueError: the numbers of sources and targets differ, or a sequence is empty or holds the padding id.
        """
        return cls(RaggedIds.from_sequences(sources), RaggedIds.from_sequences(targets), pad_id=pad_id)

    @classmethod
    def concatenate(cls, parts: Sequence[Examples]) -> Examples:
        """Several tasks' examples as one set, in which each example counts once."""
        known = None
        if any(part.known_fingerprint for part in parts):
            known = hashlib.sha256("".join(part.fingerprint() for part in parts).encode()).hexdigest()
        sources, targets = ([getattr(part, side) for part in parts] for side in ("sources", "targets"))
        pad_id = parts[0].pad_id if parts else PAD_ID
        return cls(_concatenate(sources), _concatenate(targets), known, pad_id)

    def __len__(self) -> int:
        return len(self.sources)

    def require_ids_below(self, size: int) -> None:
        """Looks whether a vocabulary has every id; examples that were checked when they were written are not read.

        Raises:
            ValueError: one is negative or not below `size`.
        """
        for side, ids in (("source", self.sources), ("target", self.targets)):
            if self.known_fingerprint is not None:
                continue
            values = np.asarray(ids.values)
            foreign = np.flatnonzero((values < 0) | (values >= size))
            if len(foreign):
                example = int(np.searchsorted(ids.offsets, foreign[0], side="right")) - 1
                raise ValueError(
                    f"The {side} of example {example} holds id {values[foreign[0]]}, but the model has embeddings for "
                    f"the {size:,} ids from 0 on: model and vocabulary do not belong together."
                )

    def fingerprint(self) -> str:
        """A hash of every token, by which a resumed run knows its data again."""
        if self.known_fingerprint is not None:
            return self.known_fingerprint
        digest = hashlib.blake2b(digest_size=16)
        for array in (self.sources.offsets, self.sources.values, self.targets.offsets, self.targets.values):
            digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()


def _concatenate(parts: Sequence[RaggedIds]) -> RaggedIds:
    if not parts:
        return RaggedIds.from_sequences([])
    ends = np.cumsum([part.offsets[-1] for part in parts])
    starts = ends - [part.offsets[-1] for part in parts]
    offsets = [part.offsets[1:] + start for part, start in zip(parts, starts, strict=True)]
    return RaggedIds(joined([part.values for part in parts]), np.concatenate([[0], *offsets]))


def padded_length(lengths: np.ndarray, multiple: int) -> int:
    """The longest of some lengths, rounded up to a multiple."""
    return -(-int(lengths.max()) // multiple) * multiple


def make_batch(
    examples: Examples, rows: np.ndarray, batch_size: int, pad_multiple: int = 1, decoder_start_id: int = PAD_ID
) -> Batch:
    """Pads examples to the longest of them, rounded up to a multiple.

    Args:
        rows: integers, the examples' numbers, at most `batch_size` of them.
        batch_size: the height of the batch.
        pad_multiple: 1 pads least; a larger number bounds how many shapes there are, for devices that compile each.
        decoder_start_id: the id that the decoder starts from.
    """
    source, target = (
        padded_length(ids.offsets[rows + 1] - ids.offsets[rows], pad_multiple)
        for ids in (examples.sources, examples.targets)
    )
    layout = Layout(rows, np.ones(len(rows), np.int64), batch_size, source, target)
    return next(laid_out(examples, [layout], decoder_start_id, packed=False).batches())


def make_packed_batch(
    examples: Examples,
    rows: Sequence[np.ndarray],
    batch_size: int,
    lengths: tuple[int, int],
    decoder_start_id: int = PAD_ID,
) -> Batch:
    """Lays several examples into each row, one after the other.

    Args:
        rows: of each row the examples' numbers, at most `batch_size` rows. No row is longer than `lengths`.
        batch_size: the height of the batch.
        lengths: of the rows, source and target.
        decoder_start_id: the id that the decoder starts each segment from.
    """
    layout = Layout(np.concatenate(rows), np.array([len(row) for row in rows]), batch_size, *lengths)
    return next(laid_out(examples, [layout], decoder_start_id, packed=True).batches())


def batch_dataset(
    examples: Examples,
    plan: Plan,
    first_step: int = 0,
    decoder_start_id: int = PAD_ID,
    made: Callable[[int], None] = lambda step: None,
    replicas: tuple[int, int, int] | None = None,
) -> tf.data.Dataset:
    """The endless run of batches from a step on, for `model.fit`, made ahead in threads of their own.

    NumPy lays out many batches at a time, from mapped files if the examples lie in such; tf.data cuts them up, so that
    Python has nothing to do with a single batch.

    Args:
        examples: where the rows come from.
        plan: which of them each batch holds.
        first_step: the first batch is that of this step, counted from 0.
        decoder_start_id: the id that the decoder starts from.
        made: told, in one of those threads, of each step whose batch is there.
        replicas: of the batches only the rows of some replicas, and nothing else is read: the first replica, how many
            they are, of how many. None for whole batches.

    Returns:
        A `tf.data.Dataset` of (`Batch.inputs`, labels), int32, whose height is static where it is always the same;
        of replicas [own replicas, rows of each, ...].
    """
    import tensorflow as tf

    def stretches() -> Iterator[tuple[np.ndarray, ...]]:
        step = first_step
        while True:
            layouts: list[Layout] = []
            while len(layouts) < STRETCH_BATCHES and sum(x.height * x.source for x in layouts) < STRETCH_PLACES:
                layout = plan.layout(step + len(layouts))
                layouts.append(layout.share(*replicas) if replicas else layout)
            found = laid_out(examples, layouts, decoder_start_id, plan.packing is not None)
            for _ in layouts:
                made(step)
                step += 1
            yield found.shapes, *found.sources, *found.targets

    flat = tf.TensorSpec([None], tf.int32)
    signature = (tf.TensorSpec([None, 3], tf.int64), *[flat] * (5 if plan.packing else 3))
    # TensorFlow keeps the function for as long as the process lives, and it holds the examples and the caller's model.
    own = weakref.ref(stretches)
    dataset = tf.data.Dataset.from_generator(lambda: own()(), output_signature=signature).prefetch(1)  # type: ignore[misc]
    dataset = dataset.flat_map(_cutter(plan, *(replicas or (0, 0, 1))[1:]))
    # There is nothing to tune, and at the end of `fit` the tuner may sleep on for up to a minute before it lets go.
    options = tf.data.Options()
    options.autotune.enabled = False
    dataset = dataset.apply(tf.data.experimental.assert_cardinality(tf.data.INFINITE_CARDINALITY)).prefetch(4)
    dataset = dataset.with_options(options)
    dataset._stretches = stretches  # and whatever is made of it or iterates over it holds the dataset
    return dataset


def _cutter(plan: Plan, own: int, replicas: int) -> Callable[..., tf.data.Dataset]:
    """What cuts the arrays of a `LaidOut` into batches.

    Args:
        own: how many replicas' rows the batches are, with a dimension of that size in front; 0 for whole batches.
        replicas: how many there are.
    """
    import tensorflow as tf

    height = None if plan.height is None else -(-plan.height // replicas)
    front = [own] if own else []
    names = [["encoder_ids"], ["decoder_ids", "labels"]]
    if plan.packing:
        names = [[*side, f"{side[0].partition('_')[0]}_segments"] for side in names]

    def cut(shapes: tf.Tensor, *arrays: tf.Tensor) -> tf.data.Dataset:
        heights = shapes[:, :1]
        rows = [tf.ones_like(heights) * own, heights // own] if own else [heights]
        places = []  # of each side the start, the size and the shape of each batch
        for widths in (shapes[:, 1:2], shapes[:, 2:]):
            sizes = heights * widths
            places.append((tf.cumsum(sizes, exclusive=True), sizes, tf.concat([*rows, widths], axis=1)))

        def batch(*places: tuple[tf.Tensor, tf.Tensor, tf.Tensor]) -> Any:
            found, left = {}, iter(arrays)
            for side, (start, size, shape) in enumerate(places):
                for name in names[side]:
                    found[name] = tf.reshape(tf.slice(next(left), start, size), shape)
                    found[name].set_shape([*front, height, plan.packing[side] if plan.packing else None])
            return {name: found[name] for name in Batch.NAMES if name in found}, found["labels"]

        return tf.data.Dataset.from_tensor_slices(tuple(places)).map(batch)

    return cut
