"""Bootstrap intervals: honest resampling, the right width, the same numbers every time."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from t5eval.metrics import Batch, Metric, bootstrap, get_metric
from t5eval.metrics.bootstrap import RESAMPLES, draw_counts, interval95, intervals95, score_intervals95, wilson95
from tests.t5eval.batches import class_batch, number_batch

RANDOM = np.random.default_rng(7)
GOLD = RANDOM.integers(2, size=60).tolist()
SAID = [g if RANDOM.random() < 0.7 else 1 - g for g in GOLD]
SAID[3] = SAID[11] = -1
LABELS = (RANDOM.integers(0, 26, size=60) / 5).tolist()
SCORES = [g + n for g, n in zip(LABELS, RANDOM.normal(size=60).round(1), strict=True)]
PARTS = ["matched/0" if i % 3 else "mismatched/0" for i in range(60)]

BATCHES: dict[str, Batch] = {
    "accuracy": class_batch(GOLD, SAID),
    "accuracy_matched": class_batch(GOLD, SAID, ids=PARTS),
    "f1": class_batch(GOLD, SAID),
    "matthews": class_batch(GOLD, SAID),
    "matthews_t5": class_batch(GOLD, SAID),
    "pearson": number_batch(LABELS, SCORES),
    "pearson_t5": number_batch(LABELS, [None, *SCORES[1:]]),
    "spearman": number_batch(LABELS, SCORES),
    "spearman_t5": number_batch(LABELS, [None, *SCORES[1:]]),
}


def written_out(batch: Batch, counts: np.ndarray[Any, np.dtype[np.float64]]) -> Batch:
    """Returns a resample as a batch in which each example stands as often as it was drawn."""
    return Batch([e for e, n in zip(batch.examples, counts, strict=True) for _ in range(int(n))], batch.classes)


@pytest.mark.parametrize("name", BATCHES)
def test_intervals_against_a_plain_loop(name: str) -> None:
    """Every resample is written out and scored as a whole, by the libraries."""
    metric, batch = get_metric(name), BATCHES[name]
    statistics = metric.statistics(batch)
    counts = np.concatenate(list(draw_counts(60, 100)))
    scores = []
    for row in counts:
        resample = written_out(batch, row)
        scores.append(metric.value(resample, metric.statistics(resample)))
    np.testing.assert_allclose(metric.resample(statistics, counts), scores, atol=1e-6)
    low, high = interval95(metric, statistics) or (math.nan, math.nan)
    expected = np.percentile(metric.resample(statistics, np.concatenate(list(draw_counts(60)))), [2.5, 97.5])
    assert (low, high) == pytest.approx(tuple(expected))
    assert low < metric.value(batch, statistics) < high


def test_draws_are_resamples() -> None:
    blocks = list(draw_counts(37))
    counts = np.concatenate(blocks)
    assert counts.shape == (RESAMPLES, 37)
    assert (counts.sum(axis=1) == 37).all()
    assert (counts >= 0).all()
    # Each example is drawn Binomial(37, 1/37) times: mean 1, variance 1 - 1/37.
    assert counts.mean() == 1
    assert counts.var() == pytest.approx(1 - 1 / 37, abs=0.02)
    assert abs(counts.mean(axis=0) - 1).max() < 5 / math.sqrt(RESAMPLES)
    assert len({row.tobytes() for row in counts}) == RESAMPLES


@settings(deadline=None, max_examples=20, derandomize=True)
@given(st.integers(1, 40), st.integers(1, 200), st.integers(1, 2000))
def test_draws_do_not_depend_on_the_size_of_a_block(examples: int, resamples: int, block: int) -> None:
    whole = np.concatenate(list(draw_counts(examples, resamples)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bootstrap, "BLOCK_NUMBERS", block)
        blocks = list(draw_counts(examples, resamples))
    assert max(map(len, blocks)) <= max(1, block // examples)
    np.testing.assert_array_equal(np.concatenate(blocks), whole)


def test_the_draws_are_these() -> None:
    """Published intervals must not move with a release: these are NumPy's PCG64 integers from seed 12345."""
    assert [row.astype(int).tolist() for row in next(iter(draw_counts(6)))[:3]] == [
        [0, 3, 0, 0, 3, 0],
        [0, 1, 1, 1, 1, 2],
        [0, 3, 0, 2, 1, 0],
    ]


def test_intervals_are_the_same_every_time() -> None:
    metric = get_metric("accuracy")
    statistics = metric.statistics(BATCHES["accuracy"])
    assert interval95(metric, statistics) == interval95(metric, statistics.copy())
    assert len({interval95(get_metric(n), get_metric(n).statistics(b)) for n, b in BATCHES.items()}) == len(BATCHES)


