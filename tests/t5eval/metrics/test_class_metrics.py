"""Accuracy, F1 and Matthews' correlation against their definitions, scikit-learn, and t5 0.9.4's own metrics."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given, settings
from hypothesis import strategies as st

from t5eval.metrics import Batch, get_metric
from tests.t5eval.batches import UNREAD, class_batch


def value(name: str, batch: Batch) -> float:
    metric = get_metric(name)
    return metric.value(batch, metric.statistics(batch))


def accuracy(gold: list[int], said: list[int]) -> float:
    return 100 * sum(g == s for g, s in zip(gold, said, strict=True)) / len(gold)


def f1(gold: list[int], said: list[int]) -> float:
    pairs = Counter(zip(gold, said, strict=True))
    twice = 2 * pairs[1, 1]
    return 100 * twice / (twice + pairs[0, 1] + pairs[1, 0]) if twice else 0.0


def matthews(gold: list[int], said: list[int]) -> float:
    """Gorodkin's R_K over whatever classes come, as correlation of indicator columns."""
    labels = sorted({*gold, *said})
    x = np.array([[g == k for k in labels] for g in gold], dtype=float)
    y = np.array([[s == k for k in labels] for s in said], dtype=float)
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    spread = math.sqrt((x * x).sum() * (y * y).sum())
    return 100 * (x * y).sum() / spread if spread > 1e-12 else 0.0


def opposed(gold: list[int], said: list[int]) -> list[int]:
    return [1 - g if s == UNREAD else s for g, s in zip(gold, said, strict=True)]


# true classes, answers (-1: unreadable), then what t5 0.9.4 prints: accuracy, F1 with unreadable answers counted as
# the other class, and Matthews' correlation with unreadable answers as one more class
T5_TWO_CLASSES = [
    ([0, 0], [0, 0], 100.0, 0.0, 0.0),
    ([0], [-1], 0.0, 0.0, 0.0),
    ([1], [1], 100.0, 100.0, 0.0),
    ([0, 1], [1, 0], 0.0, 0.0, -100.0),
    ([1, 0], [1, 0], 100.0, 100.0, 100.0),
    ([1, 1], [0, 1], 50.0, 66.66666666666666, 0.0),
    ([0, 0, 0], [0, 0, -1], 66.66666666666666, 0.0, 0.0),
    ([1, 0, 0], [0, 0, 1], 33.33333333333333, 0.0, -50.0),
    ([0, 0, 1], [0, 1, 1], 66.66666666666666, 66.66666666666666, 50.0),
    ([1, 1, 1, 0, 1], [0, 1, 1, 0, 1], 80.0, 85.71428571428571, 61.237243569579455),
    ([1, 1, 0, 1, 1], [-1, -1, -1, -1, -1], 0.0, 0.0, 0.0),
    ([0, 1, 0, 0, 0], [0, 1, -1, 0, 0], 80.0, 66.66666666666666, 66.14378277661476),
    ([0, 0, 0, 1, 1], [0, 0, 0, -1, 0], 60.0, 0.0, 30.618621784789728),
    ([1, 0, 1, 1, 1], [1, 1, 1, 1, 1], 80.0, 88.88888888888889, 0.0),
    ([1, 1, 0, 1, 0, 0, 1, 0], [-1, -1, 0, -1, 0, 0, 1, 1], 50.0, 33.33333333333333, 32.73268353539886),
    ([0, 1, 1, 0, 1, 0, 1, 1], [-1, 1, -1, 0, 1, 1, 1, 0], 50.0, 60.0, 17.32050807568877),
    ([1, 1, 1, 1, 1, 1, 1, 1], [-1, 1, -1, 1, 0, 0, 1, 0], 37.5, 54.54545454545454, 0.0),
    ([0, 0, 1, 0, 1, 1, 0, 0], [0, 0, 0, 1, 1, 1, 0, 0], 75.0, 66.66666666666666, 46.666666666666664),
]
T5_THREE_CLASSES = [
    ([2, 2], [2, 2], 100.0, 0.0),
    ([2, 1, 1], [0, 1, 1], 66.66666666666666, 50.0),
    ([0, 1, 1], [0, 2, 0], 33.33333333333333, 25.0),
    ([1, 0], [2, -1], 0.0, 0.0),
    ([1, 2, 0, 2, 0, 2, 1, 1], [-1, -1, 0, 2, 0, 2, -1, -1], 50.0, 53.67450401216932),
    ([1, 1, 0, 2, 1], [1, 1, 0, -1, 1], 80.0, 71.42857142857143),
    ([0, 1, 2], [0, 0, 2], 66.66666666666666, 61.237243569579455),
    ([0, 2, 2, 0, 1, 1, 1, 2], [0, 2, 1, 0, 1, 1, 1, 2], 87.5, 82.95150620062532),
    ([2, 1, 2, 0, 2], [1, 2, -1, -1, 0], 0.0, -31.4970394174356),
    ([0, 1, 0, 1, 2, 2, 2, 0], [2, 1, 0, 1, -1, 2, 2, 0], 75.0, 65.97728450302705),
    ([0, 1, 0, 2, 1, 0, 2, 0], [0, 1, 0, 2, -1, 0, 0, 0], 75.0, 63.245553203367585),
    ([2, 0, 0, 1, 0, 1, 0, 0], [2, 0, 0, 2, 0, 2, 0, 0], 75.0, 62.62242910851496),
]


