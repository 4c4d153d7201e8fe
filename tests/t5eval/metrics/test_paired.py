"""Paired tests: against sacrebleu, SciPy and definitions written out; how often they are wrong, by simulation."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sacrebleu.metrics import BLEU, CHRF
from sacrebleu.significance import PairedTest

from t5eval.metrics import Batch, bootstrap, get_metric
from t5eval.metrics.bootstrap import SEED, draw_counts
from t5eval.metrics.metric import Floats, Metric
from t5eval.metrics.paired import (
    TRIALS,
    Exchanges,
    Pair,
    difference_intervals95,
    draw_exchanges,
    holm,
    mcnemar_p,
    randomisation_p,
)
from task_specs.support.errors import UserError
from tests.t5eval.batches import class_batch, number_batch, text_batch

RANDOM = np.random.default_rng(11)
WORDS = "the cat sat on a mat and one more dog barked at it all day long".split()


def sentences(count: int) -> list[str]:
    return [" ".join(RANDOM.choice(WORDS, size=RANDOM.integers(4, 12))) for _ in range(count)]


def spoilt(texts: list[str], share: float) -> list[str]:
    """Returns texts with some of their words replaced."""
    return [" ".join(w if RANDOM.random() > share else str(RANDOM.choice(WORDS)) for w in t.split()) for t in texts]


GOLD = RANDOM.integers(2, size=60).tolist()
A, B = ([g if RANDOM.random() < right else 1 - g for g in GOLD] for right in (0.6, 0.8))
LABELS = RANDOM.normal(3, 1, size=60).round(1)
NEAR, NEARER = (LABELS + RANDOM.normal(0, spread, size=60).round(1) for spread in (1.0, 0.6))
REFERENCES = sentences(60)
WORSE, BETTER = spoilt(REFERENCES, 0.4), spoilt(REFERENCES, 0.3)
IDS = [f"0/{i // 3}/{i}" for i in range(60)]

BATCHES: dict[str, tuple[Batch, Batch]] = {
    "accuracy": (class_batch(GOLD, A), class_batch(GOLD, B)),
    "f1": (class_batch(GOLD, A), class_batch(GOLD, B)),
    "matthews": (class_batch(GOLD, A), class_batch(GOLD, B)),
    "f1_macro": (class_batch(GOLD, A), class_batch(GOLD, B)),
    "f1a": (class_batch(GOLD, A, ids=IDS), class_batch(GOLD, B, ids=IDS)),
    "em": (class_batch(GOLD, A, ids=IDS), class_batch(GOLD, B, ids=IDS)),
    "pearson": (number_batch(LABELS.tolist(), NEAR.tolist()), number_batch(LABELS.tolist(), NEARER.tolist())),
    "spearman": (number_batch(LABELS.tolist(), NEAR.tolist()), number_batch(LABELS.tolist(), NEARER.tolist())),
    "bleu": (text_batch(REFERENCES, WORSE), text_batch(REFERENCES, BETTER)),
    "chrf": (text_batch(REFERENCES, WORSE), text_batch(REFERENCES, BETTER)),
}


def metric(name: str) -> Metric:
    return get_metric(name, "text" if name in ("bleu", "chrf") else "label")


def pair(name: str, batches: tuple[Batch, Batch] | None = None) -> Pair:
    a, b = batches or BATCHES[name]
    return Pair(metric(name), metric(name).statistics(a), metric(name).statistics(b))


def value(name: str, batch: Batch) -> float:
    return metric(name).value(batch, metric(name).statistics(batch))


@pytest.mark.parametrize("name", BATCHES)
def test_an_exchange_is_two_other_systems(name: str) -> None:
    """Each trial is written out as examples and scored as a whole, by the libraries; groups change sides together."""
    a, b = BATCHES[name]
    grouped = name in ("f1a", "em")
    blocks = np.concatenate(list(draw_exchanges(20 if grouped else 60, 50)))
    found = pair(name).exchanged(blocks)
    for row, difference in zip(blocks, found, strict=True):
        swapped = [bool(row[i // 3 if grouped else i]) for i in range(60)]
        first = Batch([y if s else x for s, x, y in zip(swapped, a.examples, b.examples, strict=True)], a.classes)
        second = Batch([x if s else y for s, x, y in zip(swapped, a.examples, b.examples, strict=True)], a.classes)
        assert difference == pytest.approx(value(name, second) - value(name, first), abs=1e-6)


@pytest.mark.parametrize("name", BATCHES)
def test_a_resample_draws_the_same_examples_for_both(name: str) -> None:
    one = pair(name)
    counts = np.concatenate(list(draw_counts(len(one.a))))
    differences = one.metric.resample(one.b, counts) - one.metric.resample(one.a, counts)
    (interval,) = difference_intervals95([one])
    assert interval == pytest.approx(tuple(np.nanpercentile(differences, [2.5, 97.5])))


@pytest.mark.parametrize("name", BATCHES)
def test_swapping_the_sides_negates(name: str) -> None:
    forth, back = pair(name), pair(name, BATCHES[name][::-1])
    (low, high), (low_back, high_back) = (difference_intervals95([p])[0] or (0, 0) for p in (forth, back))
    assert (low_back, high_back) == pytest.approx((-high, -low), abs=1e-9)
    blocks = list(draw_exchanges(len(forth.a), 200))
    assert randomisation_p([forth], blocks) == randomisation_p([back], blocks)


@pytest.mark.parametrize("name", BATCHES)
def test_a_system_does_not_differ_from_itself(name: str) -> None:
    same = pair(name, (BATCHES[name][0], BATCHES[name][0]))
    assert difference_intervals95([same]) == [(0, 0)]
    assert randomisation_p([same], draw_exchanges(len(same.a), 100)) == [1]
    if same.metric.share:
        assert mcnemar_p(same) == 1


@pytest.mark.parametrize(("name", "scorer"), [("bleu", BLEU()), ("bleu_t5", BLEU(tokenize="intl")), ("chrf", CHRF())])
def test_against_sacrebleus_paired_tests(name: str, scorer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same draws give the same numbers: its seed, its generator, its order of numbers."""
    monkeypatch.setenv("SACREBLEU_SEED", "12345")
    systems = [("a", WORSE), ("b", BETTER)]
    one = Pair(
        get_metric(name, "text"),
        *(get_metric(name, "text").statistics(text_batch(REFERENCES, said)) for said in (WORSE, BETTER)),
    )
    (key,) = set(PairedTest(systems, {name: scorer}, [REFERENCES], "bs", 10)()[1]) - {"System"}

    by_randomisation = PairedTest(systems, {name: scorer}, [REFERENCES], "ar", 500)()[1][key][1]
    chosen = np.random.default_rng(12345).integers(2, size=(500, 60), dtype=bool)
    assert randomisation_p([one], [~chosen]) == [pytest.approx(by_randomisation.p_value, abs=1e-12)]

    by_bootstrap = PairedTest(systems, {name: scorer}, [REFERENCES], "bs", 500)()[1][key][1]
    drawn = np.random.default_rng(12345).choice(60, size=(500, 60), replace=True)
    counts = np.stack([np.bincount(row, minlength=60) for row in drawn]).astype(float)
    scores_a, scores_b = (one.metric.resample(statistics, counts) for statistics in (one.a, one.b))
    assert scores_b.mean() == pytest.approx(by_bootstrap.mean, abs=1e-3)  # sacrebleu sums in single precision
    differences = np.abs(scores_b - scores_a)
    observed = abs(value_of(one, "b") - value_of(one, "a"))
    p = ((differences - differences.mean() > observed).sum() + 1) / 501
    assert p == pytest.approx(by_bootstrap.p_value, abs=1e-12)


