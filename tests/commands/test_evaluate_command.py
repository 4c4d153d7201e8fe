"""evaluate and train as whole processes, on the embedded suite with a tiny random T5."""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from tests.forked import Forks

pytestmark = [pytest.mark.slow, pytest.mark.tensorflow]


def stable(results: Path) -> dict[str, Any]:
    """A run's results without what may differ between two runs of the same command."""
    document = json.loads(results.read_text())
    for settings in (document, *document["calls"]):
        settings.pop("command")
    return document


def arguments(model: Path, suite: Path, out: Path, *more: str) -> list[str]:
    tasks = ["--task", "glue/rte", "glue/stsb", "--split", "validation", "test"]
    return [
        "evaluate", "--model", str(model), *tasks, "--data-dir", str(suite), "--out", str(out),
        "--batch-tokens", "128", *more,
    ]  # fmt: skip


@pytest.fixture(scope="module")
def whole_run(model: Path, suite: Path, tmp_path_factory: pytest.TempPathFactory, tensorflow_forks: Forks) -> Path:
    """A run that nothing interrupted."""
    out = tmp_path_factory.mktemp("whole") / "run"
    done = tensorflow_forks.run(["-m", "t5eval", *arguments(model, suite, out)])
    assert done.returncode == 0, done.stderr
    return out


def test_shards_of_a_t5_are_merged_to_the_byte(
    whole_run: Path, t5eval: Any, model: Path, suite: Path, tmp_path: Path
) -> None:
    shards = [tmp_path / "1", tmp_path / "2"]
    for shard in shards:
        done = t5eval(*arguments(model, suite, shard, "--shard", f"{shard.name}/2"))
        assert done.status == 0, done.err
    assert t5eval("merge", *shards, "--out", tmp_path / "run").status == 0
    assert stable(tmp_path / "run" / "results.json") == stable(whole_run / "results.json")
    for path in [*(whole_run / "predictions").rglob("*.json*"), whole_run / "config.toml"]:
        assert (tmp_path / "run" / path.relative_to(whole_run)).read_bytes() == path.read_bytes()


def test_a_run_has_the_documented_files(whole_run: Path) -> None:
    results = json.loads((whole_run / "results.json").read_text())
    assert results["schema"] == 1
    assert set(results["results"]) == {"glue/rte", "glue/stsb"}
    rte = results["results"]["glue/rte"]["validation"]
    assert rte["n"] == 80
    assert rte["labelled"]
    assert set(rte) >= {"scores", "task_score", "unreadable", "truncated_inputs", "outputs_at_limit", "data"}
    assert not results["results"]["glue/rte"]["test"]["labelled"]
    assert results["results"]["glue/rte"]["test"]["scores"] == {}
    assert results["benchmarks"]["glue"]["validation"]["average"] is None
    assert results["benchmarks"]["glue"]["validation"]["missing"]["glue/rte"] == "80 of 277 examples"
    assert results["model"].keys() == {"model", "vocabulary", "dtype"}
    assert results["dtype"] == results["model"]["dtype"] == "float32"
    for split in ("validation", "test"):
        lines = (whole_run / "predictions" / "glue" / "rte" / f"{split}.jsonl").read_text().splitlines()
        assert [json.loads(line)["id"] for line in lines] == [str(i) for i in range(80)]
    assert 'task = [\n    "glue/rte",' in (whole_run / "config.toml").read_text()


KILLED = """
import os, pathlib, signal, sys, threading, time
from t5eval.cli.main import run

store = pathlib.Path(sys.argv.pop(1))

def kill():
    while not (store.exists() and store.stat().st_size):
        time.sleep(0.005)
    os.kill(os.getpid(), signal.SIGKILL)

threading.Thread(target=kill, daemon=True).start()
run(sys.argv[1:])
"""


def test_killed_at_any_moment_it_goes_on_to_the_same_bytes(
    model: Path, suite: Path, whole_run: Path, tmp_path: Path, tensorflow_forks: Forks
) -> None:
    out = tmp_path / "run"
    store = out / "predictions" / "glue" / "rte" / "validation.jsonl"
    killed = tensorflow_forks.run(["-c", KILLED, store, *arguments(model, suite, out)])
    assert killed.returncode == -9, killed.stderr.decode()
    assert not (out / "predictions" / "glue" / "stsb" / "test.jsonl").exists()
    before = store.read_bytes()
    # As if the power had failed in the middle of a write.
    store.write_bytes(before + b'{"id": "999", "predic')
    assert tensorflow_forks.run(["-m", "t5eval", *arguments(model, suite, out)]).returncode == 0
    for task in ("rte", "stsb"):
        for split in ("validation", "test"):
            name = f"predictions/glue/{task}/{split}.jsonl"
            assert (out / name).read_bytes() == (whole_run / name).read_bytes()
    assert stable(out / "results.json") == stable(whole_run / "results.json")


