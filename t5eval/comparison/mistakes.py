"""Which examples both systems have right, one alone, or neither, and how far their answers agree."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from t5eval.metrics import Batch
from t5eval.metrics.metric import Floats


@dataclass(frozen=True)
class Mistakes:
    """Two systems' right and wrong answers to the same examples, counted.

    Attributes:
        both_right: examples that both have right.
        a_only: examples that A alone has right.
        b_only: examples that B alone has right.
        both_wrong: examples that neither has right.
        kappa: Cohen's kappa of the two answers, from -1 to 1; None where answers are no classes, or all are the same.
        kappa_n: the examples that kappa is of: those that both answer readably; 0 where answers are no classes.
    """

    both_right: int
    a_only: int
    b_only: int
    both_wrong: int
    kappa: float | None
    kappa_n: int

    def to_json(self) -> dict[str, Any]:
        """Returns the counts as JSON data."""
        return dict(vars(self))


def count_mistakes(a: Batch, b: Batch, right_a: Floats, right_b: Floats) -> Mistakes:
    """Counts who has which examples right.

    Args:
        a: one system's answers.
        b: the other's, to the same examples.
        right_a: whether each of A's is right, above 0 if so, shape [examples].
        right_b: the same of B's.
    """
    first, second = right_a > 0, right_b > 0
    both = ~(a.unreadable | b.unreadable) if a.classes else np.zeros(len(first), dtype=bool)
    kappa = None
    if both.any() and len({*a.answers[both], *b.answers[both]}) > 1:  # of one class alone, chance explains all
        from sklearn.metrics import cohen_kappa_score

        kappa = float(cohen_kappa_score(a.answers[both], b.answers[both]))
    return Mistakes(
        both_right=int((first & second).sum()),
        a_only=int((first & ~second).sum()),
        b_only=int((~first & second).sum()),
        both_wrong=int((~first & ~second).sum()),
        kappa=kappa,
        kappa_n=int(both.sum()),
    )
