"""From predictions to scores: what counts, what is undefined, and what the JSON holds."""

from __future__ import annotations

import dataclasses
import json
import math
import re
from typing import Any

import pytest

import task_specs
from t5eval.scoring import score as scoring
from t5eval.scoring.score import SplitScore, judge, require_labels, require_metrics
from t5eval.scoring.score_frame import ScoreTable
from t5eval.support.errors import PredictionError
from t5eval.support.version import version_and_commit
from task_specs import Example, TaskSpec
from task_specs.support.errors import UserError


def spec_of(name: str) -> TaskSpec:
    return task_specs.get(f"glue/{name}")


def examples_of(name: str, labels: list[Any], ids: list[str] | None = None) -> list[Example]:
    """Returns examples whose texts say nothing."""
    fields = spec_of(name).source.fields
    ids = ids or [str(i) for i in range(len(labels))]
    return [Example(i, {**dict.fromkeys(fields, "x"), "label": v}) for i, v in zip(ids, labels, strict=True)]


def score(name: str, labels: list[Any], texts: list[str | None], ids: list[str] | None = None) -> SplitScore:
    """Scores a split of `name`; None is a prediction that is missing."""
    examples = examples_of(name, labels, ids)
    predictions = {e.id: text for e, text in zip(examples, texts, strict=True) if text is not None}
    result = scoring.score_split(spec_of(name), "validation", judge(spec_of(name), examples, predictions))
    json.dumps(result.to_json(), allow_nan=False)
    return result


def values(result: SplitScore) -> dict[str, float | None]:
    return {name: found.value for name, found in result.scores.items()}


def test_accuracy() -> None:
    result = score("rte", [0, 1, 0, 1], ["entailment", "entailment", "Entailment", None])
    assert values(result) == {"accuracy": 25.0}
    assert (result.n, result.labelled, result.unreadable, result.missing) == (4, True, 1, 1)
    assert result.task_score == 25.0
    assert result.reasons == {"not one of entailment, not_entailment: 'Entailment'": 1}
    found = result.scores["accuracy"]
    assert found.ci95 is not None
    assert 0 <= found.ci95[0] <= 25 <= found.ci95[1] <= 100


def test_a_table_has_a_row_for_each_score_and_intervals_may_be_left_out() -> None:
    examples = examples_of("rte", [0, 1])
    judged = judge(spec_of("rte"), examples, {"0": "entailment", "1": "?"})
    bare, whole = (scoring.score_split(spec_of("rte"), "test", judged, intervals=wanted) for wanted in (False, True))
    assert bare.scores["accuracy"].ci95 is None

    class Both(ScoreTable):
        def split_scores(self) -> list[SplitScore]:
            return [bare, whole]

        def to_json(self) -> dict[str, Any]:
            return {}

    signature = bare.scores["accuracy"].signature
    row = ("glue/rte", "test", "accuracy", 50.0)
    wilson = pytest.approx(9.4531205), pytest.approx(90.5468795)  # 1 of 2
    assert list(Both().rows()) == [(*row, *ends, 2, 1, 0, signature) for ends in ((None, None), wilson)]


def test_two_scores_are_one_task_score() -> None:
    result = score("mrpc", [1, 1, 1, 0], ["equivalent", "equivalent", "?", "not_equivalent"])
    assert values(result) == {"f1": pytest.approx(80), "accuracy": 75.0}
    assert result.task_score == pytest.approx(77.5)


def test_cola_has_t5s_matthews_beside_it() -> None:
    labels = [0, 1, 0, 0, 0]
    result = score("cola", labels, ["unacceptable", "acceptable", "?", "unacceptable", "unacceptable"])
    assert values(result) == {
        "matthews": pytest.approx(100 * math.sqrt(3 / 8)),
        "matthews_t5": pytest.approx(66.14378277661476),
    }
    assert result.task_score == result.scores["matthews"].value


def test_three_class_matthews_with_an_unreadable_answer() -> None:
    labels, texts = [0, 1, 2, 0, 1], ["entailment", "neutral", "contradiction", "neutral", "?"]
    result = score("ax", labels, texts)
    assert list(result.scores) == ["matthews", "matthews_readable", "matthews_t5"]
    assert result.scores["matthews"].value is None
    assert result.scores["matthews"].ci95 is None
    assert result.task_score is None
    readable = score("ax", labels[:4], texts[:4])
    assert list(readable.scores) == ["matthews", "matthews_t5"]
    assert result.scores["matthews_readable"].value == readable.scores["matthews"].value == readable.task_score
    assert result.scores["matthews_readable"].ci95 == readable.scores["matthews"].ci95
    assert "|n:4|" in result.scores["matthews_readable"].signature
    assert "|subset:readable|" in result.scores["matthews_readable"].signature
    assert "|n:5|" in result.scores["matthews"].signature