@pytest.mark.parametrize(("gold", "said", "t5_accuracy", "t5_f1", "t5_matthews"), T5_TWO_CLASSES)
def test_t5_with_two_classes(
    gold: list[int], said: list[int], t5_accuracy: float, t5_f1: float, t5_matthews: float
) -> None:
    batch = class_batch(gold, said)
    assert value("accuracy", batch) == pytest.approx(t5_accuracy, abs=1e-9)
    assert value("f1", batch) == pytest.approx(t5_f1, abs=1e-9)
    assert value("matthews_t5", batch) == pytest.approx(t5_matthews, abs=1e-9)


@pytest.mark.parametrize(("gold", "said", "t5_accuracy", "t5_matthews"), T5_THREE_CLASSES)
def test_t5_with_three_classes(gold: list[int], said: list[int], t5_accuracy: float, t5_matthews: float) -> None:
    batch = class_batch(gold, said, 3)
    assert value("accuracy", batch) == pytest.approx(t5_accuracy, abs=1e-9)
    assert value("matthews_t5", batch) == pytest.approx(t5_matthews, abs=1e-9)


def test_an_unreadable_answer_is_the_other_class_for_the_headline() -> None:
    gold, said = [0, 1, 0, 0, 0], [0, 1, -1, 0, 0]
    batch = class_batch(gold, said)
    assert value("matthews", batch) == pytest.approx(100 * math.sqrt(3 / 8))
    assert value("matthews", batch) == value("matthews", class_batch(gold, [0, 1, 1, 0, 0]))
    assert value("matthews_t5", batch) != value("matthews", batch)  # T5 is kinder


@pytest.mark.parametrize("unread", [0, 1, 5])
def test_three_class_matthews_is_undefined_while_an_answer_is_unreadable(unread: int) -> None:
    gold, said = [0, 1, 2, 0, 1], [0, 1, 2, 1, 1]
    batch = class_batch(gold, [UNREAD] * unread + said[unread:], 3)
    assert get_metric("matthews").defined(batch) == (unread == 0)
    assert get_metric("matthews_t5").defined(batch)
    assert get_metric("matthews").defined(class_batch([0, 1], [UNREAD, 1], 2))


CASES = st.integers(2, 4).flatmap(
    lambda k: st.tuples(
        st.just(k), st.lists(st.tuples(st.integers(0, k - 1), st.integers(-1, k - 1)), min_size=1, max_size=12)
    )
)


@settings(deadline=None, max_examples=60, derandomize=True)
@given(CASES)
def test_definitions_and_scikit_learn(case: tuple[int, list[tuple[int, int]]]) -> None:
    classes, pairs = case
    gold, said = [g for g, _ in pairs], [s for _, s in pairs]
    batch = class_batch(gold, said, classes)
    assert value("accuracy", batch) == pytest.approx(accuracy(gold, said))
    assert value("accuracy", batch) == 100 * sklearn.metrics.accuracy_score(gold, said)
    assert value("matthews_t5", batch) == pytest.approx(matthews(gold, said), abs=1e-6)
    if classes == 2:
        against = opposed(gold, said)
        assert value("f1", batch) == pytest.approx(f1(gold, against))
        assert value("f1", batch) == pytest.approx(100 * sklearn.metrics.f1_score(gold, against, zero_division=0))
        assert value("matthews", batch) == pytest.approx(matthews(gold, against), abs=1e-6)
    elif UNREAD not in said:
        assert value("matthews", batch) == pytest.approx(matthews(gold, said), abs=1e-6)


