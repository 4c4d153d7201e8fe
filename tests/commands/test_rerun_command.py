"""rerun: an evaluation repeated, and what is said of it."""

from __future__ import annotations

import dataclasses
import io
import json
import os
import shutil
import sys
from pathlib import Path

import pytest
import tomli_w

import task_specs
from t5eval.runs.folder import read_config
from task_specs.support.plain import to_plain
from tests.commands.conftest import Command
from tests.t5eval.tiny_t5 import write_tiny_t5

MODEL = """
from t5eval.predictors.predictor import Generation, Predictor, Prepared

class Always(Predictor):
    identity = {"weights": "ANSWER"}

    def prepare(self, texts, max_tokens):
        return [Prepared(text, 1, False) for text in texts]

    def generate(self, batch, max_new_tokens, decode):
        return [Generation("ANSWER", False) for _ in batch]
"""


@pytest.fixture
def run(t5eval: Command, suite: Path, tmp_path: Path) -> Path:
    (tmp_path / "m.py").write_text(MODEL.replace("ANSWER", "entailment"))
    done = t5eval(
        "evaluate", "--model", f"py:{tmp_path / 'm.py'}:Always", "--task", "glue/rte", "--data-dir", suite,
        "--split", "validation", "test", "--limit", "9", "--out", tmp_path / "run",
    )  # fmt: skip
    assert done.status == 0, done.err
    return tmp_path / "run"


def test_the_same_again(t5eval: Command, run: Path) -> None:
    done = t5eval("rerun", run, "--json")
    assert done.status == 0, done.err
    assert done.json["equal"] is True
    assert done.json["environment"] == done.json["inputs"] == []
    new = run.with_name("run-rerun")
    for name in ("validation", "test"):
        path = Path("predictions") / "glue" / "rte" / f"{name}.jsonl"
        assert (new / path).read_bytes() == (run / path).read_bytes()
    again = t5eval("rerun", run)
    assert (again.status, again.err.count("\n")) == (2, 1)
    assert "has predictions or results already" in again.err


def test_folders_whose_names_are_not_utf_8(t5eval: Command, suite: Path, tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"\xff \xc3")
    try:
        shutil.copytree(suite / "glue" / "RTE", folder / "glue" / "RTE")
    except OSError:
        pytest.skip("this file system takes names in UTF-8 alone")
    for stream in (sys.stdout, sys.stderr):
        assert isinstance(stream, io.TextIOWrapper)
        stream.reconfigure(errors="backslashreplace")  # as the console script does
    (folder / "m.py").write_text(MODEL.replace("ANSWER", "entailment"))
    arguments = ("--task", "glue/rte", "--split", "validation", "--data-dir", folder, "--out", folder / "run")
    for _ in range(2):  # made, and taken up again
        done = t5eval("evaluate", "--model", f"py:{folder / 'm.py'}:Always", *arguments)
        assert done.status == 0, done.err
    settings = read_config(folder / "run")["evaluate"]
    assert (settings["model"], settings["data_dir"]) == (f"py:{folder / 'm.py'}:Always", str(folder))
    assert "%FF%20%C3" in (folder / "run" / "config.toml").read_text(encoding="utf-8")
    done = t5eval("rerun", folder / "run", "--json")
    assert (done.status, done.json["equal"]) == (0, True)
    assert t5eval("compare", folder / "run", folder / "run-rerun", "--json").status == 0
    assert t5eval("report", folder / "run", folder / "run-rerun", "--out", folder / "report").status == 0


def test_another_model_and_version(t5eval: Command, run: Path) -> None:
    (run.parent / "m.py").write_text(MODEL.replace("ANSWER", "not_entailment"))
    results = json.loads((run / "results.json").read_text())
    for table in (results, *results["calls"]):
        table["versions"]["numpy"] = "1.0"
    (run / "results.json").write_text(json.dumps(results))
    done = t5eval("rerun", run, "--json", "--out", run.parent / "new")
    assert (done.status, done.json["equal"]) == (0, False)
    assert [c["what"] for c in done.json["environment"]] == ["versions.numpy"]
    assert {"what": "model.weights", "old": "entailment", "new": "not_entailment"} in done.json["inputs"]
    found = done.json["results"]["glue/rte"]["validation"]
    assert found["predictions"] == {"n": 9, "differ": 9, "first": ["0", "1", "2", "3", "4"]}
    score = found["scores"]["accuracy"]
    assert score["old"] + score["new"] == pytest.approx(100)
    assert score["difference"] == score["new"] - score["old"]
    assert "NOT EQUAL" in t5eval("rerun", run, "--out", run.parent / "newer").out