def value_of(one: Pair, side: str) -> float:
    return float(one.metric.aggregate(getattr(one, side).sum(axis=0)))


def mean_difference(x: Floats, y: Floats, axis: int = -1) -> Floats:
    return np.asarray(100 * (y.mean(axis=axis) - x.mean(axis=axis)))


class Mean(Metric):
    """The mean of rows [value, 1], in percent."""

    name = "mean"

    def statistics(self, batch: Batch) -> Floats:
        raise NotImplementedError

    def aggregate(self, totals: Floats) -> Floats:
        return 100 * totals[..., 0] / totals[..., 1]


def means(x: Floats, y: Floats) -> Pair:
    return Pair(Mean(), *(np.stack([side, np.ones(len(side))], axis=1) for side in (x, y)))


def test_randomisation_against_scipys_permutation_test() -> None:
    from scipy.stats import permutation_test

    x, y = RANDOM.random(10), RANDOM.random(10) + 0.2
    exact = permutation_test((x, y), mean_difference, permutation_type="samples", n_resamples=np.inf, vectorized=True)
    every = np.array(list(itertools.product([False, True], repeat=10)))
    ((p,)) = randomisation_p([means(x, y)], [every])
    # Ours counts the observed difference as one more trial.
    assert (p * 1025 - 1) / 1024 == pytest.approx(exact.pvalue, abs=1e-12)
    drawn = randomisation_p([means(x, y)])[0]
    assert drawn == pytest.approx(exact.pvalue, abs=5 * math.sqrt(exact.pvalue / TRIALS))


