"""Scores of filtered texts beside those of the texts as they stand; what a filter does not find is no answer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import task_specs
from t5eval.data import open_split
from t5eval.demo.demo import suite_folder
from t5eval.scoring.score import SplitScore, evaluation_pair, judge, score_split
from task_specs import BENCHMARKS, TaskSpec

KINDS = [
    "glue/rte",
    "glue/stsb",
    "glue/wnli",
    "super_glue/copa@text",
    "super_glue/record",
    "cnn_dailymail",
    "wmt14/en-de",
]
KINDS += ["squad/v1.1", "squad/v2.0", "squad/v1.1_span", "super_glue/multirc"]


def scored(name: str, filters: tuple[str, ...], write: str, data: Path) -> tuple[TaskSpec, SplitScore]:
    spec = replace(task_specs.get(name), filters=filters)
    examples = list(open_split(spec, "validation", data))
    texts = {e.id: write.replace("TARGET", evaluation_pair(spec, e).targets) for e in examples}
    return spec, score_split(spec, "validation", judge(spec, examples, texts), intervals=False)


@pytest.mark.parametrize("name", KINDS)
def test_right_answers_that_are_wrapped_score_as_right_ones(name: str, official: Path) -> None:
    _, plain = scored(name, (), "TARGET", official)
    _, found = scored(name, ("strip",), "\n  TARGET  \n", official)
    assert {key: value.value for key, value in found.scores.items() if not key.endswith("_strict")} == {
        key: value.value for key, value in plain.scores.items()
    }
    assert found.unreadable == plain.unreadable
    _, strict = scored(name, (), "\n  TARGET  \n", official)
    for key, score in strict.scores.items():
        assert found.scores[f"{key}_strict"] == score


@pytest.mark.parametrize("name", KINDS)
def test_what_is_not_found_is_never_an_answer(name: str, official: Path) -> None:
    spec, found = scored(name, (r"regex:answer=(\w+)",), "TARGET", official)
    assert found.unreadable == found.n
    assert all("finds nothing" in reason for reason in found.reasons)
    assert found.task_score in (0, None), "nothing of what was written counts"
    for score in found.scores.values():
        assert "filters:" in score.signature or score.signature.count("filters:") == 0
    assert spec.filters


def test_a_question_without_an_answer_is_not_won_by_an_empty_match(official: Path) -> None:
    """The empty text says that there is no answer; a filter that finds nothing says nothing."""
    _, found = scored("squad/v2.0", ("regex:zzz",), "TARGET", official)
    assert (found.scores["no_ans_em"].value, found.scores["em"].value) == (0, 0)
    assert found.scores["no_ans_em_strict"].value == 100


def test_the_signature_names_the_filters() -> None:
    _, found = scored("glue/rte", ("strip", "casefold"), " ENTAILMENT", suite_folder())
    assert "|filters:strip,casefold|" in found.scores["accuracy"].signature
    assert "filters" not in found.scores["accuracy_strict"].signature
    assert (found.scores["accuracy"].value, found.scores["accuracy_strict"].value) == (50.0, 0.0)


def test_no_builtin_row_has_filters() -> None:
    assert not any(task_specs.get(name).filters for bench in BENCHMARKS.values() for name in bench.tasks)
