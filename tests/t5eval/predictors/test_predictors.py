"""Which model a name means, models of one's own, and predictions that are there already."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from t5eval.data import Split
from t5eval.evaluation.settings import RunSettings
from t5eval.evaluation.splits import evaluate_splits
from t5eval.predictors import ModelOptions, open_model
from t5eval.predictors.of_keras import KerasPredictor
from t5eval.predictors.of_keras_hub import KerasHubPredictor
from t5eval.predictors.of_predictions import PredictionFiles
from t5eval.support.errors import PredictionError
from task_specs.support.errors import UserError
from tests.t5eval.glue_files import RTE, opened

SETTINGS = RunSettings("test", "model")
MINE = """
from t5eval.predictors.predictor import Generation, Predictor, Prepared, Ranking

class Mine(Predictor):
    identity = {"weights": "mine"}
    def prepare(self, texts, max_tokens):
        words = [text.split() for text in texts]
        return [Prepared(w[:max_tokens], min(len(w), max_tokens), len(w) > max_tokens) for w in words]
    def generate(self, batch, max_new_tokens, decode):
        return [Generation("entailment", False) for _ in batch]

class NoPredictor:
    def generate(self): ...

class WrongIdentity(Mine):
    identity = {"weights": 3}

def raises():
    return {}["weights"]

