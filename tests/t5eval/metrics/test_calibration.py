"""Calibration against scikit-learn, a calculation by hand, and simulation."""

from __future__ import annotations

import itertools
import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax
from sklearn.calibration import calibration_curve

import t5eval
import task_specs
from t5eval.cli.score_table import score_lines
from t5eval.metrics import Batch
from t5eval.metrics.bootstrap import draw_counts, wilson95
from t5eval.metrics.calibration import CalibrationError, calibration_error, calibration_of
from t5eval.runs.prediction import Prediction, Ranking
from t5eval.runs.results_schema import fault_of
from t5eval.support.errors import PredictionError
from tests.t5eval.batches import UNREAD, class_batch, number_batch

RTE = task_specs.get("glue/rte")
Said = list[tuple[bool, float]]


def batch_of(said: list[tuple[bool, float | None]]) -> Batch:
    """Returns examples that are right or not, with how confident the model was."""
    batch = class_batch([1] * len(said), [int(right) for right, _ in said])
    examples = [replace(e, confidence=c) for e, (_, c) in zip(batch.examples, said, strict=True)]
    return Batch(examples, batch.classes)


def error_of(batch: Batch) -> CalibrationError:
    found = calibration_error(RTE, batch)
    assert found is not None
    return found


def value_of(batch: Batch) -> float:
    error = error_of(batch)
    return error.value(batch, error.statistics(batch))


def test_by_hand() -> None:
    """Two in (0.5, 0.6]: 50 % right, 57 % confident. Two in (0.9, 1]: 50 % right, 98 % confident. One of no bin."""
    batch = batch_of([(True, 0.55), (False, 0.59), (True, 0.96), (False, 1.0), (True, None)])
    assert value_of(batch) == pytest.approx(100 * (2 * abs(0.5 - 0.57) + 2 * abs(0.5 - 0.98)) / 4)
    found = calibration_of(error_of(batch), batch)
    assert (found.by, found.unknown, found.whole.n, found.whole.right) == ("accuracy", 1, 4, 50)
    assert [(bin_.low, bin_.n) for bin_ in found.bins if bin_.n] == [(50, 2), (90, 2)]
    assert [(name, sure) for name, sure in found.mistakes] == [("3", 100), ("1", pytest.approx(59))]
    assert [(part.n, part.right) for part in found.kept] == [(1, 0), (2, 50), (3, pytest.approx(100 / 3)), (4, 50)]


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 40).map(lambda n: n / 40)), min_size=1, max_size=60))
def test_bins_are_scikit_learns(said: Said) -> None:
    batch = batch_of([*said])
    right, confidence = np.array([r for r, _ in said], dtype=float), np.array([c for _, c in said])
    shares, means = calibration_curve(right, confidence, n_bins=10, strategy="uniform")
    found = calibration_of(error_of(batch), batch)
    bins = [one for one in found.bins if one.n]
    assert [one.right for one in bins] == pytest.approx(100 * shares)
    assert [one.confidence for one in bins] == pytest.approx(100 * means)
    assert sum(one.n for one in bins) == len(said)
    distances = np.array([one.n for one in bins]) * np.abs(shares - means)
    assert value_of(batch) == pytest.approx(100 * distances.sum() / len(said))
    for one in [*bins, *found.kept]:
        assert one.ci95 == wilson95(round((one.right or 0) * one.n / 100), one.n)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.booleans(), st.integers(1, 9).map(lambda n: n / 10)), min_size=1, max_size=50))
def test_the_most_confident_are_those_at_or_above_a_confidence(said: Said) -> None:
    batch = batch_of([*said])
    kept = calibration_of(error_of(batch), batch).kept
    for part in kept:
        inside = [right for right, c in said if 100 * c >= part.low - 1e-9]
        assert (part.n, part.right) == (len(inside), pytest.approx(100 * sum(inside) / len(inside)))
    assert kept[-1].n == len(said)
    assert all(a.n < b.n and a.low > b.low for a, b in itertools.pairwise(kept))


def test_what_chance_alone_gives_is_what_simulation_gives() -> None:
    random = np.random.default_rng(3)
    confidence = random.uniform(0.5, 1, 300)
    drawn = [value_of(batch_of([*zip(random.random(300) < confidence, confidence, strict=True)])) for _ in range(150)]
    batch = batch_of([(True, c) for c in confidence])
    assert calibration_of(error_of(batch), batch).by_chance == pytest.approx(np.mean(drawn), rel=0.05)


