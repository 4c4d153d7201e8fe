"""The harness's scores inside Keras: the same numbers as evaluating the model's folder gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from keras_model.checkpoints import save_model
from keras_model.t5 import load_model
from keras_model.tokenizers.loading import load_tokenizer
from keras_model.training_run.fit import compile_model
from keras_model.training_run.fit_settings import TrainSettings
from t5eval.data import open_split
from t5eval.demo.demo import suite_folder
from t5eval.evaluation.settings import RunSettings
from t5eval.evaluation.splits import evaluate_splits
from t5eval.predictors.of_keras import KerasPredictor
from t5eval.training.score_callback import TaskScores
from task_specs import get
from task_specs.support.errors import UserError
from tests.t5eval.tiny_t5 import write_tiny_t5

TASKS = ("glue/stsb", "glue/rte")
LIMIT = 16


def evaluated(folder: Path, run: Path) -> dict[str, Any]:
    splits = [open_split(get(task), "validation", suite_folder(), with_labels=True) for task in TASKS]
    results, _ = evaluate_splits(KerasPredictor(folder), splits, run, RunSettings("test", "model", limit=LIMIT))
    scores: dict[str, float | None] = {}
    for result in results:
        scores[result.score.task] = result.score.task_score
        scores |= {f"{result.score.task}/{name}": score.value for name, score in result.score.scores.items()}
    return {task: score for task, score in scores.items() if score is not None}


def test_scores_of_fit_and_evaluate(tmp_path: Path) -> None:
    model = load_model(write_tiny_t5(tmp_path / "t5"))
    tokenizer = load_tokenizer(tmp_path / "t5")
    before = evaluated(tmp_path / "t5", tmp_path / "before")
    assert before
    compile_model(model, TrainSettings(steps=2, learning_rate=0.1))
    scores = TaskScores(TASKS, tokenizer, suite_folder(), LIMIT)
    inputs = {"encoder_ids": np.array([[5, 6, 1]] * 4), "decoder_ids": np.array([[0, 7]] * 4)}
    labels = np.array([[7, 1]] * 4)

    seen: list[dict[str, Any]] = []
    after_it = keras.callbacks.LambdaCallback(on_test_end=lambda logs: seen.append(dict(logs)))
    told = model.evaluate(inputs, labels, callbacks=[scores, after_it], verbose=0, return_dict=True)
    assert scores.scores == pytest.approx(before, rel=1e-9)
    assert told == seen[0] == {"loss": told["loss"], **scores.scores}
    assert scores.metrics["glue/rte"].result()["glue/rte/accuracy"] == scores.scores["glue/rte/accuracy"]

    history = model.fit(
        inputs, labels, validation_data=(inputs, labels), epochs=2, callbacks=[scores, after_it], verbose=0
    ).history
    save_model(model, tmp_path / "t5", tokenizer)
    after = evaluated(tmp_path / "t5", tmp_path / "after")
    assert {task: history[f"val_{task}"][-1] for task in after} == scores.scores == pytest.approx(after, rel=1e-9)
    assert all(len(history[f"val_{task}"]) == 2 for task in after)
    assert not set(after) & set(seen[-1])


def test_no_validation_split(tmp_path: Path) -> None:
    write_tiny_t5(tmp_path / "t5")
    with pytest.raises(UserError, match=r"no validation split of glue/ax is in"):
        TaskScores(["glue/ax"], load_tokenizer(tmp_path / "t5"), suite_folder())
