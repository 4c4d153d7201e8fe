"""Shots: examples of the training split with their answers, which stand before each example."""

import heapq
import itertools
from collections import defaultdict
from collections.abc import Iterable
from functools import cached_property
from hashlib import sha256
from typing import Any

import task_specs
from t5eval.data import Split, open_split
from t5eval.support.stages import timed
from task_specs import Example, TextPair
from task_specs.support.errors import UserError

SPARE = 2  # candidates of each class beyond the shots, for the example itself and one of the same text


class Shots:
    """The shots of a split: they follow from the seed and the training examples' ids alone, not from model or order.

    Classes come equally often, as far as the number allows and the training split has them.

    Args:
        split: the split that is asked.
        count: how many stand before each example.
        seed: which ones.

    Raises:
        UserError: the task has no training split, or one of fewer examples.
    """

    def __init__(self, split: Split, count: int, seed: int) -> None:
        self.count, self.seed = count, seed
        self.training = split.split == "train"
        self._spec = split.spec
        self.train = training_split(split)
        with timed(f"{split.spec.name}: choosing the shots"):
            self._candidates = self._best(self.train)
        if sum(map(len, self._candidates.values())) < count:
            raise UserError(
                f"--shots {count}: the training split of {self._spec.name} has fewer examples to learn from"
            )

    def _key(self, text: str) -> int:
        return int.from_bytes(sha256(f"{self.seed}\0{text}".encode()).digest()[:8])

    def _best(self, examples: Iterable[Example]) -> dict[Any, list[tuple[int, TextPair]]]:
        """Returns for each class the candidates with the smallest keys, in order."""
        heaps: dict[Any, list[tuple[int, int, TextPair]]] = defaultdict(list)
        labelled = bool(getattr(self._spec.answer, "classes", ()))
        for number, example in enumerate(examples):
            heap, key = heaps[example.features["label"] if labelled else None], self._key(example.id)
            full = len(heap) == self.count + SPARE
            if full and -heap[0][0] < key:
                continue
            pairs = self._spec.pairs(example, training=True)
            pair = next((pair for pair in pairs if pair.learn and not pair.problem), None)
            if pair is not None:
                (heapq.heappushpop if full else heapq.heappush)(heap, (-key, number, pair))
        # Classes in an order of the seed's: with fewer shots than classes, others come first.
        order = sorted(heaps, key=lambda label: self._key(f"class {label}"))
        return {label: sorted((-key, pair) for key, _, pair in heaps[label]) for label in order}

    @cached_property
    def usual(self) -> list[TextPair]:
        """The shots that stand before every example but those that they are, or look like."""
        return self._chosen(lambda pair: True)

    @cached_property
    def _usual_inputs(self) -> tuple[str, ...]:
        return tuple(pair.inputs for pair in self.usual)

    def _chosen(self, allowed: Any) -> list[TextPair]:
        lists = [[entry for entry in entries if allowed(entry[1])] for entries in self._candidates.values()]
        rounds = itertools.chain.from_iterable(itertools.zip_longest(*lists))
        first = itertools.islice((entry for entry in rounds if entry is not None), self.count)
        return [pair for _, pair in sorted(first, key=lambda entry: entry[0])]

    def before(self, pair: TextPair) -> list[TextPair]:
        """Returns the shots that stand before an example: never itself, nor one of the same text."""

        def other(shot: TextPair) -> bool:
            itself = self.training and shot.id.partition("#")[0] == pair.id.partition("#")[0]
            return not itself and shot.inputs != pair.inputs

        if not self.training and pair.inputs not in self._usual_inputs:
            return self.usual
        return self.usual if all(map(other, self.usual)) else self._chosen(other)


def training_split(split: Split) -> Split:
    """Returns the training examples of a task, or of the one that has them for it.

    Raises:
        UserError: there are none.
    """
    spec, source = split.spec, split.source
    if "train" in spec.source.splits:
        return open_split(spec, "train", source)
    if not spec.shots_from:
        raise UserError(f"--shots: {spec.name} has no training split to take them from")
    return open_split(task_specs.get(spec.shots_from), "train", source)