def test_correlations_with_an_unreadable_answer() -> None:
    labels, texts = [0.0, 1.25, 2.5, 5.0], ["0.4", "three", "2.2", "4.6"]
    result = score("stsb", labels, texts)
    assert list(result.scores) == [
        "pearson",
        "pearson_readable",
        "spearman",
        "spearman_readable",
        "pearson_t5",
        "spearman_t5",
    ]
    assert result.scores["pearson"].value is result.scores["spearman"].value is result.task_score is None
    readable = score("stsb", [0.0, 2.5, 5.0], ["0.4", "2.2", "4.6"])
    assert result.scores["pearson_readable"].value == readable.scores["pearson"].value
    assert result.scores["spearman_readable"].value == readable.scores["spearman"].value == pytest.approx(100)
    # T5 puts -1.0 in its place and compares with the rounded label.
    t5 = score("stsb", [0.0, 1.2, 2.4, 5.0], ["0.4", "-1.0", "2.2", "4.6"])
    assert result.scores["pearson_t5"].value == pytest.approx(t5.scores["pearson"].value)
    assert result.scores["spearman_t5"].value == pytest.approx(t5.scores["spearman"].value)


def test_a_missing_number_is_unreadable_too() -> None:
    result = score("stsb", [0.0, 1.25, 2.5], ["0.4", None, "2.2"])
    assert result.scores["pearson"].value is None
    assert result.scores["pearson_readable"].value == pytest.approx(100)
    assert (result.unreadable, result.missing, result.reasons) == (0, 1, {})


@pytest.mark.parametrize(
    ("task", "labels", "texts", "undefined"),
    [
        ("stsb", [1.0, 2.0, 3.0], ["2.0"] * 3, {"pearson", "spearman", "pearson_t5", "spearman_t5"}),
        ("stsb", [2.0, 2.0], ["1.0", "3.0"], {"pearson", "spearman", "pearson_t5", "spearman_t5"}),
        ("stsb", [2.0], ["1.0"], {"pearson", "spearman", "pearson_t5", "spearman_t5"}),
        ("stsb", [1.0, 2.0], ["?", "?"], {"pearson", "spearman", "pearson_t5", "spearman_t5"}),
        ("stsb", [1.0, 2.0], ["nan", "?"], {"pearson", "spearman", "pearson_t5", "spearman_t5"}),
        (
            "stsb",
            [1.0, 2.0],
            ["-inf", "2"],
            {"pearson", "spearman", "pearson_readable", "spearman_readable", "pearson_t5"},
        ),
        ("ax", [0, 1, 2], ["?", "?", None], {"matthews"}),
        ("cola", [1], ["acceptable"], set()),
        ("cola", [1, 1], ["acceptable", "unacceptable"], set()),
        ("mrpc", [0, 0], ["not_equivalent"] * 2, set()),
        ("rte", [0], [None], set()),
    ],
)  # fmt: skip
def test_what_is_undefined_is_null_and_nothing_warns(
    task: str, labels: list[Any], texts: list[str | None], undefined: set[str]
) -> None:
    result = score(task, labels, texts)
    assert {name for name, value in values(result).items() if value is None} == undefined
    assert (result.task_score is None) == bool(undefined & set(spec_of(task).task_score))
    assert all(found.ci95 is None for found in result.scores.values() if found.value is None)
    text = json.dumps(result.to_json(), allow_nan=False)
    assert "NaN" not in text


def test_mnli_has_a_score_for_each_half() -> None:
    ids = ["matched/0", "matched/1", "mismatched/0", "mismatched/1", "mismatched/2"]
    texts: list[str | None] = ["entailment", "neutral", "contradiction", "?", None]
    result = score("mnli", [0, 2, 2, 1, 1], texts, ids)
    assert values(result) == {"accuracy_matched": 50.0, "accuracy_mismatched": pytest.approx(100 / 3)}
    assert result.task_score == pytest.approx((50 + 100 / 3) / 2)
    assert "|n:2|part:matched|" in result.scores["accuracy_matched"].signature
    assert "|n:3|part:mismatched|" in result.scores["accuracy_mismatched"].signature
    half = score("mnli", [0, 2], texts[:2], ids[:2])
    assert values(half) == {"accuracy_matched": 50.0, "accuracy_mismatched": None}
    assert half.task_score is None


def test_wnli_is_scored_by_what_the_answer_refers_to() -> None:
    spec = spec_of("wnli")
    pair = {"sentence1": "The goat chewed the rope. It was frayed.", "sentence2": "The rope was frayed."}
    examples = [
        Example("0", {**pair, "label": 1}),
        Example("1", {**pair, "label": 0}),
        Example("2", {**pair, "label": 1}),
    ]
    for texts, accuracy in ((["the old rope", "goat", ""], 200 / 3), (["goat", "rope", "the"], 0.0)):
        judged = judge(spec, examples, dict(zip("012", texts, strict=True)))
        result = scoring.score_split(spec, "validation", judged)
        assert values(result) == {"accuracy": pytest.approx(accuracy)}
        assert result.unreadable == 1


