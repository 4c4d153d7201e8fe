"""`t5eval prepare`, and training from what it made."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import pytest

TRAIN = """
[train]
task = ["glue/rte", "glue/cola"]
data_dir = "{suite}"
out = "{out}"
model = "{model}"
steps = 3
batch_size = 8
checkpoint_every = 2
validate_limit = 2
"""


def test_prepare_says_what_it_made_and_keeps_what_is_there(t5eval: Any, suite: Path, tmp_path: Path) -> None:
    arguments = ["--task", "glue/rte", "glue/wnli", "--data-dir", suite, "--vocab", "bytes", "--out", tmp_path / "out"]
    done = t5eval("prepare", *arguments)
    assert done.status == 0, done.err
    assert "glue/rte/train: 660 records, " in done.out
    assert " 0 inputs and 0 targets cut, 0 left out" in " ".join(done.out.split())
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    made = manifest["sets"]["glue/wnli/train"]
    left_out = sum(made["left_out"].values())
    assert f"glue/wnli/train: {600 - left_out:,} records" in done.out
    assert f"{left_out:,} left out" in done.out
    (shard,) = made["shards"]
    content = (tmp_path / "out" / shard["file"]).read_bytes()
    assert (shard["bytes"], shard["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
    again = t5eval("prepare", *arguments)
    assert again.status == 0
    assert again.out == f"{tmp_path / 'out'} holds these records already; their hashes are right\n{done.out}"


def test_a_model_folder_brings_its_own_vocabulary(t5eval: Any, model: Path, suite: Path, tmp_path: Path) -> None:
    for name, vocab in (("folder", model), ("file", model / "spiece.model")):
        task = ["--task", "glue/rte", "--split", "validation", "--data-dir", suite, "--out", tmp_path / name]
        done = t5eval("prepare", *task, "--vocab", vocab)
        assert done.status == 0, done.err
        assert "glue/rte/validation: " in done.out
    first, second = ((tmp_path / name / "manifest.json").read_bytes() for name in ("folder", "file"))
    assert first == second


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--task", "glue/rt"], "glue/rt"),
        (["--task", "glue/ax"], "glue/ax: no train split"),
        (["--split", "test"], "split 'test': what is prepared is train or validation"),
        (["--vocab", "nowhere.model"], "nowhere.model: no such file or folder; "),
        (["--workers", "0"], "--workers"),
        (["--runner", "direct", "--workers", "2"], "--workers counts processes of this machine"),
        (["--runner-option", "a=b"], "--runner-option needs --runner"),
        (["--runner", "cluster"], "'cluster' is not one of 'direct', 'dask', 'flink', 'spark', 'dataflow'"),
        (["--data-dir", "nowhere"], "there is no such folder"),
        (["--runner", "direct", "--shard", "1/2"], "a runner shares the work out itself"),
        (["--out", "/proc/out"], "cannot be used as a run folder"),
    ],
)
def test_mistakes_are_one_line(t5eval: Any, suite: Path, tmp_path: Path, options: list[str], message: str) -> None:
    given = {"--task": "glue/rte", "--data-dir": str(suite), "--vocab": "bytes", "--out": str(tmp_path / "out")}
    given.update(zip(options[::2], options[1::2], strict=True))
    done = t5eval("prepare", *(part for option in given.items() for part in option))
    assert (done.status, done.out) == (2, "")
    assert message in done.err
    assert done.err.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_beam_that_is_not_installed_is_said(
    t5eval: Any, suite: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "apache_beam", None)
    arguments = ["--task", "glue/rte", "--data-dir", suite, "--vocab", "bytes", "--out", tmp_path / "out"]
    done = t5eval("prepare", *arguments, "--runner", "flink")
    assert done.status == 2
    assert "--runner needs apache_beam: pip install 't5eval[beam]'" in done.err


@pytest.mark.skipif(importlib.util.find_spec("apache_beam") is None, reason="Apache Beam is not installed (make beam)")
def test_beams_direct_runner(t5eval: Any, suite: Path, tmp_path: Path) -> None:
    arguments = ["--task", "glue/rte", "--data-dir", suite, "--vocab", "bytes"]
    plain = t5eval("prepare", *arguments, "--out", tmp_path / "plain")
    done = t5eval("prepare", *arguments, "--out", tmp_path / "beam", "--runner", "direct")
    assert (done.status, done.out) == (0, plain.out)
    manifests = [(tmp_path / name / "manifest.json").read_bytes() for name in ("plain", "beam")]
    assert manifests[0] == manifests[1]
    done = t5eval("prepare", *arguments, "--out", tmp_path / "no", "--runner", "direct", "--runner-option", "--x=1")
    assert done.status == 2
    assert "takes KEY=VALUE without dashes" in done.err


def test_training_from_prepared_records(t5eval: Any, model: Path, suite: Path, tmp_path: Path) -> None:
    """The same weights as without, and no second preparation."""
    common = ["--data-dir", suite, "--vocab", model]
    config = tmp_path / "train.toml"
    config.write_text(TRAIN.format(suite=suite, out=tmp_path / "run", model=model))
    assert t5eval("train", "--config", config).status == 0
    own = tmp_path / "run" / "prepared" / "manifest.json"
    assert json.loads(own.read_text())["sets"].keys() == {"glue/rte/train", "glue/cola/train"}

    folder = tmp_path / "prepared"
    assert t5eval("prepare", "--task", "glue/rte", "glue/cola", *common, "--out", folder).status == 0
    assert (folder / "manifest.json").read_bytes() == own.read_bytes()
    given = ["train", "--config", config, "--out", tmp_path / "second", "--prepared", folder]
    done = t5eval(*given)
    assert done.status == 0, done.err
    assert not (tmp_path / "second" / "prepared").exists()
    weights = [(tmp_path / run / "model" / "model.safetensors").read_bytes() for run in ("run", "second")]
    assert weights[0] == weights[1]
    assert f'prepared = "{folder}"' in (tmp_path / "second" / "config.toml").read_text()

    written = own.stat().st_mtime_ns
    done = t5eval("train", "--config", config, "--steps", "4")
    assert done.status == 0, done.err
    assert own.stat().st_mtime_ns == written

    done = t5eval(*given, "--task", "glue/sst2")
    assert done.status == 2
    assert "holds no records of glue/sst2 train; it has glue/cola/train, glue/rte/train" in done.err
    other = tmp_path / "other"
    assert t5eval("prepare", "--task", "glue/rte", "glue/cola", "--data-dir", suite, "--vocab", "bytes", "--out", other)
    done = t5eval("train", "--config", config, "--out", tmp_path / "third", "--prepared", other)
    assert done.status == 2
    assert "glue/rte/train was made with another vocabulary; glue/cola/train was made with another" in done.err


@pytest.mark.tensorflow
def test_packed_rows_that_are_too_short_are_refused_with_the_lengths_that_are_enough(
    t5eval: Any, model: Path, suite: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As soon as the records are there: after a run has made them, and before the model is read where it names them."""
    from keras_model.checkpoints import load_tokenizer
    from t5eval.data import open_split
    from t5eval.training import fine_tuning
    from task_specs import get

    tokenizer, longest = load_tokenizer(model), {}
    for name in ("glue/rte", "glue/cola"):
        spec = get(name)
        pairs = [pair for e in open_split(spec, "train", suite) for pair in spec.pairs(e, training=True)]
        texts = [pair.inputs for pair in pairs], [pair.targets for pair in pairs]
        longest[name] = [max(map(len, tokenizer.encode(side))) for side in texts]
    (rte, rte_target), (cola, cola_target) = longest.values()
    assert cola <= rte - 2
    assert rte_target > 3
    config = tmp_path / "train.toml"
    config.write_text(TRAIN.format(suite=suite, out=tmp_path / "first", model=model))
    enough = [rte, max(rte_target, cola_target)]
    message = (
        f"t5eval: pack = [{cola}, 50]: a row is too short for an example: glue/rte has sources of up to {rte} tokens "
        f"and targets of up to {rte_target}; say pack = [{rte}, 50], or leave pack out"
    )
    done = t5eval("--quiet", "train", "--config", config, "--pack", str(cola), "50")
    assert (done.status, done.out, done.err) == (2, "", message + "\n")
    first = tmp_path / "first"
    assert {path.name for path in first.iterdir()} == {".lock", "config.toml", "prepared"}
    given = ["train", "--config", config, "--out", tmp_path / "second", "--prepared", first / "prepared"]
    with monkeypatch.context() as patched:
        patched.setattr(fine_tuning, "first_model", None)
        done = t5eval("--quiet", *given, "--pack", str(cola), "50")
        assert (done.status, done.out, done.err) == (2, "", message + "\n")
        done = t5eval("--quiet", *given, "--pack", str(rte), "3")
        assert f"targets of up to {rte_target}, glue/cola has sources of up to {cola} tokens" in done.err
        assert f"; say pack = {enough}, " in done.err
    done = t5eval(*given, "--pack", *map(str, enough))
    assert done.status == 0, done.err


