"""rerun: an evaluation repeated, and what is said of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.commands.conftest import Command

MODEL = """
from t5eval.predictor import Generation, Predictor, Prepared

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
        "--limit", "9", "--out", tmp_path / "run",
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


def test_another_model_and_version(t5eval: Command, run: Path) -> None:
    (run.parent / "m.py").write_text(MODEL.replace("ANSWER", "not_entailment"))
    results = json.loads((run / "results.json").read_text())
    results["versions"]["numpy"] = "1.0"
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


@pytest.mark.parametrize("gone", ["config.toml", "results.json", "../m.py"])
def test_what_cannot_be_repeated(t5eval: Command, run: Path, gone: str) -> None:
    (run / gone).unlink()
    done = t5eval("rerun", run)
    assert (done.status, done.err.count("\n")) == (2, 1)
    assert not run.with_name("run-rerun").exists()


def test_data_that_is_gone(t5eval: Command, run: Path) -> None:
    done = t5eval("rerun", run, "--data-dir", run / "nowhere")
    assert (done.status, done.err.count("\n")) == (2, 1)