def test_an_unlabelled_split_has_no_scores() -> None:
    result = score("rte", [-1, -1], ["entailment", "?"])
    assert (result.labelled, result.scores, result.task_score, result.unreadable) == (False, {}, None, 1)
    assert score("rte", [0, -1], ["entailment"] * 2).labelled is False  # part of it would be another number
    with pytest.raises(PredictionError) as caught:
        require_labels(spec_of("rte"), "test", examples_of("rte", [0, -1]))
    assert str(caught.value) == (
        "glue/rte test has no labels here (example 1), so it cannot be scored; "
        "`t5eval submit glue` writes what the leaderboard scores"
    )
    require_labels(spec_of("rte"), "test", examples_of("rte", [0, 1]))
    with pytest.raises(PredictionError, match="has no labels here"):
        require_labels(spec_of("stsb"), "test", examples_of("stsb", [-1.0]))


def test_no_examples_have_no_scores() -> None:
    assert scoring.score_split(spec_of("rte"), "validation", []).labelled is False


def test_the_commonest_reasons_are_kept() -> None:
    result = score("rte", [0] * 9, ["a", "b", "b", "c", "c", "c", "d", "e", "f"])
    assert list(result.reasons.values()) == [3, 2, 1, 1, 1]
    assert next(iter(result.reasons)).endswith("'c'")


def test_signatures_name_every_choice() -> None:
    result = score("cola", [0, 1], ["acceptable", "acceptable"])
    version = re.escape(version_and_commit())
    assert re.fullmatch(
        r"matthews\|n:2\|unreadable:opposite of two classes, else undefined\|"
        rf"ci:bootstrap percentile 1000 seed 12345\|t5eval:{version}",
        result.scores["matthews"].signature,
    )
    assert "|ci:wilson|" in score("rte", [0, 1], ["entailment"] * 2).scores["accuracy"].signature
    assert "|unreadable:a class|" in result.scores["matthews_t5"].signature
    stsb = score("stsb", [1.0, 2.0], ["1", "2"])
    assert "|unreadable:-1.0|labels:rounded to 0.2|" in stsb.scores["pearson_t5"].signature


def test_json() -> None:
    document = score("mrpc", [1, 0], ["equivalent", "?"]).to_json()
    assert list(document)[:8] == ["task", "split", "n", "labelled", "scores", "task_score", "unreadable", "missing"]
    assert document["task"] == "glue/mrpc"
    for found in document["scores"].values():
        assert list(found) == ["value", "ci95", "signature"]
        assert found["ci95"] is None or [*map(type, found["ci95"])] == [float, float]


def test_scores_do_not_depend_on_the_order_of_predictions() -> None:
    examples = examples_of("mrpc", [1, 0, 1, 1])
    texts = {"0": "equivalent", "1": "equivalent", "2": "?", "3": "not_equivalent"}
    backwards = dict(reversed(texts.items()))
    spec = spec_of("mrpc")
    assert scoring.score_split(spec, "v", judge(spec, examples, texts)) == scoring.score_split(
        spec, "v", judge(spec, examples, backwards)
    )


CLASS_TASKS = set(task_specs.BENCHMARKS["glue"].tasks) - {"glue/stsb", "glue/wnli"}


@pytest.mark.parametrize("name", sorted(CLASS_TASKS))
def test_true_answers_score_100(name: str) -> None:
    spec = task_specs.get(name)
    kinds = len(spec.answer.classes)
    labels = [i % kinds for i in range(12)]
    texts = [spec.answer.classes[label] for label in labels]
    found = score(name.removeprefix("glue/"), labels, list(texts))
    assert set(values(found).values()) == {100.0}
    assert found.task_score == 100.0


def test_metrics_that_do_not_suit_the_answers_are_refused() -> None:
    stsb = dataclasses.replace(spec_of("stsb"), metrics=("accuracy",), task_score=("accuracy",))
    with pytest.raises(UserError, match="glue/stsb: metric 'accuracy' does not suit its answers: it compares classes"):
        require_metrics(stsb)
    ax = dataclasses.replace(spec_of("ax"), metrics=("f1",), task_score=("f1",))
    with pytest.raises(
        UserError, match="glue/ax: metric 'f1' does not suit its answers: it is defined for two classes"
    ):
        scoring.score_split(ax, "test", judge(ax, examples_of("ax", [0]), {}))
    unknown = dataclasses.replace(spec_of("ax"), metrics=("fone",), task_score=("fone",))
    with pytest.raises(UserError, match="unknown metric 'fone'"):
        require_metrics(unknown)
    for spec in task_specs.BENCHMARKS["glue"].tasks:
        require_metrics(task_specs.get(spec))


@pytest.mark.parametrize(
    ("count", "n", "said"),
    [
        (3, 80, "3 of 80 answers (3.8 %)"),
        (1, 1000, "1 of 1,000 answers (0.1 %)"),
        (1, 1001, "1 of 1,001 answers (under 0.1 %)"),
        (1, 1_000_000, "1 of 1,000,000 answers (under 0.1 %)"),
        (2000, 2000, "2,000 of 2,000 answers (100.0 %)"),
        (0, 0, "0 of 0 answers (under 0.1 %)"),
    ],
)
def test_a_small_share_is_not_rounded_to_nothing(count: int, n: int, said: str) -> None:
    found = dataclasses.replace(score("sst2", [1], ["positive"]), n=n)
    assert found.share(count, "answers") == said
