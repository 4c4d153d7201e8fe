"""A comparison of one split: which scores, which tests, which examples changed, which settings matter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import task_specs
from t5eval.comparison.published import against_published, published_models
from t5eval.comparison.settings import differing, faults
from t5eval.comparison.splits import Contrast, SplitComparison, compare_split, corrected
from t5eval.data import Summary
from t5eval.scoring import score as scoring
from task_specs import Example, TaskSpec

RTE = task_specs.get("glue/rte")
STSB = task_specs.get("glue/stsb")
MULTIRC = task_specs.get("super_glue/multirc")
WMT = task_specs.get("wmt17/en-de")
LABELS = ("entailment", "not_entailment")


def rte(count: int) -> list[Example]:
    return [Example(str(i), {"sentence1": f"s {i}", "sentence2": "t", "label": i % 2}) for i in range(count)]


def stsb(labels: Sequence[float]) -> list[Example]:
    return [Example(str(i), {"sentence1": "s", "sentence2": "t", "label": x}) for i, x in enumerate(labels)]


def compare(spec: TaskSpec, examples: Sequence[Example], a: Sequence[str | None], b: Sequence[str | None]) -> Any:
    judged = [
        scoring.judge(spec, examples, {e.id: t for e, t in zip(examples, texts, strict=True) if t is not None})
        for texts in (a, b)
    ]
    found = compare_split(spec, "validation", *judged)
    return found, found.changed


def test_texts_as_written_are_compared_too() -> None:
    """T5's padding is undone before an answer is scored; how much that makes up shows beside it."""
    squad = task_specs.get("squad/v1.1")
    context = "He paid $3.50 (in cash) in Orm's bank."
    answers = ["$3.50", "(in cash)", "Orm's bank"]
    examples = [
        Example(str(i), {"context": context, "question": "?", "answers": {"text": (text,), "answer_start": (0,)}})
        for i, text in enumerate(answers)
    ]
    padded = ["$ 3 . 50", "( in cash )", "Orm ' s bank"]
    found, _ = compare(squad, examples, answers, padded)
    for name in ("em", "f1"):
        assert (found.scores[name].a, found.scores[name].b) == (100, 100)
    written = found.scores["em_as_written"]
    judged = scoring.judge(squad, examples, dict(zip("012", padded, strict=True)))
    by_itself = scoring.score_split(squad, "validation", judged)
    assert (written.a, written.b) == (100, by_itself.scores["em_as_written"].value)
    assert (written.b or 0) < 100
    assert "|text:as written|" in written.signature
    assert corrected([found], {"squad/v1.1": ("em", "f1")})[0].scores["em_as_written"].p_holm is None
    same, _ = compare(squad, examples, answers, answers)
    assert not any("as_written" in name for name in same.scores)


def test_by_hand() -> None:
    a = ["entailment", "not_entailment", "entailment", "entailment", "Yes", None]
    b = ["not_entailment", "not_entailment", "entailment", "not_entailment", "entailment", "not_entailment"]
    found, changed = compare(RTE, rte(6), a, b)
    accuracy = found.scores["accuracy"]
    assert (accuracy.a, accuracy.b) == (50, pytest.approx(500 / 6))
    assert accuracy.difference == pytest.approx(accuracy.b - accuracy.a)
    assert accuracy.p == pytest.approx(2 * (1 + 4) / 16)  # three gained, one lost, of four
    assert (accuracy.test, accuracy.rows, accuracy.p_holm) == ("McNemar, exact", 6, None)
    assert found.changes.to_json() == {
        "by": "accuracy", "right_or_wrong": True, "texts": 4, "better": 3, "worse": 1,
        "wrong_to_right": 3, "right_to_wrong": 1,
    }  # fmt: skip
    assert (found.missing, found.unreadable) == ({"A": 1, "B": 0}, {"A": 1, "B": 0})
    assert [(c["id"], c["a"], c["b"], c["change"]) for c in changed] == [
        ("0", "entailment", "not_entailment", "worse"),
        ("3", "entailment", "not_entailment", "better"),
        ("4", "Yes", "entailment", "better"),
        ("5", None, "not_entailment", "better"),
    ]
    assert changed[0]["inputs"] == "rte sentence1: s 0 sentence2: t"
    assert changed[0]["targets"] == "entailment"


