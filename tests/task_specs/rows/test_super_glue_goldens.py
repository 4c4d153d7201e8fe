"""SuperGLUE's and DPR's formats and parsers against what t5 0.9.4 printed for made-up examples."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import task_specs
from task_specs import Example, TaskSpec

TRAINING_ONLY = "super_glue_wsc_v102_simple_train"
Row = tuple[TaskSpec, dict[str, Any]]


@pytest.fixture(scope="module")
def goldens(shared_data: Path) -> list[Row]:
    path = shared_data.parent / "goldens" / "t5_goldens.jsonl"
    if not path.is_file():
        pytest.skip(f"T5's goldens are not here ({path})")
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
    return [(task_specs.get(r["task"]), r) for r in rows if r["task"].startswith(("super_glue_", "dpr_"))]


def test_every_task_has_goldens(goldens: list[Row]) -> None:
    assert len(goldens) == 119
    assert len({spec.name for spec, _ in goldens}) == 11


def test_inputs_and_targets_in_evaluation(goldens: list[Row]) -> None:
    for spec, row in goldens:
        if row["task"] == TRAINING_ONLY:
            continue
        (pair,) = spec.pairs(Example("7", row["example"]))
        if "error" in row:
            assert (pair.targets, bool(pair.problem)) == ("", True), row
            continue
        # T5 repeats a query of ReCoRD for each answer; its metric counts the first.
        assert (pair.id, pair.inputs, pair.targets) == ("7", *(row["outputs"][0][k] for k in ("inputs", "targets")))
        assert pair.problem == ""


def test_inputs_and_targets_in_training(goldens: list[Row]) -> None:
    compared = 0
    for spec, row in goldens:
        if row["task"].endswith("_eval") or row["example"].get("answers") == []:
            continue
        pairs = list(spec.pairs(Example("7", row["example"]), training=True))
        expected = [(output["inputs"], output["targets"]) for output in row.get("outputs", ())]
        assert [(pair.inputs, pair.targets) for pair in pairs] == expected, row
        compared += len(expected)
    assert compared == 103


def test_true_values(goldens: list[Row]) -> None:
    for spec, row in goldens:
        if "error" in row or row["task"] == TRAINING_ONLY:
            continue
        (pair,) = spec.pairs(Example("7", row["example"]))
        gold = spec.answer.gold(row["example"], pair.targets)
        theirs = row["postprocessed_target"]
        theirs = theirs["value"] if isinstance(theirs, dict) else theirs
        if theirs in (-1, []):
            assert gold is None, row
        else:
            assert gold is not None
            assert (list(gold.t5) if isinstance(theirs, list) else gold.t5) == theirs, row


def test_predictions(goldens: list[Row]) -> None:
    compared = 0
    for spec, row in goldens:
        if "error" in row or row["task"] == TRAINING_ONLY:
            continue
        for case in row["predictions"]:
            theirs = case["postprocessed"]
            answer = spec.answer.parse(case["prediction"], row["example"], row["outputs"][0]["targets"])
            assert answer.t5 == (theirs["value"] if isinstance(theirs, dict) else theirs), (row["task"], case, answer)
            assert answer.readable == (answer.value is not None) == (not answer.reason)
            compared += 1
    assert compared == 511