def test_a_finished_run_is_scored_again_without_the_model(
    t5eval: Any, model: Path, suite: Path, whole_run: Path
) -> None:
    before = stable(whole_run / "results.json")
    started = time.monotonic()
    assert t5eval(*arguments(model, suite, whole_run)).status == 0
    assert time.monotonic() - started < 60
    assert stable(whole_run / "results.json") == before


def test_other_settings_in_the_same_run_are_refused(t5eval: Any, model: Path, suite: Path, whole_run: Path) -> None:
    done = t5eval(*arguments(model, suite, whole_run, "--limit", "7"))
    assert done.status == 2
    assert "limit" in done.err
    assert "limit" not in (whole_run / "config.toml").read_text()
    assert done.err.count("\n") == 1


def test_a_second_process_is_refused_with_the_first_ones_id(
    t5eval: Any, model: Path, suite: Path, tmp_path: Path
) -> None:
    from t5eval.runs.folder import locked

    with locked(tmp_path / "run"):
        done = t5eval(*arguments(model, suite, tmp_path / "run"))
    assert done.status == 2
    assert f"process {os.getpid()} is working in this run folder" in done.err


def test_splits_without_a_file_are_named(t5eval: Any, model: Path, suite: Path, tmp_path: Path) -> None:
    done = t5eval(
        "evaluate", "--model", model, "--task", "glue/rte", "--split", "train", "--data-dir", tmp_path,
        "--out", tmp_path / "run",
    )  # fmt: skip
    assert done.status == 2
    assert "nothing to evaluate: no data of glue/rte train" in done.err
    assert "`t5eval data get` fetches it" in done.err


def test_a_folder_without_a_model_is_one_line(t5eval: Any, suite: Path, tmp_path: Path) -> None:
    done = t5eval(*arguments(tmp_path, suite, tmp_path / "run"))
    assert (done.status, done.err.count("\n")) == (2, 1)
    assert "no checkpoint. The folder is empty. Looked for those of Hugging Face" in done.err
    assert not (tmp_path / "run").exists()


