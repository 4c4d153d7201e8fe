"""Pearson's and Spearman's correlation against their definitions, SciPy, and t5 0.9.4's own metrics."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from t5eval.metrics import Batch, get_metric
from tests.t5eval.batches import number_batch

NAMES = ("pearson", "spearman", "pearson_t5", "spearman_t5")


def value(name: str, batch: Batch) -> float:
    metric = get_metric(name)
    return metric.value(batch, metric.statistics(batch))


def pearson(gold: list[float], said: list[float]) -> float:
    """The definition, in exact arithmetic up to the root."""
    from fractions import Fraction

    x, y = [Fraction(g) for g in gold], [Fraction(s) for s in said]
    mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
    xx = sum((a - mean_x) ** 2 for a in x)
    yy = sum((b - mean_y) ** 2 for b in y)
    xy = sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True))
    return 100 * float(xy) / math.sqrt(float(xx) * float(yy)) if xx * yy else math.nan


def ranks(values: list[float]) -> list[float]:
    """One plus the number of smaller values, plus half the number of other equal ones."""
    return [1 + sum(o < v for o in values) + (sum(o == v for o in values) - 1) / 2 for v in values]


NAN, INF = math.nan, math.inf
# labels as T5 rounds them, answers (None: unreadable, for T5 -1.0), then t5 0.9.4's Pearson and Spearman
T5 = [
    ([0.8, 3.6], [0.98, 4.4], 100.0, 100.0),
    ([4.2, 5.0], [6.0, 4.0], -100.0, -100.0),
    ([2.0, 2.0], [2.0, 2.0], NAN, NAN),
    ([2.0, 2.0, 2.0], [1.985, 1.0, 2.0], NAN, NAN),
    ([2.8, 4.2, 1.8], [3.0, 3.0, 3.0], NAN, NAN),
    ([3.8, 1.0, 1.2], [None, None, None], NAN, NAN),
    ([3.4, 4.0, 4.2, 3.6, 2.8], [3.0, NAN, 3.0, 3.0, 3.0], NAN, NAN),
    ([1.0, 1.6, 2.2, 4.6, 4.0], [-INF, -0.46, 1.6, 6.231, 3.471], NAN, 100.0),
    ([0.8, 4.8, 0.8], [0.822, -0.4, 2.2], -84.81961306141486, -86.60254037844388),
    ([0.4, 3.2, 3.6], [1.9, 5.4, 4.3], 91.00819098543688, 50.0),
    ([0.6, 1.6, 0.4], [1.0, 2.0, 2.0], 35.921060405354986, 0.0),
    ([2.0, 1.4, 2.6], [1.982, 0.334, 4.0], 99.83065864705623, 100.0),
    ([2.0, 2.8, 0.8, 3.6, 0.4], [3.4, None, 1.0, 3.906, 0.4], 38.17123674174946, 40.0),
    ([3.0, 1.4, 0.4, 4.0, 1.6], [5.1, None, None, None, 2.0], 27.008633703238132, 33.54101966249684),
    ([1.0, 0.0, 0.8, 3.6, 0.4], [0.7, 1.1, None, 3.0, 0.6], 71.96387099025638, 30.0),
    ([4.0, 1.4, 2.8, 1.0, 3.6], [4.232, None, 3.508, None, 5.0], 96.14549122899332, 87.2081599272381),
    ([2.2, 5.0, 3.0, 3.8, 3.6], [3.0, 5.0, 4.0, 3.0, 3.5], 71.57234996363958, 46.16902584383193),
    (
        [3.8, 0.4, 2.4, 1.0, 1.4, 2.0, 1.6, 0.4],
        [4.339, 0.281, 6.2, 2.346, 2.5, 2.7, 1.1, None],
        78.6174209834243,
        89.82196964349441,
    ),
    (
        [4.6, 3.6, 2.0, 4.0, 0.2, 3.2, 4.2, 1.2],
        [3.177, 4.0, 1.8, 4.208, -0.0, 2.997, 3.93, 0.2],
        93.46857383994896,
        78.57142857142858,
    ),
]


@pytest.mark.parametrize(("gold", "said", "t5_pearson", "t5_spearman"), T5)
def test_t5(gold: list[float], said: list[float | None], t5_pearson: float, t5_spearman: float) -> None:
    batch = number_batch(gold, said)
    assert value("pearson_t5", batch) == pytest.approx(t5_pearson, abs=1e-9, nan_ok=True)
    assert value("spearman_t5", batch) == pytest.approx(t5_spearman, abs=1e-9, nan_ok=True)


def test_t5_compares_with_rounded_labels_and_the_headline_does_not() -> None:
    gold, rounded, said = [0.25, 1.714, 3.25, 4.7], [0.2, 1.8, 3.2, 4.8], [0.2, 1.8, 3.2, 4.8]
    batch = number_batch(gold, said, rounded)
    assert value("pearson_t5", batch) == pytest.approx(100)
    assert value("pearson", batch) == pytest.approx(pearson(gold, said))
    assert value("pearson", batch) < 99.95
    assert value("spearman", batch) == pytest.approx(100)


@pytest.mark.parametrize("unreadable", [None, NAN, INF])
def test_the_headline_is_undefined_while_an_answer_is_unreadable(unreadable: float | None) -> None:
    batch = number_batch([1.0, 2.0, 3.0], [1.0, unreadable, 3.0])
    for name in NAMES:
        assert get_metric(name).defined(batch) == name.endswith("_t5")
    assert all(get_metric(name).defined(batch.readable()) for name in NAMES)
    assert value("pearson", batch.readable()) == pytest.approx(100)


# Hundredths, so that there are ties, on a small scale and far from zero.
NUMBERS = st.lists(st.tuples(st.integers(0, 40), st.integers(-20, 40)), min_size=2, max_size=15)


@settings(deadline=None, max_examples=60, derandomize=True)
@given(NUMBERS, st.sampled_from([0.0, 100.0]))
def test_definitions_and_scipy(pairs: list[tuple[int, int]], offset: float) -> None:
    gold, said = [offset + g / 8 for g, _ in pairs], [offset + s / 8 for _, s in pairs]
    batch = number_batch(gold, said)
    constant = len(set(gold)) == 1 or len(set(said)) == 1
    for name in NAMES:
        found = value(name, batch)
        if constant:
            assert math.isnan(found)
            continue
        if name.startswith("pearson"):
            assert found == pytest.approx(pearson(gold, said), abs=1e-6)
            assert found == pytest.approx(100 * scipy.stats.pearsonr(gold, said).statistic, abs=1e-6)
        else:
            assert found == pytest.approx(pearson(ranks(gold), ranks(said)), abs=1e-6)
            assert found == pytest.approx(100 * scipy.stats.spearmanr(gold, said).statistic, abs=1e-6)


@settings(deadline=None, max_examples=60, derandomize=True)
@given(NUMBERS, st.randoms(use_true_random=False))
def test_what_must_always_hold(pairs: list[tuple[int, int]], random: object) -> None:
    shuffled = list(pairs)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    gold, said = [g / 8 for g, _ in pairs], [s / 8 for _, s in pairs]
    for name in NAMES:
        metric = get_metric(name)
        batch = number_batch(gold, said)
        statistics = metric.statistics(batch)
        scored = metric.value(batch, statistics)
        near = {"abs": 1e-6, "nan_ok": True}
        assert value(name, number_batch(*(list(c) for c in zip(*shuffled, strict=True)))) == pytest.approx(
            scored, **near
        )
        assert value(name, number_batch(gold * 2, said * 2)) == pytest.approx(scored, **near)
        assert value(name, number_batch(gold, [-s for s in said])) == pytest.approx(-scored, **near)
        assert value(name, number_batch(gold, [3 * s + 7 for s in said])) == pytest.approx(scored, **near)
        assert math.isnan(scored) or abs(scored) <= 100.000001
        # A resample in which each example comes once is the sample.
        once = np.ones((1, len(pairs)))
        assert metric.resample(statistics, once)[0] == pytest.approx(scored, **near)
        if name.startswith("pearson"):
            assert metric.aggregate(statistics.sum(axis=0)) == pytest.approx(scored, **near)
            middle = len(pairs) // 2
            halves = [number_batch(gold[:middle], said[:middle]), number_batch(gold[middle:], said[middle:])]
            sums = np.sum([metric.statistics(half).sum(axis=0) for half in halves], axis=0)
            assert metric.aggregate(sums) == pytest.approx(scored, **near)
        assert value(name, number_batch(gold, gold)) == pytest.approx(100 if len(set(gold)) > 1 else NAN, nan_ok=True)


@settings(deadline=None, max_examples=60, derandomize=True)
@given(NUMBERS, st.data())
@pytest.mark.parametrize("name", ["pearson", "spearman"])
def test_resamples_against_scipy_on_the_examples_written_out(
    name: str, pairs: list[tuple[int, int]], data: st.DataObject
) -> None:
    metric = get_metric(name)
    statistics = metric.statistics(number_batch([g / 8 for g, _ in pairs], [s / 8 for _, s in pairs]))
    size = len(pairs)
    drawn = data.draw(
        st.lists(st.lists(st.integers(0, size - 1), min_size=size, max_size=size), min_size=1, max_size=4)
    )
    counts = np.array([np.bincount(draw, minlength=size) for draw in drawn], dtype=float)
    found = metric.resample(statistics, counts)
    correlation = scipy.stats.pearsonr if name == "pearson" else scipy.stats.spearmanr
    for draw, score in zip(drawn, found, strict=True):
        gold, said = [pairs[i][0] / 8 for i in draw], [pairs[i][1] / 8 for i in draw]
        if len(set(gold)) == 1 or len(set(said)) == 1:
            assert math.isnan(score)
        else:
            assert score == pytest.approx(100 * correlation(gold, said).statistic, abs=1e-6)


def test_infinite_answers_have_ranks_in_resamples_too() -> None:
    metric = get_metric("spearman_t5")
    statistics = metric.statistics(number_batch([1.0, 2.0, 3.0, 4.0], [-INF, 1.0, 7.0, INF]))
    assert metric.resample(statistics, np.array([[1.0, 1, 1, 1], [2, 0, 0, 2], [0, 4, 0, 0]])) == pytest.approx(
        [100, 100, NAN], nan_ok=True
    )


@pytest.mark.parametrize("scale", [1e-300, 1e-9, 1.0, 1e9, 1e200])
@pytest.mark.parametrize("offset", [0.0, 1e6])
def test_resamples_at_any_scale(scale: float, offset: float) -> None:
    random = np.random.default_rng(3)
    gold = random.normal(size=50)
    said = gold + random.normal(size=50)
    counts = random.multinomial(50, [1 / 50] * 50, size=20).astype(float)
    metric = get_metric("pearson")
    plain = metric.resample(metric.statistics(number_batch(gold.tolist(), said.tolist())), counts)
    far = metric.resample(
        metric.statistics(number_batch((gold + offset).tolist(), ((said + offset) * scale).tolist())), counts
    )
    assert far == pytest.approx(plain, abs=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_a_single_example_has_no_correlation(name: str) -> None:
    assert math.isnan(value(name, number_batch([1.0], [2.0])))


def test_spearman_has_no_aggregate() -> None:
    with pytest.raises(NotImplementedError, match="ranks depend on the whole sample"):
        get_metric("spearman").aggregate(np.zeros(2))


@pytest.mark.parametrize(("gold", "said"), [([0.1] * 3, [1, 2, 4]), ([1, 2, 4], [0.1] * 3)])
def test_sums_of_a_constant_side_have_no_correlation_though_rounding_leaves_a_spread(
    gold: list[float], said: list[float]
) -> None:
    metric = get_metric("pearson")
    assert math.isnan(metric.aggregate(metric.statistics(number_batch(gold, said)).sum(axis=0)))