def test_each_split_is_compared_with_what_made_it(
    t5eval: Command, suite: Path, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run of two commands, the second of a task's file that a relative path named, with other versions."""
    (run.parent / "mine.toml").write_text(
        tomli_w.dumps(to_plain(dataclasses.replace(task_specs.get("glue/rte"), name="mine/rte", aliases=())))
    )
    with monkeypatch.context() as patch:
        patch.chdir(run.parent)
        patch.setattr("t5eval.evaluation.settings.library_versions", lambda: {"numpy": "1.0"})
        done = t5eval(
            "evaluate", "--model", "py:m.py:Always", "--task", "mine.toml", "--split", "validation", "--data-dir",
            suite, "--limit", "4", "--batch-tokens", "64", "--out", run,
        )  # fmt: skip
        assert done.status == 0, done.err
    document = json.loads((run / "results.json").read_text())
    assert [call["versions"].get("numpy") == "1.0" for call in document["calls"]] == [False, True]
    assert document["results"]["mine/rte"]["validation"]["call"] == 1
    assert document["results"]["glue/rte"]["test"]["call"] == document["results"]["glue/rte"]["validation"]["call"] == 0
    settings = t5eval("report", run).status, (run / "report.md").read_text()
    assert settings[0] == 0
    assert "8192 / 64" in settings[1]
    done = t5eval("rerun", run, "--json", "--out", run.parent / "new")
    assert done.status == 0, done.err
    assert done.json["equal"] is True
    assert done.json["inputs"] == []
    found = {change["what"]: change["old"] for change in done.json["environment"]}
    assert found["mine/rte validation versions.numpy"] == "1.0"
    assert not any(what.startswith("glue/rte") for what in found)


def test_every_number_that_differs_is_said(t5eval: Command, run: Path) -> None:
    document = json.loads((run / "results.json").read_text())
    result = document["results"]["glue/rte"]["validation"]
    result["outputs_at_limit"] = 3
    result["scores"]["accuracy"]["ci95"] = [0.0, 1.0]
    (run / "results.json").write_text(json.dumps(document))
    done = t5eval("rerun", run)
    assert "glue/rte validation outputs_at_limit: 3 | 0\n" in done.out
    assert "glue/rte validation accuracy ci95: [0.0, 1.0] | [" in done.out
    assert "NOT EQUAL" in done.out


@pytest.mark.tensorflow
def test_a_keras_model_that_decodes_in_three_ways_under_a_strategy(
    t5eval: Command, suite: Path, tmp_path: Path
) -> None:
    model = write_tiny_t5(tmp_path / "tiny")
    for task, way in (("glue/rte", "greedy"), ("glue/cola", "beam"), ("super_glue/copa", "rank")):
        done = t5eval(
            "evaluate", "--model", model, "--strategy", "mirrored", "--task", task, "--split", "validation", "--decode",
            way, "--data-dir", suite, "--limit", "3", "--out", tmp_path / "run",
        )  # fmt: skip
        assert done.status == 0, done.err
    done = t5eval("rerun", tmp_path / "run", "--json")
    assert done.status == 0, done.err
    assert done.json["environment"] == done.json["inputs"] == []
    assert done.json["equal"] is True
    again = json.loads((tmp_path / "run-rerun" / "results.json").read_text())["results"]
    assert [each["validation"]["decode"]["method"] for each in again.values()] == ["greedy", "beam", "rank"]


@pytest.mark.parametrize("gone", ["config.toml", "results.json", "../m.py"])
def test_what_cannot_be_repeated(t5eval: Command, run: Path, gone: str) -> None:
    (run / gone).unlink()
    done = t5eval("rerun", run)
    assert (done.status, done.err.count("\n")) == (2, 1)
    assert not run.with_name("run-rerun").exists()


def test_data_that_is_gone(t5eval: Command, run: Path) -> None:
    done = t5eval("rerun", run, "--data-dir", run / "nowhere")
    assert (done.status, done.err.count("\n")) == (2, 1)
