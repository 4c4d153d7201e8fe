"""`t5eval study` as a user runs it: two axes over a tiny model, killed half way, and started again."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from t5eval.data import open_split
from t5eval.studies.planned_runs import plan_of
from t5eval.studies.study_file import read_study
from task_specs import get
from tests.forked import Forks

pytestmark = [pytest.mark.slow, pytest.mark.tensorflow]

STUDY = """
[study]
title = "Objectives and rates"
measures = ["super_glue/copa", "held_out_loss"]
runs = "{runs}"
out = "{out}"

[train]
data_dir = "{data}"
vocab = "{vocab}"
config = {{d_model = 16, d_kv = 8, d_ff = 16, num_heads = 2, num_layers = 1}}
checkpoint_every = 2

[runs.pretrain]
task = ["text"]
steps = 4
batch_size = 4
pack = [16, 16]
text = {{files = ["{text}"], objective = "iid", inputs = 16, held_out = 0.05}}

[runs.tune]
model = "pretrain"
task = ["super_glue/copa"]
prepared = "{prepared}"
steps = 4
batch_size = 4
validate_limit = 8

[axes.objective]
iid = {{}}
spans.runs.pretrain.text.objective = "spans"

[axes.rate]
slow = {{}}
fast.runs.tune.learning_rate = 0.05
"""
KILLED = """
import os, signal, sys
from t5eval.studies.study import study
from t5eval.studies.work import Worker

class Display:
    trainings = 0
    def __init__(self, steps):
        Display.trainings += 1
    def __enter__(self):
        return self
    def __exit__(self, *raised):
        pass
    def __call__(self, numbers):
        if (Display.trainings, numbers["step"]) == (4, 3):
            os.kill(os.getpid(), signal.SIGKILL)
    def say(self, line):
        pass

study(sys.argv[1], worker=Worker(display=Display))
"""


def written(folder: Path, name: str, suite: Path, model: Path) -> Path:
    rte = get("glue/rte")
    text = folder / "text.txt"
    lines = [pair.inputs for e in open_split(rte, "train", suite) for pair in rte.pairs(e)]
    text.write_text("\n".join(lines[:200]), encoding="utf-8")
    path = folder / f"{name}.toml"
    prepared = folder / "prepared"
    places = {"prepared": prepared, "data": suite, "vocab": model / "spiece.model", "text": text}
    path.write_text(STUDY.format(runs=folder / name / "runs", out=folder / name, **places), encoding="utf-8")
    return path


def test_a_study_killed_half_way_ends_with_the_same_table(
    t5eval: Any, tensorflow_forks: Forks, suite: Path, model: Path, tmp_path: Path
) -> None:
    path = written(tmp_path, "killed", suite, model)
    given = ("--vocab", model / "spiece.model", "--data-dir", suite, "--out", tmp_path / "prepared", "--workers", "1")
    assert t5eval("prepare", "--task", "super_glue/copa", *given).status == 0
    done = tensorflow_forks.run(["-c", KILLED, path])
    assert done.returncode == -9, done.stderr.decode()
    listed = t5eval("study", path, "--dry-run")
    assert listed.status == 0
    runs = listed.out.splitlines()[1:7]
    assert [line.split()[-1] for line in runs] == ["done", "done", "done", "begun", "do", "do"]
    assert "4 cells over 1 seeds: 6 runs, " in listed.out
    assert runs[0].split()[1:4] == ["0", "4", f"{4 * 4 * 32}"]
    assert not (tmp_path / "killed" / "table.md").exists()
    again = t5eval("study", path)
    assert again.status == 0, again.err
    assert "run 4 of 6, " in again.err
    assert len(again.err.split("run 6 of 6, ")) == 2

    other = written(tmp_path, "whole", suite, model)
    for run in (tmp_path / "killed" / "runs").iterdir():  # none of the others was stopped
        if run.name != runs[3].split()[0]:
            shutil.copytree(run, tmp_path / "whole" / "runs" / run.name)
    found = t5eval("study", other, "--json")
    assert found.status == 0, found.err
    for name in ("table.md", "table.tex", "table.csv", "table.json"):
        assert (tmp_path / "killed" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    assert again.out == (tmp_path / "whole" / "table.md").read_text(encoding="utf-8")

    document = found.json
    assert {run["state"] for run in document["runs"]} == {"done"}
    cells = document["cells"]
    losses = [cell["measures"]["held_out_loss"]["values"]["0"] for cell in cells]
    assert losses[0] == losses[1] != losses[2] == losses[3]
    plan = plan_of(read_study(other))
    for cell, runs_of in zip(cells, plan.cells, strict=True):
        (run,) = runs_of["super_glue/copa"]
        results = json.loads((run.folder / "results.json").read_text())["results"]
        score = cell["measures"]["super_glue/copa"]["values"]["0"]
        assert score == results["super_glue/copa"]["validation"]["task_score"]
    first = plan.cells[0]["held_out_loss"][0].folder
    assert losses[0] == pytest.approx(_loss_of(first), rel=1e-5)


def _loss_of(run: Path) -> float:
    """Returns the mean loss of a held-out token, one example after the other, by its definition."""
    import numpy as np

    from keras_model.data.records import open_records, read_manifest
    from keras_model.t5 import load_model

    model = load_model(run / "model")
    examples = open_records(run / "prepared_text", read_manifest(run / "prepared_text")["text/validation"])
    losses: list[float] = []
    for source, target in zip(examples.sources, examples.targets, strict=True):
        shifted = np.concatenate([[0], target[:-1]])
        inputs = {"encoder_ids": np.asarray(source)[None], "decoder_ids": shifted[None]}
        logits = np.asarray(model(inputs))[0].astype(np.float64)
        chances = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
        losses += [-chances[place, token] for place, token in enumerate(target)]
    return float(np.mean(losses))


def test_adapters_for_another_base_are_refused_before_the_first_step(
    t5eval: Any, suite: Path, model: Path, tmp_path: Path
) -> None:
    adapters = tmp_path / "adapters"
    adapters.mkdir()
    (adapters / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": str(model)}))
    (adapters / "base.json").write_text(json.dumps({"weights_sha256": "0" * 64}))
    path = written(tmp_path, "study", suite, model)
    text = path.read_text().replace('model = "pretrain"', f'model = "{adapters}"').replace(', "held_out_loss"', "")
    path.write_text(text.replace('[axes.objective]\niid = {}\nspans.runs.pretrain.text.objective = "spans"\n', ""))
    done = t5eval("study", path)
    assert (done.status, done.out, len(done.err.splitlines())) == (2, "", 1)
    assert "tune: " in done.err
    assert "adapters for another base" in done.err
    assert not (tmp_path / "study").exists()
