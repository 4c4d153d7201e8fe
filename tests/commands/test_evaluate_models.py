"""evaluate with models of every kind but the Keras T5, and its options for decoding, as a user gives them."""

from __future__ import annotations

import json
import os
import tomllib
from pathlib import Path

import pytest

from tests.commands.conftest import Command
from tests.commands.test_docs import blocks
from tests.keras_model.fake_hub import folder_content, running_hub
from tests.t5eval.tiny_t5 import write_tiny_t5

RANKER = """
from t5eval.predictors.predictor import Generation, Predictor, Prepared, Ranking

class Lengths(Predictor):
    identity = {"weights": "lengths"}

    def prepare(self, texts, max_tokens):
        return [Prepared(text, 1, False) for text in texts]

    def generate(self, batch, max_new_tokens, decode):
        return [Generation(decode.method, False) for _ in batch]

    def rank(self, batch, answers):
        return [Ranking([-float(len(a)) for a in answers], [len(a) for a in answers]) for _ in batch]
"""


@pytest.fixture
def ranker(tmp_path: Path) -> str:
    (tmp_path / "lengths.py").write_text(RANKER)
    return f"py:{tmp_path / 'lengths.py'}:Lengths"


def records(run: Path, task: str) -> list[dict[str, object]]:
    lines = (run / "predictions" / task / "validation.jsonl").read_text(encoding="utf-8").split("\n")[:-1]
    return [json.loads(line) for line in lines]


def test_the_documented_model_evaluates(t5eval: Command, suite: Path, tmp_path: Path) -> None:
    (code,) = blocks("docs/models.md", "python")
    assert len([line for line in code.splitlines() if line]) <= 20
    (tmp_path / "mine.py").write_text(code)
    model = f"py:{tmp_path / 'mine.py'}:Overlap"
    run = tmp_path / "run"
    done = t5eval("evaluate", "--model", model, "--task", "glue/rte", "--data-dir", suite, "--out", run, "--json")
    assert done.status == 0, done.err
    assert done.json["model_name"] == model
    result = done.json["results"]["glue/rte"]["validation"]
    assert (result["n"], result["unreadable"]) == (80, 0)
    assert 0 < result["task_score"] < 100
    assert tomllib.loads((run / "config.toml").read_text())["evaluate"]["model"] == model
    # Its predictions are a model as well, with the same score.
    again = t5eval(
        "evaluate", "--model", f"predictions:{run}", "--task", "glue/rte", "--data-dir", suite, "--out",
        tmp_path / "again", "--json",
    )  # fmt: skip
    assert again.json["results"]["glue/rte"]["validation"]["scores"] == result["scores"]


def test_ranking(t5eval: Command, suite: Path, tmp_path: Path, ranker: str) -> None:
    run = tmp_path / "run"
    common = ["evaluate", "--model", ranker, "--split", "validation", "--data-dir", suite, "--out", run, "--limit", "2"]
    done = t5eval(*common, "--task", "glue", "--decode", "rank", "--json")
    assert done.status == 0, done.err
    assert "warning: no fixed answers to rank, so decoded as their rows say: glue/wnli\n" in done.err
    results = done.json["results"]
    assert results["glue/rte"]["validation"]["decode"] == {
        "method": "rank", "choices": ["entailment", "not_entailment"], "inputs": 512, "targets": 84,
    }  # fmt: skip
    assert results["glue/wnli"]["validation"]["decode"]["method"] == "greedy"
    assert records(run, "glue/rte") == [
        {"id": i, "prediction": "entailment", "log_likelihoods": [-10.0, -14.0], "answer_tokens": [10, 14]}
        for i in ("0", "1")
    ]
    assert records(run, "glue/stsb")[0]["prediction"] == "0.0"  # all are as long, and this is the first
    assert records(run, "glue/wnli")[0] == {"id": "0", "prediction": "greedy"}
    # Another method in the same run is refused; the same one finds all done.
    done = t5eval(*common, "--task", "glue/rte")
    assert (done.status, done.err.count("\n")) == (2, 1)
    assert "made with another decode; give another --out" in done.err
    assert t5eval(*common, "--task", "glue/rte", "--decode", "rank").status == 0