def test_the_interval_against_scipys_bootstrap() -> None:
    import scipy
    from packaging.version import Version
    from scipy.stats import bootstrap as by_scipy

    named = "rng" if Version(scipy.__version__) >= Version("1.15") else "random_state"
    x = RANDOM.random(200)
    y = x + RANDOM.normal(0.1, 0.3, size=200)
    options = {"paired": True, "vectorized": True, "method": "percentile", "n_resamples": 4000, named: RANDOM}
    expected = by_scipy((x, y), mean_difference, **options).confidence_interval
    (interval,) = difference_intervals95([means(x, y)])
    assert interval == pytest.approx((expected.low, expected.high), abs=0.1 * (expected.high - expected.low))


@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 9))
@settings(max_examples=60, deadline=None)
def test_mcnemar_against_its_definition(gained: int, lost: int, alike: int) -> None:
    a = class_batch([1] * (gained + lost + alike), [0] * gained + [1] * (lost + alike))
    b = class_batch([1] * (gained + lost + alike), [1] * gained + [0] * lost + [1] * alike)
    together = gained + lost
    tail = sum(math.comb(together, k) for k in range(min(gained, lost) + 1)) / 2**together
    assert mcnemar_p(pair("accuracy", (a, b))) == pytest.approx(min(1.0, 2 * tail))


def test_mcnemar_is_randomisation_with_every_exchange() -> None:
    gold = [1] * 12
    a, b = (
        class_batch(gold, [0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 0]),
        class_batch(gold, [1, 1, 1, 1, 1, 1, 1, 0, 0, 1, 1, 0]),
    )
    one = pair("accuracy", (a, b))
    every = np.array(list(itertools.product([False, True], repeat=12)))
    (p,) = randomisation_p([one], [every])
    assert (p * 4097 - 1) / 4096 == pytest.approx(mcnemar_p(one))
    assert mcnemar_p(one) == pytest.approx(0.1796875)  # 2 * (1 + 9 + 36) / 512


def test_which_scores_are_shares() -> None:
    """McNemar's test is right only where a row is (right, counted) and the score their quotient."""
    for name, (a, _) in BATCHES.items():
        rows = metric(name).statistics(a)
        is_share = (
            rows.shape[1] == 2
            and set(np.unique(rows)) <= {0.0, 1.0}
            and metric(name).value(a, rows) == pytest.approx(100 * rows[:, 0].sum() / rows[:, 1].sum())
        )
        assert metric(name).share == is_share, name
    assert [get_metric(n, "context_span").share for n in ("em", "f1", "em_t5", "f1_t5")] == [True, False, True, False]
    assert [get_metric(n, "text").share for n in ("em", "f1", "rouge1")] == [True, False, False]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6))
