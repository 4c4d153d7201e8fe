"""From tokenised examples to padded batches of like lengths, in an order that a seed fixes.

Everything up to `batch_dataset` is NumPy. Batch k follows from the seed and k alone, so a run that resumes at step k
sees what it would have seen without the stop, and no earlier epoch is replayed.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import tensorflow as tf

PAD_ID = 0


@dataclasses.dataclass(frozen=True)
class RaggedIds:
    """Token id sequences of different lengths, one after the other."""

    values: np.ndarray
    """int32, shape [all tokens]."""
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

    @property
    def lengths(self) -> np.ndarray:
        """int64, shape [sequences]."""
        return np.diff(self.offsets)

    def padded(self, rows: np.ndarray, height: int, width: int) -> np.ndarray:
        """The chosen sequences as int32 [height, width], padded on the right and, below the last one, by empty rows."""
        starts, lengths = self.offsets[rows], self.offsets[rows + 1] - self.offsets[rows]
        column = np.arange(width)
        filled = column < lengths[:, None]
        result = np.full((height, width), PAD_ID, np.int32)
        result[: len(rows)][filled] = self.values[(starts[:, None] + column)[filled]]
        return result


@dataclasses.dataclass(frozen=True)
class Examples:
    """Tokenised examples, each side ending in EOS and already cut to its longest allowed length."""

    sources: RaggedIds
    """What the encoder reads."""
    targets: RaggedIds
    """What the decoder is to write."""

    def __post_init__(self) -> None:
        if len(self.sources) != len(self.targets):
            raise ValueError(
                f"Every example has a source and a target: got {len(self.sources)} and {len(self.targets)}."
            )
        for side, ids in (("source", self.sources), ("target", self.targets)):
            empty = np.flatnonzero(ids.lengths == 0)
            if len(empty):
                raise ValueError(f"Example {empty[0]} has an empty {side}; at the least it holds EOS.")
            padding = np.flatnonzero(ids.values == PAD_ID)
            if len(padding):
                example = int(np.searchsorted(ids.offsets, padding[0], side="right")) - 1
                raise ValueError(
                    f"The {side} of example {example} holds id {PAD_ID}, which is padding and would not be learned; "
                    "pass the sequences without padding."
                )

    @classmethod
    def from_sequences(
        cls, sources: Sequence[Sequence[int] | np.ndarray], targets: Sequence[Sequence[int] | np.ndarray]
    ) -> Examples:
        """From lists of ids.

        Raises:
            ValueError: the numbers of sources and targets differ, or a sequence is empty or holds the padding id.
        """
        return cls(RaggedIds.from_sequences(sources), RaggedIds.from_sequences(targets))

    @classmethod
    def concatenate(cls, parts: Sequence[Examples]) -> Examples:
        """Several tasks' examples as one set, in which each example counts once."""
        return cls(_concatenate([part.sources for part in parts]), _concatenate([part.targets for part in parts]))

    def __len__(self) -> int:
        return len(self.sources)

    def fingerprint(self) -> str:
        """A hash of every token, by which a resumed run knows its data again."""
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
    return RaggedIds(np.concatenate([part.values for part in parts]), np.concatenate([[0], *offsets]))


