"""Names that the file system or a script's empty variable make impossible: one line, status 2."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from keras_model.checkpoints.opening import open_checkpoint
from keras_model.checkpoints.weights import values
from keras_model.files.model_folder import CheckpointError
from tests.commands.conftest import Command, write_predictions
from tests.fuzz.checkpoints import of_checkpoints, weights


@pytest.mark.parametrize(
    "command",
    [
        "evaluate --model m --task glue/rte",
        "prepare --task glue/rte --vocab bytes",
        "submit glue --run r",
        "train --task glue/rte",
        "rerun r",
        "report r",
        "recipe glue/rte",
        "demo",
    ],
)
def test_an_empty_out_is_refused(t5eval: Command, command: str) -> None:
    done = t5eval(*command.split(), "--out", "")
    assert done.status == 2
    assert "--out" in done.err
    assert "is empty; name a folder or a file" in done.err
    assert len(done.err.splitlines()) == 1


def test_a_name_that_is_too_long(t5eval: Command, suite: Path, tmp_path: Path) -> None:
    file = write_predictions(tmp_path / "p.jsonl", [("0", "entailment")])
    for place in (tmp_path / ("x" * 300), tmp_path / "x" / ("y" * 300)):
        done = t5eval("score", "glue/rte", "--split", "validation", "--data-dir", place, "--predictions", file)
        assert (done.status, len(done.err.splitlines())) == (2, 1), done.err
        done = t5eval("score", "glue/rte", "--split", "validation", "--data-dir", suite, "--predictions", place)
        assert (done.status, len(done.err.splitlines())) == (2, 1), done.err
        done = t5eval("report", place)
        assert (done.status, len(done.err.splitlines())) == (2, 1), done.err


VANISHING = """
import shutil
from t5eval.predictors.predictor import Generation, Predictor, Prepared

class Removes(Predictor):
    identity = {"weights": "none"}

    def prepare(self, texts, max_tokens):
        return [Prepared(text, 1, False) for text in texts]

    def generate(self, batch, max_new_tokens, decode):
        shutil.rmtree(PLACE, ignore_errors=True)
        return [Generation("entailment", False) for _ in batch]
"""


@pytest.mark.parametrize(
    ("vanishes", "said"),
    [("data", "RTE/test.tsv: cannot be read: No such file"), ("run", "validation.jsonl: No such file")],
)
def test_a_folder_that_vanishes_while_it_is_used(
    t5eval: Command, suite: Path, tmp_path: Path, vanishes: str, said: str
) -> None:
    shutil.copytree(suite / "glue" / "RTE", tmp_path / "data" / "glue" / "RTE")
    (tmp_path / "m.py").write_text(VANISHING.replace("PLACE", repr(str(tmp_path / vanishes))))
    done = t5eval(
        "--quiet", "evaluate", "--model", f"py:{tmp_path / 'm.py'}:Removes", "--task", "glue/rte",
        "--split", "validation", "test", "--data-dir", tmp_path / "data", "--out", tmp_path / "run",
    )  # fmt: skip
    assert (done.status, len(done.err.splitlines())) == (2, 1), done.err
    assert said in done.err


@pytest.mark.parametrize(
    ("form", "said"),
    [("safetensors", "cannot be read"), ("T5X file", ""), ("T5X folder", "has 0 of its . parts"), ("KerasHub", "")],
)
def test_a_checkpoint_that_vanishes_while_it_is_read(tmp_path: Path, form: str, said: str) -> None:
    """A file that is open is read to its end; of what is opened for each array, nothing is taken for zeros."""
    folder = next(s.folder for name, s in of_checkpoints(tmp_path).items() if name.startswith(f"{form}:"))
    expected = weights(folder)
    opened = open_checkpoint(folder)
    shutil.rmtree(folder)
    if said:
        with pytest.raises(CheckpointError, match=said):
            list(values(opened.config, opened.tensors))
    else:
        assert {name: value.tobytes() for name, value in values(opened.config, opened.tensors)} == expected
    with pytest.raises(CheckpointError, match=r"There is no such file or folder\."):
        open_checkpoint(folder)


def test_links_in_a_circle(t5eval: Command, suite: Path, tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    for call in (
        ("report", tmp_path / "a"),
        ("compare", tmp_path / "a", tmp_path / "b"),
        ("validate", "glue/rte", "--data-dir", tmp_path / "a"),
        ("rerun", tmp_path / "a"),
        ("check", "glue", tmp_path / "a"),
    ):
        done = t5eval(*call)
        assert done.status == 2
        assert "Traceback" not in done.err