def test_a_vocabulary_of_another_model_is_one_line(t5eval: Any, model: Path, suite: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mixed"
    shutil.copytree(model, folder)
    config = json.loads((folder / "config.json").read_text())
    assert config["vocab_size"] > 150
    from keras_model.checkpoints import save_model
    from keras_model.config import T5Config
    from keras_model.t5 import T5

    save_model(T5(T5Config.from_dict({**config, "vocab_size": 150})), folder)
    done = t5eval(*arguments(folder, suite, tmp_path / "run"))
    assert (done.status, done.out) == (2, "")
    assert "its model has 150 embeddings, fewer than the 231 ids of the vocabulary" in done.err
    assert "Traceback" not in done.err


TRAIN = """
[train]
task = ["glue/rte", "glue/cola"]
data_dir = "{suite}"
out = "{out}"
model = "{model}"
steps = 4
batch_size = 8
checkpoint_every = 2
validate_limit = 8
"""


def test_train_writes_checkpoints_logs_and_a_model_that_evaluate_takes(
    t5eval: Any, model: Path, suite: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    (tmp_path / "train.toml").write_text(TRAIN.format(suite=suite, out=run, model=model))
    done = t5eval("train", "--config", tmp_path / "train.toml")
    assert done.status == 0, done.err
    assert "trained 4 steps" in done.out
    assert "glue/rte validation at step 4:" in done.out
    assert (run / "model" / "model.safetensors").is_file()
    assert len(list((run / "checkpoints").iterdir())) == 2
    assert list((run / "logs").glob("events.out.tfevents.*"))
    assert "steps = 4" in (run / "config.toml").read_text()
    # More steps go on from there.
    done = t5eval("train", "--config", tmp_path / "train.toml", "--steps", "6")
    assert "trained 2 steps" in done.out
    done = t5eval(
        "evaluate", "--model", run / "model", "--task", "glue/rte", "--split", "validation", "--limit", "8",
        "--data-dir", suite, "--out", run, "--json",
    )  # fmt: skip
    assert done.json["results"]["glue/rte"]["validation"]["n"] == 8


def test_train_packs_at_rates_and_says_how_full_rows_are(t5eval: Any, model: Path, suite: Path, tmp_path: Path) -> None:
    text = TRAIN.format(suite=suite, out=tmp_path / "run", model=model)
    (tmp_path / "train.toml").write_text(text)
    done = t5eval("train", "--config", tmp_path / "train.toml", "--steps", "1")
    assert "not padding: source " in done.out
    text = text.replace("run", "packed")
    (tmp_path / "train.toml").write_text(text + 'rates = {"glue/rte" = 1, "glue/cola" = 3}')
    done = t5eval("train", "--config", tmp_path / "train.toml", "--pack", "600", "80", "--batch-size", "2")
    assert done.status == 0, done.err
    source, target = re.search(r"not padding: source (.*)%, target (.*)%", done.out).groups()
    assert 0 < float(source) < 100
    assert 0 < float(target) < 100
    assert "pack = [\n    600,\n    80,\n]" in (tmp_path / "packed" / "config.toml").read_text()
    (tmp_path / "train.toml").write_text(text)
    done = t5eval("train", "--config", tmp_path / "train.toml", "--batch-size", "2", "--steps", "5")
    assert done.status == 2
    assert "packing was [600, 80], now None; rates was [0.25, 0.75], now None" in done.err


def test_train_on_bytes(t5eval: Any, suite: Path, tmp_path: Path) -> None:
    from keras_model.tokenizers.byte_tokenizer import ByteTokenizer
    from keras_model.tokenizers.loading import load_tokenizer

    text = TRAIN.format(suite=suite, out=tmp_path / "run", model="")
    tiny = "[train.config]\nd_model = 8\nd_kv = 4\nd_ff = 8\nnum_layers = 1\nnum_heads = 2"
    (tmp_path / "train.toml").write_text(f"{text}validate_limit = 2\n{tiny}".replace("validate_limit = 8\n", ""))
    done = t5eval(
        "train", "--config", tmp_path / "train.toml", "--vocab", "bytes", "--steps", "1", "--optimizer", "adamw",
        "--weight-decay", "0.01", "--schedule", "inverse_square_root", "--warmup-steps", "10", "--clip-norm", "1",
        "--z-loss", "1e-4", "--label-smoothing", "0.1", "--accumulate", "3", "--dtype", "mixed_bfloat16",
    )  # fmt: skip
    assert done.status == 0, done.err
    assert 'dtype = "mixed_bfloat16"' in (tmp_path / "run" / "config.toml").read_text()
    model = tmp_path / "run" / "model"
    assert json.loads((model / "config.json").read_text())["vocab_size"] == 384
    assert load_tokenizer(model).fingerprint == ByteTokenizer().fingerprint


def test_train_on_a_mixture_with_plain_text(
    t5eval: Any, model: Path, suite: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import keras_model.training_run.fit

    given: dict[str, Any] = {}
    fit = keras_model.training_run.fit.fit
    monkeypatch.setattr(
        keras_model.training_run.fit, "fit", lambda *args, **named: given.update(named) or fit(*args, **named)
    )
    (tmp_path / "text.txt").write_text("the goat and the rope are in the garden\n" * 40)
    (tmp_path / "mine.toml").write_text(
        'name = "mine"\nmembers = ["glue/mnli_matched", "glue/mnli", "text"]\nlimit = 9'
    )
    text = TRAIN.format(suite=suite, out=tmp_path / "run", model=model).replace(
        '["glue/rte", "glue/cola"]', f'["{tmp_path / "mine.toml"}"]'
    )
    text += f'[train.text]\nfiles = ["{tmp_path / "text.txt"}"]\ninputs = 64\n'
    (tmp_path / "train.toml").write_text(text.replace("steps = 4", "steps = 1"))
    done = t5eval("train", "--config", tmp_path / "train.toml")
    assert done.status == 0, done.err
    # Nine of each count, and what has no training split is validated all the same.
    assert re.search(r"glue/mnli: \d+ training examples, 50.000 % of those drawn", done.err)
    assert re.search(r"text: \d+ training examples, 50.000 % of those drawn", done.err)
    assert "glue/mnli_matched validation at step 1:" in done.out
    assert given["rates"] == [0.5, 0.5]
    assert re.findall(r"(\d+) training examples", done.err) == [str(size) for size in given["sizes"]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ('steps = "four"', "steps has the wrong type"),
        ("stepz = 4", "unknown key 'stepz'"),
        ('clip_norm = "1"', "clip_norm has the wrong type"),
        ('optimizer = "sgd"', "optimizer must be one of adafactor, adamw"),
        ("steps = 0", "steps must be at least 1"),
        ("pack = 128", "pack has the wrong type"),
        ("pack = [128]", "pack takes the lengths of a row, source and target, got [128]"),
        ("pack = [0, 8]", "packing takes two lengths of at least 1"),
        ('task = ["glue/ax"]', "nothing to train on"),
        ('preset = "t5-small"', "not from both"),
        ("[train.config]\nd_model = 4", "not from both"),
        ('model = ""\nvocab = "{vocab}"\n[train.config]\nd_modl = 4', "unknown key 'd_modl'"),
    ],
)
def test_a_training_configuration_is_checked(
    t5eval: Any, model: Path, suite: Path, tmp_path: Path, change: str, message: str
) -> None:
    key = change.split(" ")[0]
    text = TRAIN.format(suite=suite, out=tmp_path / "run", model=model)
    lines = [line for line in text.splitlines() if not line.startswith(f"{key} ")]
    change = change.format(vocab=model / "spiece.model")
    (tmp_path / "train.toml").write_text("\n".join([*lines, change]))
    done = t5eval("train", "--config", tmp_path / "train.toml")
    assert (done.status, done.out) == (2, "")
    # What was said of the data before is no part of the error.
    *before, error = done.err.splitlines()
    assert message in error
    assert all(line.endswith(" training examples") for line in before)