class BatchPlan:
    """Which examples make up batch k, for every k.

    An epoch takes every example once. Its examples are shuffled, sorted by length class (the source's and the target's
    length, each rounded up to a multiple of `bucket_width`), cut into batches, and the batches shuffled. Within a class
    the order stays random, so that batches are not sorted by anything that goes with exact length, such as the label.
    The one batch of an epoch that the examples may not fill is shorter, never dropped or filled up with others.

    Args:
        source_lengths: integers, shape [examples].
        target_lengths: integers, shape [examples].
        batch_size: examples in a batch.
        seed: a non-negative integer; the order depends on it, on the lengths and on nothing else.
        bucket_width: tokens. Wider mixes better and pads more; 8 by default.

    Raises:
        ValueError: there is no example, or a number is out of range.
    """

    def __init__(
        self,
        source_lengths: np.ndarray,
        target_lengths: np.ndarray,
        batch_size: int,
        seed: int = 0,
        bucket_width: int = 8,
    ) -> None:
        if len(source_lengths) == 0:
            raise ValueError("There is no example to train on.")
        for name, value, least in (("batch_size", batch_size, 1), ("seed", seed, 0), ("bucket_width", bucket_width, 1)):
            if value < least:
                raise ValueError(f"{name} must be at least {least}. Received: {name}={value}")
        self.batch_size = batch_size
        self.seed = seed
        self.bucket_width = bucket_width
        self.source_lengths = np.asarray(source_lengths)
        self.target_lengths = np.asarray(target_lengths)
        self.batches_per_epoch = -(-len(self.source_lengths) // batch_size)
        # Two epochs, because the reader runs ahead of the trainer, which asks for the same batches again to count them.
        self._epoch = functools.lru_cache(maxsize=2)(self._make_epoch)

    def epoch_examples(self, epoch: int) -> np.ndarray:
        """The numbers of the examples that an epoch shows, in random order: each example once."""
        return np.random.default_rng([self.seed, epoch, 0]).permutation(len(self.source_lengths))

    def rows(self, step: int) -> np.ndarray:
        """The numbers of the examples in the batch of a step (from 0), shape [at most batch_size]."""
        epoch, index = divmod(step, self.batches_per_epoch)
        order, starts = self._epoch(epoch)
        return order[starts[index] : starts[index] + self.batch_size]

    def tokens(self, step: int) -> int:
        """Tokens in the batch of a step, source and target, without padding."""
        rows = self.rows(step)
        return int(self.source_lengths[rows].sum() + self.target_lengths[rows].sum())

    def _make_epoch(self, epoch: int) -> tuple[np.ndarray, np.ndarray]:
        order = self.epoch_examples(epoch)
        source_class = -(-self.source_lengths[order] // self.bucket_width)
        target_class = -(-self.target_lengths[order] // self.bucket_width)
        # lexsort is stable and sorts by its last key first.
        order = order[np.lexsort((target_class, source_class))]
        starts = np.arange(0, len(order), self.batch_size)
        return order, np.random.default_rng([self.seed, epoch, 1]).permutation(starts)


@dataclasses.dataclass(frozen=True)
class Batch:
    """One padded batch. Rows past the examples are all padding: they have no label and so no part in the loss."""

    encoder_ids: np.ndarray
    """int32, shape [batch, source]."""
    decoder_ids: np.ndarray
    """int32, shape [batch, target]: the labels shifted right by one, the start id in front (teacher forcing)."""
    labels: np.ndarray
    """int32, shape [batch, target]."""


def make_batch(
    examples: Examples, rows: np.ndarray, batch_size: int, pad_multiple: int = 1, decoder_start_id: int = PAD_ID
) -> Batch:
    """Pads examples to the longest of them, rounded up to a multiple.

    Args:
        examples: where the rows come from.
        rows: integers, the examples' numbers, at most `batch_size` of them.
        batch_size: the height of the batch.
        pad_multiple: 1 pads least; a larger number bounds how many shapes there are, for devices that compile each.
        decoder_start_id: the id that the decoder starts from.
    """
    source, target = (
        -(-int((ids.offsets[rows + 1] - ids.offsets[rows]).max()) // pad_multiple) * pad_multiple
        for ids in (examples.sources, examples.targets)
    )
    labels = examples.targets.padded(rows, batch_size, target)
    decoder_ids = np.concatenate([np.full((batch_size, 1), decoder_start_id, np.int32), labels[:, :-1]], axis=1)
    return Batch(examples.sources.padded(rows, batch_size, source), decoder_ids, labels)


def batch_dataset(
    examples: Examples, plan: BatchPlan, first_step: int = 0, pad_multiple: int = 1, decoder_start_id: int = PAD_ID
) -> tf.data.Dataset:
    """The endless run of batches from a step on, for `model.fit`, made ahead in a thread of its own.

    Returns:
        A `tf.data.Dataset` of ({"encoder_ids", "decoder_ids"}, labels), int32, of static height `plan.batch_size`.
    """
    import tensorflow as tf

    def batches() -> Iterator[tuple[dict[str, Any], np.ndarray]]:
        step = first_step
        while True:
            batch = make_batch(examples, plan.rows(step), plan.batch_size, pad_multiple, decoder_start_id)
            yield {"encoder_ids": batch.encoder_ids, "decoder_ids": batch.decoder_ids}, batch.labels
            step += 1

    ids = tf.TensorSpec([plan.batch_size, None], tf.int32)
    signature = ({"encoder_ids": ids, "decoder_ids": ids}, ids)
    dataset = tf.data.Dataset.from_generator(batches, output_signature=signature)
    return dataset.apply(tf.data.experimental.assert_cardinality(tf.data.INFINITE_CARDINALITY)).prefetch(4)
