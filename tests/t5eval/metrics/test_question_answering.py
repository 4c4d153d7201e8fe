"""Exact match and F1 of answers, against the official definitions written out again."""

from __future__ import annotations

import json
import math
import random
import re
import string
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import task_specs
from t5eval.data import open_split
from t5eval.metrics import Batch, get_metric
from t5eval.metrics.text_overlap import best_overlap, normalize, word_f1
from t5eval.scoring import score as scoring
from t5eval.scoring.score import SplitScore
from task_specs import Example, TaskSpec
from task_specs.answers.punctuation import pad_punctuation

WORDS = "the a an The of Paris U.S. O'Neil 1,000 $3.50 café “x” – ! . , & x_y 北京 theater".split()
PUNCTUATION = set(string.punctuation)
TEXT = st.lists(st.sampled_from([*WORDS, " ", "\u00a0", "\t"]), max_size=6).map(" ".join)


def official_normalize(text: str) -> str:
    text = "".join(c for c in text.lower() if c not in PUNCTUATION)
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", text).split())


def official_f1(prediction: str, truth: str, version: str) -> float:
    said, true = official_normalize(prediction).split(), official_normalize(truth).split()
    if version == "2.0" and (not said or not true):
        return float(said == true)
    same = sum((Counter(said) & Counter(true)).values())
    if same == 0:
        return 0
    precision, recall = 1.0 * same / len(said), 1.0 * same / len(true)
    return (2 * precision * recall) / (precision + recall)


def official_1(truths: dict[str, list[str]], predictions: dict[str, str]) -> dict[str, float]:
    """evaluate-v1.1.py: unanswered questions score 0."""
    em = f1 = 0.0
    for question, answers in truths.items():
        if question in predictions:
            said = predictions[question]
            em += max(official_normalize(said) == official_normalize(a) for a in answers)
            f1 += max(official_f1(said, a, "1.1") for a in answers)
    return {"em": 100.0 * em / len(truths), "f1": 100.0 * f1 / len(truths)}


def official_2(truths: dict[str, list[str]], predictions: dict[str, str]) -> dict[str, float]:
    """evaluate-v2.0.py on complete predictions, without probabilities of no answer."""
    em: dict[str, float] = {}
    f1: dict[str, float] = {}
    for question, answers in truths.items():
        gold = [a for a in answers if official_normalize(a)] or [""]
        em[question] = max(float(official_normalize(predictions[question]) == official_normalize(a)) for a in gold)
        f1[question] = max(official_f1(predictions[question], a, "2.0") for a in gold)
    parts = {
        "": list(truths),
        "has_ans_": [q for q in truths if truths[q]],
        "no_ans_": [q for q in truths if not truths[q]],
    }
    return {
        f"{part}{name}": 100.0 * sum(scores[q] for q in questions) / len(questions)
        for part, questions in parts.items()
        if questions
        for name, scores in (("em", em), ("f1", f1))
    }  # fmt: skip


def examples_of(truths: dict[str, list[str]], contexts: dict[str, str]) -> list[Example]:
    return [
        Example(q, {"question": "?", "context": contexts.get(q, ""), "answers": {"text": a, "answer_start": []}})
        for q, a in truths.items()
    ]


def scored(task: str, examples: Sequence[Example], predictions: dict[str, str]) -> SplitScore:
    spec: TaskSpec = task_specs.get(task)
    return scoring.score_split(spec, "validation", scoring.judge(spec, examples, predictions))


def values(result: SplitScore) -> dict[str, float | None]:
    return {name: score.value for name, score in result.scores.items()}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The U.S. Army", "us army"),
        ("$3.50", "350"),
        ("$ 3 . 50", "3 50"),
        ("a  an\tTHE", ""),
        ("theatre of a–b", "theatre of –b"),
        ("“x”\u00a0y", "“x” y"),
        ("x_y", "xy"),
        ("", ""),
    ],
)
def test_normalisation(text: str, expected: str) -> None:
    assert normalize(text) == expected == official_normalize(text)


