"""Probabilities of no answer against SQuAD 2.0's own script, whose two functions stand here again, and scikit-learn."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

import t5eval
from t5eval.cli.score_table import score_lines
from t5eval.metrics.no_answer import answering
from tests.t5eval.squad_documents import version_2, write

Question = tuple[float, bool, bool, float]


def best_threshold(questions: list[Question]) -> tuple[float, float]:
    """evaluate-v2.0.py's find_best_thresh."""
    current = sum(not has for _, has, _, _ in questions)
    best, threshold = current, 0.0
    for score, has, said, probability in sorted(questions, key=lambda question: question[3]):
        current += score if has else (-1 if said else 0)
        if current > best:
            best, threshold = current, probability
    return 100 * best / len(questions), threshold


def average_precision(questions: list[Question]) -> float:
    """evaluate-v2.0.py's make_precision_recall_eval."""
    ordered = sorted(questions, key=lambda question: question[3])
    true, area, recall_before, all_true = 0.0, 0.0, 0.0, sum(has for _, has, _, _ in questions)
    for place, (score, has, _, probability) in enumerate(ordered):
        true += score if has else 0
        precision, recall = true / (place + 1), true / all_true
        if place == len(ordered) - 1 or probability != ordered[place + 1][3]:
            area += precision * (recall - recall_before)
            recall_before = recall
    return 100 * area


QUESTIONS = st.tuples(
    st.sampled_from([0.0, 0.25, 0.5, 1.0]), st.booleans(), st.booleans(), st.sampled_from([0.1, 0.5, 0.7, 0.9])
)


@settings(deadline=None, max_examples=150)
@given(st.lists(QUESTIONS, min_size=1, max_size=30).filter(lambda found: any(has for _, has, _, _ in found)))
def test_it_is_the_official_scripts(questions: list[Question]) -> None:
    columns = [np.array(column) for column in zip(*questions, strict=True)]
    found = answering("f1", columns[0], columns[1], columns[2], columns[3])
    best, threshold = best_threshold(questions)
    assert (found.best, found.threshold) == (pytest.approx(best), threshold)
    assert found.average_precision == pytest.approx(average_precision(questions))
    assert [point[0] for point in found.points] == sorted({probability for *_, probability in questions})


def test_of_exact_matches_it_is_scikit_learns_average_precision() -> None:
    random = np.random.default_rng(0)
    has, right = random.random(400) < 0.6, random.random(400) < 0.7
    probabilities = np.clip(np.where(has & right, 0.3, 0.6) + random.normal(0, 0.2, 400), 0, 1)
    found = answering("em", right.astype(float), has, right, probabilities)
    expected = average_precision_score(has & right, -probabilities) * (has & right).sum() / has.sum()
    assert found.average_precision == pytest.approx(100 * expected)


def test_squad_2_with_probabilities_has_a_best_score(tmp_path: Path) -> None:
    data = write(tmp_path, version_2(), "dev-v2.0.json")
    lines: list[dict[str, Any]] = []
    for place, pair in enumerate(t5eval.examples("squad/v2.0", "validation", data=data)):
        none = pair.targets == "unanswerable"
        said = "1987" if none else pair.targets  # it answers everything, but doubts where there is no answer
        doubt = (6 if none else 2) + place % 3
        lines.append({"id": pair.id, "prediction": said, "no_answer_probability": doubt / 10})
    path = tmp_path / "said.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    scored: Any = t5eval.score("squad/v2.0", path, data=data, split="validation")
    found = scored.to_json()
    assert found["scores"]["em"]["value"] == 60  # two of five have no answer
    threshold = max(line["no_answer_probability"] for line in lines if line["prediction"] != "1987")
    assert found["no_answer"]["em"] == {"best": 100, "threshold": threshold, "average_precision": 100}
    assert f"best em 100.00, no answer above {threshold}; average" in "\n".join(score_lines([scored.score]))
    lines[0].pop("no_answer_probability")
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    scored = t5eval.score("squad/v2.0", path, data=data, split="validation")
    assert "no_answer" not in scored.to_json()
