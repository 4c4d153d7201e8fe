"""A training run of the command's function: what is said before it, and that it goes on only as what it began."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

import t5eval
import task_specs
from keras_model.tokenizers.sentencepiece import T5Tokenizer
from t5eval.demo.demo import suite_folder
from t5eval.predictors import ModelOptions, open_model
from t5eval.training.config import resolve
from t5eval.training.fine_tuning import train
from task_specs.support.errors import UserError
from tests.t5eval.tiny_t5 import write_tiny_t5

pytestmark = [pytest.mark.slow, pytest.mark.tensorflow]
NUMBERS: dict[str, Any] = {"task": "glue/rte", "steps": 2, "batch_size": 4, "validate_limit": 2}


def test_only_what_was_begun_goes_on(tmp_path: Path) -> None:
    import numpy as np

    from keras_model.checkpoints import save_model
    from keras_model.t5 import load_model

    a, b, run = write_tiny_t5(tmp_path / "a"), tmp_path / "b", tmp_path / "run"
    data = shutil.copytree(suite_folder(), tmp_path / "data")
    model = load_model(a)
    for weight in model.weights:
        weight.assign(np.asarray(weight) * 1.1)
    save_model(model, b)
    shutil.copy(a / "spiece.model", b)
    dev = data / "glue/RTE/dev.tsv"
    whole = dev.read_bytes()
    dev.write_bytes(whole.replace(b"\n1\t", b"\n1\t\xff", 1))
    with pytest.raises(UserError, match=r"dev\.tsv: line 3: not UTF-8"):
        t5eval.train(model=a, data_dir=data, out=run, **NUMBERS)
    assert not (run / "checkpoints").exists()
    dev.write_bytes(whole)
    said: list[str] = []
    table = {**NUMBERS, "task": ["glue/rte"], "model": str(a), "data_dir": str(data), "out": str(run)}
    config = resolve(table, "test")
    train(config, [task_specs.get("glue/rte")], display=lambda numbers: None, say=said.append)
    assert [line for line in said if "glue/rte train has" in line and line.endswith("here, officially 2,490")]
    assert "glue/rte: validated on 2 of 80 examples, drawn by seed 0 (validate_limit)" in said
    for change, message in (
        ({"model": b}, "starting checkpoint was [0-9a-f]{64}, now [0-9a-f]{64}"),
        ({"dropout_rate": 0.5}, r"dropout_rate was 0\.0, now 0\.5"),
        ({"validate_limit": 3}, "validation glue/rte examples was 2, now 3"),
    ):
        with pytest.raises(UserError, match=message):
            t5eval.train(**{**NUMBERS, "model": a, "data_dir": data, "out": run, "steps": 4, **change})
    T5Tokenizer.train(["a few other words"], tmp_path / "other.model", 30)
    for vocab, message in (
        (str(tmp_path / "other.model"), "has another vocabulary than the run was trained with"),
        ("bytes", "fewer than the 384 ids of the vocabulary"),
    ):
        with pytest.raises(UserError, match=message):
            open_model(f"best:{run}", ModelOptions(vocab=vocab)).predictor.identity  # noqa: B018
    assert open_model(f"best:{run}").predictor.identity["model"]


def test_a_step_that_memory_does_not_hold_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import tensorflow as tf

    from keras_model.t5 import T5

    def fit(*_: Any, **__: Any) -> None:
        raise tf.errors.ResourceExhaustedError(None, None, "failed to allocate memory [Op:Mul]")

    monkeypatch.setattr(T5, "fit", fit)
    model = write_tiny_t5(tmp_path / "model")
    with pytest.raises(UserError, match=r"run: a step does not fit into memory\. With remat = true") as raised:
        t5eval.train(model=model, data_dir=suite_folder(), out=tmp_path / "run", **NUMBERS)
    assert "\n" not in str(raised.value)