@settings(deadline=None, max_examples=60, derandomize=True)
@given(CASES, st.randoms(use_true_random=False))
def test_what_must_always_hold(case: tuple[int, list[tuple[int, int]]], random: object) -> None:
    classes, pairs = case
    shuffled = list(pairs)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    names = ["accuracy", "matthews_t5", *(["f1", "matthews"] if classes == 2 else [])]
    for name in names:
        metric = get_metric(name)
        batch = class_batch(*map(list, zip(*pairs, strict=True)), classes)
        statistics = metric.statistics(batch)
        assert statistics.shape[0] == len(pairs)
        scored = metric.value(batch, statistics)
        # Sums of statistics are enough, and it does not matter over how many parts they are taken.
        assert metric.aggregate(statistics.sum(axis=0)) == pytest.approx(scored, abs=1e-6)
        middle = len(pairs) // 2
        halves = [class_batch([g for g, _ in p], [s for _, s in p], classes) for p in (pairs[:middle], pairs[middle:])]
        sums = sum(metric.statistics(half).sum(axis=0) for half in halves if half.examples)
        assert metric.aggregate(np.asarray(sums)) == pytest.approx(scored, abs=1e-6)
        assert value(name, class_batch(*map(list, zip(*shuffled, strict=True)), classes)) == pytest.approx(scored)
        assert (-100.000001 if "matthews" in name else 0) <= scored <= 100.000001
        # Twice the same examples is the same score; true answers are the best there is.
        assert value(name, class_batch([g for g, _ in pairs * 2], [s for _, s in pairs * 2], classes)) == pytest.approx(
            scored
        )
        gold = [g for g, _ in pairs]
        perfect = value(name, class_batch(gold, gold, classes))
        assert perfect >= scored - 1e-6
        constant_is_zero = (name == "f1" and 1 not in gold) or ("matthews" in name and len(set(gold)) == 1)
        assert perfect == pytest.approx(0 if constant_is_zero else 100)


@pytest.mark.parametrize("name", ["accuracy", "f1", "matthews", "matthews_t5"])
def test_all_unreadable(name: str) -> None:
    batch = class_batch([0, 1, 1, 0], [UNREAD] * 4)
    assert value(name, batch) == pytest.approx(-100 if name == "matthews" else 0)


def test_parts_of_a_split() -> None:
    ids = ["matched/0", "mismatched/0", "matched/1", "mismatched/1", "mismatched/2"]
    batch = class_batch([0, 1, 2, 1, 2], [0, 1, 1, 2, UNREAD], 3, ids)
    for part, expected, examples in (("matched", 50.0, 2), ("mismatched", 100 / 3, 3)):
        metric = get_metric(f"accuracy_{part}")
        statistics = metric.statistics(batch)
        assert metric.value(batch, statistics) == pytest.approx(expected)
        assert metric.aggregate(statistics.sum(axis=0)) == pytest.approx(expected)
        assert metric.examples(batch) == examples
        assert metric.defined(batch)
    other = class_batch([0], [0], 3, ["mismatched/0"])
    assert not get_metric("accuracy_matched").defined(other)
    assert np.isnan(get_metric("accuracy_matched").aggregate(np.zeros(2)))


@pytest.mark.parametrize(
    ("name", "classes", "fault"),
    [
        ("accuracy", (), "compares classes"),
        ("accuracy_matched", (), "compares classes"),
        ("matthews", (), "compares classes"),
        ("matthews_t5", (), "compares classes"),
        ("f1", (), "two classes"),
        ("f1", ("a", "b", "c"), "two classes"),
        ("pearson", ("a", "b"), "compares numbers"),
        ("spearman_t5", ("a", "b"), "compares numbers"),
        ("accuracy", ("a", "b", "c"), ""),
        ("f1", ("a", "b"), ""),
        ("matthews", ("a", "b", "c"), ""),
        ("pearson", (), ""),
    ],
)
def test_metrics_say_which_answers_they_suit(name: str, classes: tuple[str, ...], fault: str) -> None:
    found = get_metric(name).unsuited(classes)
    assert bool(found) == bool(fault)
    assert fault in found