def test_a_task_alone_without_fixed_answers(t5eval: Command, suite: Path, tmp_path: Path, ranker: str) -> None:
    done = t5eval(
        "evaluate", "--model", ranker, "--task", "glue_wnli_v002_simple_eval", "--decode", "rank",
        "--data-dir", suite, "--out", tmp_path / "run",
    )  # fmt: skip
    assert (done.status, done.out) == (2, "")
    assert "--decode rank: glue/wnli has no fixed set of answers to choose from" in done.err
    assert not (tmp_path / "run").exists()


def test_beam_search(t5eval: Command, suite: Path, tmp_path: Path, ranker: str) -> None:
    done = t5eval(
        "evaluate", "--model", ranker, "--task", "glue/rte", "--split", "validation", "--decode", "beam",
        "--data-dir", suite, "--out", tmp_path / "run", "--json",
    )  # fmt: skip
    decode = done.json["results"]["glue/rte"]["validation"]["decode"]
    assert (decode["method"], decode["beam_size"], decode["alpha"]) == ("beam", 4, 0.6)
    assert records(tmp_path / "run", "glue/rte")[0]["prediction"] == "beam"


def test_float16_is_refused_with_the_reason(t5eval: Command, suite: Path, tmp_path: Path) -> None:
    done = t5eval(
        "evaluate", "--model", tmp_path, "--task", "glue/rte", "--dtype", "float16", "--data-dir", suite, "--out",
        tmp_path / "run",
    )  # fmt: skip
    assert (done.status, done.err.count("\n")) == (2, 1)
    assert "exceed 65,504" in done.err
    assert "take bfloat16" in done.err
    assert not (tmp_path / "run").exists()


def test_memory_that_is_not_enough_is_said(t5eval: Command, suite: Path, tmp_path: Path) -> None:
    (tmp_path / "small.py").write_text(
        RANKER.replace("batch, max_new_tokens, decode):", "batch, max_new_tokens, decode):\n"
        "        if len(batch) > 50: raise MemoryError")
    )  # fmt: skip
    done = t5eval(
        "evaluate", "--model", f"py:{tmp_path / 'small.py'}:Lengths", "--task", "glue/rte", "--split", "validation",
        "--data-dir", suite, "--out", tmp_path / "run",
    )  # fmt: skip
    assert done.status == 0
    assert "warning: out of memory with 80 inputs of up to 1 tokens at once; going on with 40" in done.err
    assert len(records(tmp_path / "run", "glue/rte")) == 80


@pytest.mark.slow
@pytest.mark.tensorflow
def test_a_model_at_the_hub_is_recorded_with_its_commit(
    tensorflow_process: Command, suite: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    with running_hub() as hub:
        commit = hub.commit("owner/tiny", folder_content(write_tiny_t5(tmp_path / "t5")))
        environment = {**os.environ, "HF_ENDPOINT": hub.endpoint, "HF_HOME": str(tmp_path), "no_proxy": "127.0.0.1"}
        done = tensorflow_process(
            "evaluate", "--model", "hf://owner/tiny", "--task", "glue/rte", "--split", "validation", "--limit", "3",
            "--data-dir", suite, "--out", run, "--json", env=environment,
        )  # fmt: skip
    assert done.status == 0, done.err
    pinned = f"hf://owner/tiny@{commit}"
    assert done.json["model_name"] == pinned
    assert tomllib.loads((run / "config.toml").read_text())["evaluate"]["model"] == pinned
    # The recorded name finds the same model without a connection, and the run is done.
    again = tensorflow_process(
        "evaluate", "--model", pinned, "--task", "glue/rte", "--split", "validation", "--limit", "3",
        "--data-dir", suite, "--out", run, "--json", env=environment,
    )  # fmt: skip
    assert again.status == 0, again.err
    assert again.json["results"] == done.json["results"]
