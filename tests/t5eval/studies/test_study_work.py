"""The work of a study, with trainings that are only recorded: in which order, once each, and what others hold."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from keras_model.files.atomic import held
from t5eval.runs.results import benchmark_averages
from t5eval.studies import work as working
from t5eval.studies.planned_runs import Plan, plan_of
from t5eval.studies.study_file import StudyFile, read_study
from t5eval.studies.table import table_of
from t5eval.studies.work import CLAIM_FILE, RESULT_FILE, Worker, standing, states, work
from task_specs import get
from task_specs.support.errors import UserError

STUDY = """
[study]
title = "A | B"
source = "Table 0"
seeds = [0, 1]
measures = ["glue/rte", "glue/cola/matthews"]

[train]
data_dir = "DATA"
vocab = "bytes"
preset = "byt5-small"

[runs.first]
task = ["glue/mrpc"]
steps = 10

[runs.then]
model = "first"
each_task = ["glue/rte", "glue/cola"]
steps = 20

[axes.steps]
few = {}
many.runs.then.steps = 40

[[paper]]
steps = "few"
scores = {glue = 80.5, "glue/rte" = 61}
"""


@pytest.fixture
def study(tmp_path: Path) -> StudyFile:
    path = tmp_path / "study.toml"
    path.write_text(STUDY)
    return read_study(path)


class Recorded:
    """Trains and evaluates nothing, and says what was asked."""

    def __init__(self, failing: str = "") -> None:
        self.trained: list[str] = []
        self.failing = failing

    def train(self, display: Any, **settings: Any) -> Any:
        name = Path(settings["out"]).name
        if self.failing and name.startswith(self.failing):
            raise UserError("the loss is nan")
        if "model" in settings:
            assert (Path(settings["model"]).parent / RESULT_FILE).is_file()
        self.trained.append(name)
        return SimpleNamespace(result=SimpleNamespace(steps=settings["steps"], first_step=0))

    def evaluate(self, model: str, tasks: list[str], *, out: Path, **_: Any) -> Any:
        assert model == f"best:{out}"
        value = float(int(out.name.rpartition("-")[2], 16) % 1000) / 10
        result = {"task_score": value, "scores": {"matthews": {"value": None if value < 1 else value}}}
        results = {task: {"validation": result} for task in tasks}
        return SimpleNamespace(document={"results": results, "benchmarks": {}})


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> Recorded:
    found = Recorded()
    monkeypatch.setattr(working, "train", lambda **asked: found.train(**asked))
    monkeypatch.setattr(working, "evaluate", lambda *args, **asked: found.evaluate(*args, **asked))
    return found


def plan(study: StudyFile) -> Plan:
    return plan_of(study)


def test_each_run_is_done_once_and_those_before_it_first(study: StudyFile, recorded: Recorded) -> None:
    said: list[str] = []
    found = plan(study)
    assert {state for _, state in states(found)} == {"to do"}
    work(found, Worker(say=said.append))
    assert sorted(recorded.trained) == sorted(run.folder.name for run in found.runs.values())
    assert len(recorded.trained) == 2 + 2 * 2 * 2
    assert len(said) == 10
    assert said[0].startswith("run 1 of 10, 0% of the tokens done: first, seed 0")
    now = standing(found)
    assert (now.done, now.tokens, now.seconds_left) == (10, now.of_tokens, 0)
    assert {state for _, state in states(found)} == {"done"}
    work(plan(study), Worker(say=said.append))
    assert len(said) == len(recorded.trained) == 10


def test_what_another_process_holds_is_waited_for(study: StudyFile, recorded: Recorded) -> None:
    """The other one has the first run, and it ends, or is killed, while this one waits."""
    found = plan(study)
    first, second = [run for run in found.runs.values() if run.name == "first"]
    first.folder.mkdir(parents=True)
    lock = held(first.folder / CLAIM_FILE)
    lock.__enter__()
    said: list[str] = []
    waits: list[list[str]] = []

    def wait() -> None:
        waits.append(list(recorded.trained))
        lock.__exit__(None, None, None)

    assert [state.partition(" by")[0] for run, state in states(found) if run.name == "first"] == ["held", "to do"]
    work(found, Worker(say=said.append, wait=wait))
    assert [line for line in said if "other processes" in line] == [
        "waiting: other processes hold the rest, 5 of 10 runs"
    ]
    (before,) = waits
    assert first.folder.name not in before
    assert second.folder.name in before
    assert len(before) == 5
    assert len(recorded.trained) == 10


def test_a_failure_ends_only_what_needs_it(study: StudyFile, recorded: Recorded) -> None:
    found = plan(study)
    recorded.failing = next(run.folder.name for run in found.runs.values() if run.name == "first")
    with pytest.raises(UserError) as raised:
        work(found, Worker())
    assert str(raised.value).startswith("5 of 10 runs failed: first (seed 0): the loss is nan; then glue/rte: what it")
    assert len(recorded.trained) == 5
    recorded.failing = ""
    work(plan(study), Worker())
    assert len(recorded.trained) == 10


def test_a_measure_that_is_added_trains_nothing_again(study: StudyFile, recorded: Recorded, tmp_path: Path) -> None:
    work(plan(study), Worker())
    path = tmp_path / "study.toml"
    path.write_text(STUDY.replace('"glue/cola/matthews"]', '"glue/cola/matthews", "glue/cola"]'))
    again = read_study(path)
    work(plan(again), Worker())
    assert len(recorded.trained) == 10
    assert all(entries["glue/cola"].spread for entries in table_of(again, plan(again)).entries)


def test_glue_is_measured_as_in_the_paper(tmp_path: Path, recorded: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    """Greedily, and without WNLI: Raffel et al. 2020, sections 3.1.2 and 2.4."""
    examples = {"glue/rte": 277}
    asked: list[str | None] = []

    def evaluate(model: str, tasks: list[str], *, decode: str | None = None, **_: Any) -> Any:
        asked.append(decode)
        scores = {**dict.fromkeys(tasks, 80.0), "glue/mnli_matched": 90.0, "glue/wnli": 0.0}
        results = {
            task: {"validation": {"labelled": True, "n": n, "task_score": score}}
            for task, score in scores.items()
            if (n := examples.get(task, get(task).sizes["validation"]))
        }
        return SimpleNamespace(document={"results": results, "benchmarks": benchmark_averages(results)})

    monkeypatch.setattr(working, "evaluate", evaluate)
    path = tmp_path / "glue.toml"
    path.write_text(
        '[study]\nmeasures = ["glue", "glue/rte"]\n'
        '[train]\ndata_dir = "DATA"\nvocab = "bytes"\npreset = "byt5-small"\n'
        '[runs.all]\ntask = ["all_proportional"]\nsteps = 1\n'  # which does not have WNLI
    )
    found = plan_of(read_study(path))
    work(found, Worker())
    ((entries,),) = [table_of(read_study(path), found).entries]
    assert entries["glue"].values == {0: (7 * 80 + 85) / 8}
    assert asked == ["greedy"]

    examples["glue/rte"] = 10
    path.write_text(path.read_text().replace("steps = 1", "steps = 2"))
    said: list[str] = []
    found = plan_of(read_study(path))
    work(found, Worker(say=said.append))
    assert said[1:] == ["all: no glue: glue/rte: 10 of 277 examples"]
    assert list(table_of(read_study(path), found).entries[0]["glue"].values.values()) == [None]


def test_the_table_is_mean_deviation_and_number(study: StudyFile, recorded: Recorded) -> None:
    found = plan(study)
    values = {"few": (60.0, 62.0), "many": (63.0, 61.0)}
    for cell, runs_of in zip(study.cells, found.cells, strict=True):
        for seed, run in enumerate(runs_of["glue/rte"]):
            run.folder.mkdir(parents=True, exist_ok=True)
            document = {"measures": {"glue/rte": values[cell.values["steps"]][seed]}}
            (run.folder / RESULT_FILE).write_text(json.dumps(document))
    table = table_of(study, found)
    lines = table.markdown().splitlines()
    assert lines[0] == "# A \\| B"
    assert lines[2:6] == [
        "| steps | glue/rte | glue/cola/matthews |",
        "| --- | ---: | ---: |",
        "| few \\* | **61.00** ± 1.41 (2) | – |",
        "| many | **62.00** ± 1.41 (2) | – |",
    ]
    assert lines[-3:] == ["| steps | glue/rte | glue |", "| --- | ---: | ---: |", "| few | 61.00 | 80.50 |"]
    assert "few$^{*}$ & \\textbf{61.00} $\\pm$ 1.41 (2) & -- \\\\" in table.latex()
    rows = table.csv().splitlines()
    assert rows[0] == "steps,measure,mean,deviation,n,minimum,maximum,bold,baseline"
    assert rows[1] == f"few,glue/rte,61.0,{2**0.5},2,60.0,62.0,1,1"
    assert rows[2] == "few,glue/cola/matthews,,,0,,,0,1"
    cell = table.to_json()["cells"][1]["measures"]["glue/rte"]
    assert (cell["values"], cell["spread"]["n"], cell["bold"]) == ({"0": 63.0, "1": 61.0}, 2, True)
    next(iter(found.runs.values())).folder.mkdir(parents=True, exist_ok=True)
    damaged = found.cells[0]["glue/rte"][0].folder / RESULT_FILE
    damaged.write_text("{")
    with pytest.raises(UserError, match=r"cannot be read .*; remove it"):
        table_of(study, found)
