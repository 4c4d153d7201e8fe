"""Several runs side by side in the explorer: differences, Holm's correction, the best, mean and spread."""

from __future__ import annotations

import random
import statistics
from pathlib import Path
from typing import Any

import pytest

import t5eval
from t5eval.metrics.paired import holm
from t5eval.reports.explorer.comparison_documents import comparison_document
from t5eval.reports.reported_run import Run, read_run, source_of
from tests.commands.conftest import write_predictions

TASKS = {"glue/rte": ("accuracy",), "glue/mrpc": ("f1", "accuracy")}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Run]:
    """Three runs, which are right in 9, 7 and 6 of 10."""
    folder, suite = tmp_path_factory.mktemp("three"), str(t5eval.suite_folder())
    found = []
    for number, share in enumerate((0.7, 0.9, 0.6)):
        chance = random.Random(number)
        for task in TASKS:
            pairs = list(t5eval.examples(task, "validation", data=suite))
            classes = sorted({pair.targets for pair in pairs})
            said = [
                (pair.id, pair.targets if chance.random() < share else next(c for c in classes if c != pair.targets))
                for pair in pairs
            ]
            write_predictions(folder / f"{number}" / "predictions" / task / "validation.jsonl", said)
        source, _ = source_of(suite, [])
        found.append(read_run(folder / f"{number}", f"run {number}", source))
    return found


def rows_of(document: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {(row["task"], row["score"]): row for row in document["rows"]}


def test_each_run_is_compared_with_the_first_and_all_p_values_are_corrected(runs: list[Run]) -> None:
    suite = t5eval.suite_folder()
    rows = rows_of(comparison_document(runs, str(suite)))
    keys = [(task, score) for task, scores in TASKS.items() for score in scores]
    assert list(rows) == sorted(keys, key=lambda key: list(rows).index(key))
    plain: dict[tuple[int, str, str], Any] = {}
    for other in (1, 2):
        compared: Any = t5eval.compare(runs[0].path, runs[other].path, data=suite)
        for one in compared.splits:
            plain |= {(other, one.task, name): contrast for name, contrast in one.scores.items()}
    corrected = dict(zip(plain, holm([contrast.p for contrast in plain.values()]), strict=True))
    for (other, task, name), contrast in plain.items():
        found = rows[task, name]["against_first"][other]
        assert (found["difference"], found["ci95"], found["p"]) == (
            contrast.difference,
            list(contrast.ci95),
            contrast.p,
        )
        assert found["p_holm"] == corrected[other, task, name]


def test_the_best_is_tested_against_the_next(runs: list[Run]) -> None:
    suite = t5eval.suite_folder()
    rows = rows_of(comparison_document(runs, str(suite)))
    p_values = {}
    for (task, name), row in rows.items():
        order = sorted(range(3), key=lambda place: -row["values"][place])
        assert (row["best"]["run"], row["best"]["next"]) == tuple(order[:2])
        compared: Any = t5eval.compare(runs[order[0]].path, runs[order[1]].path, data=suite, tasks=task)
        p_values[task, name] = compared.splits[0].scores[name].p
    for key, p_holm in zip(p_values, holm([*p_values.values()]), strict=True):
        assert rows[key]["best"]["p_holm"] == pytest.approx(p_holm)
        assert rows[key]["best"]["more_than_chance"] == (p_holm < 0.05)
    assert any(row["best"]["more_than_chance"] for row in rows.values())


def test_mean_and_deviation_are_over_the_runs(runs: list[Run]) -> None:
    document = comparison_document(runs, str(t5eval.suite_folder()), tested=False)
    assert (document["tested"], document["pairs"]) == (False, [])
    for row in document["rows"]:
        assert row["mean"] == pytest.approx(statistics.fmean(row["values"]))
        assert row["deviation"] == pytest.approx(statistics.stdev(row["values"]))
        assert (row["best"], row["against_first"]) == (None, {})


def test_what_cannot_be_compared_is_said(runs: list[Run], tmp_path: Path) -> None:
    elsewhere = write_predictions(
        tmp_path / "predictions/glue/cola/validation.jsonl",
        [(pair.id, pair.targets) for pair in t5eval.examples("glue/cola", "validation", data=t5eval.suite_folder())],
    )
    source, _ = source_of(str(t5eval.suite_folder()), [])
    other = read_run(elsewhere.parents[3], "other", source)
    document = comparison_document([runs[0], other], str(t5eval.suite_folder()))
    assert document["faults"][0].startswith("run 0 and other: nothing to compare")
    assert {row["task"] for row in document["rows"]} == {"glue/rte", "glue/mrpc", "glue/cola"}
