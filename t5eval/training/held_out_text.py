"""The held-out part of plain text: how well a model in training predicts it, per token and per byte.

What that comes to follows from the model and the text alone: neither from the run's batches, nor from its seed, nor
from what the training's loss adds to the cross-entropy.
"""

from __future__ import annotations

import hashlib
import math
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from t5eval.support.stages import Advance
from t5eval.training.validation import SAMPLE_SEED
from task_specs import TEXT
from task_specs.support.errors import UserError

if TYPE_CHECKING:
    import numpy as np

    from keras_model.data.batches import Examples
    from keras_model.decoding.generator import Generator
    from keras_model.tokenizers.tokenizer import Tokenizer

BATCH_PLACES = 2**14
"""Tokens of source and target in a batch, padding included, whatever the training's batches are."""
SENTINEL = re.compile(r"<extra_id_\d+>")
LARGEST_EXPONENT = 88.0
"""A perplexity is no more than e to this, which a float32 holds; TensorBoard has no larger numbers."""


@dataclass(frozen=True)
class Predicted:
    """How well a text was predicted.

    Attributes:
        nats: the sum of the negative log-probabilities of all tokens of the targets.
        tokens: how many these are, sentinels and ends of sequence among them.
        bytes: the UTF-8 bytes of the text in the targets.
    """

    nats: float
    tokens: int
    bytes: int

    @property
    def scores(self) -> dict[str, float]:
        """The numbers that checkpoints are selected by and curves are drawn of; of each, less is better."""
        per_token, per_byte = self.nats / self.tokens, self.nats / self.bytes
        return {
            f"{TEXT} loss": per_token,
            f"{TEXT} perplexity": _exp(per_token),
            f"{TEXT} loss per byte": per_byte,
            f"{TEXT} perplexity per byte": _exp(per_byte),
        }

    @property
    def text(self) -> str:
        """What is printed."""
        loss, perplexity, per_byte, perplexity_per_byte = self.scores.values()
        return (
            f"held-out {TEXT} loss {loss:.4f} per token, {per_byte:.4f} per byte "
            f"(perplexity {perplexity:.4g}, {perplexity_per_byte:.4g})"
        )


def _exp(loss: float) -> float:
    return math.exp(min(loss, LARGEST_EXPONENT))


@dataclass(frozen=True)
class HeldOutText:
    """The held-out examples that a run is validated on.

    Attributes:
        examples: all of the held-out part.
        numbers: those that are predicted, in their order.
        bytes: the UTF-8 bytes of the text in their targets; at least 1.
    """

    examples: Examples
    numbers: tuple[int, ...]
    bytes: int

    @classmethod
    def of(cls, examples: Examples, limit: int | None, tokenizer: Tokenizer) -> HeldOutText:
        """Returns the examples of a held-out part, at most `limit` of them, drawn by `SAMPLE_SEED`."""
        of = len(examples)
        numbers = range(of) if limit is None or of <= limit else random.Random(SAMPLE_SEED).sample(range(of), limit)
        chosen = tuple(sorted(numbers))
        return cls(examples, chosen, max(1, count_bytes([examples.targets[n].tolist() for n in chosen], tokenizer)))

    def to_json(self) -> dict[str, Any]:
        """Returns which examples these are, as JSON data: how many, of how many, by which seed, their hashes."""
        of, numbers = len(self.examples), ",".join(map(str, self.numbers))
        sample = {"sample_seed": SAMPLE_SEED} if len(self.numbers) < of else {}
        ids = hashlib.sha256(numbers.encode()).hexdigest()
        return {"examples": len(self.numbers), "of": of, **sample, "ids": ids, "data": self.examples.fingerprint()}

    @property
    def note(self) -> str:
        """What to say of them."""
        of = len(self.examples)
        drawn = f" of {of:,}, drawn by seed {SAMPLE_SEED} (validate_limit)" if len(self.numbers) < of else ""
        return f"{TEXT}: validated on {len(self.numbers):,} held-out examples{drawn}"

    @cached_property
    def _lengths(self) -> tuple[np.ndarray, np.ndarray]:
        import numpy as np

        chosen = np.array(self.numbers)
        return self.examples.sources.lengths[chosen], self.examples.targets.lengths[chosen]

    def predicted(self, generator: Generator, advance: Advance, batch_places: int = BATCH_PLACES) -> Predicted:
        """Returns how well a model predicts the targets from the sources, without dropout.

        Args:
            generator: of the model.
            advance: told how many examples are done, of how many.
            batch_places: the most tokens of a batch; the result depends on it by rounding alone.

        Raises:
            UserError: the model's logits are no finite numbers.
        """
        nats, done = 0.0, 0
        for rows, sources, targets in self._batches(batch_places, generator.jit_compile):
            try:
                found = generator.log_likelihoods(sources, targets)[:rows]
            except ArithmeticError as error:
                raise UserError(f"held-out {TEXT}: {error}") from None
            nats -= math.fsum(found.tolist())
            done += rows
            advance(done, len(self.numbers))
        return Predicted(nats, int(self._lengths[1].sum()), self.bytes)

    def _batches(self, places: int, one_shape: bool) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
        """Yields numbers of examples, and their sources and targets, int32 [rows, longest], padded.

        Args:
            one_shape: whether all have the same shape, since each is compiled; the last row is then repeated.
        """
        import numpy as np

        from keras_model.data.batches import RaggedIds

        by_side = self._lengths
        order = np.lexsort(by_side[::-1])[::-1]  # longest sources first, as memory has to hold them
        longest = [int(lengths.max()) for lengths in by_side]
        first = 0
        while first < len(order):
            widths = longest if one_shape else [int(lengths[order[first:]].max()) for lengths in by_side]
            height = max(1, places // sum(widths))
            rows = [self.numbers[place] for place in order[first : first + height]]
            filled = [*rows, *[rows[-1]] * (height - len(rows))] if one_shape else rows
            sources, targets = (
                RaggedIds.from_sequences([side[number] for number in filled]).padded(width, self.examples.pad_id)
                for side, width in zip((self.examples.sources, self.examples.targets), widths, strict=True)
            )
            yield len(rows), sources, targets
            first += len(rows)


def count_bytes(targets: Sequence[Sequence[int]], tokenizer: Tokenizer) -> int:
    """Returns the UTF-8 bytes of the texts that targets decode to, the vocabulary's sentinels left out.

    Of bytes that are no whole character, which targets of a vocabulary of bytes can hold, none is counted.
    """
    present = sorted({i for ids in targets for i in ids})
    alone = tokenizer.decode([[i] for i in present])
    sentinels = {i for i, text in zip(present, alone, strict=True) if SENTINEL.fullmatch(text.strip())}
    texts = tokenizer.decode([[i for i in ids if i not in sentinels] for ids in targets])
    return sum(len(text.encode()) for text in texts)
