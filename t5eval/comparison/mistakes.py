"""Which examples several systems have right, one alone, or none, and how far their answers agree."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from t5eval.metrics import Batch
from t5eval.metrics.metric import Floats

MOST_PAIRS = 12  # so many systems are paired for kappa, each with each other


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
    kappa, kappa_n = _kappa(a, b)
    return Mistakes(
        both_right=int((first & second).sum()),
        a_only=int((first & ~second).sum()),
        b_only=int((~first & second).sum()),
        both_wrong=int((~first & ~second).sum()),
        kappa=kappa,
        kappa_n=kappa_n,
    )


def _kappa(a: Batch, b: Batch) -> tuple[float | None, int]:
    """Returns Cohen's kappa of the answers that both give readably, and how many examples these are."""
    if not a.classes:
        return None, 0
    both = ~(a.unreadable | b.unreadable)
    kappa = None
    if both.any() and len({*a.answers[both], *b.answers[both]}) > 1:  # of one class alone, chance explains all
        from sklearn.metrics import cohen_kappa_score

        kappa = float(cohen_kappa_score(a.answers[both], b.answers[both]))
    return kappa, int(both.sum())


@dataclass(frozen=True)
class CommonMistakes:
    """Two or more systems' right and wrong answers to the same examples, counted.

    Attributes:
        n: the examples.
        wrong_in: how many examples no system has wrong, how many one has, and so on to all of them.
        alone_right: for each system, the examples that it alone has right.
        alone_wrong: for each system, the examples that it alone has wrong.
        kappas: Cohen's kappa of each system's answers with each other one's, None with itself, where answers are no
            classes, or all are the same; empty of more than `MOST_PAIRS` systems.
    """

    n: int
    wrong_in: Sequence[int]
    alone_right: Sequence[int]
    alone_wrong: Sequence[int]
    kappas: Sequence[Sequence[float | None]]

    @property
    def differ(self) -> int:
        """How many examples some systems have right and others wrong."""
        return sum(self.wrong_in[1:-1])

    @property
    def kappa(self) -> float | None:
        """The mean of all pairs' kappas (Light 1971), None where there is none."""
        found = [value for row in self.kappas for value in row if value is not None]
        return sum(found) / len(found) if found else None

    def to_json(self) -> dict[str, Any]:
        """Returns the counts as JSON data."""
        return {**vars(self), "differ": self.differ, "kappa": self.kappa}


def common_mistakes(systems: Sequence[Batch], right: Sequence[Floats]) -> CommonMistakes:
    """Counts which examples several systems have right.

    Args:
        systems: each system's answers to the same examples; two or more.
        right: of each system whether its answers are right, above 0 if so, shape [examples].
    """
    wrong = np.stack(right) <= 0
    total = wrong.sum(axis=0)
    paired = systems if len(systems) <= MOST_PAIRS else ()
    kappas: list[list[float | None]] = [[None] * len(paired) for _ in paired]
    for i, a in enumerate(paired):
        for j, b in enumerate(paired[:i]):
            kappas[i][j] = kappas[j][i] = _kappa(a, b)[0]
    return CommonMistakes(
        n=wrong.shape[1],
        wrong_in=np.bincount(total, minlength=len(systems) + 1).tolist(),
        alone_right=(~wrong & (total == len(systems) - 1)).sum(axis=1).tolist(),
        alone_wrong=(wrong & (total == 1)).sum(axis=1).tolist(),
        kappas=kappas,
    )
