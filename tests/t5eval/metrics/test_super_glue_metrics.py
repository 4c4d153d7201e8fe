"""SuperGLUE's metrics: literal tables, the definitions written out again, and what must always hold."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import task_specs
from t5eval.metrics import Batch, Metric, Scored, get_metric
from t5eval.metrics.bootstrap import interval95
from t5eval.scoring import score as scoring
from task_specs import Answer, Example
from task_specs.support.errors import UserError

UNREAD = -1


def answer(value: int) -> Answer:
    return Answer(None, -1, "unreadable") if value == UNREAD else Answer(value, value)


def batch(ids: Sequence[str], gold: Sequence[int], said: Sequence[int], classes: int = 2) -> Batch:
    examples = [Scored(i, {}, "", "", answer(s), answer(g)) for i, g, s in zip(ids, gold, said, strict=True)]
    return Batch(examples, tuple("abc"[:classes]))


def rows(count: int) -> list[str]:
    return [str(i) for i in range(count)]


def value(metric: Metric, of: Batch) -> float:
    """Returns a score, once computed by the definition and once from the statistics."""
    statistics = metric.statistics(of)
    found = metric.value(of, statistics)
    assert float(metric.aggregate(statistics.sum(axis=0))) == pytest.approx(found, nan_ok=True)
    return found


def f1(hits: int, said: int, true: int) -> float:
    """F1 from counts, 0 where nothing was hit."""
    precision, recall = hits / said if said else 0, hits / true if true else 0
    return 2 * precision * recall / (precision + recall) if precision + recall else 0


def macro_f1_by_hand(gold: Sequence[int], said: Sequence[int]) -> float:
    pairs = list(zip(gold, said, strict=True))
    of_class = [f1(sum(g == s == c for g, s in pairs), said.count(c), gold.count(c)) for c in (0, 1, 2)]
    return 100 * sum(of_class) / 3


@pytest.mark.parametrize(
    ("gold", "said", "expected"),
    [
        ([0, 1, 2], [0, 1, 2], 100.0),
        ([0, 1], [0, 1], 200 / 3),  # the third class counts although nothing is of it
        ([0, 1, 2], [0, 1, UNREAD], 200 / 3),
        ([0, 0, 1, 2], [0, UNREAD, 1, 2], 100 * (2 / 3 + 1 + 1) / 3),
        ([0, 1, 2], [UNREAD] * 3, 0.0),
        ([2, 2], [2, 1], 100 * (2 / 3) / 3),
    ],
)
def test_macro_f1(gold: list[int], said: list[int], expected: float) -> None:
    assert value(get_metric("f1_macro", "label"), batch(rows(len(gold)), gold, said, 3)) == pytest.approx(expected)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(-1, 2)), min_size=1, max_size=30))
def test_macro_f1_is_its_definition(pairs: list[tuple[int, int]]) -> None:
    gold, said = [g for g, _ in pairs], [s for _, s in pairs]
    found = value(get_metric("f1_macro", "label"), batch(rows(len(gold)), gold, said, 3))
    assert found == pytest.approx(macro_f1_by_hand(gold, said))


# id, true, said: two paragraphs that share the question number 0
MULTIRC = [
    ("0/0/0", 1, 1),
    ("0/0/1", 0, 0),
    ("0/1/2", 1, 1),
    ("0/1/3", 0, 1),
    ("1/0/4", 1, UNREAD),
    ("1/0/5", 0, 0),
    ("1/2/6", 0, 0),
]


def multirc(cases: Sequence[tuple[str, int, int]]) -> Batch:
    return batch([i for i, _, _ in cases], [g for _, g, _ in cases], [s for _, _, s in cases])


def test_multirc_by_hand() -> None:
    of = multirc(MULTIRC)
    # Unreadable counts as the wrong answer: true 3, said 3 (0/0/0, 0/1/2, 0/1/3), hits 2.
    assert value(get_metric("f1a", "label"), of) == pytest.approx(100 * f1(2, 3, 3))
    assert value(get_metric("em", "label"), of) == 50.0  # 0/0 and 1/2 of four questions
    assert value(get_metric("em_t5", "label"), of) == pytest.approx(100 / 3)  # T5 takes 0/0 and 1/0 for one question


def test_an_unreadable_answer_to_a_false_one_is_a_false_alarm() -> None:
    of = multirc([("0/0/0", 1, 1), ("0/0/1", 0, UNREAD)])
    assert value(get_metric("f1a", "label"), of) == pytest.approx(100 * f1(1, 2, 1))


@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 1), st.integers(-1, 1)),
        min_size=1,
        max_size=25,
    )
)
def test_multirc_is_its_definition(cases: list[tuple[int, int, int, int]]) -> None:
    of = multirc([(f"{p}/{q}/{a}", gold, said) for a, (p, q, gold, said) in enumerate(cases)])
    flipped = [1 - gold if said == UNREAD else said for _, _, gold, said in cases]
    hits = sum(gold and said for (_, _, gold, _), said in zip(cases, flipped, strict=True))
    assert value(get_metric("f1a", "label"), of) == pytest.approx(
        100 * f1(hits, sum(flipped), sum(c[2] for c in cases))
    )
    for name, key in (("em", lambda p, q: (p, q)), ("em_t5", lambda p, q: q)):
        questions: dict[Any, list[bool]] = {}
        for p, q, gold, said in cases:
            questions.setdefault(key(p, q), []).append(gold == said)
        right = [all(judged) for judged in questions.values()]
        assert value(get_metric(name, "label"), of) == pytest.approx(100 * sum(right) / len(right))


def test_the_order_of_answers_does_not_count() -> None:
    shuffled = list(MULTIRC)
    random.Random(3).shuffle(shuffled)
    for name in ("f1a", "em", "em_t5"):
        metric = get_metric(name, "label")
        assert value(metric, multirc(shuffled)) == value(metric, multirc(MULTIRC))


def test_a_question_is_drawn_as_a_whole() -> None:
    of = multirc(MULTIRC)
    assert get_metric("f1a", "label").statistics(of).tolist() == [[1, 0, 0], [1, 1, 0], [0, 0, 1], [0, 0, 0]]
    assert get_metric("em", "label").statistics(of).tolist() == [[1, 1], [0, 1], [0, 1], [1, 1]]
    # Doubled answers within questions must not make the interval narrower.
    many = [(f"0/{q}/{a}", 1, int(q % 3 > 0)) for q in range(60) for a in range(2)]
    once = [case for case in many if case[0].endswith("/0")]
    wide, single = (
        interval95(get_metric("em", "label"), get_metric("em", "label").statistics(multirc(c))) for c in (many, once)
    )
    assert wide == single


def test_gender_parity_by_hand() -> None:
    metric = get_metric("gender_parity", "label")
    of = batch(rows(8), [0] * 8, [0, 0, 1, 0, UNREAD, UNREAD, 1, 1])
    assert value(metric, of) == 50.0
    assert metric.examples(of) == 8
    # Pairs are found by id: the order of the file does not count, and half a pair is none.
    of = batch(["3", "0", "5", "1", "2"], [1, 0, 0, 0, 1], [1, 0, 1, 1, 1])
    assert value(metric, of) == 50.0
    assert metric.examples(of) == 4
    # 1 and 2 are neighbours but no pair.
    of = batch(["1", "2"], [0, 0], [0, 0])
    assert (metric.examples(of), metric.defined(of)) == (0, False)
    assert np.isnan(metric.aggregate(metric.statistics(of).sum(axis=0)))


@given(st.lists(st.integers(-1, 1), min_size=2, max_size=40))
def test_gender_parity_is_its_definition(said: list[int]) -> None:
    said = said[: len(said) // 2 * 2]
    pairs = [(said[i], said[i + 1]) for i in range(0, len(said), 2)]
    expected = 100 * sum(a == b != UNREAD for a, b in pairs) / len(pairs)
    of = batch(rows(len(said)), [0] * len(said), said)
    assert value(get_metric("gender_parity", "label"), of) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("name", "ids", "message"),
    [
        ("em", ["0/1"], "em groups answers by their ids PARAGRAPH/QUESTION/ANSWER, got '0/1'"),
        ("f1a", ["7"], "f1a groups answers by their ids"),
        ("gender_parity", ["a"], "gender_parity pairs examples by their ids 0, 1, 2, ..., got 'a'"),
    ],
)
def test_ids_that_a_metric_cannot_use(name: str, ids: list[str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        get_metric(name, "label").statistics(batch(ids, [0], [0]))


def scores(task: str, examples: Sequence[Example], predictions: dict[str, str]) -> dict[str, float | None]:
    spec = task_specs.get(task)
    result = scoring.score_split(spec, "validation", scoring.judge(spec, examples, predictions))
    return {name: score.value for name, score in result.scores.items()}


def test_record_takes_the_best_answer_once_for_each_query() -> None:
    def query(i: int, answers: list[str]) -> Example:
        return Example(f"0/{i}", {"passage": "P", "query": "Q", "entities": [], "answers": answers})

    examples = [query(0, ["Bell", "Lyra Bell"]), query(1, ["U.S."]), query(2, ["The Alps"]), query(3, ["The"])]
    found = scores("super_glue/record", examples, {"0/0": "lyra  bell!", "0/1": "us", "0/2": "Alps range"})
    # Not even the empty text of a missing prediction is an answer, although "The" is empty when normalised.
    assert found == {"em": pytest.approx(50), "f1": pytest.approx(100 * (1 + 1 + 2 / 3) / 4)}
    found = scores("super_glue/record", examples[:1], {"0/0": ""})
    assert found == {"em": 0, "f1": 0}


def test_wsc_and_dpr_are_scored_by_referent() -> None:
    wsc = {"text": "Ann asked Tom if he ran .", "span1_text": "the tall Tom", "span1_index": 2, "span2_text": "he"}
    wsc |= {"span2_index": 4}
    examples = [Example(str(i), {**wsc, "label": label}) for i, label in enumerate((1, 0, 1, 0))]
    said = {"0": "Tom", "1": "Ann", "2": "Tom's", "3": ""}
    assert scores("super_glue/wsc", examples, said) == {"accuracy": 50.0}
    dpr = {"sentence": "Bea saw Tim when he ran.", "pronoun": "he", "candidates": ["Bea", "Tim"]}
    examples = [Example(str(i), {**dpr, "label": i % 2}) for i in range(4)]
    assert scores("dpr", examples, {"0": "Bea", "1": "tim", "2": "Tim", "3": "Tim"}) == {"accuracy": 50.0}


@pytest.mark.parametrize("name", [n for n in task_specs.BENCHMARKS["super_glue"].tasks if n != "super_glue/record"])
def test_perfect_answers_score_100_and_wrong_ones_0(name: str) -> None:
    spec = task_specs.get(name)
    classes = len(getattr(spec.answer, "classes", ()))
    ids = [f"0/{i // 2}/{i}" for i in range(12)] if name.endswith("multirc") else rows(12)
    gold = [i // 2 % classes for i in range(12)]
    for metric in (get_metric(m, spec.answer.kind) for m in spec.metrics):
        lowest = -100 if metric.name.startswith("matthews") else 0
        assert value(metric, batch(ids, gold, gold, classes)) == pytest.approx(100)
        if metric.name != "gender_parity":  # which does not look at what is true
            wrong = [(g + 1) % classes for g in gold]
            assert value(metric, batch(ids, gold, wrong, classes)) == pytest.approx(lowest)


@pytest.mark.parametrize(("name", "classes"), [("f1_macro", 3), ("f1a", 2), ("em", 2), ("gender_parity", 2)])
def test_intervals_hold_the_score(name: str, classes: int) -> None:
    chance = random.Random(7)
    gold = [chance.randrange(classes) for _ in range(300)]
    said = [g if chance.random() < 0.7 else chance.randrange(-1, classes) for g in gold]
    ids = [f"0/{i // 3}/{i}" for i in range(300)] if name in ("f1a", "em") else rows(300)
    of = batch(ids, gold, said, classes)
    metric = get_metric(name, "label")
    interval = interval95(metric, metric.statistics(of))
    assert interval is not None
    assert interval[0] < value(metric, of) < interval[1]
    assert interval[1] - interval[0] < 25


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 1), st.text(max_size=6) | st.sampled_from(["True", "False"])), min_size=1, max_size=12
    )
)
def test_any_text_is_scored(cases: list[tuple[int, str]]) -> None:
    examples = [
        Example(f"0/{i // 2}/{i}", {"paragraph": "p", "question": "q", "answer": "a", "label": label})
        for i, (label, _) in enumerate(cases)
    ]
    said = {e.id: text for e, (_, text) in zip(examples, cases, strict=True)}
    for found in scores("super_glue/multirc", examples, said).values():
        assert found is not None
        assert 0 <= found <= 100


@pytest.mark.parametrize(
    ("name", "kind", "groups"),
    [
        ("f1a", "label", [{"0/1/0", "0/1/1"}, {"0/11/0"}, {"1/1/0"}]),
        ("em", "label", [{"0/1/0", "0/1/1"}, {"0/11/0"}, {"1/1/0"}]),
        ("gender_parity", "label", [{"0", "1"}, {"2", "3"}, {"4"}]),
    ],
)
def test_what_is_judged_together_stays_together(name: str, kind: str, groups: list[set[str]]) -> None:
    together = get_metric(name, kind).together
    assert [len({together(example_id) for example_id in group}) for group in groups] == [1] * len(groups)
    assert len({together(example_id) for group in groups for example_id in group}) == len(groups)
