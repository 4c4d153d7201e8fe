"""GLUE's formats and parsers against what t5 0.9.4 printed for made-up examples."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

import task_specs
from task_specs import Example, TaskSpec

GLUE_TASKS = 13
GLUE_GOLDENS = 129


@pytest.fixture(scope="module")
def goldens(shared_data: Path) -> list[tuple[TaskSpec, dict[str, Any]]]:
    path = shared_data.parent / "goldens" / "t5_goldens.jsonl"
    if not path.is_file():
        pytest.skip(f"T5's goldens are not here ({path})")
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
    return [(task_specs.get(row["task"]), row) for row in rows if row["task"].startswith("glue_")]


def features_of(row: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row["example"].items() if key != "idx"}


def same(ours: object, theirs: object) -> bool:
    if isinstance(theirs, str):
        theirs = float(theirs)  # nan and inf are strings in the file
    if isinstance(ours, float) and isinstance(theirs, float) and math.isnan(theirs):
        return math.isnan(ours)
    return ours == theirs


def test_every_glue_task_has_goldens(goldens: list[tuple[TaskSpec, dict[str, Any]]]) -> None:
    assert len(goldens) == GLUE_GOLDENS
    assert len({spec.name for spec, _ in goldens}) == GLUE_TASKS


@pytest.mark.parametrize("training", [False, True])
def test_inputs_and_targets(goldens: list[tuple[TaskSpec, dict[str, Any]]], training: bool) -> None:
    for spec, row in goldens:
        pairs = list(spec.pairs(Example("7", features_of(row)), training=training))
        assert len(pairs) == 1, row
        (pair,) = pairs
        assert pair.id == "7"
        if "error" in row:
            assert (pair.targets, bool(pair.problem)) == ("", True), row
            continue
        assert [(pair.inputs, pair.targets)] == [(o["inputs"], o["targets"]) for o in row["outputs"]], row


def test_true_values(goldens: list[tuple[TaskSpec, dict[str, Any]]]) -> None:
    compared = 0
    for spec, row in goldens:
        if "error" in row:
            continue
        (pair,) = spec.pairs(Example("7", features_of(row)))
        gold = spec.answer.gold(row["example"], pair.targets)
        if row["example"]["label"] == -1:
            assert gold is None, row
            assert row["postprocessed_target"] == -1, row
        else:
            assert gold is not None
            assert gold.readable
            assert same(gold.t5, row["postprocessed_target"]), row
        compared += 1
    assert compared == GLUE_GOLDENS - 1


def test_predictions(goldens: list[tuple[TaskSpec, dict[str, Any]]]) -> None:
    compared = 0
    for spec, row in goldens:
        if "error" in row:
            continue
        targets = row["outputs"][0]["targets"]
        for case in row["predictions"]:
            answer = spec.answer.parse(case["prediction"], row["example"], targets)
            assert same(answer.t5, case["postprocessed"]), (row["task"], case, answer)
            # What T5 cannot read has no value here, and what it can read has T5's.
            assert answer.readable == (answer.value is not None) == (not answer.reason)
            assert not answer.readable or answer.value == answer.t5
            compared += 1
    assert compared == 883