@given(st.lists(st.tuples(st.sampled_from([*LABELS, "?", None]), st.sampled_from([*LABELS, "", None])), min_size=1))
@settings(max_examples=30, deadline=None)
def test_swapping_negates_and_the_values_are_those_of_score(pairs: list[tuple[str | None, str | None]]) -> None:
    examples = rte(len(pairs))
    a, b = [x for x, _ in pairs], [y for _, y in pairs]
    forth, back = compare(RTE, examples, a, b)[0], compare(RTE, examples, b, a)[0]
    one, other = forth.scores["accuracy"], back.scores["accuracy"]
    assert (one.difference, one.p) == (-other.difference, other.p)
    assert (forth.changes.better, forth.changes.worse) == (back.changes.worse, back.changes.better)
    if one.ci95:
        assert one.ci95 == pytest.approx((-other.ci95[1], -other.ci95[0]), abs=1e-9)
    texts = {e.id: t for e, t in zip(examples, a, strict=True) if t is not None}
    scored = scoring.score_split(RTE, "validation", scoring.judge(RTE, examples, texts))
    assert one.a == scored.scores["accuracy"].value
    same = compare(RTE, examples, a, a)[0]
    assert (same.scores["accuracy"].difference, same.scores["accuracy"].p, same.changes.texts) == (0, 1, 0)


def test_a_correlation_is_compared_over_what_both_sides_have() -> None:
    examples = stsb([0, 1, 2, 3, 4, 5])
    found, changed = compare(
        STSB, examples, ["0.0", "1.0", "2.0", "3.0", "5.0", "4.0"], ["0.0", "one", "2.0", "3.0", "4.0", "5.0"]
    )
    assert found.scores["pearson"].a is not None
    assert (found.scores["pearson"].b, found.scores["pearson"].difference, found.scores["pearson"].p) == (None,) * 3
    readable = found.scores["pearson_readable"]
    assert (readable.b, readable.rows) == (pytest.approx(100), 5)
    assert 0 < readable.difference < 100
    assert readable.test.startswith("approximate randomisation, 10000 trials")
    assert found.scores["pearson_t5"].difference is not None
    assert [c["change"] for c in changed] == [None] * 3
    assert found.changes.to_json()["wrong_to_right"] is None


def test_questions_change_sides_as_a_whole() -> None:
    examples = [
        Example(
            f"0/{i // 2}/{i}",
            {"paragraph": "p", "question": "q", "answer": "a", "label": 1, "idx": {}},
        )
        for i in range(8)
    ]
    found, _ = compare(MULTIRC, examples, ["False"] * 8, ["True"] * 6 + ["False"] * 2)
    assert found.scores["em"].rows == found.scores["f1a"].rows == 4
    assert found.scores["em"].p == 2 / 8  # three of four questions gained
    assert found.scores["f1a"].p == pytest.approx(0.25, abs=0.03)
    assert (found.changes.by, found.changes.better) == ("accuracy", 6)


def test_translations_are_better_or_worse_each_by_itself() -> None:
    examples = scoring.reference_examples(WMT, ["a b c d e", "f g h i j", "k l m n o"])
    found, changed = compare(WMT, examples, ["a b c d x", "f g h i j", "k"], ["a b c d e", "f g h i x", "m"])
    assert (found.changes.by, found.changes.texts) == ("bleu", 3)
    assert (found.changes.better, found.changes.worse) == (1, 1)
    assert [c["change"] for c in changed] == ["better", "worse", "same"]
    assert list(found.scores) == ["bleu", "chrf", "bleu_t5"]


def test_only_the_same_examples_are_paired() -> None:
    judged = scoring.judge(RTE, rte(4), {})
    with pytest.raises(ValueError, match="same ids"):
        compare_split(RTE, "validation", judged, judged[::-1])


def test_the_correction_is_over_the_headline_scores_of_all_tasks() -> None:
    def with_p(task: str, **p_values: float | None) -> SplitComparison:
        scores = {n: Contrast(1, 2, 1, None, p, None, "", 9, "") for n, p in p_values.items()}
        return SplitComparison(task, "validation", 9, scores, None, {}, {})  # type: ignore[arg-type]

    one, other = corrected(
        [with_p("x", f1=0.01, accuracy=0.03, f1_t5=0.001), with_p("y", pearson=None, pearson_readable=0.02)],
        {"x": ("f1", "accuracy"), "y": ("pearson",)},
    )
    assert {n: s.p_holm for n, s in one.scores.items()} == {"f1": 0.03, "accuracy": 0.04, "f1_t5": None}
    assert {n: s.p_holm for n, s in other.scores.items()} == {"pearson": None, "pearson_readable": 0.04}


