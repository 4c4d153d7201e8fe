"""SQuAD's formats and answers against what t5 0.9.4 printed for made-up examples."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import task_specs
from task_specs import Example, TaskSpec

SQUAD_GOLDENS = 20


@pytest.fixture(scope="module")
def goldens(shared_data: Path) -> list[tuple[TaskSpec, dict[str, Any]]]:
    path = shared_data.parent / "goldens" / "t5_goldens.jsonl"
    if not path.is_file():
        pytest.skip(f"T5's goldens are not here ({path})")
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
    return [(task_specs.get(row["task"]), row) for row in rows if row["task"].startswith("squad_")]


def test_inputs_targets_and_true_answers(goldens: list[tuple[TaskSpec, dict[str, Any]]]) -> None:
    assert len(goldens) == SQUAD_GOLDENS
    raised = 0
    for spec, row in goldens:
        features = row["example"]
        (pair,) = spec.pairs(Example(features["id"], features))
        gold = spec.answer.gold(features, pair.targets)
        training = list(spec.pairs(Example(features["id"], features), training=True))
        if "error" in row:
            raised += 1
            assert (pair.targets, pair.problem, gold) == ("", "no target: the question has no answer", None)
            assert training == []
            continue
        (output,) = row["outputs"]
        assert (pair.id, pair.inputs, pair.targets, pair.problem) == (
            output["id"], output["inputs"], output["targets"], "",
        )  # fmt: skip
        assert training == [pair]
        assert gold is not None
        assert list(gold.t5) == row["postprocessed_target"]
        assert list(gold.value) == features["answers"]["text"]
        for entry in row["predictions"]:
            assert spec.answer.parse(entry["prediction"], features, pair.targets).t5 == entry["postprocessed"]
    assert raised == 2
