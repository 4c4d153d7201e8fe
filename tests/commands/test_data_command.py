"""`t5eval data build`, and commands that read what it built."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

from t5eval.data import data_source
from t5eval.data.tfds import TfdsData

pytest.importorskip("tensorflow_datasets")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


@pytest.fixture
def built(t5eval: Any, any_archive_will_do: None, archives: Path, tmp_path: Path) -> Path:
    """A data directory of TensorFlow Datasets that the command has built."""
    folder = tmp_path / "tfds"
    done = t5eval("data", "build", "super_glue/boolq", "--manual-dir", archives, "--data-dir", f"tfds:{folder}")
    assert (done.status, done.err) == (0, "building super_glue/boolq/1.0.2 from BoolQ.zip\n")
    assert done.out.startswith("super_glue/boolq/1.0.2: train 14, validation 14, test 14\n")
    assert [p.name for p in folder.iterdir()] == ["super_glue"]  # nothing unpacked is left
    return folder


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["glue/rte"], "RTE.zip: not the archive that glue/rte/2.0.0 is built from (SHA-256 "),
        (["glue/rte", "--version", "1.0.0"], "glue/rte 1.0.0 is too old for tensorflow-datasets 4"),
        (["glue/rte", "--version", "0.9.0"], "glue/rte has no version 0.9.0; TensorFlow Datasets knows 2.0.0, 1.0.0"),
        (["cnn_dailymail", "--manual-dir", "{empty}"], "has no cnn_stories.tgz and no dailymail_stories.tgz and no"),
        (["wmt14/en-de", "--manual-dir", "{empty}"], "builds wmt14_translate/de-en from dev.tgz"),
        (["glue/rte", "--manual-dir", "nowhere"], "--manual-dir nowhere: there is no such folder"),
        (["glue/rte", "--data-dir", "somewhere"], "write tfds:somewhere"),
        (["glue/rtee"], "Did you mean 'glue/rte'"),
    ],
)
def test_what_cannot_be_built_is_one_line(
    t5eval: Any, archives: Path, tmp_path: Path, arguments: list[str], message: str
) -> None:
    (tmp_path / "empty").mkdir()
    rest = [a.format(empty=tmp_path / "empty") for a in arguments]
    done = t5eval("data", "build", "--manual-dir", archives, "--data-dir", f"tfds:{tmp_path / 'new'}", *rest)
    assert (done.status, done.out) == (2, "")
    assert message in done.err
    said = done.err.splitlines()
    assert len(said) == 1 or (len(said) == 2 and said[0].startswith("building "))
    assert not list(tmp_path.glob("new/**/*.tfrecord*"))


def test_data_build_and_score(t5eval: Any, built: Path, tmp_path: Path) -> None:
    predictions = tmp_path / "p.jsonl"
    predictions.write_text("".join(json.dumps({"id": i, "prediction": "True"}) + "\n" for i in range(3, 17)))
    done = t5eval(
        "score", "super_glue/boolq", "--split", "validation", "--data-dir", f"tfds:{built}", "--predictions",
        predictions, "--json",
    )  # fmt: skip
    assert done.status == 0
    assert done.json["scores"]["accuracy"]["value"] == 50.0
    assert list(done.json["data"]["files"]) == ["tfds:super_glue/boolq/1.0.2/validation"]
    assert done.json["data"]["labels"] == {"True": 7, "False": 7}
    assert "has 14 examples here, officially 3,270" in done.err


def test_what_is_built_as_one_document(t5eval: Any, built: Path, archives: Path) -> None:
    data_dir = f"tfds:{built}"
    done = t5eval("data", "build", "super_glue/boolq", "--manual-dir", archives, "--data-dir", data_dir, "--json")
    sizes = {"train": 14, "validation": 14, "test": 14}
    datasets = [{"name": "super_glue/boolq/1.0.2", "splits": sizes, "new": False}]
    assert done.json == {"data_dir": data_dir, "datasets": datasets}


def test_without_a_data_directory_the_source_is_tfds(
    t5eval: Any, built: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TFDS_DATA_DIR", str(built))
    assert data_source(None) == data_source("tfds:") == TfdsData(built)
    done = t5eval("examples", "super_glue/boolq", "--split", "validation", "--limit", "1")
    assert (done.status, json.loads(done.out)["id"]) == (0, "3")
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "absent"))
    done = t5eval("examples", "super_glue/boolq", "--split", "validation")
    assert (done.status, done.err.count("\n")) == (2, 1)
    assert "--data-dir DIR or T5EVAL_DATA_DIR (`t5eval data get` makes one); without, it comes from" in done.err
    assert "TensorFlow Datasets (pip install" in done.err
    done = t5eval("examples", "super_glue/boolq", "--split", "validation", "--data-dir", "tfds:")
    assert (done.status, done.err.count("\n")) == (2, 1)
    assert f"there is no folder {tmp_path / 'absent'}" in done.err


def test_without_the_packages_the_answer_names_them(
    t5eval: Any, built: Path, archives: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find_spec = importlib.util.find_spec
    absent = ("tensorflow_datasets", "importlib_resources")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name in absent else find_spec(name))
    for arguments, message in (
        (("--data-dir", f"tfds:{built}"), "needs tensorflow-datasets and tensorflow: pip install 't5eval[tfds]'"),
        ((), "without, it comes from TensorFlow Datasets (pip install 't5eval[tfds]'), which is not installed"),
    ):
        done = t5eval("examples", "super_glue/boolq", "--split", "validation", *arguments)
        assert (done.status, done.err.count("\n")) == (2, 1)
        assert message in done.err
    done = t5eval("data", "build", "super_glue/boolq", "--manual-dir", archives, "--data-dir", f"tfds:{built}")
    assert (done.status, done.err.count("\n")) == (2, 1)
    assert "needs tensorflow_datasets and importlib_resources: pip install 't5eval[tfds]'" in done.err


def test_a_dataset_of_the_hub_that_cannot_be_reached_is_one_line(
    t5eval_process: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytest.importorskip("datasets")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    done = t5eval_process("examples", "glue/rte", "--split", "validation", "--data-dir", "hf:nyu-mll/glue")
    assert (done.status, done.out, done.err.count("\n")) == (2, "", 1)
    assert done.err.startswith("t5eval: hf:nyu-mll/glue: the library datasets cannot read it: ")