# prediction, references, exact match and F1 of version 1.1, F1 of version 2.0
CASES = [
    ("Denver Broncos", ["Denver Broncos"], 1, 1, 1),
    ("the Denver Broncos!", ["Carolina", "denver broncos"], 1, 1, 1),
    ("Denver", ["Denver Broncos"], 0, 2 / 3, 2 / 3),
    ("Denver Denver", ["Denver Broncos"], 0, 1 / 2, 1 / 2),
    ("red blue", ["green", "blue"], 0, 2 / 3, 2 / 3),
    ("", ["x"], 0, 0, 0),
    ("the", ["a"], 1, 0, 1),
    ("the", ["x", "a"], 1, 0, 1),
    ("$ 3 . 50", ["$3.50"], 0, 0, 0),
]


@pytest.mark.parametrize(("prediction", "references", "em", "f1", "f1_v2"), CASES)
def test_cases(prediction: str, references: list[str], em: float, f1: float, f1_v2: float) -> None:
    assert best_overlap(prediction, references) == (em, pytest.approx(f1))
    assert best_overlap(prediction, references, both_empty=1.0) == (em, pytest.approx(f1_v2))


def test_no_reference_is_an_error() -> None:
    with pytest.raises(ValueError, match="no reference"):
        best_overlap("x", [])


@given(TEXT, st.lists(TEXT, min_size=1, max_size=4))
@settings(max_examples=300, deadline=None)
def test_overlap_is_the_official_one(prediction: str, references: list[str]) -> None:
    em, f1 = best_overlap(prediction, references)
    assert em == max(official_normalize(prediction) == official_normalize(r) for r in references)
    assert f1 == max(official_f1(prediction, r, "1.1") for r in references)
    em, f1 = best_overlap(prediction, references, both_empty=1.0)
    assert f1 == max(official_f1(prediction, r, "2.0") for r in references)
    assert f1 >= em
    assert word_f1("x y", "y x", both_empty=0.0) == 1.0


TRUTHS = st.dictionaries(st.text("abcdef", min_size=1, max_size=3), st.lists(TEXT, max_size=3), min_size=1, max_size=8)


@given(TRUTHS, st.data())
@settings(max_examples=150, deadline=None)
def test_version_1_on_whatever_is_predicted(truths: dict[str, list[str]], data: st.DataObject) -> None:
    truths = {q: answers or ["x"] for q, answers in truths.items()}
    choice = st.one_of(TEXT, st.sampled_from([a for answers in truths.values() for a in answers]))
    predictions = {q: data.draw(choice) for q in truths if data.draw(st.integers(0, 4))}
    result = scored("squad/v1.1", examples_of(truths, {}), predictions)  # no passages: texts are scored as they are
    expected = official_1(truths, predictions)
    assert {name: values(result)[name] for name in expected} == pytest.approx(expected)
    assert result.missing == len(truths) - len(predictions)
    assert result.unmapped == len(predictions)


@given(TRUTHS, st.data())
@settings(max_examples=150, deadline=None)
def test_version_2_on_whatever_is_predicted(truths: dict[str, list[str]], data: st.DataObject) -> None:
    choice = st.one_of(TEXT, st.just(""), st.sampled_from([a for answers in truths.values() for a in answers] or [""]))
    predictions = {q: data.draw(choice) for q in truths}
    expected = official_2(truths, {q: text if text.strip() else "" for q, text in predictions.items()})
    result = scored("squad/v2.0", examples_of(truths, {}), predictions)
    found = {name: value for name, value in values(result).items() if value is not None}
    assert found == pytest.approx(expected)