number = 3
"""
IDENTITY = {"weights": "mine", "code": hashlib.sha256(MINE.encode()).hexdigest()}


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    path = tmp_path / "my model.py"
    path.write_text(MINE, encoding="utf-8")
    return path


@pytest.fixture
def split(tmp_path: Path) -> Split:
    rows = b"".join(b"%d\tA.\tB.\tentailment\n" % i for i in range(5))
    return opened(tmp_path / "data", "rte", "validation", RTE + rows)


def test_names(tmp_path: Path, mine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "predictions.jsonl").write_text("")
    (tmp_path / "t5").mkdir()
    (tmp_path / "t5" / "config.json").write_text("{}")
    checkpoint = open_model("t5", ModelOptions("bfloat16", "bytes"))
    assert isinstance(checkpoint.predictor, KerasPredictor)
    assert (checkpoint.predictor.dtype, checkpoint.predictor.vocab) == ("bfloat16", "bytes")
    assert checkpoint.name == str(tmp_path / "t5")
    assert open_model("hf:t5").name == f"hf:{tmp_path / 't5'}"
    hub = open_model("keras_hub:t5_small_multi")
    assert isinstance(hub.predictor, KerasHubPredictor)
    assert hub.name == "keras_hub:t5_small_multi"
    assert open_model("keras_hub:t5").name == f"keras_hub:{tmp_path / 't5'}"
    assert open_model("py:my model.py:Mine").name == f"py:{mine}:Mine"
    assert isinstance(open_model("predictions:predictions.jsonl").predictor, PredictionFiles)


def test_a_module_of_the_current_folder_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a_model_of_mine.py").write_text(MINE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    assert open_model("py:a_model_of_mine:Mine").predictor.identity == IDENTITY


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("keras-hub:t5", {}, "no such checkpoint, and no prefix of a model; the prefixes are hf://, hf:, keras_hub:"),
        ("hf:nowhere", {}, "hf:nowhere: no folder with a config.json"),
        ("predictions:nowhere", {}, "predictions:nowhere: no such file or folder"),
        ("py:os", {}, "write py:MODULE:FUNCTION or py:FILE.py:FUNCTION"),
        ("py:nowhere.py:f", {}, "nowhere.py: no such file"),
        ("py:no_such_module:f", {}, "py:no_such_module:f: ModuleNotFoundError: No module named 'no_such_module'"),
        ("py:MINE:nothing", {}, ":nothing: there is no function of this name"),
        ("py:MINE:number", {}, ":number: there is no function of this name"),
        ("py:MINE:raises", {}, r":raises: KeyError: 'weights' \(.*my model.py, line 19\)"),
        (
            "py:MINE:NoPredictor",
            {},
            "returns a NoPredictor, which has no prepare, rank, .*, begin, cache_identity, ident",
        ),
        ("py:MINE:WrongIdentity", {}, "the identity of its WrongIdentity must map strings to strings"),
        ("py:MINE:Mine", {"dtype": "bfloat16"}, "--dtype does not apply to a predictor of your own"),
        ("predictions:MINE", {"vocab": "bytes"}, "--vocab does not apply to a file of predictions"),
        ("keras_hub:t5", {"vocab": "bytes"}, "--vocab does not apply to a KerasHub model"),
        ("t5", {"dtype": "float16"}, "--dtype float16: T5's feed-forward activations exceed 65,504.*take bfloat16"),
        ("t5", {"dtype": "int8"}, "--dtype int8: it is float32 or bfloat16"),
    ],
)
def test_what_cannot_be_opened(mine: Path, name: str, options: dict[str, str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        open_model(name.replace("MINE", str(mine)), ModelOptions(**options))


def test_a_mistake_in_the_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("def f(:\n")
    with pytest.raises(UserError, match=r"py:.*broken.py:f: SyntaxError: .*broken.py, line 1"):
        open_model(f"py:{tmp_path / 'broken.py'}:f")


def test_a_model_of_ones_own(mine: Path, split: Split, tmp_path: Path) -> None:
    _, document = evaluate_splits(open_model(f"py:{mine}:Mine").predictor, [split], tmp_path / "run", SETTINGS)
    assert document["model"] == IDENTITY
    assert document["dtype"] is None
    assert document["results"]["glue/rte"]["validation"]["task_score"] == 100


def write(path: Path, answers: dict[str, str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps({"id": i, "prediction": p}) + "\n" for i, p in answers.items()))
    return path


ANSWERS = {str(i): ("entailment", "not_entailment", "", "what?\u2028", "entailment")[i] for i in range(5)}


@pytest.mark.parametrize("kind", ["file", "folder"])
@pytest.mark.parametrize("limit", [None, 3])
def test_predictions_that_are_there(kind: str, limit: int | None, split: Split, tmp_path: Path) -> None:
    path = write(tmp_path / "theirs/predictions/glue/rte/validation.jsonl", ANSWERS)
    predictor = open_model(f"predictions:{path if kind == 'file' else tmp_path / 'theirs'}").predictor
    _, document = evaluate_splits(predictor, [split], tmp_path / "run", dataclasses.replace(SETTINGS, limit=limit))
    result = document["results"]["glue/rte"]["validation"]
    assert result["decode"]["method"] == "file"
    assert result["task_score"] == pytest.approx(100 * 2 / 5 if limit is None else 100 / 3)
    stored = (tmp_path / "run/predictions/glue/rte/validation.jsonl").read_bytes()
    assert {r["id"]: r["prediction"] for r in map(json.loads, stored.split(b"\n")[:-1])} == dict(
        list(ANSWERS.items())[:limit]
    )


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ({"0": "entailment"}, "validation.jsonl: no prediction for 4 of 5 ids, the first being '1'"),
        ({**ANSWERS, "17": "entailment"}, "17"),
    ],
)
def test_predictions_of_other_ids(answers: dict[str, str], message: str, split: Split, tmp_path: Path) -> None:
    path = write(tmp_path / "validation.jsonl", answers)
    with pytest.raises(PredictionError, match=message):
        evaluate_splits(open_model(f"predictions:{path}").predictor, [split], tmp_path / "run", SETTINGS)


def test_one_file_is_one_split(split: Split, tmp_path: Path) -> None:
    path = write(tmp_path / "validation.jsonl", ANSWERS)
    other = opened(tmp_path / "data", "rte", "test", b"index\tsentence1\tsentence2\n0\tA.\tB.\n")
    with pytest.raises(UserError, match="one file holds the predictions of one split; name it with --task and --split"):
        evaluate_splits(open_model(f"predictions:{path}").predictor, [split, other], tmp_path / "run", SETTINGS)


def test_all_files_that_are_absent_are_named_before_anything_is_done(split: Split, tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    write(theirs / "predictions/glue/rte/validation.jsonl", ANSWERS)
    others = [
        opened(tmp_path / "data", "rte", "test", b"index\tsentence1\tsentence2\n0\tA.\tB.\n"),
        opened(tmp_path / "data", "sst2", "test", b"index\tsentence\n0\tA.\n"),
    ]
    absent = r"theirs/predictions/glue/rte/test.jsonl, \S+theirs/predictions/glue/sst2/test.jsonl: not found; name"
    with pytest.raises(PredictionError, match=absent):
        evaluate_splits(open_model(f"predictions:{theirs}").predictor, [split, *others], tmp_path / "run", SETTINGS)
    assert not (tmp_path / "run").exists()


def test_predictions_cannot_rank(split: Split, tmp_path: Path) -> None:
    from t5eval.predictors.predictor import Rank

    predictor = open_model(f"predictions:{write(tmp_path / 'p.jsonl', ANSWERS)}").predictor
    ranked = dataclasses.replace(SETTINGS, answering={"glue/rte": Rank(("a", "b"))})
    with pytest.raises(UserError, match="a file of predictions cannot rank answers; leave --decode out"):
        evaluate_splits(predictor, [split], tmp_path / "run", ranked)
    assert not (tmp_path / "run").exists()


def test_the_commit_of_a_name_at_the_hub_is_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from keras_model.checkpoints import hub_names

    resolve: Callable[..., Any] = lambda name, *weights: (tmp_path, f"{name}@{'c' * 40}")  # noqa: E731
    monkeypatch.setattr(hub_names, "resolve", resolve)
    found = open_model("hf://google-t5/t5-small", ModelOptions("bfloat16"))
    assert found.name == f"hf://google-t5/t5-small@{'c' * 40}"
    assert isinstance(found.predictor, KerasPredictor)
    assert (found.predictor.checkpoint, found.predictor.dtype) == (tmp_path, "bfloat16")
