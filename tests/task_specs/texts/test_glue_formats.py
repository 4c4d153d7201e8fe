"""Text formats of every GLUE task, on sentences of our own."""

from __future__ import annotations

from typing import Any

import pytest

import task_specs
from task_specs import Example, SpecError

ODD = "  two  spaces, a \"quote', a\ttab "  # nothing of it may be touched

# task, features, inputs, targets
FORMATS: list[tuple[str, dict[str, Any], str, str]] = [
    ("cola", {"sentence": "He sang.", "label": 1}, "cola sentence: He sang.", "acceptable"),
    ("cola", {"sentence": "Sang he the.", "label": 0}, "cola sentence: Sang he the.", "unacceptable"),
    ("cola", {"sentence": ODD, "label": -1}, f"cola sentence: {ODD}", "<unk>"),
    ("sst2", {"sentence": "a fine film ", "label": 1}, "sst2 sentence: a fine film ", "positive"),
    ("sst2", {"sentence": "", "label": 0}, "sst2 sentence: ", "negative"),
    ("mrpc", {"sentence1": "A.", "sentence2": "B.", "label": 1}, "mrpc sentence1: A. sentence2: B.", "equivalent"),
    ("mrpc", {"sentence1": "A.", "sentence2": "B.", "label": 0}, "mrpc sentence1: A. sentence2: B.", "not_equivalent"),
    ("qqp", {"question1": "How?", "question2": "Why?", "label": 1}, "qqp question1: How? question2: Why?", "duplicate"),
    ("qqp", {"question1": "", "question2": ODD, "label": 0}, f"qqp question1:  question2: {ODD}", "not_duplicate"),
    ("stsb", {"sentence1": "A.", "sentence2": "B.", "label": 3.8}, "stsb sentence1: A. sentence2: B.", "3.8"),
    ("stsb", {"sentence1": "A.", "sentence2": "B.", "label": -1.0}, "stsb sentence1: A. sentence2: B.", "-1.0"),
    ("mnli", {"premise": "P.", "hypothesis": "H.", "label": 0}, "mnli hypothesis: H. premise: P.", "entailment"),
    ("mnli_matched", {"premise": "P.", "hypothesis": "H.", "label": 1}, "mnli hypothesis: H. premise: P.", "neutral"),
    (
        "mnli_mismatched",
        {"premise": "P.", "hypothesis": "H.", "label": 2},
        "mnli hypothesis: H. premise: P.",
        "contradiction",
    ),
    ("ax", {"premise": "P.", "hypothesis": "H.", "label": -1}, "mnli hypothesis: H. premise: P.", "<unk>"),
    ("qnli", {"question": "Q?", "sentence": "S.", "label": 0}, "qnli question: Q? sentence: S.", "entailment"),
    ("qnli", {"question": "Q?", "sentence": "S.", "label": 1}, "qnli question: Q? sentence: S.", "not_entailment"),
    ("rte", {"sentence1": "P.", "sentence2": "H.", "label": 0}, "rte sentence1: P. sentence2: H.", "entailment"),
    ("rte", {"sentence1": "P.", "sentence2": "H.", "label": 1}, "rte sentence1: P. sentence2: H.", "not_entailment"),
    # WNLI's classes stand the other way round.
    (
        "wnli_plain",
        {"sentence1": "P.", "sentence2": "H.", "label": 0},
        "wnli sentence1: P. sentence2: H.",
        "not_entailment",
    ),
    (
        "wnli_plain",
        {"sentence1": "P.", "sentence2": "H.", "label": 1},
        "wnli sentence1: P. sentence2: H.",
        "entailment",
    ),
]


@pytest.mark.parametrize(("task", "features", "inputs", "targets"), FORMATS)
@pytest.mark.parametrize("training", [False, True])
def test_format(task: str, features: dict[str, Any], inputs: str, targets: str, training: bool) -> None:
    (pair,) = task_specs.get(f"glue/{task}").pairs(Example("3", features), training=training)
    assert (pair.id, pair.inputs, pair.targets, pair.problem) == ("3", inputs, targets, "")


def test_every_glue_task_is_in_the_table() -> None:
    tasks = {spec.name for spec in task_specs.all_tasks() if spec.benchmark == "glue"}
    assert tasks - {f"glue/{row[0]}" for row in FORMATS} == {"glue/wnli"}  # see test_wnli_referent.py


# Multiples of 0.2, rounded in single precision and half to even, which is not rounding in double precision.
SIMILARITIES = [
    (0.0, "0.0"),
    (0.05, "0.0"),
    (0.1, "0.0"),
    (0.1000000001, "0.0"),  # 0.1 in single precision, and half of a step
    (0.100001, "0.2"),
    (0.25, "0.2"),
    (0.2999999999, "0.4"),
    (0.3, "0.4"),
    (0.5, "0.4"),
    (0.7, "0.8"),
    (0.9, "0.8"),
    (1.1, "1.2"),
    (1.714, "1.8"),
    (2.1, "2.0"),
    (2.3, "2.4"),
    (2.5, "2.4"),
    (2.7, "2.8"),
    (2.9, "2.8"),
    (3.1, "3.2"),
    (3.25, "3.2"),
    (3.3, "3.2"),
    (3.5, "3.6"),
    (3.75, "3.8"),
    (4.1, "4.0"),
    (4.4, "4.4"),
    (4.5, "4.4"),
    (4.7, "4.8"),
    (4.9, "4.8"),
    (4.95, "5.0"),
    (5.0, "5.0"),
]


@pytest.mark.parametrize(("label", "text"), SIMILARITIES)
def test_similarity_targets(label: float, text: str) -> None:
    answer = task_specs.get("glue/stsb").answer
    assert answer.target({"label": label}) == text
    gold = answer.gold({"label": label}, text)
    assert gold is not None
    assert (gold.value, gold.t5) == (label, float(text))  # scored against the label, T5's way against its target


def test_similarity_targets_agree_with_numpy_in_single_precision() -> None:
    np = pytest.importorskip("numpy")
    answer = task_specs.get("glue/stsb").answer
    for thousandth in range(5001):
        label = np.float32(thousandth / 1000)
        expected = np.round(label * np.float32(5)) / np.float32(5)
        assert answer.target({"label": thousandth / 1000}) == f"{expected:.1f}", label


def test_the_choices_are_what_targets_can_be() -> None:
    choices = task_specs.get("glue/stsb").answer.choices
    assert len(choices) == 26
    assert {text for _, text in SIMILARITIES} <= set(choices)
    assert task_specs.get("glue/ax").answer.choices == ("entailment", "neutral", "contradiction")
    assert task_specs.get("glue/wnli").answer.choices == ()


def test_a_referent_cannot_be_a_target_without_a_format_that_finds_it() -> None:
    with pytest.raises(SpecError, match="text format that finds the candidate"):
        task_specs.get("glue/wnli").answer.target({"label": 1})