def test_parts_of_version_2() -> None:
    truths = {"1": ["red"], "2": ["blue car", "car"], "3": [], "4": [], "5": []}
    predictions = {"1": "red", "2": "blue", "3": "unanswerable", "4": "", "5": "red"}
    result = scored("squad/v2.0", examples_of(truths, {}), predictions)
    assert values(result) == pytest.approx(
        {"em": 60.0, "f1": 100 * (1 + 2 / 3 + 2) / 5, "has_ans_em": 50.0, "has_ans_f1": 100 * (1 + 2 / 3) / 2,
         "no_ans_em": 200 / 3, "no_ans_f1": 200 / 3,
         # The word for no answer as it stands is a wrong answer.
         "em_as_written": 40.0, "f1_as_written": 100 * (1 + 2 / 3 + 1) / 5}
    )  # fmt: skip
    assert "|version:2.0|text:as written|" in result.scores["em_as_written"].signature
    assert (result.changed, result.to_json()["changed"]) == (1, 1)
    assert result.scores["no_ans_em"].signature.startswith("no_ans_em|n:3|version:2.0|")
    assert result.task_score == result.scores["em"].value
    only_answered = scored("squad/v2.0", examples_of({"1": ["red"]}, {}), {"1": "red"})
    assert values(only_answered)["no_ans_em"] is None


def test_missing_predictions_are_wrong_even_where_there_is_no_answer() -> None:
    # The official scorer leaves them out: 100 of 1 question.
    result = scored("squad/v2.0", examples_of({"1": ["red"], "2": []}, {}), {"1": "red"})
    assert (values(result)["em"], values(result)["no_ans_f1"], result.missing) == (50.0, 0.0, 1)
    result = scored("squad/v1.1", examples_of({"1": ["the"]}, {}), {})
    assert set(values(result).values()) == {0.0}


def test_padded_answers_are_mapped_back_before_they_are_scored() -> None:
    truths = {"1": ["$3.50"], "2": ["U.S."], "3": ["O'Neil-Jones", "Jones"]}
    contexts = {"1": "It cost $3.50.", "2": "the U.S. line", "3": "Mr O'Neil-Jones went"}
    predictions = {"1": "$ 3 . 50", "2": "U . S .", "3": "O ' Neil - Smith"}
    result = scored("squad/v1.1", examples_of(truths, contexts), predictions)
    assert values(result) == pytest.approx(
        {"em": 200 / 3, "f1": 200 / 3, "em_t5": 200 / 3, "f1_t5": 100 * (2 + 2 / 3) / 3,
         "em_as_written": 0.0, "f1_as_written": 0.0}
    )  # fmt: skip
    assert result.changed == 2
    assert (result.unmapped, result.unreadable, result.missing) == (1, 0, 0)
    assert result.to_json()["unmapped"] == 1
    # T5 compares padded texts: raw ones lose there what they win by the official rule.
    raw = scored("squad/v1.1", examples_of(truths, contexts), {q: a[0] for q, a in truths.items()})
    assert values(raw) == pytest.approx({"em": 100.0, "f1": 100.0, "em_t5": 0.0, "f1_t5": 0.0})
    assert (raw.unmapped, raw.changed) == (0, 0)


def t5_span_scores(examples: Sequence[Example], predictions: dict[str, str]) -> dict[str, float]:
    """T5's metric of word spans, on padded passages and answers."""

    def padded(text: str) -> str:
        return re.sub(r"[\t\n\f\r ]+", " ", re.sub(r"([!-/:-@\[-`{-~])", r" \1 ", text))

    texts = {}
    for e in examples:
        words = re.sub(r"\W", " ", padded(e.features["context"])).split()
        said = re.sub(r"\W", " ", predictions[e.id]).split()
        try:
            texts[e.id] = " ".join(words[int(said[1]) : int(said[3]) + 1])
        except (ValueError, IndexError):
            texts[e.id] = ""
    truths = {e.id: [padded(a) for a in e.features["answers"]["text"]] for e in examples}
    scores = official_1(truths, texts)
    return {"em_t5": scores["em"], "f1_t5": scores["f1"]}