@settings(max_examples=100, deadline=None)
def test_holm_is_the_closed_test_of_bonferroni(p_values: list[float]) -> None:
    """A hypothesis is rejected if every family that it belongs to is: Holm's steps are a short cut to that."""
    places = range(len(p_values))
    families = [f for size in range(1, len(p_values) + 1) for f in itertools.combinations(places, size)]
    expected = [
        max(min(1.0, len(family) * min(p_values[i] for i in family)) for family in families if place in family)
        for place in places
    ]
    assert holm(p_values) == pytest.approx(expected)


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []


def test_chance_alone_is_rarely_called_a_difference() -> None:
    """Of systems that are alike, a test at 5 % calls at most about 5 % different, and of unlike ones most."""
    random = np.random.default_rng(5)
    runs, rows = 400, 50
    called = {"f1": 0, "accuracy": 0, "interval": 0}
    gold = random.integers(2, size=rows).tolist()
    for _ in range(runs):
        a, b = (class_batch(gold, [g if random.random() < 0.7 else 1 - g for g in gold]) for _ in range(2))
        f1, accuracy = pair("f1", (a, b)), pair("accuracy", (a, b))
        exchanges = random.integers(2, size=(199, rows)).astype(bool)
        called["f1"] += randomisation_p([f1], [exchanges])[0] <= 0.05
        called["accuracy"] += mcnemar_p(accuracy) <= 0.05
        counts = random.multinomial(rows, [1 / rows] * rows, size=199).astype(float)
        low, high = np.percentile(
            accuracy.metric.resample(accuracy.b, counts) - accuracy.metric.resample(accuracy.a, counts), [2.5, 97.5]
        )
        called["interval"] += not low <= 0 <= high
    bound = 0.05 * runs + 4 * math.sqrt(0.05 * 0.95 * runs)  # 20 and four standard deviations
    assert 0 < called["f1"] <= bound
    assert called["accuracy"] <= 0.05 * runs  # the exact test on few rows is cautious
    assert 0 < called["interval"] <= 1.5 * bound  # a percentile interval of few rows is a little narrow


def test_a_real_difference_is_found() -> None:
    assert randomisation_p([pair("bleu")])[0] < 0.05
    many = [1] * 200
    better = class_batch(many, [1] * 180 + [0] * 20), class_batch(many, [1] * 140 + [0] * 60)
    assert mcnemar_p(pair("accuracy", better)) < 1e-9


@given(st.integers(1, 70), st.integers(1, 60), st.integers(1, 900))
@settings(max_examples=20, deadline=None, derandomize=True)
def test_exchanges_do_not_depend_on_the_size_of_a_block(rows: int, trials: int, block: int) -> None:
    whole = np.concatenate(list(draw_exchanges(rows, trials)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bootstrap, "BLOCK_NUMBERS", block)
        blocks = list(draw_exchanges(rows, trials))
    assert whole.shape == (trials, rows)
    np.testing.assert_array_equal(np.concatenate(blocks), whole)


def test_exchanges_are_fair_coins() -> None:
    coins: Exchanges = np.concatenate(list(draw_exchanges(45)))
    assert coins.shape == (TRIALS, 45)
    assert coins.mean() == pytest.approx(0.5, abs=5 * 0.5 / math.sqrt(coins.size))
    assert np.abs(np.corrcoef(coins.T)[np.triu_indices(45, 1)]).max() < 5 / math.sqrt(TRIALS)
    assert SEED == 12345


def test_scores_share_their_trials() -> None:
    """A p-value does not depend on which other scores are tested."""
    together = randomisation_p([pair("f1"), pair("matthews"), pair("bleu")])
    assert together == [randomisation_p([pair(name)])[0] for name in ("f1", "matthews", "bleu")]
    with pytest.raises(ValueError, match="same number of rows"):
        randomisation_p([pair("f1"), pair("f1a")])
    with pytest.raises(UserError, match=r"'f1' .* must not depend on the answers"):
        Pair(metric("f1"), np.ones((3, 2)), np.ones((2, 2)))
