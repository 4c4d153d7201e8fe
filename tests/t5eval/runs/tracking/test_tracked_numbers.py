"""What trackers are told of an evaluation."""

from __future__ import annotations

from collections import Counter
from itertools import permutations

import pytest

from t5eval.data import Summary
from t5eval.evaluation.split_result import SplitResult
from t5eval.evaluation.tracked_numbers import average_numbers, split_numbers, step_of
from t5eval.scoring.score import Score, SplitScore

SCORES = {"f1": Score(80.0, (70.0, 90.0), "f1"), "accuracy": Score(70.0, None, "accuracy"), "em": Score(None, None, "")}


def result(truncated: int | None) -> SplitResult:
    score = SplitScore(
        "glue/mrpc", "validation", n=40, labelled=True, scores=SCORES, task_score=75.0, unreadable=2, missing=0,
        unmapped=0, changed=0, out_of_range=0, unknown_pieces=0, reasons={},
    )  # fmt: skip
    return SplitResult(score, Summary(examples=40, labels=Counter()), truncated, 4, None, {})


def test_scores_and_what_a_reader_is_warned_of() -> None:
    assert split_numbers(result(truncated=None)) == {
        "validation/glue/mrpc": 75.0,
        "scores/validation/glue/mrpc/f1": 80.0,
        "scores/validation/glue/mrpc/accuracy": 70.0,
        "examples/validation/glue/mrpc": 40,
        "unreadable/validation/glue/mrpc": 5.0,
        "missing/validation/glue/mrpc": 0.0,
        "at_limit/validation/glue/mrpc": 10.0,
    }


def test_no_name_is_the_folder_of_another() -> None:
    """MLflow keeps a number in a file of its name."""
    names = [*split_numbers(result(truncated=0)), *average_numbers({"glue": {"validation": {"average": 1.0}}})]
    assert not [pair for pair in permutations(names, 2) if pair[0].startswith(f"{pair[1]}/")]


def test_only_averages_that_are_whole_are_told() -> None:
    splits = {"validation": {"average": 81.5}, "test": {"average": None}}
    assert average_numbers({"glue": splits}) == {"average/validation/glue": 81.5}


@pytest.mark.parametrize(
    ("model", "step"),
    [
        ("/runs/a/checkpoints/step-00005000", 5000),
        ("step-20/", 20),
        ("t5-small", 0),
        ("/runs/step-5/model", 0),
        ("", 0),
    ],
)
def test_a_checkpoint_of_a_training_run_says_its_step(model: str, step: int) -> None:
    assert step_of(model) == step
