"""What a model's identity and its answers' record say: the code, the weights that were loaded, and nothing unknown."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from t5eval.data import Split
from t5eval.evaluation.settings import RunSettings
from t5eval.evaluation.splits import evaluate_splits
from t5eval.predictors import ModelOptions, open_model
from t5eval.predictors.generation_config import generation_settings
from t5eval.predictors.of_transformers import TransformersPredictor
from t5eval.support.code_hash import code_sha256
from t5eval.support.errors import PredictionError, RunError
from t5eval.support.unchanged import Unchanged
from task_specs import Decode
from task_specs.support.errors import UserError
from tests.t5eval.glue_files import RTE, opened

SETTINGS = RunSettings("test", "model")
MODEL = """
import json
import words_of_mine

from t5eval.predictors.predictor import Generation, Predictor, Prepared

class Mine(Predictor):
    identity = {"weights": "mine"}
    def prepare(self, texts, max_tokens):
        return [Prepared(text, 1, None) for text in texts]
    def generate(self, batch, max_new_tokens, decode):
        return [Generation(words_of_mine.SAID, None) for _ in batch]
"""


@pytest.fixture
def split(tmp_path: Path) -> Split:
    rows = b"".join(b"%d\tA.\tB.\tentailment\n" % i for i in range(3))
    return opened(tmp_path / "data", "rte", "validation", RTE + rows)


def result_of(document: Any) -> Any:
    return document["results"]["glue/rte"]["validation"]


def lines(run: Path) -> list[dict[str, Any]]:
    return list(map(json.loads, (run / "predictions/glue/rte/validation.jsonl").read_text().splitlines()))


def test_what_a_file_of_predictions_does_not_say_is_not_known(split: Split, tmp_path: Path) -> None:
    theirs = tmp_path / "theirs.txt"
    theirs.write_text("entailment\n" * 3)
    _, document = evaluate_splits(open_model(f"predictions:{theirs}").predictor, [split], tmp_path / "run", SETTINGS)
    assert (result_of(document)["truncated_inputs"], result_of(document)["outputs_at_limit"]) == (None, None)
    found, _ = evaluate_splits(open_model(f"predictions:{theirs}").predictor, [split], tmp_path / "run", SETTINGS)
    assert (found[0].truncated, found[0].hit_limit) == (None, None)  # resumed from the store


def test_flags_and_log_likelihoods_of_lines_are_kept(split: Split, tmp_path: Path) -> None:
    theirs = tmp_path / "theirs.jsonl"
    given = [
        {"id": 0, "prediction": "entailment", "truncated": True, "hit_limit": False},
        {
            "id": 1, "prediction": "entailment", "truncated": False, "hit_limit": True,
            "log_likelihood": -0.5, "no_answer_probability": 0.25,
        },
        {
            "id": "2", "prediction": "entailment", "truncated": True, "hit_limit": False,
            "log_likelihoods": [-1.5, -2.0], "answer_tokens": [3, 5],
        },
    ]  # fmt: skip
    theirs.write_text("".join(json.dumps(line) + "\n" for line in given))
    _, document = evaluate_splits(open_model(f"predictions:{theirs}").predictor, [split], tmp_path / "a", SETTINGS)
    assert (result_of(document)["truncated_inputs"], result_of(document)["outputs_at_limit"]) == (2, 1)
    assert lines(tmp_path / "a")[2]["log_likelihoods"] == [-1.5, -2.0]
    assert lines(tmp_path / "a")[2]["answer_tokens"] == [3, 5]
    assert (
        lines(tmp_path / "a")[1] | {"log_likelihood": -0.5, "no_answer_probability": 0.25} == lines(tmp_path / "a")[1]
    )
    # A run of ours leaves out what is false, and says so by its record.
    again = open_model(f"predictions:{tmp_path / 'a'}").predictor
    _, document = evaluate_splits(again, [split], tmp_path / "b", SETTINGS)
    assert (result_of(document)["truncated_inputs"], result_of(document)["outputs_at_limit"]) == (2, 1)
    assert lines(tmp_path / "b") == lines(tmp_path / "a")


@pytest.mark.parametrize("flags", [{"truncated": "yes"}, {"hit_limit": 1}, {"log_likelihoods": [1.0]}])
def test_a_flag_that_is_none_is_an_error(flags: dict[str, Any], split: Split, tmp_path: Path) -> None:
    theirs = tmp_path / "theirs.jsonl"
    theirs.write_text("".join(json.dumps({"id": i, "prediction": "entailment", **flags}) + "\n" for i in range(3)))
    with pytest.raises(PredictionError, match=r"theirs\.jsonl: line 1: truncated and hit_limit are"):
        evaluate_splits(open_model(f"predictions:{theirs}").predictor, [split], tmp_path / "run", SETTINGS)


def test_the_code_of_a_model_and_what_it_imports_is_its_identity(
    split: Split, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "mine.py").write_text(MODEL)
    (tmp_path / "words_of_mine.py").write_text('SAID = "entailment"\n')
    (tmp_path / "unrelated.py").write_text("1\n")
    name, run = f"py:{tmp_path / 'mine.py'}:Mine", tmp_path / "run"
    _, document = evaluate_splits(open_model(name).predictor, [split], run, SETTINGS)
    parts = [(n, hashlib.sha256((tmp_path / n).read_bytes()).hexdigest()) for n in ("mine.py", "words_of_mine.py")]
    expected = hashlib.sha256("".join(f"{n} {digest}\n" for n, digest in parts).encode()).hexdigest()
    assert document["model"] == {"weights": "mine", "code": expected}
    assert result_of(document)["truncated_inputs"] is None
    (tmp_path / "unrelated.py").write_text("2\n")
    evaluate_splits(open_model(name).predictor, [split], run, SETTINGS)
    (tmp_path / "words_of_mine.py").write_text('SAID = "not_entailment"\n')
    with pytest.raises(RunError, match="holds results of another model"):
        evaluate_splits(open_model(name).predictor, [split], run, SETTINGS)


def test_code_is_hashed_through_packages_and_circles(tmp_path: Path) -> None:
    main, a = tmp_path / "main.py", tmp_path / "a.py"
    main.write_text("def later():\n    from a import b\n")
    assert code_sha256(main) == hashlib.sha256(main.read_bytes()).hexdigest()  # there is no a.py yet
    a.write_text("import main, package.inner, os, t5eval\n")
    (tmp_path / "package").mkdir()
    hashes = [code_sha256(main)]
    for file in ("package/__init__.py", "package/inner.py", "package/other.py"):
        (tmp_path / file).write_text("x = 1\n")
        hashes.append(code_sha256(main))
    (tmp_path / "os.md").write_text("no code")
    assert len(set(hashes)) == 4
    assert code_sha256(main) == hashes[-1]


def test_files_that_change_between_hash_and_load_are_named(tmp_path: Path) -> None:
    weights = tmp_path / "weights"
    weights.write_bytes(b"one")
    seen = Unchanged("the model", [weights])
    seen.require()
    state = weights.stat()
    weights.write_bytes(b"two")
    os.utime(weights, ns=(state.st_atime_ns, state.st_mtime_ns + 1))
    with pytest.raises(UserError, match=r"the model: .*weights changed while it was being read"):
        seen.require()
    weights.unlink()
    with pytest.raises(UserError, match="changed while"):
        seen.require()


def test_a_folders_own_settings_of_generation_are_told_apart_and_recorded_where_they_apply(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"min_length": 56, "d_model": 8, "num_beams": 4, "top_k": 9}))
    asked = {own: TransformersPredictor(tmp_path, own_generation=own) for own in (False, True)}
    assert generation_settings(tmp_path) == {"min_length": 56, "num_beams": 4}
    assert "generation_config" not in asked[False].decoding(Decode())
    assert asked[True].decoding(Decode())["generation_config"] == {"min_length": 56}
    own = {
        "no_repeat_ngram_size": 3,
        "num_beams": 4,
        "transformers_version": "1",
        "eos_token_id": [1, 2],
        "max_length": 9,
    }
    neutral = {
        "repetition_penalty": 1.0,
        "min_length": 0,
        "do_sample": False,
        "bad_words_ids": None,
        "temperature": 0.6,
    }
    (tmp_path / "generation_config.json").write_text(json.dumps({**own, **neutral, "pad_token_id": 0}))
    ids = {"eos_token_id": [1, 2], "pad_token_id": 0}
    assert generation_settings(tmp_path) == {**ids, "no_repeat_ngram_size": 3, "num_beams": 4}
    assert asked[False].decoding(Decode()) == {**asdict(Decode()), "generation_config": ids}
    beam = asked[True].decoding(Decode("beam", 4, 0.6))
    assert beam["generation_config"] == {**ids, "no_repeat_ngram_size": 3}
    assert beam["generation"] == "model"
    note = open_model(f"hf:{tmp_path}").generation_note()
    assert "do not apply (no_repeat_ngram_size 3, num_beams 4)" in note
    assert open_model(str(tmp_path)).generation == {"no_repeat_ngram_size": 3, "num_beams": 4}
    with pytest.raises(UserError, match="--generation does not apply to a Keras T5"):
        open_model(str(tmp_path), ModelOptions(generation="model"))
    (tmp_path / "generation_config.json").write_text("[]")
    with pytest.raises(UserError, match=r"generation_config\.json: cannot be read: not a JSON object"):
        asked[False].decoding(Decode())
