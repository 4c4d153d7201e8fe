"""`ensemble:A,B`: the mean of two folders' logits, its identity, and what it refuses before anything is computed."""

from __future__ import annotations

import functools
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from scipy.special import log_softmax

from keras_model.checkpoints import load_tokenizer, save_model
from keras_model.t5 import T5, load_model
from keras_model.tokenizers.sentencepiece import T5Tokenizer
from t5eval.evaluation.settings import RunSettings
from t5eval.evaluation.splits import evaluate_splits
from t5eval.predictors import ModelOptions, open_model
from t5eval.predictors.open_predictor import open_predictor
from t5eval.predictors.predictor import Rank
from task_specs import Decode
from task_specs.support.errors import UserError
from tests.t5eval.glue_files import RTE, opened
from tests.t5eval.tiny_t5 import write_tiny_t5

CHOICES = ("entailment", "not_entailment")
TEXTS = ["rte sentence1: A painter. sentence2: A letter.", "rte sentence1: Rain falls. sentence2: It is dry."]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two models with one vocabulary."""
    first = write_tiny_t5(tmp_path_factory.mktemp("models") / "first")
    second = shutil.copytree(first, first.parent / "second")
    model = load_model(first)
    for weight in model.weights:
        weight.assign(np.asarray(weight)[..., ::-1] * 1.1)
    save_model(model, second)
    return [first, second]


def mean_logits(models: list[T5], source: list[int], written: list[int]) -> np.ndarray:
    """Of what follows each of some ids, [ids + 1, vocab_size]."""
    inputs = {"encoder_ids": np.array([source]), "decoder_ids": np.array([[0, *written]])}
    return np.mean([np.asarray(model(inputs), np.float64)[0] for model in models], axis=0)


def test_it_answers_by_the_mean_of_the_logits(folders: list[Path]) -> None:
    predictor = open_model(f"ensemble:{folders[0]},{folders[1]}").predictor
    prepared = predictor.prepare(TEXTS, 32)
    assert predictor.device() is None
    texts = [output.text for output in predictor.generate(prepared, 6, Decode())]
    rankings = predictor.rank(prepared, CHOICES)
    assert predictor.device()

    models, tokenizer = [load_model(folder) for folder in folders], load_tokenizer(folders[0])
    for one, text, ranking in zip(prepared, texts, rankings, strict=True):
        mean = functools.partial(mean_logits, models, one.payload)
        written: list[int] = []
        while len(written) < 6 and 1 not in written:
            written.append(int(mean(written)[-1, : tokenizer.vocab_size].argmax()))
        assert text == tokenizer.decode([written])[0]
        for choice, value in zip(CHOICES, ranking.sums, strict=True):
            ids = tokenizer.encode([choice])[0]
            expected = log_softmax(mean(ids[:-1]), axis=-1)[np.arange(len(ids)), ids].sum()
            assert value == pytest.approx(expected, rel=1e-5)


def test_every_member_is_named_and_hashed(folders: list[Path]) -> None:
    found = open_model(f"ensemble:{folders[0]},{folders[1]}")
    assert found.name == f"ensemble:{folders[0]},{folders[1]}"
    alone = [open_model(str(folder)).predictor.identity for folder in folders]
    identity = found.predictor.identity
    assert identity["members"].split() == [one["model"] for one in alone]
    assert identity["model"] not in identity["members"]
    assert {key: identity[key] for key in ("vocabulary", "dtype")} == {
        key: alone[0][key] for key in ("vocabulary", "dtype")
    }
    other = open_model(f"ensemble:{folders[1]},{folders[0]}", ModelOptions(dtype="bfloat16")).predictor.identity
    assert other["model"] != identity["model"]
    assert other["dtype"] == "bfloat16"
    assert found.predictor.cache_identity() == identity


def test_a_run_resumes_and_does_not_depend_on_batches(folders: list[Path], tmp_path: Path) -> None:
    rows = b"".join(b"%d\t%s\tB.\tentailment\n" % (i, b"word " * (i % 7)) for i in range(12))
    split = opened(tmp_path / "data", "rte", "validation", RTE + rows)
    ensemble = open_model(f"ensemble:{folders[0]},{folders[1]}").predictor
    texts = {}
    for answering in (Decode(), Rank(CHOICES)):
        for batch_tokens in (30, 10_000):
            settings = RunSettings(
                "test", "model", answering={"glue/rte": answering}, max_new_tokens=4, batch_tokens=batch_tokens
            )
            run = tmp_path / f"{answering.method}-{batch_tokens}"
            evaluate_splits(ensemble, [split], run, settings)
            lines = (run / "predictions/glue/rte/validation.jsonl").read_text().splitlines()
            texts[answering.method, batch_tokens] = sorted(
                (one["id"], one["prediction"]) for one in map(json.loads, lines)
            )
        assert texts[answering.method, 30] == texts[answering.method, 10_000]
    path = run / "predictions/glue/rte/validation.jsonl"
    path.write_text("".join(f"{line}\n" for line in lines[:5]))  # as a kill leaves it
    evaluate_splits(ensemble, [split], run, settings)
    assert sorted(path.read_text().splitlines()) == sorted(lines)
    recorded = json.loads(path.with_suffix(".meta.json").read_text())
    assert recorded["members"].split() == [open_model(str(folder)).predictor.identity["model"] for folder in folders]
    with pytest.raises(UserError, match="holds results of another model"):
        evaluate_splits(open_model(f"ensemble:{folders[1]},{folders[0]}").predictor, [split], run, settings)


@pytest.mark.parametrize(
    ("member", "message"),
    [
        ("hf:FIRST", "hf:.* is no Keras T5, whose logits could be averaged; members are checkpoints"),
        ("openai:http://localhost:9", "openai:http://localhost:9 is no Keras T5"),
        ("py:nowhere.py:f", "py:nowhere.py:f is no Keras T5"),
        ("predictions:nowhere", "predictions:nowhere is no Keras T5"),
        ("keras_hub:t5", "keras_hub:t5 is no Keras T5"),
        ("ensemble:FIRST", "ensemble:.* is no Keras T5"),
        ("nowhere", "nowhere: no such file or folder"),
        ("best:nowhere", "best:nowhere: no checkpoint with validation scores there"),
        ("", "name two or more models, as ensemble:A,B, without commas in a name"),
        ("FIRST", "names a model twice"),
        ("COPY", "ensemble: .*first and .*copy are the same model, which would count twice"),
        ("OTHER", "ensemble: .*first and .*other have different vocabularies"),
        ("LARGER", "ensemble: logits are averaged over the same ids alone; vocab_size is .*first, .*larger"),
    ],
)
def test_what_is_refused(folders: list[Path], tmp_path: Path, member: str, message: str) -> None:
    """As a command does it: no weights are loaded."""
    first = folders[0]
    if member in ("COPY", "OTHER", "LARGER"):
        folder = shutil.copytree(first, tmp_path / member.lower())
        if member == "OTHER":
            T5Tokenizer.train([f"other words {i}" for i in range(50)], folder / "spiece.model", 60)
        if member == "LARGER":
            text = (folder / "config.json").read_text()
            size = load_tokenizer(first).vocab_size
            (folder / "config.json").write_text(text.replace(f'"vocab_size": {size}', f'"vocab_size": {size + 8}'))
        member = str(folder)
    name = f"ensemble:{first},{member.replace('FIRST', str(first))}"
    with pytest.raises(UserError, match=message) as caught:
        open_predictor(name, ModelOptions())
    assert "\n" not in str(caught.value)
