"""Formats and parsers of WMT and CNN/DailyMail against what t5 0.9.4 printed for made-up examples."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import task_specs
from task_specs import Example, TaskSpec

Row = tuple[TaskSpec, dict[str, Any]]


@pytest.fixture(scope="module")
def goldens(shared_data: Path) -> list[Row]:
    path = shared_data.parent / "goldens" / "t5_goldens.jsonl"
    if not path.is_file():
        pytest.skip(f"T5's goldens are not here ({path})")
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
    return [(task_specs.get(r["task"]), r) for r in rows if r["task"].startswith(("wmt", "cnn_dailymail"))]


def test_every_task_has_goldens(goldens: list[Row]) -> None:
    assert len(goldens) == 56
    assert {spec.name for spec, _ in goldens} == {
        "cnn_dailymail",
        *task_specs.BENCHMARKS["wmt"].tasks,
    } - {"wmt17/en-de"}


@pytest.mark.parametrize("training", [False, True])
def test_inputs_and_targets(goldens: list[Row], training: bool) -> None:
    for spec, row in goldens:
        pairs = list(spec.pairs(Example("7", row["example"]), training=training))
        expected = [("7", output["inputs"], output["targets"]) for output in row["outputs"]]
        assert [(pair.id, pair.inputs, pair.targets) for pair in pairs] == expected, row


def test_parsed_predictions(goldens: list[Row]) -> None:
    compared = 0
    for spec, row in goldens:
        (pair,) = spec.pairs(Example("7", row["example"]))
        gold = spec.answer.gold(row["example"], pair.targets)
        assert gold is not None
        assert gold.value == (row["postprocessed_target"],)
        for prediction in row["predictions"]:
            answer = spec.answer.parse(prediction["prediction"], row["example"], pair.targets)
            assert (answer.readable, answer.value, answer.t5) == (True, *2 * [prediction["postprocessed"]])
            compared += 1
    assert compared == 112
