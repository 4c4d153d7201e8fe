"""From tokenised examples to batches, padded or packed.

Everything up to `batch_dataset` is NumPy. Which examples a batch holds is said by a plan (`BatchPlan`, `PackedPlan`):
batch k follows from the seed and k alone, so a run that resumes at step k sees what it would have seen without the
stop, and nothing earlier is replayed.
"""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np

from keras_model.data.mapped_array import MappedArray, joined

if TYPE_CHECKING:
    import tensorflow as tf

PAD_ID = 0


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

    def padded(self, rows: np.ndarray, height: int, width: int, pad_id: int = PAD_ID) -> np.ndarray:
        """The chosen sequences as int32 [height, width], padded on the right and, below the last one, by empty rows."""
        result = np.full((height, width), pad_id, np.int32)
        for row, start, end in zip(result, self.offsets[rows].tolist(), self.offsets[rows + 1].tolist(), strict=False):
            row[: end - start] = self.values[start:end]
        return result

    def packed(
        self, rows: Sequence[np.ndarray], height: int, width: int, pad_id: int = PAD_ID
    ) -> tuple[np.ndarray, np.ndarray]:
        """Each row's chosen sequences one after the other, and their segments: both int32 [height, width], padded."""
        chosen = np.concatenate(rows)
        lengths = self.offsets[chosen + 1] - self.offsets[chosen]
        counts = [len(row) for row in rows]
        first = np.repeat(np.cumsum([0, *counts[:-1]]), counts)  # of each sequence, the first one of its row
        before = np.cumsum(lengths) - lengths
        starts = np.repeat(np.arange(len(rows)) * width, counts) + before - before[first]
        column = np.arange(lengths.sum()) - np.repeat(before, lengths)
        places = np.repeat(starts, lengths) + column
        ids, segments = np.full(height * width, pad_id, np.int32), np.zeros(height * width, np.int32)
        ids[places] = self.values[np.repeat(self.offsets[chosen], lengths) + column]
        segments[places] = np.repeat(np.arange(len(chosen)) - first + 1, lengths)
        return ids.reshape(height, width), segments.reshape(height, width)


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
        inputs = {"encoder_ids": self.encoder_ids, "decoder_ids": self.decoder_ids}
        if self.encoder_segments is not None and self.decoder_segments is not None:
            inputs |= {"encoder_segments": self.encoder_segments, "decoder_segments": self.decoder_segments}
        return inputs


class Plan(Protocol):
    """What makes up the batch of each step: a `BatchPlan` or a `PackedPlan`."""

    batch_size: int
    packing: tuple[int, int] | None

    def rows(self, step: int) -> np.ndarray: ...

    def filling(self, step: int) -> Filling: ...

    def batch(self, examples: Examples, step: int, decoder_start_id: int = PAD_ID) -> Batch: ...


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
    labels = examples.targets.padded(rows, batch_size, target, examples.pad_id)
    decoder_ids = np.concatenate([np.full((batch_size, 1), decoder_start_id, np.int32), labels[:, :-1]], axis=1)
    return Batch(examples.sources.padded(rows, batch_size, source, examples.pad_id), decoder_ids, labels)


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
    source, target = lengths
    encoder_ids, encoder_segments = examples.sources.packed(rows, batch_size, source, examples.pad_id)
    labels, decoder_segments = examples.targets.packed(rows, batch_size, target, examples.pad_id)
    shifted, before = (np.pad(array, ((0, 0), (1, 0)))[:, :-1] for array in (labels, decoder_segments))
    decoder_ids = np.where(decoder_segments == before, shifted, np.int32(decoder_start_id))
    return Batch(encoder_ids, decoder_ids, labels, encoder_segments, decoder_segments)


def batch_dataset(
    examples: Examples,
    plan: Plan,
    first_step: int = 0,
    decoder_start_id: int = PAD_ID,
    made: Callable[[int], None] = lambda step: None,
) -> tf.data.Dataset:
    """The endless run of batches from a step on, for `model.fit`, made ahead in a thread of its own.

    Args:
        examples: where the rows come from.
        plan: which of them each batch holds.
        first_step: the first batch is that of this step, counted from 0.
        decoder_start_id: the id that the decoder starts from.
        made: told, in that thread, of each step whose batch is there.

    Returns:
        A `tf.data.Dataset` of (`Batch.inputs`, labels), int32, of static height `plan.batch_size`.
    """
    import tensorflow as tf

    def batches() -> Iterator[tuple[dict[str, np.ndarray], np.ndarray]]:
        for step in itertools.count(first_step):
            batch = plan.batch(examples, step, decoder_start_id)
            made(step)
            yield batch.inputs, batch.labels

    source, target = (tf.TensorSpec([plan.batch_size, length], tf.int32) for length in plan.packing or (None, None))
    inputs = {"encoder_ids": source, "decoder_ids": target}
    if plan.packing:
        inputs |= {"encoder_segments": source, "decoder_segments": target}
    dataset = tf.data.Dataset.from_generator(batches, output_signature=(inputs, target))
    # There is nothing to tune, and at the end of `fit` the tuner may sleep on for up to a minute before it lets go.
    options = tf.data.Options()
    options.autotune.enabled = False
    dataset = dataset.apply(tf.data.experimental.assert_cardinality(tf.data.INFINITE_CARDINALITY)).prefetch(4)
    return dataset.with_options(options)
