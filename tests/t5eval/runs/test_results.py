"""results.json: averages only of complete benchmarks, and one run for one model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import task_specs
from t5eval.runs.results import (
    SCHEMA,
    average,
    benchmark_averages,
    library_versions,
    read_results,
    require_same_model,
    write_results,
)
from t5eval.support.errors import RunError

GLUE = task_specs.BENCHMARKS["glue"]
SCORES = {
    "glue/cola": 60.0,
    "glue/sst2": 94.0,
    "glue/mrpc": 90.5,
    "glue/stsb": 88.25,
    "glue/qqp": 81.0,
    "glue/mnli_matched": 86.0,
    "glue/mnli_mismatched": 87.0,
    "glue/qnli": 93.0,
    "glue/rte": 78.0,
    "glue/wnli": 65.0,
}


def result(task: str, score: float | None, **changes: Any) -> dict[str, Any]:
    n = task_specs.get(task).sizes.get("validation", 0)
    return {"n": n, "labelled": True, "task_score": score, **changes}


def validation(**changes: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Returns complete results on validation, those of some tasks changed."""
    found = {task: {"validation": result(task, score)} for task, score in SCORES.items()}
    for task, change in changes.items():
        found[f"glue/{task}"]["validation"].update(change)
    return found


def test_the_average_is_of_nine_columns() -> None:
    columns = [60.0, 94.0, 90.5, 88.25, 81.0, (86.0 + 87.0) / 2, 93.0, 78.0, 65.0]
    found = average(GLUE, "validation", validation())
    assert found["average"] == pytest.approx(sum(columns) / 9)
    assert found["missing"] == {}
    assert list(found["columns"].values()) == columns
    assert found["columns"]["glue/mnli_matched+glue/mnli_mismatched"] == 86.5  # one column


def test_ax_and_other_splits_do_not_count() -> None:
    plain = average(GLUE, "validation", validation())
    more = validation()
    more["glue/ax"] = {"test": {"n": 1104, "labelled": True, "task_score": 1.0}}
    more["glue/mnli"] = {"validation": {"n": 19647, "labelled": True, "task_score": 1.0}}
    more["glue/rte"]["test"] = {"n": 3000, "labelled": True, "task_score": 1.0}
    assert average(GLUE, "validation", more) == plain


@pytest.mark.parametrize(
    ("task", "change", "reason"),
    [
        ("rte", {"n": 276}, "276 of 277 examples"),
        ("qqp", {"n": 9}, "9 of 40,430 examples"),
        ("stsb", {"task_score": None}, "its score is undefined"),
        ("wnli", {"labelled": False, "task_score": None}, "unlabelled"),
        ("mnli_matched", {"n": 100}, "100 of 9,815 examples"),
    ],
)
def test_a_missing_part_leaves_no_average(task: str, change: dict[str, Any], reason: str) -> None:
    found = average(GLUE, "validation", validation(**{task: change}))
    assert found["average"] is None
    assert found["missing"] == {f"glue/{task}": reason}
    assert len(found["columns"]) == 8
    assert not any(f"glue/{task}" in column for column in found["columns"])


def test_what_was_not_evaluated() -> None:
    found = average(GLUE, "validation", {"glue/rte": {"validation": result("glue/rte", 70.0)}})
    assert found["average"] is None
    assert found["columns"] == {"glue/rte": 70.0}
    assert set(found["missing"]) == set(SCORES) - {"glue/rte"}
    assert set(found["missing"].values()) == {"not evaluated"}


def test_benchmarks_with_nothing_scored_are_left_out() -> None:
    assert benchmark_averages({}) == {}
    unlabelled = {"glue/rte": {"test": {"n": 3000, "labelled": False, "task_score": None}}}
    assert benchmark_averages(unlabelled) == {}
    assert list(benchmark_averages(validation())["glue"]) == ["validation"]
    # AX alone is no column of the average.
    assert benchmark_averages({"glue/ax": {"test": {"n": 1104, "labelled": True, "task_score": 1.0}}}) == {}


def test_writing_adds_to_what_is_there(tmp_path: Path) -> None:
    settings = {"model": {"weights": "abc"}, "device": "cpu"}
    rte = {"glue/rte": {"validation": result("glue/rte", 70.0)}}
    first = write_results(tmp_path, settings, rte)
    assert first == read_results(tmp_path)
    assert first["schema"] == SCHEMA
    assert first["benchmarks"]["glue"]["validation"]["columns"] == {"glue/rte": 70.0}
    # A later process had nothing to predict and so ran on no device.
    second = write_results(
        tmp_path, {**settings, "device": None}, {"glue/cola": {"validation": result("glue/cola", 50)}}
    )
    assert list(second["results"]) == ["glue/rte", "glue/cola"]
    assert second["device"] == "cpu"
    assert second["results"]["glue/rte"] == {"validation": {**rte["glue/rte"]["validation"], "call": 0}}
    assert second["results"]["glue/cola"]["validation"]["call"] == 1
    assert second["calls"] == [{"device": "cpu"}, {"device": None}]
    third = write_results(tmp_path, settings, {"glue/rte": {"validation": result("glue/rte", 71.0)}})
    assert third["results"]["glue/rte"]["validation"]["task_score"] == 71.0
    scored_again = write_results(tmp_path, {**settings, "device": None}, rte)
    assert scored_again["calls"] == second["calls"]  # RTE's predictions were made on the CPU
    both = write_results(tmp_path, settings, {"glue/cola": {"validation": result("glue/cola", 50)}})
    assert both["calls"] == [{"device": "cpu"}]
    assert [path.name for path in tmp_path.iterdir()] == ["results.json"]


def test_two_models_do_not_meet(tmp_path: Path) -> None:
    rte = {"glue/rte": {"validation": result("glue/rte", 70.0)}}
    before = write_results(tmp_path, {"model": {"weights": "abc"}}, rte)
    with pytest.raises(RunError, match=r"results\.json: holds results of another model; give another --out"):
        write_results(tmp_path, {"model": {"weights": "abd"}}, rte)
    assert read_results(tmp_path) == before
    require_same_model(tmp_path, None, {"weights": "abd"})
    require_same_model(tmp_path, {"results": {}}, {"weights": "abd"})
    with pytest.raises(RunError, match="another model"):
        require_same_model(tmp_path, before, None)


def test_nan_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_results(tmp_path, {"model": {}}, {"glue/rte": {"validation": result("glue/rte", float("nan"))}})
    assert read_results(tmp_path) is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("damaged", ["{", "[]", "3", "{}", '{"schema": 1}', '{"schema": 1, "results": []}', "\udcff"])
def test_damaged_results(tmp_path: Path, damaged: str) -> None:
    (tmp_path / "results.json").write_bytes(damaged.encode("utf-8", "surrogateescape"))
    with pytest.raises(RunError, match=r"results\.json: not a results file; remove it"):
        read_results(tmp_path)


def test_results_of_another_schema(tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text(json.dumps({"schema": 99}), encoding="utf-8")
    with pytest.raises(RunError, match="has schema 99, this t5eval writes 1; give another --out"):
        read_results(tmp_path)


def test_versions() -> None:
    versions = library_versions()
    assert {"python", "t5eval", "numpy", "scipy", "scikit-learn"} <= set(versions)
    assert all(isinstance(version, str) and version for version in versions.values())
