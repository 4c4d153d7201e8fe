"""What a worker of a Beam pipeline holds, without Beam: one model, which is the one that was asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from t5eval.evaluation import beam_worker
from t5eval.evaluation.beam_worker import Work
from t5eval.evaluation.settings import RunSettings
from t5eval.predictors.model_name import ModelOptions
from t5eval.predictors.open_predictor import open_predictor
from t5eval.runs.prediction_store import stored
from t5eval.runs.shard_record import read_shard
from t5eval.support.shard import Shard
from task_specs import get
from task_specs.support.errors import UserError
from tests.commands.test_merge_command import MODEL


@pytest.fixture
def work(official: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Work:
    monkeypatch.setattr(beam_worker, "_models", {})
    model = open_predictor(MODEL, ModelOptions()).predictor
    sources = ((get("glue/rte"), "validation", str(official)), (get("glue/cola"), "validation", str(official)))
    return Work(MODEL, ModelOptions(), dict(model.identity), (), sources, RunSettings("test", MODEL), tmp_path / "run")


def test_a_process_opens_a_model_once(work: Work) -> None:
    opened = work.opened()
    assert work.opened() is opened


def test_another_model_under_the_name_is_refused(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BATCHED_NAME", "another")
    with pytest.raises(UserError, match="is another model on a worker than where the pipeline started: model"):
        work.opened()


def test_a_share_is_answered_and_stored(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    """The inputs of a split are prepared once for all its shares."""
    opened, prepared = work.opened(), []

    def prepare(texts: Any, max_tokens: int) -> Any:
        prepared.append(len(texts))
        return open_predictor(MODEL, ModelOptions()).predictor.prepare(texts, max_tokens)

    monkeypatch.setattr(opened._predictor, "prepare", beam_worker._remembering(prepare))
    found = 0
    for number in (1, 2, 3):
        assert opened.answer(work, 0, Shard(3, number)) == f"glue/rte validation {number}/3"
        folder = work.folder(0, Shard(3, number))
        record = read_shard(folder)
        assert record is not None
        assert record.finished("glue/rte", "validation")
        found += len(stored(folder, "glue/rte", "validation"))
    opened.answer(work, 1, Shard(1, 1))
    assert found == prepared[0] == 80
    assert len(prepared) == 2