def test_text_is_prepared_and_trained_on(t5eval: Any, suite: Path, tmp_path: Path) -> None:
    """A run's own records are those that it may be given."""
    from t5eval.data import open_split
    from task_specs import get

    rte = [example.features["sentence1"] for example in open_split(get("glue/rte"), "train", suite)]
    (tmp_path / "a.txt").write_text("\n".join(rte))
    prepare = ["prepare", "--text", tmp_path / "a.txt", "--vocab", "bytes", "--inputs", "64", "--out", tmp_path / "out"]
    done = t5eval(*prepare, "--seed", "7")
    assert done.status == 0, done.err
    assert done.out.startswith("text/train: ")
    assert (
        t5eval(*prepare, "--seed", "7").out
        == f"{tmp_path / 'out'} holds these records already; their hashes are right\n{done.out}"
    )
    table = f"""
[train]
task = ["text"]
data_dir = "{suite}"
out = "OUT"
vocab = "bytes"
steps = 2
batch_size = 4
seed = SEED
[train.config]
d_model = 8
d_kv = 4
num_heads = 2
d_ff = 8
num_layers = 1
[train.text]
files = ["{tmp_path / "a.txt"}"]
inputs = 64
"""
    config, own = tmp_path / "train.toml", tmp_path / "own"
    config.write_text(table.replace("OUT", str(own)).replace("SEED", "7"))
    done = t5eval("train", "--config", config)
    assert done.status == 0, done.err
    assert "trained 2 steps" in done.out
    manifests = [(folder / "manifest.json").read_bytes() for folder in (own / "prepared_text", tmp_path / "out")]
    assert manifests[0] == manifests[1]
    more = f'prepared = "{tmp_path / "out"}"\n'
    config.write_text(table.replace("OUT", str(own)).replace("SEED", "7") + more)
    done = t5eval("train", "--config", config)  # the same data, or it would refuse to go on
    assert done.status == 0, done.err
    assert "trained 0 steps" in done.out
    config.write_text(table.replace("OUT", str(tmp_path / "third")).replace("SEED", "8") + more)
    done = t5eval("train", "--config", config)
    assert done.status == 2
    assert "seed was 7, now 8. Prepare them again" in done.err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "name either --task or --text"),
        (["--text", "a.txt", "--task", "glue/rte"], "name either --task or --text"),
        (["--text", "a.txt"], "a.txt: cannot be read"),
        (["--text", "a.txt", "--inputs", "1"], "inputs must be at least"),
        (["--text", "a.txt", "--runner", "direct"], "--runner prepares tasks"),
        (["--task", "glue/rte", "--seed", "0"], "--seed is of --text"),
    ],
)
def test_mistakes_with_text(
    t5eval: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    done = t5eval("prepare", "--vocab", "bytes", "--out", tmp_path / "out", *options)
    assert (done.status, done.out) == (2, "")
    assert message in done.err