def test_a_resample_scores_what_its_examples_do() -> None:
    random = np.random.default_rng(1)
    said = [(bool(r), float(c)) for r, c in zip(random.random(40) < 0.6, random.uniform(0, 1, 40), strict=True)]
    batch = batch_of([*said])
    error = error_of(batch)
    counts = next(iter(draw_counts(40, 5)))
    for own, found in zip(counts, error.resample(error.statistics(batch), counts), strict=True):
        drawn = [one for one, n in zip(said, own, strict=True) for _ in range(int(n))]
        assert found == pytest.approx(value_of(batch_of([*drawn])))


def test_there_is_none_without_confidence_or_without_right_and_wrong() -> None:
    assert calibration_error(RTE, class_batch([0, 1], [0, UNREAD])) is None
    assert calibration_error(RTE, class_batch([], [])) is None
    numbers = number_batch([1.0, 2.0], [1.0, 2.0])
    sure = Batch([replace(e, confidence=0.5) for e in numbers.examples])
    assert calibration_error(task_specs.get("glue/stsb"), sure) is None
    assert calibration_error(RTE, batch_of([(True, 0.7)]), class_batch([0], [0])) is None  # two systems: both or none


def test_confidence_is_the_share_among_the_ranked_or_the_texts_own() -> None:
    ranked = Prediction("0", "a", ranking=Ranking((-4.0, -2.0, -900.0), (1, 2, 3)))
    assert ranked.ranking is not None
    assert ranked.ranking.shares == pytest.approx(softmax([-4.0, -2.0, -900.0]))
    assert ranked.confidence == pytest.approx(softmax([-4.0, -2.0])[1])
    assert Prediction("0", "a", ranking=Ranking((-4.0,), (1,))).confidence is None  # there was no choice
    assert Prediction("0", "a", ranking=Ranking((-math.inf, -1.0), (1, 1))).confidence is None
    own = Prediction("0", "a", log_likelihood=-0.5, no_answer=0.25)
    assert own.confidence == pytest.approx(math.exp(-0.5))
    assert Prediction.from_line(own.line()) == own
    assert Prediction("0", "a").confidence is None


@pytest.fixture
def ranked(tmp_path: Path) -> Path:
    """Predictions of RTE with log-likelihoods, the last of which is missing."""
    random, lines = np.random.default_rng(0), []
    for pair in [*t5eval.examples("glue/rte", "validation", data=t5eval.suite_folder())][:-1]:
        towards = float(random.normal(1, 2)) * (1 if pair.targets == "entailment" else -1)
        said = "entailment" if towards > 0 else "not_entailment"
        found = {"log_likelihoods": [towards, 0.0], "answer_tokens": [5, 7]}
        lines.append(json.dumps({"id": pair.id, "prediction": said, **found}))
    path = tmp_path / "ranked.jsonl"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_scores_of_ranked_answers_have_it(ranked: Path) -> None:
    scored: Any = t5eval.score("glue/rte", ranked, data=t5eval.suite_folder(), split="validation", by="label")
    found = scored.to_json()
    ece, calibration = found["scores"]["ece"], found["calibration"]
    assert "right:accuracy" in ece["signature"]
    assert f"n:{found['n'] - 1}|" in ece["signature"]  # without the missing one
    assert ece["ci95"][0] <= ece["value"] <= ece["ci95"][1]
    assert (calibration["unknown"], calibration["whole"]["n"]) == (1, found["n"] - 1)
    assert all("ece" in one["scores"] for one in found["slices"]["label"].values())
    document = {"schema": 1, "results": {"glue/rte": {"validation": found}}}
    assert fault_of(document, whole=False) == ""
    lines = "\n".join(score_lines([scored.score]))
    assert f"ece by chance alone {calibration['by_chance']:.2f}" in lines
    first = calibration["mistakes"][0]
    assert f"most confident mistakes: {first['id']} ({first['confidence']:.1f} %)" in lines
    compared: Any = t5eval.compare(ranked, ranked, tasks="glue/rte", splits="validation", data=t5eval.suite_folder())
    contrast = compared.splits[0].scores["ece"]
    assert (contrast.a, contrast.difference, contrast.p) == (ece["value"], 0, 1)


@pytest.mark.parametrize("wrong", [{"log_likelihood": 0.5}, {"no_answer_probability": 1.5}, {"log_likelihood": "-1"}])
def test_a_probability_that_is_none_is_an_error(ranked: Path, wrong: dict[str, Any]) -> None:
    lines = ranked.read_text().splitlines()
    ranked.write_text("\n".join([json.dumps({**json.loads(lines[0]), **wrong}), *lines[1:]]) + "\n")
    with pytest.raises(PredictionError, match=r"line 1: .*log_likelihood is at most 0"):
        t5eval.score("glue/rte", ranked, data=t5eval.suite_folder(), split="validation")
