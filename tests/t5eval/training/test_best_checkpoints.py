"""A training run as a model: which of its checkpoints answers which task."""

from __future__ import annotations

import gc
import json
import shutil
import weakref
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from keras_model.checkpoints import save_model
from keras_model.t5 import load_model
from keras_model.training_run.run_checkpoints import STATE_FILE
from t5eval.data import Split
from t5eval.predictors import ModelOptions, open_model
from t5eval.predictors.of_keras import KerasPredictor
from t5eval.predictors.of_training_run import BestCheckpoints
from task_specs import Decode
from task_specs.support.errors import UserError
from tests.t5eval.glue_files import RTE, opened
from tests.t5eval.tiny_t5 import write_tiny_t5

SCORES = {1: {"glue/rte": 70.0, "glue/qqp": 10.0}, 2: {"glue/rte": 60.0, "glue/qqp": 80.0}, 3: {"glue/rte": 65.0}}
TEXTS = ["rte sentence1: The cat sat. sentence2: A dog ran.", "rte sentence1: Rain falls. sentence2: It is dry."]


def checkpoint(step: int) -> str:
    return f"checkpoints/step-{step:08d}"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of three checkpoints with weights of their own."""
    run = tmp_path_factory.mktemp("run")
    model = load_model(write_tiny_t5(run / "tiny"))
    for step in SCORES:
        for weight in model.weights:
            weight.assign(np.asarray(weight)[..., ::-1] * 1.1)
        folder = run / checkpoint(step)
        folder.mkdir(parents=True)
        save_model(model, folder)
        shutil.copy(run / "tiny" / "spiece.model", folder)
        progress = {"step": step, "fixed": {}, "scores": {s: scores for s, scores in SCORES.items() if s <= step}}
        save_file({"optimizer.00000": np.zeros(1)}, folder / STATE_FILE, metadata={"progress": json.dumps(progress)})
    return run


def split_of(task: str, split: str, folder: Path) -> Split:
    row = {"rte": b"0\tA.\tB.\tentailment\n", "ax": b"0\tA.\tB.\n"}[task]
    return opened(folder, task, split, (RTE if task == "rte" else b"index\tsentence1\tsentence2\n") + row)


@pytest.mark.parametrize(("task", "split", "step"), [("rte", "validation", 1), ("rte", "test", 1), ("ax", "test", 3)])
def test_each_task_is_answered_by_its_best_checkpoint(
    task: str, split: str, step: int, run: Path, tmp_path: Path
) -> None:
    """By the newest one if it has no validation set."""
    found = open_model(f"best:{run}")
    assert found.name == f"best:{run}"
    found.predictor.begin(split_of(task, split, tmp_path))
    answers: dict[str | int, list[str]] = {}
    for name, predictor in {"run": found.predictor, **{n: KerasPredictor(run / checkpoint(n)) for n in SCORES}}.items():
        answers[name] = [output.text for output in predictor.generate(predictor.prepare(TEXTS, 32), 8, Decode())]
    assert [n for n in SCORES if answers[n] == answers["run"]] == [step]
    assert found.predictor.device()


def test_one_checkpoint_is_in_memory_at_a_time(run: Path, tmp_path: Path) -> None:
    predictor = open_model(f"best:{run}").predictor
    assert isinstance(predictor, BestCheckpoints)
    models = []
    gc.disable()
    try:
        for task, split in (("rte", "validation"), ("ax", "test")):
            predictor.begin(split_of(task, split, tmp_path / task))
            predictor.generate(predictor.prepare(TEXTS, 32), 2, Decode())
            models.append(weakref.ref(predictor.current._loaded.generator.model))
    finally:
        gc.enable()
    assert [model() is None for model in models] == [True, False]


def test_each_checkpoint_runs_under_the_strategy(run: Path, tmp_path: Path) -> None:
    """And answers as it does without one."""
    import tensorflow as tf

    alone, found = (
        open_model(f"best:{run}", ModelOptions(strategy=strategy)).predictor for strategy in (None, "mirrored:1")
    )
    assert isinstance(found, BestCheckpoints)
    for task, split in (("rte", "validation"), ("ax", "test")):
        answers = []
        for predictor in (alone, found):
            predictor.begin(split_of(task, split, tmp_path / task))
            answers.append(predictor.generate(predictor.prepare(TEXTS, 32), 8, Decode()))
        assert answers[0] == answers[1]
        model = found.current._loaded.generator.model
        assert isinstance(model.distribute_strategy, tf.distribute.MirroredStrategy)


def test_identity_is_that_of_all_checkpoints_in_use(run: Path, tmp_path: Path) -> None:
    identity = open_model(f"best:{run}").predictor.identity
    assert identity == open_model(f"best:{run}").predictor.identity
    assert set(identity) == {"model", "vocabulary", "dtype"}
    fewer = shutil.copytree(run, tmp_path / "fewer")
    shutil.rmtree(fewer / "checkpoints" / "step-00000001")
    assert open_model(f"best:{fewer}").predictor.identity["model"] != identity["model"]


def test_it_knows_what_its_vocabulary_cannot_write(run: Path) -> None:
    texts = ["The cat sat.", "\u732b"]
    assert open_model(f"best:{run}").predictor.count_unwritable(texts) == 1
    assert KerasPredictor(run / checkpoint(1)).count_unwritable(texts) == 1


def test_what_was_not_validated_is_refused(run: Path, tmp_path: Path) -> None:
    predictor = open_model(f"best:{run}").predictor
    cola = opened(tmp_path, "cola", "test", b"index\tsentence\n0\tA.\n")
    known = split_of("rte", "test", tmp_path)
    predictor.expect([known])
    with pytest.raises(UserError, match=r"no checkpoint is the best for glue/cola: .*--task \(glue/qqp, glue/rte\)"):
        predictor.expect([known, cola])
    with pytest.raises(UserError, match="no checkpoint with validation scores there"):
        open_model(f"best:{tmp_path}")


def test_a_run_is_a_member_of_an_ensemble(run: Path, tmp_path: Path) -> None:
    """For each task with its own best checkpoint."""
    predictor = open_model(f"ensemble:best:{run},{run / checkpoint(2)}").predictor
    predictor.expect([split_of("rte", "validation", tmp_path / "expected")])
    predictor.begin(split_of("ax", "test", tmp_path / "ax"))
    assert predictor.cache_identity()["members"].split()[0] == KerasPredictor(run / checkpoint(3)).identity["model"]
    predictor.begin(split_of("rte", "validation", tmp_path / "rte"))
    pair = open_model(f"ensemble:{run / checkpoint(1)},{run / checkpoint(2)}").predictor
    assert predictor.cache_identity() == pair.identity
    rankings = [one.rank(one.prepare(TEXTS, 32), ["yes", "no"]) for one in (predictor, pair)]
    assert rankings[0] == rankings[1]
