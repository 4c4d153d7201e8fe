"""Some examples of a split become token ids: the piece of work that one process, or one machine, does at a time."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from t5eval.data import Split
from task_specs import Example, TaskSpec, TextPair

if TYPE_CHECKING:
    from keras_model.data.batches import Examples
    from keras_model.tokenizers.tokenizer import Tokenizer

BLOCK_EXAMPLES = 500
SHARD_BYTES = 64_000_000
"""What a shard has at the most, where an example makes one pair; where texts are short it has much less."""


@dataclass
class Tally:
    """What became of the examples of a block, or of a whole split.

    Attributes:
        examples: how many were read.
        left_out: pairs, or examples without any, that are not to be learned, by the reason.
        truncated: inputs and targets that were longer than the task's row allows.
        token_lengths: of inputs and targets the lengths before they were cut, counted up to the next power of two.
    """

    examples: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    truncated: Counter[str] = field(default_factory=Counter)
    token_lengths: dict[str, Counter[int]] = field(
        default_factory=lambda: {side: Counter() for side in ("inputs", "targets")}
    )

    def add(self, other: Tally) -> None:
        """Adds another tally to this one."""
        self.examples += other.examples
        self.left_out.update(other.left_out)
        self.truncated.update(other.truncated)
        for side, lengths in other.token_lengths.items():
            self.token_lengths[side].update(lengths)

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> Tally:
        """Returns the tally that `to_json` made the data of."""
        lengths = {
            side: Counter({int(bound): count for bound, count in of.items()})
            for side, of in found["token_lengths"].items()
        }
        return cls(found["examples"], Counter(found["left_out"]), Counter(found["truncated"]), lengths)

    def to_json(self) -> dict[str, Any]:
        """Returns the tally as JSON data."""
        return {
            "examples": self.examples,
            "left_out": dict(self.left_out),
            "truncated": {side: self.truncated[side] for side in self.token_lengths},
            "token_lengths": {
                side: {str(bound): count for bound, count in sorted(lengths.items())}
                for side, lengths in self.token_lengths.items()
            },
        }


@dataclass(frozen=True)
class Block:
    """Some examples of a split as token ids."""

    records: Examples
    tally: Tally


def reason_to_leave_out(pair: TextPair) -> str:
    """Returns why a model should not learn to write a pair's targets, empty if it should."""
    return pair.problem or ("" if pair.learn else "its targets are not the true answer")


def learnable_pairs(split: Split) -> Iterator[TextPair]:
    """Yields the pairs of a training split that a model should learn to write."""
    for example in split:
        yield from (pair for pair in split.spec.pairs(example, training=True) if not reason_to_leave_out(pair))


def blocks_of(examples: Iterable[Example]) -> Iterator[list[Example]]:
    """Yields examples in blocks of `BLOCK_EXAMPLES`, the last one shorter."""
    remaining = iter(examples)
    while block := list(itertools.islice(remaining, BLOCK_EXAMPLES)):
        yield block


def blocks_in_shard(spec: TaskSpec) -> int:
    """Returns how many blocks make a shard.

    It follows from the task's lengths alone, so that any process knows which shard a block belongs to.
    """
    bytes_of_record = 4 * (spec.lengths.inputs + spec.lengths.targets) + 16
    return max(1, SHARD_BYTES // (BLOCK_EXAMPLES * bytes_of_record))


def tokenise_block(spec: TaskSpec, split: str, examples: Sequence[Example], tokenizer: Tokenizer) -> Block:
    """Formats and tokenises examples, cut to their task's lengths; what is not to be learned is only counted."""
    from keras_model.data.batches import Examples

    tally = Tally(examples=len(examples))
    kept: list[TextPair] = []
    for example in examples:
        pairs = list(spec.pairs(example, training=split == "train"))
        if not pairs:
            tally.left_out["there is nothing to learn in it"] += 1
        for pair in pairs:
            if reason := reason_to_leave_out(pair):
                tally.left_out[reason] += 1
            else:
                kept.append(pair)
    sides = []
    for side in ("inputs", "targets"):
        limit = getattr(spec.lengths, side)
        ids, lengths = tokenizer.encode_with_lengths([getattr(pair, side) for pair in kept], limit)
        sides.append(ids)
        for length, count in Counter(lengths).items():
            tally.token_lengths[side][1 << (length - 1).bit_length()] += count
            tally.truncated[side] += count * (length > limit)
    return Block(Examples.from_sequences(sides[0], sides[1], tokenizer.pad_id), tally)
