"""Mistakes in common of several systems, against counting one example at a time and scikit-learn's kappa."""

from __future__ import annotations

import itertools
import statistics

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from t5eval.comparison.mistakes import MOST_PAIRS, common_mistakes, count_mistakes
from tests.t5eval.batches import UNREAD, class_batch


@pytest.mark.parametrize("systems", [2, 3, 5])
def test_every_example_is_counted_once(systems: int) -> None:
    random = np.random.default_rng(systems)
    gold = random.integers(0, 3, 120).tolist()
    said = [np.where(random.random(120) < 0.6, gold, random.integers(-1, 3, 120)).tolist() for _ in range(systems)]
    batches = [class_batch(gold, own, 3) for own in said]
    right = [(batch.answers == batch.gold).astype(float) for batch in batches]
    found = common_mistakes(batches, right)
    wrongs = [[own[i] != gold[i] for own in said] for i in range(120)]
    assert list(found.wrong_in) == [sum(sum(one) == count for one in wrongs) for count in range(systems + 1)]
    assert found.differ == sum(len({*one}) == 2 for one in wrongs)
    for place in range(systems):
        others = [[wrong for other, wrong in enumerate(one) if other != place] for one in wrongs]
        pairs = [*zip(wrongs, others, strict=True)]
        assert found.alone_right[place] == sum(not one[place] and all(rest) for one, rest in pairs)
        assert found.alone_wrong[place] == sum(one[place] and not any(rest) for one, rest in pairs)
    kappas = []
    for a, b in itertools.combinations(range(systems), 2):
        both = [i for i in range(120) if UNREAD not in (said[a][i], said[b][i])]
        kappas.append(cohen_kappa_score([said[a][i] for i in both], [said[b][i] for i in both]))
        assert found.kappas[a][b] == found.kappas[b][a] == pytest.approx(kappas[-1])
    assert found.kappa == pytest.approx(statistics.fmean(kappas))


def test_of_two_it_is_what_a_comparison_counts() -> None:
    gold, a, b = [0, 1, 0, 1, 0], [0, 0, 0, 1, UNREAD], [0, 1, 1, 0, 0]
    batches = class_batch(gold, a), class_batch(gold, b)
    rights = [np.array([x == g for x, g in zip(said, gold, strict=True)], dtype=float) for said in (a, b)]
    pair, found = count_mistakes(*batches, *rights), common_mistakes(batches, rights)
    assert list(found.wrong_in) == [pair.both_right, pair.a_only + pair.b_only, pair.both_wrong] == [1, 4, 0]
    assert list(found.alone_right) == [pair.a_only, pair.b_only]
    assert found.kappa == pair.kappa


def test_many_systems_are_counted_without_pairs() -> None:
    batches = [class_batch([0, 1], [0, 1])] * (MOST_PAIRS + 1)
    found = common_mistakes(batches, [np.ones(2)] * len(batches))
    assert (found.wrong_in[0], found.kappas, found.kappa) == (2, [], None)