def test_intervals_together_are_those_alone() -> None:
    scored = [(get_metric(name), get_metric(name).statistics(batch)) for name, batch in BATCHES.items()]
    shorter = class_batch(GOLD[:20], SAID[:20])
    scored.insert(3, (get_metric("accuracy"), get_metric("accuracy").statistics(shorter)))
    scored.append((get_metric("accuracy"), np.ones((1, 2))))
    assert intervals95(scored) == [interval95(*one) for one in scored]
    assert intervals95([]) == []


class Mean(Metric):
    """The mean of one number, whose standard error is known in closed form."""

    name = "mean"

    def statistics(self, batch: Batch) -> Any:
        return np.stack([[e.gold.value, 1.0] for e in batch.examples])

    def aggregate(self, totals: Any) -> Any:
        return totals[..., 0] / totals[..., 1]


def test_the_width_against_the_standard_error_of_a_mean() -> None:
    values = np.random.default_rng(1).normal(10, 3, size=400)
    statistics = np.stack([values, np.ones(400)], axis=1)
    scores = np.concatenate([Mean().resample(statistics, counts) for counts in draw_counts(400, 4000)])
    error = values.std() / math.sqrt(400)  # the plug-in standard error: what the bootstrap estimates
    assert scores.mean() == pytest.approx(values.mean(), abs=4 * error / math.sqrt(4000))
    assert scores.std() == pytest.approx(error, rel=0.05)
    low, high = interval95(Mean(), statistics) or (0, 0)
    assert (low, high) == pytest.approx((values.mean() - 1.96 * error, values.mean() + 1.96 * error), abs=0.3 * error)


def test_the_width_against_the_standard_error_of_a_share() -> None:
    correct = [1] * 300 + [0] * 100
    batch = class_batch([1] * 400, correct)
    low, high = interval95(get_metric("accuracy"), get_metric("accuracy").statistics(batch)) or (0, 0)
    error = 100 * math.sqrt(0.75 * 0.25 / 400)
    assert high - low == pytest.approx(2 * 1.96 * error, rel=0.08)


def test_what_has_no_interval() -> None:
    accuracy, pearson = get_metric("accuracy"), get_metric("pearson")
    assert interval95(accuracy, accuracy.statistics(class_batch([1], [1]))) is None
    assert interval95(accuracy, np.zeros((0, 2))) is None
    assert interval95(accuracy, accuracy.statistics(class_batch([1, 1], [1, 0]))) == (0, 100)  # each a quarter of draws
    constant = number_batch([1.0, 2.0, 3.0], [2.0, 2.0, 2.0])
    assert interval95(pearson, pearson.statistics(constant)) is None
    # A part of which there is no example is in no resample.
    assert interval95(accuracy, np.zeros((5, 2))) is None


@pytest.mark.parametrize("name", ["pearson", "spearman"])
def test_resamples_without_a_score_are_left_out(name: str) -> None:
    metric = get_metric(name)
    batch = number_batch([1.0, 2.0, 3.0], [1.0, 2.0, 4.0])
    scores = np.concatenate([metric.resample(metric.statistics(batch), counts) for counts in draw_counts(3)])
    assert np.isnan(scores).mean() == pytest.approx(3 / 27, abs=0.04)  # one example three times
    low, high = interval95(metric, metric.statistics(batch)) or (0, 0)
    assert 90 < low <= high <= 100 + 1e-9


@pytest.mark.parametrize("name", ["accuracy", "f1", "matthews"])
def test_perfect_answers_have_an_interval_of_one_point(name: str) -> None:
    metric = get_metric(name)
    gold = [0, 1] * 30
    assert interval95(metric, metric.statistics(class_batch(gold, gold))) == pytest.approx((100, 100))


@pytest.mark.parametrize(("right", "counted"), [(0, 80), (1, 80), (40, 80), (80, 80), (1, 1), (9113, 10570)])
def test_the_interval_of_a_share_is_wilsons(right: int, counted: int) -> None:
    low, high = wilson95(right, counted) or (math.nan, math.nan)
    share, z = right / counted, 1.959963984540054
    # The bounds are the shares from which the observed one is just z standard errors away.
    for bound in (low / 100, high / 100):
        assert (share - bound) ** 2 == pytest.approx(z**2 * bound * (1 - bound) / counted, abs=1e-12)
    assert low <= 100 * share <= high
    assert high - low > 0


def test_shares_have_wilsons_interval_and_other_scores_the_bootstraps() -> None:
    batch = class_batch([1, 1, 0, 0, 1], [1, 0, 0, 1, 1])
    scored = [(get_metric(name), get_metric(name).statistics(batch)) for name in ("matthews", "accuracy", "f1")]
    matthews, accuracy, f1 = score_intervals95(scored)
    assert accuracy == wilson95(3, 5)
    assert [matthews, f1] == intervals95([scored[0], scored[2]])
    assert wilson95(0, 0) is None
