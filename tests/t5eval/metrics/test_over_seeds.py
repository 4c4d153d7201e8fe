"""Differences between groups of runs: each kind of chance by itself, and how often the test errs with both."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from t5eval.metrics import get_metric
from t5eval.metrics.metric import Floats
from t5eval.metrics.over_seeds import seeds_difference95
from t5eval.metrics.paired import Pair, difference_intervals95, mcnemar_p

ACCURACY = get_metric("accuracy", "label")


def rows(right: np.ndarray) -> Floats:
    """Returns the statistics of accuracy: whether each example is right, and that it counts."""
    return np.stack([right, np.ones(len(right))], axis=1).astype(float)


def test_of_one_run_each_it_is_the_paired_bootstrap() -> None:
    a, b = (rows(np.arange(70) % 10 < tenths) for tenths in (4, 7))
    ci95, p = seeds_difference95(ACCURACY, [a], [b])
    assert ci95 == difference_intervals95([Pair(ACCURACY, a, b)])[0]
    assert p is not None
    assert 0 < p < 0.1


def test_the_chance_of_seeds_alone_is_that_of_their_means() -> None:
    """Where all examples are alike, every difference of means of n - 1 runs is as likely; here all are listed."""
    rights = {"a": (0.0, 1.0, 1.0), "b": (1.0, 1.0, 1.0)}
    groups = [[rows(np.full(40, right)) for right in group] for group in rights.values()]
    ci95, p = seeds_difference95(ACCURACY, *groups)
    every = [100 * (1 - sum(drawn) / 2) for drawn in itertools.product(rights["a"], repeat=2)]
    assert ci95 == tuple(np.percentile(every * 1000, [2.5, 97.5]))
    none = sum(difference <= 0 for difference in every) / len(every)
    assert p == pytest.approx(2 * none, abs=0.1)
    # The variance of these means is that of a mean of three runs, which means of three drawn runs would not have.
    values = 100 * np.array(rights["a"])
    assert np.var(every) == pytest.approx(np.var(values, ddof=1) / 3)


def test_it_errs_seldom_where_runs_differ_by_chance_alone() -> None:
    """Both groups are of the same model; its runs differ by more than a test of two of them sees."""
    random = np.random.default_rng(5)
    wrong, wrong_of_two, repetitions = 0, 0, 25
    for _ in range(repetitions):
        hard = random.random(100)
        skills = random.normal(0.6, 0.08, size=10)
        runs = [rows(0.5 * hard + 0.5 * random.random(100) < skill) for skill in skills]
        _, p = seeds_difference95(ACCURACY, runs[:5], runs[5:])
        wrong += p is not None and p < 0.05
        wrong_of_two += mcnemar_p(Pair(ACCURACY, runs[0], runs[5])) < 0.05
    assert wrong <= 0.15 * repetitions
    assert wrong_of_two > 0.3 * repetitions


def test_a_real_difference_is_found_and_turns_its_sign() -> None:
    random = np.random.default_rng(2)
    a, b = ([rows(random.random(300) < share + s) for s in (-0.02, 0, 0.02)] for share in (0.5, 0.8))
    (low, high), p = seeds_difference95(ACCURACY, a, b)  # type: ignore[misc]
    assert 20 < low < high < 40
    assert p == pytest.approx(2 / 1001)
    with pytest.raises(ValueError, match="as many rows"):
        seeds_difference95(ACCURACY, a, [rows(np.ones(2))])