def test_word_spans() -> None:
    chance = random.Random(1)
    truths, contexts, predictions = {}, {}, {}
    for i in range(60):
        words = [chance.choice(WORDS) for _ in range(12)]
        first = chance.randrange(10)
        contexts[str(i)] = " ".join(words)
        truths[str(i)] = [" ".join(words[first : first + 2])]
        numbers = sorted(chance.randrange(25) for _ in range(2))
        predictions[str(i)] = chance.choice(
            [f"start: {numbers[0]} end: {numbers[1]}", "start: x end: 1", "", "start: 99 end: 100", "start: 3"]
        )
    examples = examples_of(truths, contexts)
    result = scored("squad/v1.1_span", examples, predictions)
    expected = t5_span_scores(examples, predictions)
    assert {name: values(result)[name] for name in expected} == pytest.approx(expected)
    spec = task_specs.get("squad/v1.1_span")
    read = {e.id: spec.answer.parse(predictions[e.id], e.features, "") for e in examples}
    official = official_1(truths, {q: answer.value for q, answer in read.items() if answer.readable})
    assert {name: values(result)[name] for name in official} == pytest.approx(official)
    assert result.unreadable == sum(not answer.readable for answer in read.values()) > 0


def test_intervals_and_signatures() -> None:
    chance = random.Random(2)
    words = [word for word in WORDS if normalize(word)]  # else exact match may exceed F1, officially
    truths = {str(i): [chance.choice(words), f"{chance.choice(words)} car"] for i in range(200)}
    predictions = {q: chance.choice(words) for q in truths}
    result = scored("squad/v1.1", examples_of(truths, {}), predictions)
    for name, score in result.scores.items():
        assert score.value is not None
        assert score.ci95 is not None
        assert score.ci95[0] < score.value < score.ci95[1]
        assert score.signature.startswith(f"{name}|n:200|version:1.1|text:")
        if name.startswith("em"):
            half, share = (score.ci95[1] - score.ci95[0]) / 2, score.value / 100
            assert half == pytest.approx(196 * math.sqrt(share * (1 - share) / 200), rel=0.25)
    assert result.scores["f1"].value >= result.scores["em"].value  # type: ignore[operator]
    turned = scored("squad/v1.1", examples_of(dict(reversed(truths.items())), {}), predictions)
    assert values(turned) == pytest.approx(values(result))


def test_each_kind_of_answer_has_its_own_metric() -> None:
    kinds = ["text", "context_span", "word_span", "optional_context_span", "label"]
    assert len({type(get_metric("f1", kind)) for kind in kinds}) == 4  # 1.1 is the same for pieces and word spans
    assert len({type(get_metric("f1_t5", kind)) for kind in ("context_span", "word_span")}) == 2


# What the official scorer gives these systems, as their publishers report.
REAL = {"bert_ensemble.json": (86.206, 92.196), "rnet_plus_ensemble.json": (82.469, 88.478)}


@pytest.mark.parametrize("file", REAL)
def test_real_predictions(file: str, shared_data: Path) -> None:
    path = shared_data / "predictions" / "squad" / file
    if not path.is_file():
        pytest.skip(f"no {path}")
    predictions: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    spec = task_specs.get("squad/v1.1")
    examples = list(open_split(spec, "validation", shared_data))

    def em_and_f1(said: dict[str, str]) -> list[float]:
        batch = Batch(scoring.judge(spec, examples, said))
        metrics = [get_metric(name, spec.answer.kind) for name in ("em", "f1")]
        return [metric.value(batch, metric.statistics(batch)) for metric in metrics]

    found = em_and_f1(predictions)
    assert [round(value, 3) for value in found] == list(REAL[file])
    official = official_1({e.id: e.features["answers"]["text"] for e in examples}, predictions)
    assert found == pytest.approx(list(official.values()), abs=1e-9)
    # A T5 that means the same writes it with padded punctuation, and gets the same.
    assert em_and_f1({q: pad_punctuation(text) for q, text in predictions.items()}) == pytest.approx(found, abs=0.02)