def test_what_differing_settings_do() -> None:
    a = {"model": "m", "model hash": "1", "decode": {"method": "greedy"}, "limit": None, "version of keras": "3.15"}
    b = {**a, "model": "n", "model hash": "2", "decode": {"method": "beam"}, "limit": 10, "device": "CPU"}
    assert {d.setting: d.effect for d in differing(a, b)} == {
        "model": "the point", "model hash": "the point", "decode": "may matter", "limit": "not sound",
        "device": "may matter",
    }  # fmt: skip
    assert differing(a, a) == differing(a, {}) == []


DATA = Summary(files={"x": "1"}, examples=100)
MADE = {"data": DATA.fingerprint, "specification": RTE.fingerprint, "limit": None}


@pytest.mark.parametrize(
    ("a", "b", "missing", "expected"),
    [
        (MADE, MADE, 0, []),
        (MADE, {}, 0, []),
        ({}, {}, 5, []),
        (MADE, {**MADE, "limit": 200}, 0, []),
        (MADE, {**MADE, "limit": 10}, 0, ["A has 100 and B 10 of 100 examples"]),
        ({**MADE, "limit": 10}, {**MADE, "limit": 10}, 0, []),
        (MADE, {**MADE, "data": "2"}, 0, ["B was predicted on other data", "A and B were predicted on different data"]),
        ({**MADE, "data": "2"}, {**MADE, "data": "2"}, 0, ["A was predicted on other", "B was predicted on other"]),
        (MADE, {**MADE, "specification": "2"}, 0, ["B was predicted under another specification"]),
        (MADE, MADE, 5, ["B is unfinished: 5 examples"]),
    ],
)
def test_what_is_not_sound(a: Mapping[str, Any], b: Mapping[str, Any], missing: int, expected: list[str]) -> None:
    found = faults({"A": RTE, "B": RTE}, DATA, a, b, {"A": 0, "B": missing})
    assert len(found) == len(expected)
    assert all(fault.startswith(start) for fault, start in zip(found, expected, strict=True))


def published(spec: TaskSpec, split: str, examples: Sequence[Example], texts: Sequence[str | None]) -> dict[str, Any]:
    found = {e.id: t for e, t in zip(examples, texts, strict=True) if t is not None}
    scored = scoring.score_split(spec, split, scoring.judge(spec, examples, found))
    return {pair.score: pair.to_json() for pair in against_published(spec, "t5-base", scored)}


def test_against_the_papers_table() -> None:
    texts = [LABELS[i % 2 if i else 1] for i in range(277)]
    rte_score = published(RTE, "validation", rte(277), texts)["accuracy"]
    assert (rte_score["published"], rte_score["published_split"]) == (80.1, "test")
    assert rte_score["difference"] == pytest.approx(100 * 276 / 277 - 80.1)
    assert (rte_score["comparable"], rte_score["inside_ci95"]) == (False, False)
    assert rte_score["reasons"] == ["ours is of validation, the published one of test"]

    t2t = task_specs.get("wmt_t2t/en-de")
    lines = [f"das ist Satz {i} von vielen" for i in range(3003)]
    (name, bleu), *others = published(t2t, "test", scoring.reference_examples(t2t, lines), lines).items()
    assert (name, bleu["published"], bleu["comparable"], others) == ("bleu_t5", 30.9, True, [])
    assert "tok:intl" in bleu["signature"]
    few = published(t2t, "test", scoring.reference_examples(t2t, lines[:9]), [*lines[:8], None])["bleu_t5"]
    assert few["reasons"] == [
        "ours is of 9 of 3,003 examples",
        "1 of our predictions are missing and count as wrong",
    ]
    french = task_specs.get("wmt15/en-fr")
    doubted = published(french, "test", scoring.reference_examples(french, lines[:1500]), lines[:1500])["bleu_t5"]
    assert "newsdiscusstest2015-fren" in doubted["reasons"][0]


def test_every_published_score_is_one_that_the_task_has() -> None:
    assert published_models() == ["t5-small", "t5-base", "t5-large", "t5-3b", "t5-11b"]
    for spec in task_specs.all_tasks():
        assert {name for row in spec.published for name in row.scores} <= set(spec.metrics), spec.name
